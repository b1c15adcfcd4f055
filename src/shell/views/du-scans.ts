/** The trees that `ncdu` knows: that of where it began, and of where that was folded or is to be summed up again. */
import type { DfsClient } from "../../core/client.ts";
import { toDfsError } from "../../core/errors.ts";
import { treeDirectoriesMax } from "../../core/limits.ts";
import type { DfsPath } from "../../core/names.ts";
import type { ReadCalls } from "../command.ts";
import { type DirectoryNode, DuTree, type Totals } from "./du-tree.ts";
import type { Scan } from "./ncdu-rows.ts";

interface Running {
  readonly tree: DuTree;
  readonly cancel: AbortController;
  readonly startedMs: number;
}

export interface DuScansOptions {
  readonly client: () => Promise<DfsClient>;
  readonly reads: Omit<ReadCalls, "signal">;
  /** More is known, or a walk has ended. */
  readonly changed: () => void;
  /** A walk has ended with what it left out, or failed. */
  readonly failed: (message: string) => void;
  readonly directoriesMax?: number | undefined;
}

export class DuScans {
  readonly #options: DuScansOptions;
  readonly #main: DuTree;
  /** Of one directory, as it was found later. */
  #part: DuTree | undefined;
  #running: Running | undefined;
  #last: Scan = { entries: 0, elapsedMs: 0, isDone: false };

  constructor(path: DfsPath, options: DuScansOptions) {
    this.#options = options;
    this.#main = this.#newTree(path);
  }

  get scan(): Scan {
    const running = this.#running;
    if (running === undefined) return this.#last;
    return { entries: running.tree.entries, elapsedMs: performance.now() - running.startedMs, isDone: false };
  }

  /** What is known of the directory at `path`; undefined where nothing is. */
  nodeAt(path: DfsPath): DirectoryNode | undefined {
    return this.#part?.nodeAt(path) ?? this.#main.nodeAt(path);
  }

  /** Sums up where it began. Resolves when that has ended, or was given up for another walk. */
  start(signal: AbortSignal): Promise<void> {
    return this.#walk(this.#main, signal);
  }

  /** Sums one directory up, again or because it was folded. Resolves as `start` does. */
  async sumUp(path: DfsPath, signal: AbortSignal): Promise<void> {
    const part = this.#newTree(path);
    this.#part = part;
    await this.#walk(part, signal);
    if (this.#part === part && !signal.aborted) this.#main.replace(path, part.root.totals);
  }

  /** Takes away what was removed from the directory at `path`. */
  subtract(path: DfsPath, gone: Totals, name: string): void {
    for (const tree of [this.#main, this.#part]) tree?.subtract(path, gone, name);
  }

  async #walk(tree: DuTree, signal: AbortSignal): Promise<void> {
    this.#running?.cancel.abort();
    const running = { tree, cancel: new AbortController(), startedMs: performance.now() };
    this.#running = running;
    const onAbort = (): void => running.cancel.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    const { client, reads, changed, failed } = this.#options;
    try {
      const calls = { ...reads, signal: running.cancel.signal };
      for await (const entry of (await client()).walk(tree.path, calls)) {
        tree.add(entry);
        changed();
      }
    } catch (error) {
      if (!running.cancel.signal.aborted) failed(toDfsError(error).message);
    } finally {
      signal.removeEventListener("abort", onAbort);
      if (this.#running === running) {
        this.#last = { entries: tree.entries, elapsedMs: performance.now() - running.startedMs, isDone: true };
        this.#running = undefined;
      }
      changed();
    }
  }

  #newTree(path: DfsPath): DuTree {
    return new DuTree(path, this.#options.directoriesMax ?? treeDirectoriesMax);
  }
}
