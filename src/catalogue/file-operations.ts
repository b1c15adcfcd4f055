/** Operations of users: directories, files, names. */
import type { LeaseId, NodeId, ShelfId } from "../core/ids.ts";
import { type ApplyContext, type Handler, authorUserRow } from "./apply-context.ts";
import { Refusal, requireThat } from "./refusal.ts";
import {
  type BoundNode,
  type NewRevision,
  addNode,
  addRevision,
  bindName,
  boundNode,
  checkAncestors,
  endBoundNode,
  isNode,
  kindDirectory,
  kindFile,
  liveDirectory,
  requireBinding,
  requireFreeName,
  requireRevision,
  unbindName,
} from "./tree.ts";
import { idBytes } from "./wire.ts";

/** The fields that say which revision of which file a commit makes. */
interface CommitTarget {
  readonly parent: NodeId;
  readonly token: Uint8Array;
  readonly node: NodeId;
  readonly baseRevision: number;
}

/** Refuses with `not-found`, `not-directory`, `exists`, and `invalid-name` when the tree would be too deep. */
export const makeDirectory: Handler<"makeDirectory"> = (context, { op, parent, token, node, attributes }) => {
  const parentRow = liveDirectory(context, parent);
  requireFreeName(context, parentRow, token);
  checkAncestors(context, parentRow);
  bindName(context, parentRow, token, addNode(context, node, kindDirectory, authorUserRow(context), attributes));
  context.totals.directories += 1;
  return { op };
};

/** Refuses with `not-found` (directory or shelf), `not-directory`, `is-directory`, `exists`, and `conflict` for another base revision or an ended lease. */
export const putFile: Handler<"putFile"> = (context, operation) => {
  requireOpenLease(context, operation.shelf, operation.lease);
  return { op: operation.op, revision: commitRevision(context, operation, operation) };
};

/** Refuses as putFile does, and with `not-found` when the source is not the author's or has no such revision. */
export const copyFile: Handler<"copyFile"> = (context, operation) => {
  const source = requireRevision(context, operation.sourceNode, operation.sourceRevision);
  const content: NewRevision = {
    fileKey: source["file_key"] as Uint8Array,
    sizeBytes: Number(source["size_bytes"]),
    sealedBytes: Number(source["sealed_bytes"]),
    addedBytes: 0,
    attributes: operation.attributes,
    shelf: source["shelf"] as Uint8Array,
    lease: null,
    copies: Number(source["copies"]),
  };
  return { op: operation.op, revision: commitRevision(context, operation, content) };
};

/** Refuses with `not-found`, `not-directory`, `is-directory`, `exists`, `conflict`, and `usage` for a directory into itself. */
export const move: Handler<"move"> = (context, operation) => {
  const { op, fromToken, toToken, node, replace } = operation;
  const fromParent = liveDirectory(context, operation.fromParent);
  const toParent = liveDirectory(context, operation.toParent);
  const source = requireBinding(context, fromParent, fromToken, node);
  const target = boundNode(context, toParent, toToken);
  if (target?.nodeRow === source.nodeRow) return { op };
  checkReplaced(source, target, replace);
  if (source.kind === kindDirectory) checkAncestors(context, toParent, source.nodeRow);
  if (target !== undefined) endBoundNode(context, target);
  unbindName(context, source.entryRow);
  bindName(context, toParent, toToken, source.nodeRow);
  return { op };
};

/** Refuses with `not-found`, `conflict`, `is-directory`, `not-directory` and `not-empty`. */
export const removeEntry: Handler<"removeEntry"> = (context, { op, parent, token, node, kind }) => {
  const bound = requireBinding(context, liveDirectory(context, parent), token, node);
  if (kind === "file") requireThat(bound.kind === kindFile, "is-directory", "a directory cannot be removed as a file");
  else requireEmptyDirectory(context, bound);
  endBoundNode(context, bound);
  return { op };
};

/** A new file's first revision, or the one after `baseRevision`, which must be the current one. */
function commitRevision(context: ApplyContext, target: CommitTarget, content: NewRevision): number {
  const parentRow = liveDirectory(context, target.parent);
  if (target.baseRevision > 0) {
    const nodeRow = requireBase(boundNode(context, parentRow, target.token), target);
    return addRevision(context, nodeRow, target.baseRevision, content);
  }
  requireFreeName(context, parentRow, target.token);
  const nodeRow = addNode(context, target.node, kindFile, authorUserRow(context), null);
  bindName(context, parentRow, target.token, nodeRow);
  context.totals.files += 1;
  return addRevision(context, nodeRow, 0, content);
}

/** Compare-and-set: row of the file when it still is at the base revision. */
function requireBase(bound: BoundNode | undefined, { node, baseRevision }: CommitTarget): number {
  if (bound === undefined) throw new Refusal("conflict", "the file has been removed meanwhile: look again", 0);
  requireThat(bound.kind === kindFile, "is-directory", "a directory has taken the file's name meanwhile");
  if (!isNode(bound, node)) {
    throw new Refusal(
      "conflict",
      `another file has taken the name meanwhile, at revision ${bound.revision}: look again`,
      bound.revision,
    );
  }
  if (bound.revision !== baseRevision) {
    throw new Refusal(
      "conflict",
      `the file is at revision ${bound.revision}, not ${baseRevision}: somebody else changed it first`,
      bound.revision,
    );
  }
  return bound.nodeRow;
}

/** Whether `source` may take the place of what its new name stands for. */
function checkReplaced(source: BoundNode, target: BoundNode | undefined, replace: NodeId | null): void {
  if (target === undefined) {
    if (replace !== null)
      throw new Refusal("conflict", "the file to replace has been removed meanwhile: look again", 0);
    return;
  }
  requireThat(
    target.kind === kindFile,
    replace === null ? "exists" : "is-directory",
    "a directory has the name already",
  );
  requireThat(replace !== null, "exists", "a file has the name already");
  requireThat(source.kind === kindFile, "not-directory", "a directory cannot take the place of a file");
  if (!isNode(target, replace))
    throw new Refusal("conflict", "another file has taken the name meanwhile: look again", target.revision);
}

function requireEmptyDirectory(context: ApplyContext, bound: BoundNode): void {
  requireThat(bound.kind === kindDirectory, "not-directory", "a file cannot be removed as a directory");
  const child = context.database
    .prepare("SELECT 1 FROM entries WHERE parent_id = ? AND ended_index IS NULL LIMIT 1")
    .get(bound.nodeRow);
  requireThat(child === undefined, "not-empty", "the directory is not empty");
}

/** An upload may commit as long as the shelf's owner has not given its chunks up. */
function requireOpenLease(context: ApplyContext, shelf: ShelfId, lease: LeaseId): void {
  const { database } = context;
  const shelfBytes = idBytes(shelf);
  const isShelf = database.prepare("SELECT 1 FROM shelves WHERE shelf = ?").get(shelfBytes) !== undefined;
  requireThat(isShelf, "not-found", "the network has no such shelf");
  const ended = database
    .prepare("SELECT 1 FROM ended_leases WHERE shelf = ? AND lease = ?")
    .get(shelfBytes, idBytes(lease));
  requireThat(
    ended === undefined,
    "conflict",
    "the upload waited too long and its lease has ended: put the file again",
  );
}
