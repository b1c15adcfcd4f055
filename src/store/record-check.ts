/** Finds out whether everything that records name is here, and pins it. */
import { DfsError } from "../core/errors.ts";
import { chunkIdOf, digestOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";
import { storeRowsPerTransactionMax } from "../core/limits.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import type { ChunkDoubt, NamedChunk } from "./chunk-table.ts";
import { recordSteps } from "./record-walk.ts";
import type { RecordStep } from "./record-walk.ts";
import type { StoreIndex } from "./store-index.ts";

/**
 * Looks through records for one call. `pinner` is a number below 0 that stands for the call, and pins what the lease in row
 * `leaseRow` does not pin already.
 */
export class RecordCheck {
  readonly #index: StoreIndex;
  readonly #reader: ChunkReader;
  readonly #pinner: number;
  readonly #leaseRow: number | undefined;
  readonly #short = new Map<FileKey, RecordStep>();
  #shortRows = 0;
  #waiting: RecordStep[] = [];
  #waitingRows = 0;
  #missing = 0;
  #firstMissing: Uint8Array | undefined;
  #hasPinned = false;

  constructor(index: StoreIndex, reader: ChunkReader, pinner: number, leaseRow: number | undefined) {
    this.#index = index;
    this.#reader = reader;
    this.#pinner = pinner;
    this.#leaseRow = leaseRow;
  }

  /** Whether anything is pinned for the call. */
  get hasPinned(): boolean {
    return this.#hasPinned;
  }

  /**
   * Pins everything that the records name. Returns the steps of short ones, as many as one transaction can count.
   * Fails with `not-found` when any of it is not here, naming how many and the first; with `integrity` when a page is
   * malformed or damaged, or a chunk has another length.
   */
  async run(keys: Iterable<FileKey>, signal?: AbortSignal): Promise<ReadonlyMap<FileKey, RecordStep>> {
    for (const key of keys) await this.#record(key, signal);
    this.#pinWaiting();
    if (this.#firstMissing === undefined) return this.#short;
    const first = chunkIdOf(this.#firstMissing);
    throw new DfsError(
      "not-found",
      `${this.#missing} of the records' chunks are not here, the first is ${first}; put them first`,
      { path: first },
    );
  }

  async #record(key: FileKey, signal?: AbortSignal): Promise<void> {
    let page = digestOf(key);
    const steps = recordSteps(key, (digest) => this.#reader.readPage((page = digest)));
    let isFirst = true;
    try {
      for await (const step of steps) {
        signal?.throwIfAborted();
        this.#take(step);
        if (isFirst && step.isLast) this.#remember(key, step);
        isFirst = false;
      }
    } catch (error) {
      if (!(error instanceof DfsError) || error.kind !== "not-found") throw error;
      // A missing page ends the walk: nobody knows what it lists.
      this.#miss(page);
    }
  }

  #remember(key: FileKey, step: RecordStep): void {
    this.#shortRows += rowsOf(step);
    if (this.#shortRows <= storeRowsPerTransactionMax) this.#short.set(key, step);
  }

  #take(step: RecordStep): void {
    this.#waiting.push(step);
    this.#waitingRows += rowsOf(step);
    if (this.#waitingRows >= storeRowsPerTransactionMax) this.#pinWaiting();
  }

  #pinWaiting(): void {
    const { chunks } = this.#index;
    const named = this.#waiting.flatMap(namedIn);
    this.#waiting = [];
    this.#waitingRows = 0;
    const doubts = chunks.doubts(named, this.#leaseRow);
    // What a lease has put is pinned by it.
    if (doubts.length > 0) this.#index.transaction(() => doubts.forEach((doubt) => this.#look(named, doubt)));
  }

  #look(named: readonly NamedChunk[], { at, row }: ChunkDoubt): void {
    const { digest, bytes } = named[at] as NamedChunk;
    if (row === undefined) return this.#miss(digest);
    if (bytes !== undefined && row.bytes !== bytes) throw wrongLength(digest, row.bytes, bytes);
    this.#index.chunks.pin(this.#pinner, row.id);
    this.#hasPinned = true;
  }

  #miss(digest: Uint8Array): void {
    this.#missing += 1;
    this.#firstMissing ??= digest.slice();
  }
}

function namedIn({ entries, pages }: RecordStep): NamedChunk[] {
  return [...entries, ...pages.map((digest) => ({ digest, bytes: undefined }))];
}

function rowsOf({ entries, pages }: RecordStep): number {
  return entries.length + pages.length;
}

function wrongLength(digest: Uint8Array, found: number, listed: number): DfsError {
  const chunk = chunkIdOf(digest);
  return new DfsError("integrity", `chunk ${chunk} has ${found} bytes, and its record says ${listed}`, { path: chunk });
}
