/** Expiry: ending files whose time is over. Only an entry of the log does it, by its own time, so that every replica agrees. */
import { expiryBatchMax } from "../core/limits.ts";
import type { SqlRow } from "../core/sqlite.ts";
import type { ApplyContext, Handler } from "./apply-context.ts";
import { boundNodeOf, endBoundNode } from "./tree.ts";

/** Never refuses: where nothing is due, nothing is ended. */
export const expire: Handler<"expire"> = (context, { op }) => {
  const due = dueFiles(context);
  const ended = due.slice(0, expiryBatchMax);
  for (const row of ended) endBoundNode(context, boundNodeOf(row));
  return { op, expired: ended.length, isMoreDue: due.length > ended.length };
};

/** Live files that are due, those that are due longest first; one more than a batch, to tell whether there are more. */
function dueFiles({ database, timeMs }: ApplyContext): SqlRow[] {
  return database
    .prepare(
      `SELECT e.id AS entry_id, n.id, n.node, n.kind, n.revision, n.generation
       FROM revisions r JOIN nodes n ON n.id = r.node_id JOIN entries e ON e.node_id = n.id AND e.ended_index IS NULL
       WHERE r.expires_ms IS NOT NULL AND r.ended_index IS NULL AND r.expires_ms <= ?
       ORDER BY r.expires_ms, r.id LIMIT ?`,
    )
    .all(timeMs, expiryBatchMax + 1);
}
