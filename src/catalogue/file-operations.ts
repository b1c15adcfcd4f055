/** Operations of users: directories, files, names. */
import type { NodeId } from "../core/ids.ts";
import { type ApplyContext, type Handler, authorUserRow } from "./apply-context.ts";
import { Refusal, requireThat } from "./refusal.ts";
import {
  type BoundNode,
  type NewRevision,
  addNode,
  addFirstRevision,
  addNextRevision,
  bindName,
  checkAncestors,
  endBoundNode,
  isNode,
  kindDirectory,
  kindFile,
  placeOf,
  requireBound,
  requireFree,
  requireRevision,
  unbindName,
} from "./tree.ts";
import { idBytes, idText } from "./id-bytes.ts";
import type { OperationOf } from "./operation.ts";
import { requireChain } from "./shelf-rows.ts";

/** The fields that say which revision of which file a commit makes. */
interface CommitTarget {
  readonly parent: NodeId;
  readonly token: Uint8Array;
  readonly node: NodeId;
  readonly baseRevision: number;
}

/** Refuses with `not-found`, `not-directory`, `exists`, and `invalid-name` when the tree would be too deep. */
export const makeDirectory: Handler<"makeDirectory"> = (context, { op, parent, token, node, attributes }) => {
  const place = placeOf(context, parent, token);
  requireFree(place);
  checkAncestors(context, place.directoryRow);
  const directory = { node, kind: kindDirectory, attributes };
  bindName(context, place, addNode(context, directory, authorUserRow(context)));
  context.totals.directories += 1;
  return { op };
};

/** Refuses with `not-found` (directory or shelf), `not-directory`, `is-directory`, `exists`, `moved` for another epoch of the shelf's chain, `conflict` for another base revision or an ended lease, and `usage` when the file would have expired already. */
export const putFile: Handler<"putFile"> = (context, operation) => {
  const { expiresMs } = operation;
  const isAhead = expiresMs === null || expiresMs > context.timeMs;
  requireThat(isAhead, "usage", "the file would have expired already: check the clock");
  requireChain(context, operation);
  requireOpenLease(context, operation);
  return { op: operation.op, revision: commitRevision(context, operation, operation) };
};

/** The copy stays, whenever its source expires. Refuses as putFile does, and with `not-found` when the source is not the author's or has no such revision. */
export const copyFile: Handler<"copyFile"> = (context, operation) => {
  const source = requireRevision(context, operation.sourceNode, operation.sourceRevision);
  const content: NewRevision = {
    fileKey: source["file_key"] as Uint8Array,
    sizeBytes: Number(source["size_bytes"]),
    sealedBytes: Number(source["sealed_bytes"]),
    addedBytes: 0,
    attributes: operation.attributes,
    shelf: idText(source["shelf"] as Uint8Array),
    lease: null,
    copies: Number(source["copies"]),
    copiesWanted: Number(source["copies_wanted"]),
    expiresMs: null,
  };
  return { op: operation.op, revision: commitRevision(context, operation, content) };
};

/** Refuses with `not-found`, `not-directory`, `is-directory`, `exists`, `conflict`, and `usage` for a directory into itself. */
export const move: Handler<"move"> = (context, operation) => {
  const { op, node, replace } = operation;
  const from = placeOf(context, operation.fromParent, operation.fromToken);
  const to = placeOf(context, operation.toParent, operation.toToken);
  const source = requireBound(from, node);
  const target = to.bound;
  if (target?.nodeRow === source.nodeRow) return { op };
  checkReplaced(source, target, replace);
  if (source.kind === kindDirectory) checkAncestors(context, to.directoryRow, source.nodeRow);
  if (target !== undefined) endBoundNode(context, target);
  unbindName(context, source.entryRow);
  bindName(context, to, source.nodeRow);
  return { op };
};

/** Refuses with `not-found`, `conflict`, `is-directory`, `not-directory` and `not-empty`. */
export const removeEntry: Handler<"removeEntry"> = (context, { op, parent, token, node, kind }) => {
  const bound = requireBound(placeOf(context, parent, token), node);
  if (kind === "file") requireThat(bound.kind === kindFile, "is-directory", "a directory cannot be removed as a file");
  else requireEmptyDirectory(context, bound);
  endBoundNode(context, bound);
  return { op };
};

/** A new file's first revision, or the one after `baseRevision`, which must be the current one. */
function commitRevision(context: ApplyContext, target: CommitTarget, content: NewRevision): number {
  const place = placeOf(context, target.parent, target.token);
  if (target.baseRevision > 0) {
    const nodeRow = requireBase(place.bound, target);
    return addNextRevision(context, nodeRow, target.baseRevision, content);
  }
  requireFree(place);
  const nodeRow = addNode(context, { node: target.node, kind: kindFile, attributes: null }, authorUserRow(context));
  bindName(context, place, nodeRow);
  context.totals.files += 1;
  return addFirstRevision(context, nodeRow, content);
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
function requireOpenLease({ database }: ApplyContext, { shelf, lease }: OperationOf<"putFile">): void {
  const ended = database
    .prepare("SELECT 1 FROM ended_leases WHERE shelf = ? AND lease = ?")
    .get(idBytes(shelf), idBytes(lease));
  requireThat(
    ended === undefined,
    "conflict",
    "the upload waited too long and its lease has ended: put the file again",
  );
}
