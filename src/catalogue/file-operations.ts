/**
 * Operations of users: directories, files, names.
 *
 * What is made belongs to the user whose tree it is in, and counts for that user, whoever makes it.
 */
import type { NodeId } from "../core/ids.ts";
import type { ApplyContext, Handler } from "./apply-context.ts";
import { Refusal, requireThat } from "./refusal.ts";
import { requireFresh, requireGeneration } from "./rights.ts";
import {
  type BoundNode,
  type NewRevision,
  type Place,
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
  rebind,
  requireBound,
  requireFree,
  requireRevision,
} from "./tree.ts";
import { idText } from "./id-bytes.ts";
import type { OperationOf } from "./operation.ts";
import { requireChain } from "./shelf-rows.ts";
import { countBytes, requireQuota } from "./user-rows.ts";

/** The fields that say which revision of which file a commit makes. */
interface CommitTarget {
  readonly node: NodeId;
  readonly baseRevision: number;
  readonly wrap: Uint8Array | null;
  readonly pastWrap: Uint8Array;
  readonly generation: number;
}

/** Refuses with `not-found`, `not-directory`, `rekeyed`, `exists`, and `invalid-name` when the tree would be too deep. */
export const makeDirectory: Handler<"makeDirectory"> = (context, { op, parent, token, node, ...wrap }) => {
  const place = placeOf(context, parent, token);
  requireNewest(context, place, wrap.parentGeneration);
  requireFree(place);
  checkAncestors(context, place.directoryRow);
  bindName(context, place, addNode(context, { node, kind: kindDirectory }, place.ownerRow), wrap);
  context.totals.directories += 1;
  return { op };
};

/** Refuses with `not-found` (directory or shelf), `not-directory`, `is-directory`, `exists`, `moved` for another epoch of the shelf's chain, `conflict` for another base revision or an ended lease, `rekeyed`, `quota`, and `usage` when the file would have expired already. */
export const putFile: Handler<"putFile"> = (context, operation) => {
  const { expiresMs } = operation;
  const isAhead = expiresMs === null || expiresMs > context.timeMs;
  requireThat(isAhead, "usage", "the file would have expired already: check the clock");
  requireChain(context, operation);
  requireOpenLease(context, operation);
  const place = placeOf(context, operation.parent, operation.token, operation.baseRevision > 0);
  return { op: operation.op, revision: commitRevision(context, place, operation, operation) };
};

/** The copy stays, whenever its source expires. Refuses as putFile does, and with `not-found` when the source is not of the same user's tree, the author cannot reach it, or it has no such revision. */
export const copyFile: Handler<"copyFile"> = (context, operation) => {
  const place = placeOf(context, operation.parent, operation.token, operation.baseRevision > 0);
  const source = requireRevision(context, place.ownerRow, operation.sourceNode, operation.sourceRevision);
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
  return { op: operation.op, revision: commitRevision(context, place, operation, content) };
};

/** Refuses with `not-found`, `not-directory`, `is-directory`, `exists`, `conflict`, `rekeyed`, and `usage` for a directory into itself and for another user's tree. */
export const move: Handler<"move"> = (context, operation) => {
  const { op, node, replace, parentGeneration } = operation;
  const from = placeOf(context, operation.fromParent, operation.fromToken);
  const to = placeOf(context, operation.toParent, operation.toToken);
  const source = requireBound(from, node);
  requireThat(
    from.ownerRow === to.ownerRow,
    "usage",
    "what is one user's cannot be moved to another's: copy it, then remove it",
  );
  const target = to.bound;
  if (target?.nodeRow === source.nodeRow) return { op };
  requireFresh(context, source.nodeRow, from.reach);
  requireNewest(context, to, parentGeneration);
  checkReplaced(source, target, replace);
  if (source.kind === kindDirectory) checkAncestors(context, to.directoryRow, source.nodeRow);
  if (target !== undefined) endBoundNode(context, target);
  rebind(context, source, to, operation, source.generation);
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
function commitRevision(context: ApplyContext, place: Place, target: CommitTarget, content: NewRevision): number {
  const { ownerRow } = place;
  const { baseRevision, wrap, pastWrap, generation } = target;
  requireThat((wrap === null) === baseRevision > 0, "usage", "a new file has a wrap, and a next revision has none");
  if (wrap === null) {
    const bound = requireBase(place.bound, target);
    requireGeneration(bound.generation, generation);
    requireFresh(context, bound.nodeRow, place.reach);
    requireQuota(context, ownerRow, content.addedBytes);
    countBytes(context, ownerRow, content.addedBytes);
    return addNextRevision(context, bound.nodeRow, baseRevision, content);
  }
  requireNewest(context, place, generation);
  requireFree(place);
  requireQuota(context, ownerRow, content.addedBytes);
  const nodeRow = addNode(context, { node: target.node, kind: kindFile }, ownerRow);
  countBytes(context, ownerRow, content.addedBytes);
  bindName(context, place, nodeRow, { attributes: wrap, parentGeneration: generation, pastWrap });
  context.totals.files += 1;
  return addFirstRevision(context, nodeRow, content);
}

/** Refuses with `rekeyed` unless what goes into the directory was sealed by its newest key, and that can be written with. */
function requireNewest(context: ApplyContext, place: Place, sealedBy: number): void {
  requireGeneration(place.generation, sealedBy);
  requireFresh(context, place.directoryRow, place.reach);
}

/** Compare-and-set: the file when it still is at the base revision. */
function requireBase(bound: BoundNode | undefined, { node, baseRevision }: CommitTarget): BoundNode {
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
  return bound;
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
function requireOpenLease({ known }: ApplyContext, { shelf, lease }: OperationOf<"putFile">): void {
  requireThat(
    !known.isEnded(shelf, lease),
    "conflict",
    "the upload waited too long and its lease has ended: put the file again",
  );
}
