/** Nodes, name bindings and revisions as rows: what the operations on files and directories are made of. */
import { type NodeId, type ShelfId, digestOf, type FileKey, type LeaseId } from "../core/ids.ts";
import { pathDepthMax } from "../core/limits.ts";
import type { SqlRow, SqlValue } from "../core/sqlite.ts";
import { type ApplyContext, authorUserRow } from "./apply-context.ts";
import { Refusal, requireThat } from "./refusal.ts";
import { idBytes } from "./wire.ts";

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
}

/** What a new revision holds besides its number and time. */
export interface NewRevision {
  readonly fileKey: FileKey | Uint8Array;
  readonly sizeBytes: number;
  readonly sealedBytes: number;
  readonly addedBytes: number;
  readonly attributes: Uint8Array;
  readonly shelf: ShelfId | Uint8Array;
  readonly lease: LeaseId | null;
  readonly copies: number;
}

/** Row of the author's live directory `node`. Refuses with `not-found` or `not-directory`. */
export function liveDirectory(context: ApplyContext, node: NodeId): number {
  const row = context.database
    .prepare("SELECT id, user_id, kind FROM nodes WHERE node = ? AND ended_index IS NULL")
    .get(idBytes(node));
  requireThat(row?.["user_id"] === authorUserRow(context), "not-found", "the directory is not there any more");
  requireThat(row["kind"] === kindDirectory, "not-directory", "a file cannot hold other files");
  return Number(row["id"]);
}

/** What the live name `token` in a directory stands for. */
export function boundNode(context: ApplyContext, parentRow: number, token: Uint8Array): BoundNode | undefined {
  const row = context.database
    .prepare(
      "SELECT e.id AS entry_id, n.id, n.node, n.kind, n.revision FROM entries e JOIN nodes n ON n.id = e.node_id WHERE e.parent_id = ? AND e.token = ? AND e.ended_index IS NULL",
    )
    .get(parentRow, token);
  if (row === undefined) return undefined;
  return {
    entryRow: Number(row["entry_id"]),
    nodeRow: Number(row["id"]),
    node: row["node"] as Uint8Array,
    kind: Number(row["kind"]),
    revision: Number(row["revision"]),
  };
}

/** Refuses with `exists` when the live name `token` is taken. */
export function requireFreeName(context: ApplyContext, parentRow: number, token: Uint8Array): void {
  const taken = context.database
    .prepare("SELECT 1 FROM entries WHERE parent_id = ? AND token = ? AND ended_index IS NULL")
    .get(parentRow, token);
  requireThat(taken === undefined, "exists", "the name is taken");
}

/** The binding of `token`, when it names `node`. Refuses with `not-found`, or with `conflict` when it names another node. */
export function requireBinding(context: ApplyContext, parentRow: number, token: Uint8Array, node: NodeId): BoundNode {
  const bound = boundNode(context, parentRow, token);
  requireThat(bound !== undefined, "not-found", "the name is not there any more");
  if (!isNode(bound, node))
    throw new Refusal("conflict", "the name stands for another file or directory by now: look again", bound.revision);
  return bound;
}

/** Whether the binding names `node`. */
export function isNode(bound: BoundNode, node: NodeId): boolean {
  return Buffer.compare(bound.node, idBytes(node)) === 0;
}

/** Adds a node that never was there before and returns its row. Refuses with `exists`. */
export function addNode(
  context: ApplyContext,
  node: NodeId,
  kind: number,
  userRow: number,
  attributes: Uint8Array | null,
): number {
  const { database, totals, index, timeMs } = context;
  const known = database.prepare("SELECT 1 FROM nodes WHERE node = ?").get(idBytes(node));
  requireThat(known === undefined, "exists", "the node id has been used before: choose a new random one");
  totals.nodes += 1;
  database
    .prepare(
      "INSERT INTO nodes (id, node, user_id, kind, revision, attributes, created_index, created_ms) VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
    )
    .run(totals.nodes, idBytes(node), userRow, kind, attributes, index, timeMs);
  return totals.nodes;
}

