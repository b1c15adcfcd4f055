/** Operations on keys and shares: giving a node a new key, giving it to another user, and taking it back. */
import type { NodeId, UserId } from "../core/ids.ts";
import { keyGenerationsMax, sharesPerNodeMax, sharesPerUserMax } from "../core/limits.ts";
import { type ApplyContext, type Handler, authorUserRow } from "./apply-context.ts";
import { idBytes, idText } from "./id-bytes.ts";
import { requireThat } from "./refusal.ts";
import { requireFresh, requireGeneration } from "./rights.ts";
import { placeOf, rebind, requireBound } from "./tree.ts";
import { requireUser, sharedUserRow } from "./user-rows.ts";

/**
 * Refuses with `not-found` (directory, name, or share to drop), `not-directory`, `conflict` when the name stands for
 * another node, `rekeyed` for another generation or other shares than there are, `permission` for a shared node of
 * somebody else's, and `usage` when there have been too many keys.
 */
export const rekey: Handler<"rekey"> = (context, operation) => {
  const { op, parent, token, node, parentGeneration, fromGeneration, drop } = operation;
  const place = placeOf(context, parent, token);
  const bound = requireBound(place, node);
  requireGeneration(place.generation, parentGeneration);
  requireGeneration(bound.generation, fromGeneration);
  requireFresh(context, place.directoryRow, place.reach);
  requireThat(fromGeneration < keyGenerationsMax, "usage", `there is no room for more than ${keyGenerationsMax} keys`);
  const renewed = sharesToRenew(context, bound.nodeRow, place.ownerRow, operation);
  const generation = fromGeneration + 1;
  const { database, totals } = context;
  rebind(context, bound, place, operation, generation);
  const renew = database.prepare("UPDATE shares SET sealed = ?, generation = ? WHERE node_id = ? AND grantee_id = ?");
  for (const { granteeRow, sealed } of renewed) renew.run(sealed, generation, bound.nodeRow, granteeRow);
  if (drop !== null)
    database
      .prepare("DELETE FROM shares WHERE node_id = ? AND grantee_id = (SELECT id FROM users WHERE user = ?)")
      .run(bound.nodeRow, idBytes(drop));
  totals.rekeyed += 1;
  return { op };
};

/**
 * Refuses with `not-found` (node or user), `permission` for somebody else's node, `usage` for a root, for oneself and for
 * `shared`, `rekeyed` for another generation, and `quota` when there are too many shares.
 */
export const share: Handler<"share"> = (context, { op, node, grantee, mayWrite, sealed, generation }) => {
  const { database, index, timeMs } = context;
  const author = authorUserRow(context);
  const { nodeRow, newest } = ownNode(context, node);
  requireThat(author !== sharedUserRow, "usage", "what everybody can reach needs no share");
  const granteeRow = Number(requireUser(context, grantee)["id"]);
  requireThat(granteeRow !== author, "usage", "it is the user's own already");
  requireThat(granteeRow !== sharedUserRow, "usage", "what is for everybody belongs into /shared");
  requireGeneration(newest, generation);
  requireFresh(context, nodeRow, "tree");
  requireRoom(context, author, nodeRow, granteeRow);
  database
    .prepare(
      `INSERT INTO shares (node_id, grantee_id, owner_id, may_write, sealed, generation, created_index, created_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (node_id, grantee_id) DO UPDATE SET
         may_write = excluded.may_write, sealed = excluded.sealed, generation = excluded.generation`,
    )
    .run(nodeRow, granteeRow, author, mayWrite ? 1 : 0, sealed, generation, index, timeMs);
  return { op };
};

interface RenewedShare {
  readonly granteeRow: number;
  readonly sealed: Uint8Array;
}

/** The shares of a node but for the one that is dropped, each with what it holds from now on. Refuses with `permission` unless the author owns them, and `rekeyed` unless they are those of the operation. */
function sharesToRenew(
  context: ApplyContext,
  nodeRow: number,
  ownerRow: number,
  { shares, drop }: { shares: readonly { grantee: UserId; sealed: Uint8Array }[]; drop: UserId | null },
): readonly RenewedShare[] {
  const rows = context.database
    .prepare("SELECT s.grantee_id, u.user FROM shares s JOIN users u ON u.id = s.grantee_id WHERE s.node_id = ?")
    .all(nodeRow);
  const mayRenew = rows.length === 0 || ownerRow === authorUserRow(context);
  requireThat(mayRenew, "permission", "is shared by itself, and only its owner can give it the new key that it needs");
  const present = new Map(rows.map((row) => [idText<UserId>(row["user"] as Uint8Array), Number(row["grantee_id"])]));
  requireThat(drop === null || present.delete(drop), "not-found", "it is not shared with that user");
  const renewed = new Map(shares.map(({ grantee, sealed }) => [grantee, sealed]));
  const areAll = renewed.size === present.size && Array.from(present.keys()).every((grantee) => renewed.has(grantee));
  requireThat(areAll, "rekeyed", "others have been given a share or lost it meanwhile: look again");
  return Array.from(present, ([grantee, granteeRow]) => ({ granteeRow, sealed: renewed.get(grantee) as Uint8Array }));
}

/** A live node of the author's that is not a root. */
function ownNode(context: ApplyContext, node: NodeId): { readonly nodeRow: number; readonly newest: number } {
  const row = context.database
    .prepare(
      `SELECT n.id, n.user_id, n.generation, e.id AS entry_id FROM nodes n
       LEFT JOIN entries e ON e.node_id = n.id AND e.ended_index IS NULL WHERE n.node = ? AND n.ended_index IS NULL`,
    )
    .get(idBytes(node));
  requireThat(row !== undefined, "not-found", "what is to be shared is not there any more");
  requireThat(Number(row["user_id"]) === authorUserRow(context), "permission", "only its owner can share it");
  requireThat(row["entry_id"] !== null, "usage", "the root cannot be shared: share what is in it");
  return { nodeRow: Number(row["id"]), newest: Number(row["generation"]) };
}

function requireRoom({ database }: ApplyContext, ownerRow: number, nodeRow: number, granteeRow: number): void {
  const count = (condition: string, ...values: readonly number[]): number =>
    Number(database.prepare(`SELECT count(*) AS shares FROM shares WHERE ${condition}`).get(...values)?.["shares"]);
  if (count("node_id = ? AND grantee_id = ?", nodeRow, granteeRow) > 0) return;
  const ofNode = count("node_id = ?", nodeRow);
  requireThat(ofNode < sharesPerNodeMax, "quota", `one thing can be shared with ${sharesPerNodeMax} users`);
  const ofOwner = count("owner_id = ?", ownerRow);
  requireThat(ofOwner < sharesPerUserMax, "quota", `${sharesPerUserMax} shares are given: take some back first`);
}
