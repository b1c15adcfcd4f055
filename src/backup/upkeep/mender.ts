/** Gets chunks back that this disk has lost: asks the other links and holders for them, and puts them in their place. */
import pLimit from "p-limit";
import { verifyStored } from "../../chunking/seal.ts";
import { toDfsError } from "../../core/errors.ts";
import type { LeaseId, ShelfId } from "../../core/ids.ts";
import {
  chunkBytesAverage,
  leaseMs,
  mendMs,
  mendRetryMsMax,
  mendsAtOnceMax,
  missingPerStep,
  missingRecordsShownMax,
  missingShownMax,
} from "../../core/limits.ts";
import type { FetchChunk, RecordPlace, ScrubStore, UpkeepOptions, UpkeepPacer } from "./ports.ts";
import { Rounds } from "./rounds.ts";

export interface MenderOptions extends UpkeepOptions {
  readonly store: ScrubStore;
  readonly fetch: FetchChunk;
  readonly pacer: UpkeepPacer;
  /** A fresh random lease id. */
  readonly newLease: () => LeaseId;
  /** How often missing chunks are looked for elsewhere, while that helps; default in limits.ts. */
  readonly mendMs?: number;
}

/** A chunk that is missing here, and some of the records that name it. */
export interface MissingChunk {
  readonly digest: Uint8Array;
  readonly records: readonly RecordPlace[];
}

/** One for each chunk store. */
export class Mender {
  readonly #options: MenderOptions;
  readonly #rounds: Rounds;
  readonly #turns = pLimit(1);
  #waitMs: number;

  constructor(options: MenderOptions) {
    this.#options = options;
    this.#waitMs = options.mendMs ?? mendMs;
    this.#rounds = new Rounds({
      ...options,
      what: "fetching missing chunks",
      firstMs: this.#waitMs,
      retryMs: this.#waitMs,
      round: (signal) => this.#round(signal),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Looks now, because a chunk turned out to be damaged. */
  mendSoon(): void {
    this.#rounds.soon();
  }

  /** Tries every missing chunk once; resolves with how many are here again. `isHurried` does without the pacer. */
  mend(options: { readonly isHurried?: boolean; readonly signal: AbortSignal }): Promise<number> {
    return this.#turns(() => this.#mend(options));
  }

  /** Up to `missingShownMax` chunks that are missing now. */
  async missing(signal: AbortSignal): Promise<readonly MissingChunk[]> {
    const { store } = this.#options;
    const shown: MissingChunk[] = [];
    for (const digest of await store.missing(undefined, missingShownMax)) {
      if (signal.aborted) throw toDfsError(signal.reason);
      shown.push({ digest, records: await store.recordsOf(digest, missingRecordsShownMax) });
    }
    return shown;
  }

  /** While nothing comes back, the pauses grow. */
  async #round(signal: AbortSignal): Promise<number> {
    const pauseMs = this.#options.mendMs ?? mendMs;
    const { missing } = await this.#options.store.stats();
    const mended = missing === 0 ? 0 : await this.mend({ signal });
    this.#waitMs = missing === 0 || mended > 0 ? pauseMs : Math.min(2 * this.#waitMs, mendRetryMsMax);
    return this.#waitMs;
  }

  async #mend({
    isHurried = false,
    signal,
  }: {
    readonly isHurried?: boolean;
    readonly signal: AbortSignal;
  }): Promise<number> {
    const { clock, newLease, store } = this.#options;
    const shelves = (await store.shelves()).map(({ savepoint }) => savepoint.shelf);
    const { missing } = await store.stats();
    const [shelf] = shelves;
    if (shelf === undefined || missing === 0) return 0;
    const lease = newLease();
    let mended = 0;
    try {
      let after: Uint8Array | undefined;
      do {
        const page: readonly Uint8Array[] = await store.missing(after, missingPerStep);
        await store.openLease(lease, shelf, clock.nowMs() + leaseMs);
        const turns = pLimit(mendsAtOnceMax);
        const tries = await Promise.allSettled(
          page.map((digest) =>
            turns(async () => {
              if (!isHurried) await this.#options.pacer.take(chunkBytesAverage, signal);
              return this.#mendOne(digest, lease, await this.#places(digest, shelves, missing), signal);
            }),
          ),
        );
        for (const one of tries) {
          if (one.status === "rejected") throw toDfsError(one.reason);
          if (one.value) mended += 1;
        }
        after = page.length < missingPerStep ? undefined : page.at(-1);
      } while (after !== undefined);
    } finally {
      await store.endLease(lease);
    }
    return mended;
  }

  /** Finding the records of a chunk reads through records, so it is done for a few chunks only. */
  async #places(digest: Uint8Array, shelves: readonly ShelfId[], missing: number): Promise<readonly ShelfId[]> {
    if (shelves.length === 1 || missing > missingShownMax) return shelves;
    const records = await this.#options.store.recordsOf(digest, missingRecordsShownMax);
    return records.length === 0 ? shelves : [...new Set(records.map(({ shelf }) => shelf))];
  }

  async #mendOne(
    digest: Uint8Array,
    lease: LeaseId,
    shelves: readonly ShelfId[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const bytes = await this.#fetched(digest, shelves, signal);
    if (bytes === undefined) return false;
    await this.#options.store.put(lease, [{ digest, bytes }], { signal });
    return true;
  }

  /** The chunk's bytes as they ought to be; undefined when nobody gives them now. */
  async #fetched(
    digest: Uint8Array,
    shelves: readonly ShelfId[],
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    try {
      const bytes = await this.#options.fetch(digest, shelves, signal);
      verifyStored(bytes, digest);
      return bytes;
    } catch {
      if (signal.aborted) throw toDfsError(signal.reason);
      return undefined;
    }
  }
}
