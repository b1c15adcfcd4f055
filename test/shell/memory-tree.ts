/** The tree of a network in memory: its nodes, how it branches off for a transaction, and how the branch comes back. */
import { DfsError } from "../../src/core/errors.ts";
import { childPath } from "../../src/core/names.ts";
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

/** Never changed in place: a new revision is a new node. */
export interface FileNode {
  readonly kind: "file";
  readonly revisions: readonly Revision[];
}

export interface DirectoryNode {
  readonly kind: "directory";
  readonly children: Map<string, Node>;
  readonly modifiedMs: number;
}

export type Node = FileNode | DirectoryNode;

export function newDirectory(modifiedMs: number): DirectoryNode {
  return { kind: "directory", children: new Map(), modifiedMs };
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
  if (node.kind === "file")
    return { kind: "file", revisions: [{ ...newest(node), addedBytes: 0, expiresMs: undefined }] };
  const copy = newDirectory(node.modifiedMs);
  for (const [name, child] of node.children) copy.children.set(name, cloned(child));
  return copy;
}

/** Takes away the files whose time is over. */
export function sweep(directory: DirectoryNode, nowMs: number): void {
  for (const [name, child] of directory.children) {
    if (child.kind === "directory") sweep(child, nowMs);
    else if ((newest(child).expiresMs ?? Number.POSITIVE_INFINITY) <= nowMs) directory.children.delete(name);
  }
}

/** The same tree with directories of its own; files are shared. */
export function branch(directory: DirectoryNode): DirectoryNode {
  const copy = newDirectory(directory.modifiedMs);
  for (const [name, child] of directory.children)
    copy.children.set(name, child.kind === "directory" ? branch(child) : child);
  return copy;
}

/** Brings what changed from `base` to `mine` into `live`, all of it. Fails with `conflict` where live is no longer as base was, and then changes nothing. */
export function merge(base: DirectoryNode, mine: DirectoryNode, live: DirectoryNode): void {
  const changes: (() => void)[] = [];
  collect(base, mine, live, "/" as DfsPath, changes);
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
