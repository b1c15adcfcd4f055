/** Nodes, name bindings and revisions as rows: what the operations on files and directories are made of. */
import { type NodeId, type ShelfId, digestOf, type FileKey, type LeaseId } from "../core/ids.ts";
import { pathDepthMax } from "../core/limits.ts";
import type { SqlRow, SqlValue } from "../core/sqlite.ts";
import type { ApplyContext } from "./apply-context.ts";
import { keepKey } from "./drops.ts";
import { Refusal, requireThat } from "./refusal.ts";
import { idBytes } from "./id-bytes.ts";
import { type Reach, reachOf } from "./rights.ts";
import { noteFallenOut } from "./retention.ts";

export const kindFile = 1;
export const kindDirectory = 2;

/** A live name binding and the node that it names. */
export interface BoundNode {
  readonly entryRow: number;
  readonly nodeRow: number;
  readonly node: Uint8Array;
  readonly kind: number;
  /** Current revision of a file; 0 for a directory. */
  readonly revision: number;
  /** Number of its newest key. */
  readonly generation: number;
}

/** What a new node is besides its user and time. */
interface NewNode {
  readonly node: NodeId;
  readonly kind: number;
}

/** The keys of a node as the directory that it is in has them, once for now and once for the past. */
export interface NodeWrap {
  /** Sealed by the key of the directory with the number `parentGeneration`. */
  readonly attributes: Uint8Array;
  readonly parentGeneration: number;
  /** Sealed for the owner of the tree as well. */
  readonly pastWrap: Uint8Array;
}

/** What a new revision holds besides its number and time. */
export interface NewRevision {
  readonly fileKey: FileKey | Uint8Array;
  readonly sizeBytes: number;
  readonly sealedBytes: number;
  readonly addedBytes: number;
  readonly attributes: Uint8Array;
  readonly shelf: ShelfId;
  readonly lease: LeaseId | null;
  readonly copies: number;
  readonly copiesWanted: number;
  readonly expiresMs: number | null;
}

/** A name in a live directory that the author may change. */
export interface Place {
  readonly directoryRow: number;
  /** Whose tree it is in. */
  readonly ownerRow: number;
  /** Number of the directory's newest key. */
  readonly generation: number;
  readonly reach: Reach;
  readonly token: Uint8Array;
  /** What the name stands for; undefined when it is free. */
  readonly bound: BoundNode | undefined;
}

/**
 * The name `token` in the directory `parent`. Where the author may not change the directory but `mayBeFile`, it may be
 * the place of a file that was shared by itself. Refuses with `not-found` (whoever has no right learns no more) or
 * `not-directory`.
 */
export function placeOf(context: ApplyContext, parent: NodeId, token: Uint8Array, mayBeFile = false): Place {
  const found = context.known.parent(parent);
  requireThat(found !== undefined, "not-found", "the directory is not there any more");
  const { row: directoryRow, ownerRow, generation, isDirectory } = found;
  const named = context.database
    .prepare(
      `SELECT e.id AS entry_id, n.id, n.node, n.kind, n.revision, n.generation FROM entries e
       JOIN nodes n ON n.id = e.node_id WHERE e.parent_id = ? AND e.token = ? AND e.ended_index IS NULL`,
    )
    .get(directoryRow, token);
  const bound = named === undefined ? undefined : boundNodeOf(named);
  const reach =
    reachOf(context, ownerRow, directoryRow) ??
    (mayBeFile && bound?.kind === kindFile ? reachOf(context, ownerRow, bound.nodeRow) : undefined);
  requireThat(reach !== undefined, "not-found", "the directory is not there any more");
  requireThat(isDirectory, "not-directory", "a file cannot hold other files");
  return { directoryRow, ownerRow, generation, reach, token, bound };
}

/** A row of `nodes` with the entry that names it. */
export function boundNodeOf(row: SqlRow): BoundNode {
  return {
    entryRow: Number(row["entry_id"]),
    nodeRow: Number(row["id"]),
    node: row["node"] as Uint8Array,
    kind: Number(row["kind"]),
    revision: Number(row["revision"]),
    generation: Number(row["generation"]),
  };
}

/** Refuses with `exists` when the name is taken. */
export function requireFree({ bound }: Place): void {
  requireThat(bound === undefined, "exists", "the name is taken");
}