/** Makes `token` in a directory stand for a node. */
export function bindName(context: ApplyContext, parentRow: number, token: Uint8Array, nodeRow: number): void {
  context.database
    .prepare("INSERT INTO entries (parent_id, token, node_id, created_index, created_ms) VALUES (?, ?, ?, ?, ?)")
    .run(parentRow, token, nodeRow, context.index, context.timeMs);
}

/** Ends a name binding; the node stays. */
export function unbindName(context: ApplyContext, entryRow: number): void {
  context.database.prepare("UPDATE entries SET ended_index = ? WHERE id = ?").run(context.index, entryRow);
}

/** Ends a binding with its node and, for a file, its live revision. The caller has made sure that a directory is empty. */
export function endBoundNode(context: ApplyContext, bound: BoundNode): void {
  unbindName(context, bound.entryRow);
  context.database.prepare("UPDATE nodes SET ended_index = ? WHERE id = ?").run(context.index, bound.nodeRow);
  if (bound.kind === kindDirectory) {
    context.totals.directories -= 1;
    return;
  }
  context.totals.files -= 1;
  endRevision(context, bound.nodeRow, bound.revision);
}

/** Commits the revision after `baseRevision` of a file, which ends that one, and returns its number. */
export function addRevision(
  context: ApplyContext,
  nodeRow: number,
  baseRevision: number,
  content: NewRevision,
): number {
  const historyBytes = baseRevision === 0 ? 0 : endRevision(context, nodeRow, baseRevision);
  const revision = baseRevision + 1;
  const { database, totals, index, timeMs } = context;
  database
    .prepare(
      "INSERT INTO revisions (node_id, revision, file_key, size_bytes, sealed_bytes, added_bytes, history_bytes, attributes, shelf, lease, copies, created_index, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(...revisionColumns(nodeRow, revision, historyBytes, content), index, timeMs);
  database.prepare("UPDATE nodes SET revision = ? WHERE id = ?").run(revision, nodeRow);
  totals.logicalBytes += content.sizeBytes;
  totals.storedBytes += content.addedBytes;
  return revision;
}

/** The row of a revision of one of the author's files, live or not. Refuses with `not-found`. */
export function requireRevision(context: ApplyContext, node: NodeId, revision: number): SqlRow {
  const row = context.database
    .prepare(
      "SELECT r.* FROM nodes n JOIN revisions r ON r.node_id = n.id WHERE n.node = ? AND n.user_id = ? AND r.revision = ?",
    )
    .get(idBytes(node), authorUserRow(context), revision);
  requireThat(row !== undefined, "not-found", `there is no revision ${revision} of the file to copy`);
  return row;
}

/**
 * Walks up from a directory to the root. Refuses with `usage` when `forbidden` is met on the way, and with
 * `invalid-name` when there is no room for another level below the directory.
 */
export function checkAncestors(context: ApplyContext, directoryRow: number, forbidden?: number): void {
  const step = context.database.prepare("SELECT parent_id FROM entries WHERE node_id = ? AND ended_index IS NULL");
  let row: number | undefined = directoryRow;
  for (let depth = 0; depth < pathDepthMax; depth += 1) {
    requireThat(row !== forbidden, "usage", "a directory cannot be moved into itself");
    const parent: SqlValue | undefined = step.get(row)?.["parent_id"];
    if (parent === undefined) return;
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

function revisionColumns(nodeRow: number, revision: number, historyBytes: number, content: NewRevision): SqlValue[] {
  return [
    nodeRow,
    revision,
    typeof content.fileKey === "string" ? digestOf(content.fileKey) : content.fileKey,
    content.sizeBytes,
    content.sealedBytes,
    content.addedBytes,
    historyBytes,
    content.attributes,
    typeof content.shelf === "string" ? idBytes(content.shelf) : content.shelf,
    content.lease === null ? null : idBytes(content.lease),
    content.copies,
  ];
}
