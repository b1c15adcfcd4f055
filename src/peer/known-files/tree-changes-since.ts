/** Which files of a user's tree were changed since an entry of the catalogue's log: asked for once for many files. */
import type { ChangeQuery } from "../../catalogue/user-reader.ts";
import type { ChangeCursor, ChangePage } from "../../catalogue/rows.ts";
import type { NodeId } from "../../core/ids.ts";
import { lookupFreshMs, pageRowsMax, treeChangesMax } from "../../core/limits.ts";

/** Asks for changes of one user's tree; the answer has all that was acknowledged before. */
export type ReadChanges = (query: ChangeQuery) => Promise<ChangePage>;

export class TreeChangesSince {
  readonly #read: ReadChanges;
  /** Changes behind `#from` and up to `#to` are known: the index of the last one of each node. */
  readonly #changed = new Map<NodeId, number>();
  #from = Number.POSITIVE_INFINITY;
  #to: number | undefined;
  #readMs = 0;
  #isGivenUp = false;

  constructor(read: ReadChanges) {
    this.#read = read;
  }

  /** Up to where the changes are known, as they were a moment ago; undefined where they are not. */
  get index(): number | undefined {
    return this.#isGivenUp ? undefined : this.#to;
  }

  /** Finds out what was changed since an entry, up to now. What it fails with, or too many changes, lets nothing be known. */
  async cover(sinceIndex: number): Promise<void> {
    if (this.#isGivenUp) return;
    try {
      const isFresh = this.#to !== undefined && performance.now() - this.#readMs < lookupFreshMs;
      if (sinceIndex < this.#from) await this.#extend(sinceIndex);
      else if (!isFresh) await this.#extend(this.#to ?? sinceIndex);
    } catch {
      this.#isGivenUp = true;
    }
  }

  /** Whether a node is as it was at an index, as far as that is covered. */
  isAsAt(node: NodeId, index: number): boolean {
    return !this.#isGivenUp && index >= this.#from && (this.#changed.get(node) ?? 0) <= index;
  }

  async #extend(sinceIndex: number): Promise<void> {
    const readMs = performance.now();
    let after: ChangeCursor | undefined;
    let appliedIndex: number | undefined;
    do {
      const page: ChangePage = await this.#read({ sinceIndex, after, limit: pageRowsMax, isBrief: true });
      appliedIndex ??= page.appliedIndex;
      for (const { node, changedIndex } of page.rows) this.#changed.set(node, changedIndex);
      if (page.isReset || this.#changed.size > treeChangesMax) this.#isGivenUp = true;
      after = page.next ?? undefined;
    } while (after !== undefined && !this.#isGivenUp);
    this.#from = Math.min(this.#from, sinceIndex);
    this.#to = appliedIndex;
    this.#readMs = readMs;
  }
}
