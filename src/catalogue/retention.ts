/**
 * Retention: which earlier revisions a live file keeps, and since when the others are out.
 *
 * A live file keeps its newest `retainRevisions` revisions, the current one included. One that is no longer among them
 * is out: `out_ms` says since when. What a removed file had is out since its node ended, whatever `out_ms` says. What is
 * out goes after `retainMs`, the oldest revision of a file first. When the number changes, a scan over all rows brings
 * them in line, a few hundred in each command that collects, and nothing is removed before it has ended. Until then
 * `retain_peak` is the largest number that held since the scan before: only revisions among the newest so many can be
 * wrong, and each that is to go is out from its scanning on.
 */
import { collectBatchMax } from "../core/limits.ts";
import type { ApplyContext } from "./apply-context.ts";

/** Notes what falls out of the newest revisions of a file when `revision` becomes the current one. */
export function noteFallenOut({ database, known, timeMs }: ApplyContext, nodeRow: number, revision: number): void {
  const { retainRevisions, retainPeak } = known.policy();
  if (revision <= retainRevisions) return;
  database
    .prepare("UPDATE revisions SET out_ms = ? WHERE node_id = ? AND revision BETWEEN ? AND ?")
    .run(timeMs, nodeRow, revision - retainPeak, revision - retainRevisions);
}

/** Brings the next rows in line with the policy; whether there were any left to look at. */
export function scanRevisions(context: ApplyContext): boolean {
  const { database, known } = context;
  const { scanRow } = known.policy();
  if (scanRow === null) return false;
  const end = database
    .prepare(
      "SELECT max(id) AS last, count(*) AS rows FROM (SELECT id FROM revisions WHERE id > ? ORDER BY id LIMIT ?)",
    )
    .get(scanRow, collectBatchMax);
  const last = Number(end?.["last"] ?? scanRow);
  scanUpTo(context, scanRow, last);
  const isEnded = Number(end?.["rows"]) < collectBatchMax;
  if (isEnded) database.prepare("UPDATE policy SET retain_peak = retain_revisions, scan_row = NULL").run();
  else database.prepare("UPDATE policy SET scan_row = ?").run(last);
  known.forgetPolicy();
  return true;
}

function scanUpTo({ database, known, timeMs }: ApplyContext, after: number, last: number): void {
  const { retainRevisions, retainPeak } = known.policy();
  database
    .prepare(
      `UPDATE revisions SET out_ms = right.out_ms FROM (
         SELECT r.id, CASE WHEN n.revision - r.revision < ? THEN NULL ELSE ? END AS out_ms
         FROM revisions r JOIN nodes n ON n.id = r.node_id
         WHERE r.id > ? AND r.id <= ? AND n.revision - r.revision < ?) AS right
       WHERE revisions.id = right.id AND revisions.out_ms IS NOT right.out_ms`,
    )
    .run(retainRevisions, timeMs, after, last, retainPeak);
}