/** The binding of the name, when it names `node`. Refuses with `not-found`, or with `conflict` when it names another node. */
export function requireBound({ bound }: Place, node: NodeId): BoundNode {
  requireThat(bound !== undefined, "not-found", "the name is not there any more");
  if (!isNode(bound, node))
    throw new Refusal("conflict", "the name stands for another file or directory by now: look again", bound.revision);
  return bound;
}

/** Whether the binding names `node`. */
export function isNode(bound: BoundNode, node: NodeId): boolean {
  return Buffer.compare(bound.node, idBytes(node)) === 0;
}

/** Adds a node that is not remembered, a file at its first revision, and returns its row. Refuses with `exists`. */
export function addNode(context: ApplyContext, { node, kind }: NewNode, userRow: number): number {
  const { database, totals, index, timeMs } = context;
  const row = totals.nodes + 1;
  const added = database
    .prepare(
      "INSERT INTO nodes (id, node, user_id, kind, revision, removed_bytes, generation, changed_index, created_index, created_ms) VALUES (?, ?, ?, ?, ?, 0, 1, ?, ?, ?) ON CONFLICT (node) DO NOTHING",
    )
    .run(row, idBytes(node), userRow, kind, kind === kindFile ? 1 : 0, index, index, timeMs);
  requireThat(added === 1, "exists", "the node id has been used before: choose a new random one");
  totals.nodes = row;
  return row;
}

/** Adds the root directory of a user, which no directory holds. */
export function addRoot(context: ApplyContext, node: NodeId, userRow: number): void {
  addNode(context, { node, kind: kindDirectory }, userRow);
}

/** Ends the name that a node has and makes another one, or the same one with another wrap, stand for it, with a newest key of this number. */
export function rebind(context: ApplyContext, bound: BoundNode, to: Place, wrap: NodeWrap, generation: number): void {
  unbindName(context, bound.entryRow);
  bindName(context, to, bound.nodeRow, wrap, generation);
  if (bound.kind === kindDirectory) context.known.forgetDirectories();
  context.database
    .prepare("UPDATE nodes SET generation = ?, changed_index = ? WHERE id = ?")
    .run(generation, context.index, bound.nodeRow);
}

