/**
 * Collection: removing what was kept for its time.
 *
 * Revisions go that have been out for `retainMs`, and names, directories and files that ended as long ago, a file after
 * its last revision; of a user who ended as long ago all that is left, and then the user. A file key that no revision on its shelf names any more is noted in `drops`, for the shelf's owner
 * to drop the record; one that is named again meanwhile is struck off.
 */
import { collectBatchMax } from "../core/limits.ts";
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";
import type { ApplyContext, Handler } from "./apply-context.ts";
import { noteDrop } from "./drops.ts";
import { idText } from "./id-bytes.ts";
import { forgetExpiredInvites, nextInviteExpiryMs } from "./invite-rows.ts";
import { scanRevisions } from "./retention.ts";
import { boundNodeOf, endBoundNode } from "./tree.ts";
import { countBytes } from "./user-rows.ts";

/** Never refuses: where nothing is due, nothing is removed. */
export const collect: Handler<"collect"> = (context, { op }) => {
  const removed = scanRevisions(context) ? 0 : removeDue(context);
  const nextMs = nextCollectMs(context.database);
  return { op, removed, isMoreDue: nextMs !== undefined && nextMs <= context.timeMs };
};

/** From when on there is something to collect; 0 when the policy has changed, undefined when nothing ever was removed or replaced and no invite waits. */
export function nextCollectMs(database: SqlDatabase): number | undefined {
  const row = database
    .prepare(
      `SELECT retain_ms, scan_row, (SELECT min(out_ms) FROM revisions WHERE out_ms IS NOT NULL) AS revision_ms,
         (SELECT min(ended_ms) FROM nodes WHERE ended_ms IS NOT NULL) AS node_ms,
         (SELECT min(ended_ms) FROM entries WHERE ended_ms IS NOT NULL) AS entry_ms,
         (SELECT min(ended_ms) FROM users WHERE ended_ms IS NOT NULL) AS user_ms FROM policy`,
    )
    .get();
  if (row === undefined) return undefined;
  if (row["scan_row"] !== null) return 0;
  const ends = [row["revision_ms"], row["node_ms"], row["entry_ms"], row["user_ms"]].filter(
    (ms) => typeof ms === "number",
  );
  const dueMs = ends.map((ms) => ms + Number(row["retain_ms"]));
  const inviteMs = nextInviteExpiryMs(database);
  if (inviteMs !== undefined) dueMs.push(inviteMs);
  return dueMs.length === 0 ? undefined : Math.min(...dueMs);
}

/** Removes rows whose time is over, up to a batch of them; returns how many of them were revisions. */
function removeDue(context: ApplyContext): number {
  const { database, known, timeMs } = context;
  const dueMs = timeMs - known.policy().retainMs;
  forgetExpiredInvites(context);
  const out = database.prepare(removal("out_ms <= ? ORDER BY out_ms, id")).all(dueMs, collectBatchMax);
  for (const row of out) noteRemoved(context, row);
  const ended = removeNodes(context, dueMs, collectBatchMax - out.length);
  const entries = removeEntries(database, dueMs, collectBatchMax - out.length - ended.rows);
  const left = removeTrees(context, dueMs, collectBatchMax - out.length - ended.rows - entries);
  return out.length + ended.revisions + left.revisions;
}

/** What was removed so far. */
interface Removed {
  rows: number;
  /** Of the rows, how many were revisions. */
  revisions: number;
}

/** Deletes the first revisions that `condition` gives; in which order they are told does not matter. */
const removal = (condition: string): string =>
  `DELETE FROM revisions WHERE id IN (SELECT id FROM revisions WHERE ${condition} LIMIT ?)
   RETURNING node_id, file_key, shelf, sealed_bytes, added_bytes`;

