/**
 * The sums of a tree's directories, in bounded memory, however large the tree is.
 *
 * Entries come as a walk gives them: depth first, each directory before what is in it. What a directory holds is added to
 * it and to all above it on the way. Where there are too many directories the deepest ones are *folded* into those that
 * they are in: these keep their sums, but not what is below them.
 */
import type { Entry } from "../../core/client.ts";
import { type DfsPath, pathParts } from "../../core/names.ts";
import { type Sums, addSums, noBytes, sumsOf } from "../sums.ts";

/** What a directory holds, itself excluded. */
export interface Totals {
  readonly sums: Sums;
  files: number;
  directories: number;
}

export interface DirectoryNode {
  readonly totals: Totals;
  /** The directories in it by their names; absent once they are folded. */
  children: Map<string, DirectoryNode> | undefined;
  /** The smallest of the directories in it, where those alone were too many to keep. */
  readonly rest: Totals;
}

export class DuTree {
  readonly path: DfsPath;
  readonly root: DirectoryNode = newNode();
  readonly #directoriesMax: number;
  readonly #ownDepth: number;
  /** The directories that the walk is in, the root first. */
  #open: DirectoryNode[] = [this.root];
  /** Directories deeper than this are not kept. */
  #depthMax = Number.POSITIVE_INFINITY;
  /** How many are kept at each depth; the root is at depth 0. */
  #kept: number[] = [1];
  entries = 0;

  /** Of the tree at `path`, with so many directories kept at the most. */
  constructor(path: DfsPath, directoriesMax: number) {
    this.path = path;
    this.#directoriesMax = directoriesMax;
    this.#ownDepth = pathParts(path).length;
  }

  /** Takes the next entry of a walk of the tree in. */
  add(entry: Entry): void {
    this.entries += 1;
    const depth = pathParts(entry.path).length - this.#ownDepth;
    if (depth === 0 && entry.kind === "directory") return;
    this.#open.length = Math.max(1, Math.min(this.#open.length, depth));
    const own = ownTotals(entry);
    for (const { totals } of this.#open) addTotals(totals, own);
    if (entry.kind === "file") return;
    const node = newNode();
    if (depth <= this.#depthMax) this.#keep(entry.name, node, depth);
    this.#open.push(node);
  }

  #keep(name: string, node: DirectoryNode, depth: number): void {
    this.#open.at(-1)?.children?.set(name, node);
    this.#kept[depth] = (this.#kept[depth] ?? 0) + 1;
    const kept = this.#kept.reduce((sum, count) => sum + count, 0);
    if (kept <= this.#directoriesMax) return;
    const deepest = this.#kept.length - 1;
    if (deepest > 1) this.#fold(deepest - 1);
    else this.#dropSmallest(node);
  }

  /** From now on nothing below the directories at `depth` is kept. */
  #fold(depth: number): void {
    let level = [this.root];
    for (let at = 0; at < depth; at += 1) level = level.flatMap(({ children }) => [...(children?.values() ?? [])]);
    for (const node of level) node.children = undefined;
    this.#kept.length = depth + 1;
    this.#depthMax = depth;
  }

  /** Keeps the larger half of the directories in the root that are summed up, and the one that the walk enters now. */
  #dropSmallest(entered: DirectoryNode): void {
    const { children, rest } = this.root;
    const ended = [...(children ?? [])].filter(([, node]) => node !== entered && !this.#open.includes(node));
    const bySize = ended.toSorted(([, one], [, other]) => weight(one) - weight(other));
    for (const [name, { totals }] of bySize.slice(0, Math.ceil(bySize.length / 2))) {
      children?.delete(name);
      addTotals(rest, totals);
      rest.directories += 1;
    }
    this.#kept[1] = children?.size ?? 0;
  }

  /** The directory at `path`; undefined where it is not in this tree, or not kept. */
  nodeAt(path: DfsPath): DirectoryNode | undefined {
    return this.#wayTo(path)?.at(-1);
  }

  /** Takes away what went from the directory at `path`, also from all that it is in. */
  subtract(path: DfsPath, gone: Totals, name: string): void {
    const way = this.#wayTo(path) ?? [];
    for (const { totals } of way) addTotals(totals, gone, -1);
    way.at(-1)?.children?.delete(name);
  }

  /** Puts what a later walk found in place of what was known of the directory at `path`; what is below it is folded. */
  replace(path: DfsPath, { sums, files, directories }: Totals): void {
    const way = this.#wayTo(path) ?? [];
    const before = way.at(-1);
    if (before === undefined) return;
    const known = {
      sums: { ...before.totals.sums },
      files: before.totals.files,
      directories: before.totals.directories,
    };
    for (const { totals } of way) {
      addTotals(totals, known, -1);
      addTotals(totals, { sums, files, directories });
    }
    before.children = undefined;
  }

  #wayTo(path: DfsPath): readonly DirectoryNode[] | undefined {
    const own = pathParts(this.path);
    const parts = pathParts(path);
    if (own.some((part, index) => parts[index] !== part)) return undefined;
    const way = [this.root];
    for (const part of parts.slice(own.length)) {
      const next = way.at(-1)?.children?.get(part);
      if (next === undefined) return undefined;
      way.push(next);
    }
    return way;
  }
}

/** The totals of a file, or of a directory with nothing in it. */
export function ownTotals(entry: Entry): Totals {
  const isFile = entry.kind === "file";
  return { sums: sumsOf(entry), files: isFile ? 1 : 0, directories: isFile ? 0 : 1 };
}

export function noTotals(): Totals {
  return { sums: noBytes(), files: 0, directories: 0 };
}

/** Adds `from` to `to`, or with -1 takes it away. */
export function addTotals(to: Totals, { sums, files, directories }: Totals, times = 1): void {
  const { logical, unique, history, replicated } = sums;
  addSums(to.sums, {
    logical: logical * times,
    unique: unique * times,
    history: history * times,
    replicated: replicated * times,
  });
  to.files += files * times;
  to.directories += directories * times;
}

function newNode(): DirectoryNode {
  return { totals: noTotals(), children: new Map(), rest: noTotals() };
}

function weight({ totals: { sums } }: DirectoryNode): number {
  return Math.max(sums.logical, sums.replicated);
}
