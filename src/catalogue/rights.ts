/**
 * Rights: who may change what is in a directory, and whether its keys may be written with.
 *
 * A tree is changed by its owner; the tree of `shared` by every user; and what is below a directory that was shared for
 * writing, or a file that was, by the one who it was shared with. A node is *stale* when the directory that it is in has
 * got a new key since its wrap was sealed: whoever lost a share may still know its keys, so that nothing is written to it,
 * or below it, until it has got a new key of its own.
 */
import { pathDepthMax } from "../core/limits.ts";
import type { SqlRow } from "../core/sqlite.ts";
import { type ApplyContext, authorUserRow } from "./apply-context.ts";
import { requireThat } from "./refusal.ts";
import { sharedUserRow } from "./user-rows.ts";

/** How far an author may write: in the whole tree, or in a node that was shared and below it. */
export type Reach = "tree" | { readonly node: number };

/** How far the author may write in the tree of `ownerRow`, seen from `nodeRow` upwards; undefined where it may not. */
export function reachOf(context: ApplyContext, ownerRow: number, nodeRow: number): Reach | undefined {
  const author = authorUserRow(context);
  if (ownerRow === author || ownerRow === sharedUserRow) return "tree";
  const grants = grantsOf(context, ownerRow, author);
  if (grants.size === 0) return undefined;
  for (const row of upwards(context, nodeRow)) if (grants.has(row)) return { node: row };
  return undefined;
}

/** Refuses with `rekeyed` when a node, or a directory above it that the author can give a key, is stale. */
export function requireFresh(context: ApplyContext, nodeRow: number, reach: Reach): void {
  if (context.totals.rekeyed === 0) return;
  const step = context.database.prepare(
    `SELECT e.parent_id, e.parent_generation, p.generation FROM entries e
     JOIN nodes p ON p.id = e.parent_id WHERE e.node_id = ? AND e.ended_index IS NULL`,
  );
  const top = reach === "tree" ? undefined : reach.node;
  let row = nodeRow;
  for (let depth = 0; depth <= pathDepthMax; depth += 1) {
    const found: SqlRow | undefined = row === top ? undefined : step.get(row);
    if (found === undefined) return;
    requireGeneration(Number(found["generation"]), Number(found["parent_generation"]));
    row = Number(found["parent_id"]);
  }
}

/** Refuses with `rekeyed` unless what was sealed was sealed by the newest key. */
export function requireGeneration(newest: number, sealedBy: number): void {
  requireThat(newest === sealedBy, "rekeyed", "a share above has ended, and the keys have changed: look again");
}

/** Nodes of an owner's that a user may write to. */
function grantsOf({ database }: ApplyContext, ownerRow: number, userRow: number): ReadonlySet<number> {
  const rows = database
    .prepare("SELECT node_id FROM shares WHERE grantee_id = ? AND owner_id = ? AND may_write = 1")
    .all(userRow, ownerRow);
  return new Set(rows.map((row) => Number(row["node_id"])));
}

/** A node and the directories above it, as deep as a tree can be. */
function* upwards({ database }: ApplyContext, nodeRow: number): Generator<number> {
  const step = database.prepare("SELECT parent_id FROM entries WHERE node_id = ? AND ended_index IS NULL");
  let row: number | undefined = nodeRow;
  for (let depth = 0; depth <= pathDepthMax && row !== undefined; depth += 1) {
    yield row;
    const parent: unknown = step.get(row)?.["parent_id"];
    row = parent === undefined ? undefined : Number(parent);
  }
}
