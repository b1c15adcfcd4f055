/** Answers what records name, and which records name a chunk. */
import { DfsError } from "../core/errors.ts";
import { digestOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";
import { storeRowsPerTransactionMax } from "../core/limits.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import type { RecordPart, RecordPlace } from "./chunk-store.ts";
import type { RecordState } from "./record-table.ts";
import { recordParts } from "./record-parts.ts";
import { isUnreadable, nextTurn, recordSteps } from "./record-walk.ts";
import type { StoreIndex } from "./store-index.ts";

/** Reads only. */
export class RecordFinder {
  readonly #index: StoreIndex;
  readonly #reader: ChunkReader;

  constructor(index: StoreIndex, reader: ChunkReader) {
    this.#index = index;
    this.#reader = reader;
  }

  /** Those of the records that are in a set and of which all that they name is here. */
  async whole(keys: readonly FileKey[]): Promise<ReadonlySet<FileKey>> {
    return this.wholeOf(this.#index.records.states(keys));
  }

  /** The same where the states of the records are known. */
  async wholeOf(states: ReadonlyMap<FileKey, RecordState>): Promise<ReadonlySet<FileKey>> {
    const here = new Set([...states.keys()].filter((key) => states.get(key) === "here"));
    if (here.size === 0 || !this.#index.chunks.isMissingAny()) return here;
    const whole = new Set<FileKey>();
    for (const key of here) if (await this.#isAllHere(key)) whole.add(key);
    return whole;
  }

  async #isAllHere(key: FileKey): Promise<boolean> {
    try {
      for await (const { entries } of recordSteps(key, (digest) => this.#reader.read(digest)))
        if (this.#index.chunks.whichAreHere(entries.map(({ digest }) => digest)).size < entries.length) return false;
      return true;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return false;
    }
  }

  /** `ChunkStore.recordChunks`. */
  async parts(key: FileKey, after: number, limit: number): Promise<readonly RecordPart[]> {
    if ((this.#index.records.find(key)?.sets ?? 0) === 0)
      throw new DfsError("not-found", `record ${key} is not here; ask another holder`, { path: key });
    return recordParts(key, (digest) => this.#reader.read(digest), after, limit);
  }

  /** `ChunkStore.recordsOf`. */
  async placesOf(digest: Uint8Array, limit: number, signal?: AbortSignal): Promise<readonly RecordPlace[]> {
    const { records, members } = this.#index;
    const places: RecordPlace[] = [];
    let after: FileKey | undefined;
    do {
      const page = records.page(after, storeRowsPerTransactionMax);
      for (const fileKey of page) {
        signal?.throwIfAborted();
        if (await this.#names(fileKey, digest))
          places.push(...members.shelvesOf(fileKey).map((shelf) => ({ shelf, fileKey })));
        if (places.length >= limit) return places.slice(0, limit);
      }
      after = page.at(-1);
      await nextTurn();
    } while (after !== undefined);
    return places;
  }

  /** A record that cannot be read names what was read of it, and its page that was not. */
  async #names(key: FileKey, wanted: Uint8Array): Promise<boolean> {
    const isIt = (digest: Uint8Array): boolean => Buffer.compare(digest, wanted) === 0;
    let isNamed = isIt(digestOf(key));
    const fetchPage = (digest: Uint8Array): Promise<Uint8Array> => {
      isNamed ||= isIt(digest);
      return this.#reader.read(digest);
    };
    try {
      for await (const { entries } of recordSteps(key, fetchPage)) {
        isNamed ||= entries.some(({ digest }) => isIt(digest));
        if (isNamed) return true;
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
    return isNamed;
  }
}
