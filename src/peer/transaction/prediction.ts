/**
 * The outcome of an operation inside a transaction: the rules of src/catalogue/file-operations.ts over the rows of the
 * network with the transaction's changes on them. What nobody can know before the commit (whether a lease has ended,
 * what others do meanwhile) the commit finds out.
 */
import type { Operation, OperationName, OperationOf } from "../../catalogue/operation.ts";
import { Refusal, requireThat } from "../../catalogue/refusal.ts";
import type { OperationResult } from "../../catalogue/result.ts";
import type { EntryRow, ListedRow, RevisionRow } from "../../catalogue/rows.ts";
import { assert } from "../../core/errors.ts";
import type { NodeId } from "../../core/ids.ts";
import { pathDepthMax } from "../../core/limits.ts";
import { hexOf } from "../random-ids.ts";
import type { BaseFacts } from "./base-facts.ts";
import type { PendingTree } from "./pending-tree.ts";

/** What an operation is predicted from; the tree is changed in place. */
export interface PredictionContext {
  readonly tree: PendingTree;
  readonly base: BaseFacts;
  readonly nowMs: number;
}

type UserOperation = "makeDirectory" | "putFile" | "copyFile" | "move" | "removeEntry" | "rekey";
type Rule<Name extends OperationName> = (
  context: PredictionContext,
  operation: OperationOf<Name>,
) => Extract<OperationResult, { readonly op: Name }>;

/** The content of a new revision. */
type NewRevision = Pick<
  RevisionRow,
  "fileKey" | "sizeBytes" | "sealedBytes" | "addedBytes" | "attributes" | "shelf" | "copies" | "copiesWanted"
> & { readonly expiresMs: number | null };

/** Carries the operation out on the pending tree and returns its result, or throws a Refusal. */
export function predict(context: PredictionContext, operation: Operation): OperationResult {
  const rule = (rules as Partial<Record<OperationName, Rule<OperationName>>>)[operation.op];
  assert(rule !== undefined, `a transaction holds changes of a user's tree, and ${operation.op} is none`);
  return rule(context, operation);
}

const makeDirectory: Rule<"makeDirectory"> = (context, { op, parent, token, node, attributes }) => {
  requireDirectory(context, parent);
  requireFreeName(context, parent, token);
  checkAncestors(context, parent);
  requireNewNode(context, node);
  const row = { ...emptyRow, token, node, wrap: attributes, generation: 1, committedMs: context.nowMs };
  context.tree.make(parent, { ...row, kind: "directory", attributes: noAttributes });
  return { op };
};

const putFile: Rule<"putFile"> = (context, operation) => {
  const { expiresMs } = operation;
  const isAhead = expiresMs === null || expiresMs > context.nowMs;
  requireThat(isAhead, "usage", "the file would have expired already: check the clock");
  return { op: operation.op, revision: commitRevision(context, operation, operation) };
};

const copyFile: Rule<"copyFile"> = (context, operation) => {
  const { op, sourceNode, sourceRevision, attributes } = operation;
  const source = context.tree.revision(sourceNode, sourceRevision) ?? context.base.revision(sourceNode, sourceRevision);
  requireThat(source !== undefined, "not-found", `there is no revision ${sourceRevision} of the file to copy`);
  const content = { ...source, addedBytes: 0, attributes, expiresMs: null };
  return { op, revision: commitRevision(context, operation, content) };
};

const move: Rule<"move"> = (context, { op, fromParent, fromToken, toParent, toToken, node, replace, attributes }) => {
  const { tree } = context;
  requireDirectory(context, fromParent);
  requireDirectory(context, toParent);
  const source = requireBinding(context, fromParent, fromToken, node);
  const target = rowOf(context, toParent, toToken);
  if (target?.node === node) return { op };
  checkReplaced(source, target, replace);
  if (source.kind === "directory") checkAncestors(context, toParent, node);
  if (target !== undefined) tree.end(target.node);
  tree.unbind(fromParent, fromToken);
  tree.bind(toParent, { ...source, token: toToken, wrap: attributes });
  return { op };
};

const removeEntry: Rule<"removeEntry"> = (context, { op, parent, token, node, kind }) => {
  requireDirectory(context, parent);
  const bound = requireBinding(context, parent, token, node);
  if (kind === "file") requireThat(bound.kind === "file", "is-directory", "a directory cannot be removed as a file");
  else {
    requireThat(bound.kind === "directory", "not-directory", "a file cannot be removed as a directory");
    requireThat(isEmpty(context, node), "not-empty", "the directory is not empty");
  }
  context.tree.unbind(parent, token);
  context.tree.end(node);
  return { op };
};

const rekey: Rule<"rekey"> = (context, { op, parent, token, node, fromGeneration, attributes }) => {
  requireDirectory(context, parent);
  const bound = requireBinding(context, parent, token, node);
  requireThat(bound.generation === fromGeneration, "rekeyed", "the keys have changed: look again");
  context.tree.bind(parent, { ...bound, token, wrap: attributes, generation: fromGeneration + 1 });
  return { op };
};

const rules: { readonly [Name in UserOperation]: Rule<Name> } = {
  makeDirectory,
  putFile,
  copyFile,
  move,
  removeEntry,
  rekey,
};

const noAttributes = new Uint8Array(0);

const emptyRow = {
  revision: 0,
  fileKey: null,
  sizeBytes: 0,
  addedBytes: 0,
  historyBytes: 0,
  shelf: null,
  copies: 0,
  copiesWanted: 0,
  expiresMs: null,
};

