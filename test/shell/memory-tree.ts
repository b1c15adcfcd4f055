/** The trees of a network in memory: their nodes, how they branch off for a transaction, and how the branch comes back. */
import { DfsError } from "../../src/core/errors.ts";
import { childPath, pathParts, rootPath } from "../../src/core/names.ts";
import type { DfsPath } from "../../src/core/names.ts";

export interface Revision {
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
  readonly mode: number;
  readonly addedBytes: number;
  /** Disks that it is on, and that it asked for. */
  readonly copies: number;
  readonly copiesWanted: number;
  readonly expiresMs?: number | undefined;
}

/** Never changed in place: a new revision is a new node with the same id. */
export interface FileNode {
  readonly kind: "file";
  readonly id: number;
  readonly revisions: readonly Revision[];
}

export interface DirectoryNode {
  readonly kind: "directory";
  readonly id: number;
  readonly children: Map<string, Node>;
  readonly modifiedMs: number;
}

export type Node = FileNode | DirectoryNode;

let nodesMade = 0;

function newNodeId(): number {
  nodesMade += 1;
  return nodesMade;
}

export function newDirectory(modifiedMs: number): DirectoryNode {
  return { kind: "directory", id: newNodeId(), children: new Map(), modifiedMs };
}

/** A file with these revisions: a new one, or what `before` becomes. */
export function fileWith(revisions: readonly Revision[], before?: FileNode): FileNode {
  return { kind: "file", id: before?.id ?? newNodeId(), revisions };
}

/** The node at `path` below `root`; `undefined` where there is none. Fails with `not-directory` where a file is in the way. */
export function nodeAt(root: DirectoryNode, path: DfsPath): Node | undefined {
  let node: Node = root;
  for (const part of pathParts(path)) {
    if (node.kind === "file") throw new DfsError("not-directory", "not a directory");
    const child = node.children.get(part);
    if (child === undefined) return undefined;
    node = child;
  }
  return node;
}

/** Where the node with this id is below `root`; `undefined` where it is not. */
export function pathOfNode(root: DirectoryNode, id: number, path: DfsPath = rootPath): DfsPath | undefined {
  if (root.id === id) return path;
  for (const [name, child] of root.children) {
    const at = childPath(path, name);
    const found = child.kind === "directory" ? pathOfNode(child, id, at) : child.id === id ? at : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the revisions below a directory cost. */
export function costBytes(node: Node): number {
  if (node.kind === "file") return node.revisions.reduce((sum, { addedBytes }) => sum + addedBytes, 0);
  let bytes = 0;
  for (const child of node.children.values()) bytes += costBytes(child);
  return bytes;
}

export function newest(node: FileNode): Revision {
  return node.revisions.at(-1) as Revision;
}

/** The entries of a tree, its top included. */
export function count(node: Node): number {
  if (node.kind === "file") return 1;
  let entries = 1;
  for (const child of node.children.values()) entries += count(child);
  return entries;
}

/** A copy of its own: each file with its newest content as revision 1, which stays. */
export function cloned(node: Node): Node {
  if (node.kind === "file") return fileWith([{ ...newest(node), addedBytes: 0, expiresMs: undefined }]);
  const copy = newDirectory(node.modifiedMs);
  for (const [name, child] of node.children) copy.children.set(name, cloned(child));
  return copy;
}

/** Whether the time of a file is over. */
export function isDue(node: Node, nowMs: number): boolean {
  if (node.kind === "file") return (newest(node).expiresMs ?? Number.POSITIVE_INFINITY) <= nowMs;
  return [...node.children.values()].some((child) => isDue(child, nowMs));
}

/** Takes away the files whose time is over. */
export function sweep(directory: DirectoryNode, nowMs: number): void {
  for (const [name, child] of directory.children) {
    if (child.kind === "directory") sweep(child, nowMs);
    else if (isDue(child, nowMs)) directory.children.delete(name);
  }
}

/** The same tree with directories of its own; files are shared. */
export function branch(directory: DirectoryNode): DirectoryNode {
  const copy: DirectoryNode = { ...directory, children: new Map() };
  for (const [name, child] of directory.children)
    copy.children.set(name, child.kind === "directory" ? branch(child) : child);
  return copy;
}

/**
 * Brings what changed from `base` to `mine` into `live`, all of it, in each of the spaces that they hold. Fails with
 * `conflict` where live is no longer as base was, and then changes nothing.
 */
export function merge(base: DirectoryNode, mine: DirectoryNode, live: DirectoryNode): void {
  const changes: (() => void)[] = [];
  for (const [space, before] of base.children) {
    const [own, there] = [mine, live].map(({ children }) => children.get(space));
    collect(before as DirectoryNode, own as DirectoryNode, there as DirectoryNode, rootPath, changes);
  }
  for (const change of changes) change();
}

function collect(
  base: DirectoryNode,
  mine: DirectoryNode,
  live: DirectoryNode,
  path: DfsPath,
  changes: (() => void)[],
): void {
  for (const name of new Set([...base.children.keys(), ...mine.children.keys()])) {
    const [before, own, there] = [base, mine, live].map(({ children }) => children.get(name));
    if (isSame(before, own)) continue;
    const at = childPath(path, name);
    if (before?.kind === "directory" && own?.kind === "directory" && there?.kind === "directory") {
      collect(before, own, there, at, changes);
      continue;
    }
    if (!isSame(before, there))
      throw new DfsError("conflict", `somebody else changed it: ${stateText(there)}`, { path: at });
    changes.push(() => void (own === undefined ? live.children.delete(name) : live.children.set(name, own)));
  }
}

function stateText(node: Node | undefined): string {
  if (node === undefined) return "it is gone";
  return node.kind === "file" ? `it is at revision ${node.revisions.length}` : "it is a directory";
}

function isSame(left: Node | undefined, right: Node | undefined): boolean {
  if (left?.kind !== "directory" || right?.kind !== "directory") return left === right;
  const names = new Set([...left.children.keys(), ...right.children.keys()]);
  return [...names].every((name) => isSame(left.children.get(name), right.children.get(name)));
}
