/** Finds out whether everything that records name is here, and pins it. */
import { DfsError } from "../core/errors.ts";
import { chunkIdOf, digestOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import { recordSteps } from "./record-walk.ts";
import type { RecordStep } from "./record-walk.ts";
import type { StoreIndex } from "./store-index.ts";

/** Looks through records for one lease. */
export class RecordCheck {
  readonly #index: StoreIndex;
  readonly #reader: ChunkReader;
  readonly #leaseRow: number;
  #missing = 0;
  #firstMissing: Uint8Array | undefined;

  constructor(index: StoreIndex, reader: ChunkReader, leaseRow: number) {
    this.#index = index;
    this.#reader = reader;
    this.#leaseRow = leaseRow;
  }

  /**
   * Pins everything that the records name to the lease. Fails with `not-found` when any of it is not here, naming how
   * many and the first; with `integrity` when a page is malformed or damaged, or a chunk has another length.
   */
  async run(keys: Iterable<FileKey>, signal?: AbortSignal): Promise<void> {
    for (const key of keys) await this.#record(key, signal);
    if (this.#firstMissing === undefined) return;
    const first = chunkIdOf(this.#firstMissing);
    throw new DfsError(
      "not-found",
      `${this.#missing} of the records' chunks are not here, the first is ${first}; put them first`,
      { path: first },
    );
  }

  async #record(key: FileKey, signal?: AbortSignal): Promise<void> {
    let page = digestOf(key);
    const steps = recordSteps(key, (digest) => this.#reader.read((page = digest)));
    try {
      for await (const step of steps) {
        signal?.throwIfAborted();
        this.#index.transaction(() => this.#step(step));
      }
    } catch (error) {
      if (!(error instanceof DfsError) || error.kind !== "not-found") throw error;
      // A missing page ends the walk: nobody knows what it lists.
      this.#miss(page);
    }
  }

  #step({ entries, pages }: RecordStep): void {
    for (const { digest, bytes } of entries) this.#pin(digest, bytes);
    for (const digest of pages) this.#pin(digest);
  }

  #pin(digest: Uint8Array, bytes?: number): void {
    const row = this.#index.chunks.here(digest);
    if (row === undefined) this.#miss(digest);
    else if (bytes === undefined || row.bytes === bytes) this.#index.chunks.pin(this.#leaseRow, row.id);
    else throw wrongLength(digest, row.bytes, bytes);
  }

  #miss(digest: Uint8Array): void {
    this.#missing += 1;
    this.#firstMissing ??= digest.slice();
  }
}

function wrongLength(digest: Uint8Array, found: number, listed: number): DfsError {
  const chunk = chunkIdOf(digest);
  return new DfsError("integrity", `chunk ${chunk} has ${found} bytes, and its record says ${listed}`, { path: chunk });
}
