/** The operation that brings back what was removed: a node lives again, with all the history that is kept of it. */
import type { SqlRow } from "../core/sqlite.ts";
import type { ApplyContext, Handler } from "./apply-context.ts";
import { idBytes } from "./id-bytes.ts";
import type { OperationOf } from "./operation.ts";
import { Refusal, requireThat } from "./refusal.ts";
import { requireFresh, requireGeneration } from "./rights.ts";
import { type Place, bindName, checkAncestors, kindFile, placeOf, requireFree } from "./tree.ts";

/**
 * What the node cost was never counted off, so that no quota is asked. Refuses with `not-found` (directory; node or name
 * that is no longer kept, a file whose time is over), `not-directory`, `permission` outside the author's own tree and that
 * of the shared user, `conflict` when the node lives, `rekeyed`, `exists`, and `invalid-name` when the tree would be too
 * deep.
 */
export const reopenEntry: Handler<"reopenEntry"> = (context, operation) => {
  const { op, generation } = operation;
  const place = placeOf(context, operation.parent, operation.token);
  requireThat(place.reach === "tree", "permission", "only its owner can bring back what was removed");
  const ended = endedNode(context, place, operation);
  const isRenewed = requireKeys(ended, place, generation);
  requireGeneration(place.generation, operation.parentGeneration);
  requireFresh(context, place.directoryRow, place.reach);
  requireFree(place);
  if (ended["kind"] !== kindFile) checkAncestors(context, place.directoryRow);
  reopen(context, Number(ended["id"]), generation);
  bindName(context, place, Number(ended["id"]), operation, generation);
  if (isRenewed) context.totals.rekeyed += 1;
  if (ended["kind"] !== kindFile) context.totals.directories += 1;
  else reopenRevision(context, ended);
  return { op };
};

/** A node that has ended, with the name that it had at its end, and its last revision. */
function endedNode(context: ApplyContext, place: Place, operation: OperationOf<"reopenEntry">): SqlRow {
  const { node, fromParent, fromToken } = operation;
  const row = context.database
    .prepare(
      `SELECT n.id, n.user_id, n.kind, n.revision, n.generation, n.ended_index, e.parent_id, e.parent_generation,
         r.id AS revision_id, r.size_bytes, r.expires_ms
       FROM nodes n LEFT JOIN nodes p ON p.node = ?
       LEFT JOIN entries e ON e.parent_id = p.id AND e.token = ? AND e.node_id = n.id AND e.ended_index = n.ended_index
       LEFT JOIN revisions r ON r.node_id = n.id AND r.revision = n.revision WHERE n.node = ?`,
    )
    .get(idBytes(fromParent), fromToken, idBytes(node));
  requireThat(row?.["user_id"] === place.ownerRow, "not-found", "what was removed is no longer kept");
  if (row["ended_index"] === null)
    throw new Refusal("conflict", "what was removed is there again by now: look again", Number(row["revision"]));
  const isKept = row["parent_id"] !== null && (row["kind"] !== kindFile || row["revision_id"] !== null);
  requireThat(isKept, "not-found", "what was removed is no longer kept");
  const expiresMs = row["expires_ms"];
  const isAhead = typeof expiresMs !== "number" || expiresMs > context.timeMs;
  requireThat(isAhead, "not-found", "the file would have expired by now");
  return row;
}

/**
 * Whether the node comes with a new key. It has to where somebody who lost a share may know the ones that it had: where it
 * was shared itself when it ended, or what it was in has another key by now, or is another directory.
 */
function requireKeys(ended: SqlRow, place: Place, generation: number): boolean {
  const had = Number(ended["generation"]);
  const isSameKey = ended["parent_id"] === place.directoryRow && ended["parent_generation"] === place.generation;
  const isRenewed = generation === had + 1;
  requireGeneration(generation, isRenewed || !isSameKey ? had + 1 : had);
  return isRenewed;
}

function reopen({ database, known, index }: ApplyContext, nodeRow: number, generation: number): void {
  known.forgetDirectories();
  database
    .prepare("UPDATE nodes SET ended_index = NULL, ended_ms = NULL, generation = ?, changed_index = ? WHERE id = ?")
    .run(generation, index, nodeRow);
}

function reopenRevision({ database, totals }: ApplyContext, ended: SqlRow): void {
  database.prepare("UPDATE revisions SET ended_index = NULL WHERE id = ?").run(Number(ended["revision_id"]));
  totals.logicalBytes += Number(ended["size_bytes"]);
  totals.files += 1;
}
