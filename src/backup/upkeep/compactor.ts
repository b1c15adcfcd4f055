/** Gives the space of dropped chunks back to the disk, so that what is taken stays within a tenth of what is live. */
import { compactionMs, deadBytesMin, deadShareGoal, deadShareMax, segmentBytesMax } from "../../core/limits.ts";
import type { CompactorStore, UpkeepOptions, UpkeepPacer } from "./ports.ts";
import { Rounds } from "./rounds.ts";

export interface CompactorOptions extends UpkeepOptions {
  readonly store: CompactorStore;
  /** Is asked for a segment's bytes after each step that freed something. */
  readonly pacer: UpkeepPacer;
  /** How often it is looked whether there is something to do; default in limits.ts. */
  readonly compactionMs?: number;
}

/** One for each chunk store. */
export class Compactor {
  readonly #options: CompactorOptions;
  readonly #rounds: Rounds;

  constructor(options: CompactorOptions) {
    this.#options = options;
    const intervalMs = options.compactionMs ?? compactionMs;
    this.#rounds = new Rounds({
      ...options,
      what: "giving space back",
      firstMs: intervalMs,
      retryMs: intervalMs,
      round: async (signal) => {
        await this.compact(signal);
        return intervalMs;
      },
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Looks now, because records were dropped. */
  compactSoon(): void {
    this.#rounds.soon();
  }

  /**
   * First the segments that are worth it by themselves, at the store's own bound; then, while too much is dead in all,
   * the deadest ones that are left. Resolves with the bytes that were freed.
   */
  async compact(signal: AbortSignal): Promise<number> {
    const { store } = this.#options;
    const cheap = await this.#steps({ signal }, async () => true);
    const { deadBytes, diskBytes } = await store.stats();
    if (deadBytes <= Math.max(deadBytesMin, deadShareMax * diskBytes)) return cheap;
    return cheap + (await this.#steps({ signal, share: deadShareGoal }, () => this.#isAboveGoal()));
  }

  async #isAboveGoal(): Promise<boolean> {
    const { deadBytes, diskBytes } = await this.#options.store.stats();
    return deadBytes > deadShareGoal * diskBytes;
  }

  async #steps(
    options: { readonly share?: number; readonly signal: AbortSignal },
    isMoreWanted: () => Promise<boolean>,
  ): Promise<number> {
    const { pacer, store } = this.#options;
    let total = 0;
    while (await isMoreWanted()) {
      const freed = await store.compactOnce(options);
      if (freed === 0) break;
      total += freed;
      await pacer.take(segmentBytesMax, options.signal); // what was rewritten at the most
    }
    return total;
  }
}
