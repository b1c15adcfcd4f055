/**
 * Many chunks of files that lie on the same disks, asked for together: from this peer's own disk where it has them, else all
 * others of one holder in one message.
 *
 * It is only a faster way: what it does not bring, because the holder lacks it or none can be reached, is left to whoever asks
 * for each chunk by itself. Nothing is verified here.
 */
import { sealOverheadBytes } from "../chunking/seal.ts";
import type { DfsError } from "../core/errors.ts";
import type { PeerId } from "../core/ids.ts";
import { chunkBundlePiecesMax } from "../core/limits.ts";
import { bundleBytesMax, bundleHeadBytes, parseChunksBody } from "./chunk-bundles.ts";
import type { ContentSourceOptions, FetchCounters, FileContent } from "./content-source.ts";
import { HolderPicker } from "./holder-picker.ts";

/** A chunk that is wanted; `bytes` is about how many sealed ones it has. */
export interface WantedChunk {
  readonly digest: Uint8Array;
  readonly bytes: number;
}

/** A chunk that came: its sealed bytes, and who gave them, undefined for this peer's own disk. */
export interface GatheredChunk {
  readonly sealed: Uint8Array;
  readonly from: PeerId | undefined;
}

/** About how many bytes a message has with a chunk of so many plaintext bytes in it, for this chunk alone. */
export function bundledBytes(plaintextBytes: number): number {
  return plaintextBytes + sealOverheadBytes + bundleHeadBytes;
}

/** Whether chunks fit into one message. */
export function fitsBundle(chunks: number, bytes: number): boolean {
  return chunks <= chunkBundlePiecesMax && bytes <= bundleBytesMax;
}

export class ChunkGathering {
  readonly #options: ContentSourceOptions;
  readonly #counters: FetchCounters;
  readonly #picker: HolderPicker;

  /** For files that are on the same disks as `content`. */
  constructor({ fileKey, shelf }: FileContent, options: ContentSourceOptions, counters: FetchCounters) {
    this.#options = options;
    this.#counters = counters;
    this.#picker = new HolderPicker(options.holders, fileKey, shelf);
  }

  /** What came of each chunk that is wanted, in their order; undefined for one that did not. Fails as the signal says. */
  async gather(wanted: readonly WantedChunk[], signal: AbortSignal): Promise<readonly (GatheredChunk | undefined)[]> {
    const gathered = await this.#own(wanted);
    const missing = wanted.flatMap((_, place) => (gathered[place] === undefined ? [place] : []));
    for (let from = 0; from < missing.length;) {
      const places = missing.slice(from, from + chunkBundlePiecesMax);
      const came = await this.#fetch(
        places.map((place) => wanted[place] as WantedChunk),
        signal,
      );
      if (came.length === 0) break;
      for (const [at, chunk] of came.entries()) gathered[places[at] as number] = chunk;
      from += came.length;
    }
    return gathered;
  }

  /** A chunk that `from` gave is not what it should be. */
  noteWrong({ from }: GatheredChunk, error: DfsError): void {
    if (from !== undefined) this.#picker.note(from, error);
  }

  async #own(wanted: readonly WantedChunk[]): Promise<(GatheredChunk | undefined)[]> {
    const digests = wanted.map(({ digest }) => digest);
    const place = (lengths: readonly number[]): readonly Uint8Array[] => {
      const memory = new Uint8Array(lengths.reduce((sum, bytes) => sum + bytes, 0));
      let end = 0;
      return lengths.map((bytes) => memory.subarray(end, (end += bytes)));
    };
    // A disk that fails is no reason not to ask others.
    const own = await this.#options.store.getMany(digests, place).catch(() => []);
    return wanted.map((_, at) => {
      const sealed = own[at];
      return sealed && { sealed, from: undefined };
    });
  }

  /** Of the first of these, as many as fitted into the answer; none where nobody answered. */
  async #fetch(wanted: readonly WantedChunk[], signal: AbortSignal): Promise<readonly (GatheredChunk | undefined)[]> {
    const { links } = this.#options;
    const digests = wanted.map(({ digest }) => digest);
    const bytes = wanted.reduce((sum, chunk) => sum + chunk.bytes, 0);
    const ask = {
      bytes,
      fetch: (peer: PeerId, bounded: AbortSignal, waitMs: number) => links.getChunks(peer, digests, bounded, waitMs),
    };
    const take = async (body: Uint8Array, from: PeerId): Promise<readonly (GatheredChunk | undefined)[]> =>
      parseChunksBody(body, digests.length).map((sealed) => sealed && { sealed, from });
    try {
      const came = await this.#picker.withHolder(ask, take, signal);
      const here = came.filter((chunk) => chunk !== undefined);
      this.#counters.fetchedChunks += here.length;
      this.#counters.fetchedBytes += here.reduce((sum, { sealed }) => sum + sealed.length, 0);
      return came;
    } catch {
      signal.throwIfAborted();
      return [];
    }
  }
}