/** Removes nodes that have ended, each once its revisions are gone, up to so many rows of both. */
function removeNodes(context: ApplyContext, dueMs: number, rowsMax: number): Removed {
  const { database, totals } = context;
  const nodes = database.prepare("SELECT id, ended_index FROM nodes WHERE ended_ms <= ? ORDER BY ended_ms, id LIMIT ?");
  const removed = { rows: 0, revisions: 0 };
  for (const node of nodes.all(dueMs, rowsMax)) {
    if (!removeNode(context, Number(node["id"]), rowsMax, removed)) break;
    totals.collectedIndex = Math.max(totals.collectedIndex, Number(node["ended_index"]));
  }
  return removed;
}

/** Removes a node after its revisions, while fewer than so many rows were removed; whether it is gone. */
function removeNode(context: ApplyContext, nodeRow: number, rowsMax: number, removed: Removed): boolean {
  const own = context.database.prepare(removal("node_id = ? ORDER BY revision")).all(nodeRow, rowsMax - removed.rows);
  for (const row of own) noteRemoved(context, row);
  removed.revisions += own.length;
  removed.rows += own.length;
  // There may be more of them.
  if (removed.rows >= rowsMax) return false;
  removed.rows += context.database.prepare("DELETE FROM nodes WHERE id = ?").run(nodeRow);
  context.known.forgetDirectories();
  return true;
}

/** Removes what is left of users who have ended, those who ended first, and then them, up to so many rows. */
function removeTrees(context: ApplyContext, dueMs: number, rowsMax: number): Removed {
  const { database, known } = context;
  const users = database.prepare("SELECT id FROM users WHERE ended_ms <= ? ORDER BY ended_ms, id LIMIT ?");
  const removed = { rows: 0, revisions: 0 };
  for (const { id } of users.all(dueMs, Math.max(0, rowsMax))) {
    if (!removeTree(context, Number(id), rowsMax, removed) || removed.rows >= rowsMax) break;
    removed.rows += database.prepare("DELETE FROM users WHERE id = ?").run(Number(id));
    known.forgetUsers();
  }
  return removed;
}

/** Removes the nodes of a user's tree, in whatever order, each with its name, while fewer than so many rows were removed; whether all are gone. */
function removeTree(context: ApplyContext, userRow: number, rowsMax: number, removed: Removed): boolean {
  const nodes = context.database
    .prepare(
      `SELECT n.id, n.node, n.kind, n.revision, e.id AS entry_id FROM nodes n
       LEFT JOIN entries e ON e.node_id = n.id AND e.ended_index IS NULL
       WHERE n.user_id = ? ORDER BY n.changed_index, n.id LIMIT ?`,
    )
    .all(userRow, rowsMax - removed.rows + 1);
  for (const node of nodes) {
    if (removed.rows >= rowsMax) return false;
    if (node["entry_id"] !== null) {
      endBoundNode(context, boundNodeOf(node));
      removed.rows += context.database.prepare("DELETE FROM entries WHERE id = ?").run(Number(node["entry_id"]));
    }
    if (!removeNode(context, Number(node["id"]), rowsMax, removed)) return false;
  }
  return true;
}

function removeEntries(database: SqlDatabase, dueMs: number, rowsMax: number): number {
  return database
    .prepare(
      "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE ended_ms <= ? ORDER BY ended_ms, id LIMIT ?)",
    )
    .run(dueMs, rowsMax);
}

/** Counts a removed revision no more, and notes its key where it was the last to name it. */
function noteRemoved(context: ApplyContext, row: SqlRow): void {
  const { database, totals, rowCounts } = context;
  const shelf = row["shelf"] as Uint8Array;
  const addedBytes = Number(row["added_bytes"]);
  if (addedBytes > 0) {
    const node = database
      .prepare("UPDATE nodes SET removed_bytes = removed_bytes + ? WHERE id = ? RETURNING user_id")
      .get(addedBytes, Number(row["node_id"]));
    countBytes(context, Number(node?.["user_id"]), -addedBytes);
  }
  totals.storedBytes -= addedBytes;
  rowCounts.removeRevision(idText(shelf), Number(row["sealed_bytes"]));
  totals.drops += noteDrop(database, shelf, row["file_key"] as Uint8Array);
}
