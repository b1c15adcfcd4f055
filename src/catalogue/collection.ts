/**
 * Collection: removing what was kept for its time.
 *
 * Revisions go that have been out for `retainMs`, and names, directories and files that ended as long ago, a file after
 * its last revision. A file key that no revision on its shelf names any more is noted in `drops`, for the shelf's owner
 * to drop the record; one that is named again meanwhile is struck off.
 */
import { type FileKey, type ShelfId, digestOf } from "../core/ids.ts";
import { collectBatchMax } from "../core/limits.ts";
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";
import type { ApplyContext, Handler } from "./apply-context.ts";
import { idBytes, idText } from "./id-bytes.ts";
import { scanRevisions } from "./retention.ts";

/** Never refuses: where nothing is due, nothing is removed. */
export const collect: Handler<"collect"> = (context, { op }) => {
  const removed = scanRevisions(context) ? 0 : removeDue(context);
  const nextMs = nextCollectMs(context.database);
  return { op, removed, isMoreDue: nextMs !== undefined && nextMs <= context.timeMs };
};

/** From when on there is something to collect; 0 when the policy has changed, undefined when nothing ever was removed or replaced. */
export function nextCollectMs(database: SqlDatabase): number | undefined {
  const row = database
    .prepare(
      `SELECT retain_ms, scan_row, (SELECT min(out_ms) FROM revisions WHERE out_ms IS NOT NULL) AS revision_ms,
         (SELECT min(ended_ms) FROM nodes WHERE ended_ms IS NOT NULL) AS node_ms,
         (SELECT min(ended_ms) FROM entries WHERE ended_ms IS NOT NULL) AS entry_ms FROM policy`,
    )
    .get();
  if (row === undefined) return undefined;
  if (row["scan_row"] !== null) return 0;
  const ends = [row["revision_ms"], row["node_ms"], row["entry_ms"]].filter((ms) => typeof ms === "number");
  return ends.length === 0 ? undefined : Math.min(...ends) + Number(row["retain_ms"]);
}

/** Strikes a file key off that a revision names again. */
export function keepKey({ database, totals }: ApplyContext, shelf: ShelfId, fileKey: Uint8Array): void {
  if (totals.drops === 0) return;
  totals.drops -= deleteDrop(database, idBytes(shelf), fileKey);
}

/** Strikes file keys off that are dropped. */
export function forgetKeys({ database, totals }: ApplyContext, shelf: ShelfId, fileKeys: readonly FileKey[]): void {
  for (const fileKey of fileKeys) totals.drops -= deleteDrop(database, idBytes(shelf), digestOf(fileKey));
}

/** Removes rows whose time is over, up to a batch of them; returns how many of them were revisions. */
function removeDue(context: ApplyContext): number {
  const { database, known, timeMs } = context;
  const dueMs = timeMs - known.policy().retainMs;
  const out = database.prepare(removal("out_ms <= ? ORDER BY out_ms, id")).all(dueMs, collectBatchMax);
  for (const row of out) noteRemoved(context, row);
  const ended = removeNodes(context, dueMs, collectBatchMax - out.length);
  removeEntries(database, dueMs, collectBatchMax - out.length - ended.rows);
  return out.length + ended.revisions;
}

/** Deletes the first revisions that `condition` gives; in which order they are told does not matter. */
const removal = (condition: string): string =>
  `DELETE FROM revisions WHERE id IN (SELECT id FROM revisions WHERE ${condition} LIMIT ?)
   RETURNING node_id, file_key, shelf, sealed_bytes, added_bytes`;

/** Removes nodes that have ended, each once its revisions are gone, up to so many rows of both. */
function removeNodes(context: ApplyContext, dueMs: number, rowsMax: number): { rows: number; revisions: number } {
  const { database } = context;
  const nodes = database.prepare("SELECT id FROM nodes WHERE ended_ms <= ? ORDER BY ended_ms, id LIMIT ?");
  const removeRevisions = database.prepare(removal("node_id = ? ORDER BY revision"));
  const removeNode = database.prepare("DELETE FROM nodes WHERE id = ?");
  const removed = { rows: 0, revisions: 0 };
  for (const { id } of nodes.all(dueMs, rowsMax)) {
    const own = removeRevisions.all(Number(id), rowsMax - removed.rows);
    for (const row of own) noteRemoved(context, row);
    removed.revisions += own.length;
    removed.rows += own.length;
    // There may be more of them.
    if (removed.rows === rowsMax) break;
    removed.rows += removeNode.run(Number(id));
  }
  return removed;
}

function removeEntries(database: SqlDatabase, dueMs: number, rowsMax: number): void {
  database
    .prepare(
      "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE ended_ms <= ? ORDER BY ended_ms, id LIMIT ?)",
    )
    .run(dueMs, rowsMax);
}

/** Counts a removed revision no more, and notes its key where it was the last to name it. */
function noteRemoved({ database, totals, shelfCounts }: ApplyContext, row: SqlRow): void {
  const shelf = row["shelf"] as Uint8Array;
  const addedBytes = Number(row["added_bytes"]);
  if (addedBytes > 0)
    database
      .prepare("UPDATE nodes SET removed_bytes = removed_bytes + ? WHERE id = ?")
      .run(addedBytes, Number(row["node_id"]));
  totals.storedBytes -= addedBytes;
  shelfCounts.remove(idText(shelf), Number(row["sealed_bytes"]));
  totals.drops += noteDrop(database, shelf, row["file_key"] as Uint8Array);
}

/** Notes a file key unless a revision on its shelf names it, or it is noted already; returns how many rows that made. */
function noteDrop(database: SqlDatabase, shelf: Uint8Array, fileKey: Uint8Array): number {
  return database
    .prepare(
      `INSERT INTO drops SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM revisions WHERE shelf = ?1 AND file_key = ?2)
       ON CONFLICT DO NOTHING`,
    )
    .run(shelf, fileKey);
}

function deleteDrop(database: SqlDatabase, shelf: Uint8Array, fileKey: Uint8Array): number {
  return database.prepare("DELETE FROM drops WHERE shelf = ? AND file_key = ?").run(shelf, fileKey);
}
