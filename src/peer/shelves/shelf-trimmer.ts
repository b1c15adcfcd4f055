/** Forgets the shelves that this peer has no part in any more, a while after their chains went on without it. */
import type { ReplicationPacer } from "../../backup/replication/ports.ts";
import type { ShelfMirror } from "../../backup/replication/shelf-mirror.ts";
import { trimShelves } from "../../backup/replication/trim-shelf.ts";
import { toDfsError } from "../../core/errors.ts";
import type { PeerId, ShelfId } from "../../core/ids.ts";
import { trimAfterMs, trimReviewMs } from "../../core/limits.ts";
import type { ChunkStore } from "../../store/chunk-store.ts";
import type { Log } from "../log.ts";
import type { Members } from "../members.ts";

export interface ShelfTrimmerOptions {
  readonly self: PeerId;
  readonly store: ChunkStore;
  readonly members: Members;
  readonly mirror: () => ShelfMirror | undefined;
  readonly pacer: ReplicationPacer;
  readonly refresh: (signal?: AbortSignal) => Promise<void>;
  readonly log: Log;
}

export class ShelfTrimmer {
  readonly #options: ShelfTrimmerOptions;
  readonly #stopping = new AbortController();
  /** Since when each shelf is here without need. */
  readonly #surplusSinceMs = new Map<ShelfId, number>();
  #timer: NodeJS.Timeout | undefined;
  #trimming: Promise<void> | undefined;

  constructor(options: ShelfTrimmerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#trimming ??= this.#trim()
        .catch((error: unknown) => {
          if (!this.#stopping.signal.aborted)
            this.#options.log.warn(`forgetting shelves: ${toDfsError(error).message}; it is tried again`);
        })
        .finally(() => {
          this.#trimming = undefined;
        });
    }, trimReviewMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    await this.#trimming;
  }

  async #trim(): Promise<void> {
    const { pacer, refresh, store } = this.#options;
    const mirror = this.#options.mirror();
    const { signal } = this.#stopping;
    if (mirror === undefined || !(await this.#isDue())) return;
    // What is forgotten must rest on a list that is younger than the wait.
    await refresh(signal);
    if (!(await this.#isDue())) return;
    await trimShelves({ mirror, store, pacer }, signal);
    this.#surplusSinceMs.clear();
  }

  /** Whether there are shelves here without this peer in their chains, and all of them have been for long. */
  async #isDue(): Promise<boolean> {
    const { members, self, store } = this.#options;
    if (members.peer(self) === undefined) return false;
    const surplus = (await store.shelves())
      .map(({ savepoint }) => savepoint.shelf)
      .filter((shelf) => members.shelf(shelf)?.links.some(({ peer }) => peer === self) !== true);
    for (const shelf of this.#surplusSinceMs.keys()) if (!surplus.includes(shelf)) this.#surplusSinceMs.delete(shelf);
    const nowMs = performance.now();
    for (const shelf of surplus) if (!this.#surplusSinceMs.has(shelf)) this.#surplusSinceMs.set(shelf, nowMs);
    const waits = [...this.#surplusSinceMs.values()].map((sinceMs) => nowMs - sinceMs);
    return waits.length > 0 && Math.min(...waits) >= trimAfterMs;
  }
}