/** Makes a name stand for a node, of which the wrap has so many keys. */
export function bindName(
  { database, index, timeMs }: ApplyContext,
  { directoryRow, token }: Place,
  nodeRow: number,
  { attributes, parentGeneration, pastWrap }: NodeWrap,
  generation = 1,
): void {
  database
    .prepare(
      "INSERT INTO entries (parent_id, token, node_id, wrap, past_wrap, generation, parent_generation, created_index, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(directoryRow, token, nodeRow, attributes, pastWrap, generation, parentGeneration, index, timeMs);
}

/** Ends a name binding; the node stays. */
function unbindName({ database, index, timeMs }: ApplyContext, entryRow: number): void {
  database
    .prepare("UPDATE entries SET wrap = X'', ended_index = ?, ended_ms = ? WHERE id = ?")
    .run(index, timeMs, entryRow);
}

/** Ends a binding with its node and, for a file, its live revision. The caller has made sure that a directory is empty. */
export function endBoundNode(context: ApplyContext, bound: BoundNode): void {
  unbindName(context, bound.entryRow);
  endShares(context, bound);
  context.database
    .prepare("UPDATE nodes SET changed_index = ?, ended_index = ?, ended_ms = ? WHERE id = ?")
    .run(context.index, context.index, context.timeMs, bound.nodeRow);
  if (bound.kind === kindDirectory) {
    context.known.forgetDirectories();
    context.totals.directories -= 1;
    return;
  }
  context.totals.files -= 1;
  endRevision(context, bound.nodeRow, bound.revision);
}

/** Who a node was shared with goes on knowing its keys: its name says so from its end on, by a key that no directory has. */
function endShares({ database }: ApplyContext, { nodeRow, entryRow }: BoundNode): void {
  const ended = database.prepare("DELETE FROM shares WHERE node_id = ?").run(nodeRow);
  if (ended > 0) database.prepare("UPDATE entries SET parent_generation = 0 WHERE id = ?").run(entryRow);
}

/** Commits the first revision of a file that has just been added, and returns its number. */
export function addFirstRevision(context: ApplyContext, nodeRow: number, content: NewRevision): number {
  return insertRevision(context, nodeRow, 1, 0, content);
}

/** Commits the revision after `baseRevision` of a file, which ends that one, and returns its number. */
export function addNextRevision(
  context: ApplyContext,
  nodeRow: number,
  baseRevision: number,
  content: NewRevision,
): number {
  const historyBytes = endRevision(context, nodeRow, baseRevision);
  const revision = baseRevision + 1;
  context.database
    .prepare("UPDATE nodes SET revision = ?, changed_index = ? WHERE id = ?")
    .run(revision, context.index, nodeRow);
  noteFallenOut(context, nodeRow, revision);
  return insertRevision(context, nodeRow, revision, historyBytes, content);
}

function insertRevision(
  context: ApplyContext,
  nodeRow: number,
  revision: number,
  historyBytes: number,
  content: NewRevision,
): number {
  const { database, totals, rowCounts, index, timeMs } = context;
  const fileKey = typeof content.fileKey === "string" ? digestOf(content.fileKey) : content.fileKey;
  database
    .prepare(
      "INSERT INTO revisions (node_id, revision, history_bytes, file_key, size_bytes, sealed_bytes, added_bytes, attributes, shelf, lease, copies, copies_wanted, expires_ms, created_index, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(nodeRow, revision, historyBytes, fileKey, ...contentColumns(content), index, timeMs);
  keepKey(context, content.shelf, fileKey);
  rowCounts.addRevision(content.shelf, content.sealedBytes, content.copiesWanted);
  totals.logicalBytes += content.sizeBytes;
  totals.storedBytes += content.addedBytes;
  return revision;
}

/** The row of a revision of a file in the tree of `ownerRow` that the author can reach, live or not. Refuses with `not-found`. */
export function requireRevision(context: ApplyContext, ownerRow: number, node: NodeId, revision: number): SqlRow {
  const row = context.database
    .prepare(
      "SELECT r.*, n.user_id FROM nodes n JOIN revisions r ON r.node_id = n.id WHERE n.node = ? AND r.revision = ?",
    )
    .get(idBytes(node), revision);
  const isReached = row?.["user_id"] === ownerRow && reachOf(context, ownerRow, Number(row["node_id"])) !== undefined;
  requireThat(isReached, "not-found", `there is no revision ${revision} of the file to copy`);
  return row;
}

/**
 * Walks up from a directory to the root. Refuses with `usage` when `forbidden` is met on the way, and with
 * `invalid-name` when there is no room for another level below the directory.
 */
export function checkAncestors(context: ApplyContext, directoryRow: number, forbidden?: number): void {
  const { database, known } = context;
  if (forbidden === undefined && known.hasRoomBelow(directoryRow)) return;
  const step = database.prepare("SELECT parent_id FROM entries WHERE node_id = ? AND ended_index IS NULL");
  let row: number | undefined = directoryRow;
  for (let depth = 0; depth < pathDepthMax; depth += 1) {
    requireThat(row !== forbidden, "usage", "a directory cannot be moved into itself");
    const parent: SqlValue | undefined = step.get(row)?.["parent_id"];
    if (parent === undefined) {
      known.noteRoomBelow(directoryRow);
      return;
    }
    row = Number(parent);
  }
  throw new Refusal("invalid-name", `a path cannot be deeper than ${pathDepthMax} directories`);
}

/** Ends a revision; returns the added bytes of it and all before it. */
function endRevision(context: ApplyContext, nodeRow: number, revision: number): number {
  const { database, totals, index } = context;
  const row = database
    .prepare(
      "UPDATE revisions SET ended_index = ? WHERE node_id = ? AND revision = ? RETURNING size_bytes, added_bytes, history_bytes",
    )
    .get(index, nodeRow, revision);
  totals.logicalBytes -= Number(row?.["size_bytes"]);
  return Number(row?.["added_bytes"]) + Number(row?.["history_bytes"]);
}

function contentColumns(content: NewRevision): SqlValue[] {
  return [
    content.sizeBytes,
    content.sealedBytes,
    content.addedBytes,
    content.attributes,
    idBytes(content.shelf),
    content.lease === null ? null : idBytes(content.lease),
    content.copies,
    content.copiesWanted,
    content.expiresMs,
  ];
}