/** A new file's first revision, or the one after `baseRevision`, which must be the current one. */
function commitRevision(
  context: PredictionContext,
  target: Pick<OperationOf<"putFile">, "parent" | "token" | "node" | "baseRevision" | "wrap">,
  content: NewRevision,
): number {
  const { tree, nowMs } = context;
  const { parent, token, node, baseRevision } = target;
  requireDirectory(context, parent);
  const present = rowOf(context, parent, token);
  const { wrap = noAttributes, generation = 1 } = target.wrap === null ? (present ?? {}) : { wrap: target.wrap };
  if (baseRevision > 0) requireBase(present, node, baseRevision);
  else {
    requireFreeName(context, parent, token);
    requireNewNode(context, node);
  }
  const { fileKey, sizeBytes, sealedBytes, addedBytes, attributes, shelf, copies, copiesWanted, expiresMs } = content;
  const revision = baseRevision + 1;
  const historyBytes = present === undefined ? 0 : present.addedBytes + present.historyBytes;
  const common = { revision, fileKey, sizeBytes, addedBytes, historyBytes, attributes, shelf, copies, copiesWanted };
  const keys = { wrap, generation };
  const row: ListedRow = { ...common, ...keys, token, node, kind: "file", expiresMs, committedMs: nowMs };
  if (baseRevision > 0) tree.bind(parent, row);
  else tree.make(parent, row);
  // An entry of the log has an index, from 1; this one has none yet.
  const times = { createdIndex: 0, endedIndex: null, createdMs: nowMs, outMs: null };
  tree.addRevision(node, { ...common, sealedBytes, expiresMs, ...times });
  return revision;
}

/** What a name stands for, as the transaction sees it. */
function rowOf({ tree, base }: PredictionContext, parent: NodeId, token: Uint8Array): EntryRow | undefined {
  const pending = tree.name(parent, token);
  return pending === undefined ? base.row(parent, token) : (pending ?? undefined);
}

/** A directory of the network that the transaction did not touch has just been looked up by its caller. */
function requireDirectory({ tree }: PredictionContext, node: NodeId): void {
  requireThat(!tree.hasEnded(node), "not-found", "the directory is not there any more");
  requireThat(tree.madeKind(node) !== "file", "not-directory", "a file cannot hold other files");
}

function requireFreeName(context: PredictionContext, parent: NodeId, token: Uint8Array): void {
  requireThat(rowOf(context, parent, token) === undefined, "exists", "the name is taken");
}

function requireNewNode({ tree }: PredictionContext, node: NodeId): void {
  const isNew = tree.madeKind(node) === undefined;
  requireThat(isNew, "exists", "the node id has been used before: choose a new random one");
}

function requireBinding(context: PredictionContext, parent: NodeId, token: Uint8Array, node: NodeId): EntryRow {
  const bound = rowOf(context, parent, token);
  requireThat(bound !== undefined, "not-found", "the name is not there any more");
  if (bound.node !== node)
    throw new Refusal("conflict", "the name stands for another file or directory by now: look again", bound.revision);
  return bound;
}

/** Compare-and-set: fails unless the file still is at the base revision. */
function requireBase(bound: EntryRow | undefined, node: NodeId, baseRevision: number): void {
  if (bound === undefined) throw new Refusal("conflict", "the file has been removed meanwhile: look again", 0);
  requireThat(bound.kind === "file", "is-directory", "a directory has taken the file's name meanwhile");
  const { revision } = bound;
  if (bound.node !== node)
    throw new Refusal(
      "conflict",
      `another file has taken the name meanwhile, at revision ${revision}: look again`,
      revision,
    );
  if (revision !== baseRevision)
    throw new Refusal(
      "conflict",
      `the file is at revision ${revision}, not ${baseRevision}: it was changed first`,
      revision,
    );
}

/** Whether `source` may take the place of what its new name stands for. */
function checkReplaced(source: EntryRow, target: EntryRow | undefined, replace: NodeId | null): void {
  if (target === undefined) {
    if (replace === null) return;
    throw new Refusal("conflict", "the file to replace has been removed meanwhile: look again", 0);
  }
  const kind = replace === null ? "exists" : "is-directory";
  requireThat(target.kind === "file", kind, "a directory has the name already");
  requireThat(replace !== null, "exists", "a file has the name already");
  requireThat(source.kind === "file", "not-directory", "a directory cannot take the place of a file");
  if (target.node !== replace)
    throw new Refusal("conflict", "another file has taken the name meanwhile: look again", target.revision);
}

/** Walks up from a directory as far as it is known. */
function checkAncestors({ tree, base }: PredictionContext, directory: NodeId, forbidden?: NodeId): void {
  let node: NodeId | undefined = directory;
  for (let depth = 0; depth < pathDepthMax; depth += 1) {
    requireThat(node !== forbidden, "usage", "a directory cannot be moved into itself");
    node = tree.parentOf(node) ?? base.parentOf(node);
    if (node === undefined) return;
  }
  throw new Refusal("invalid-name", `a path cannot be deeper than ${pathDepthMax} directories`);
}

function isEmpty({ tree, base }: PredictionContext, directory: NodeId): boolean {
  const names = tree.names(directory);
  for (const row of names.values()) if (row !== null) return false;
  return base.children(directory).every((token) => names.has(hexOf(token)));
}
