/** The chunks of one file, from this peer's own disk where it has them, else from the holders. */
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { ContentReference } from "../chunking/content-reference.ts";
import { type ManifestChunk, readManifest } from "../chunking/manifest.ts";
import { DfsError } from "../core/errors.ts";
import type { FileKey, PeerId, ShelfId } from "../core/ids.ts";
import { chunkBytesAverage } from "../core/limits.ts";
import type { ChunkStore } from "../store/chunk-store.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import { type HolderDirectory, HolderPicker } from "./holder-picker.ts";
import type { PeerLinks } from "./peer-links.ts";

/** What is needed to read a file's content. */
export interface FileContent {
  readonly fileKey: FileKey;
  readonly shelf: ShelfId;
  readonly reference: ContentReference;
}

export interface ContentSourceOptions {
  readonly store: ChunkStore;
  readonly links: PeerLinks;
  readonly pool: ChunkingPool;
  readonly holders: HolderDirectory;
  /** Chunks that are read again; without it all are fetched anew. */
  readonly cache?: ChunkCache;
}

/** Counts what came over the network. */
export interface FetchCounters {
  fetchedChunks: number;
  fetchedBytes: number;
}

export class ContentSource {
  readonly #options: ContentSourceOptions;
  readonly #content: FileContent;
  readonly #picker: HolderPicker;
  readonly #counters: FetchCounters;

  constructor(content: FileContent, options: ContentSourceOptions, counters: FetchCounters) {
    this.#content = content;
    this.#options = options;
    this.#counters = counters;
    this.#picker = new HolderPicker(options.holders, content.fileKey, content.shelf);
  }

  /** The data chunks that touch the range, in order; only the manifest pages that touch it are fetched. */
  chunks(offsetBytes: number, lengthBytes: number, signal: AbortSignal): AsyncIterable<ManifestChunk> {
    const fetchPage = (digest: Uint8Array): Promise<Uint8Array> =>
      this.#cached(digest, (sealed) => this.#options.pool.verify(sealed, digest, { signal }), signal);
    return readManifest(this.#content.reference, fetchPage, { offsetBytes, lengthBytes });
  }

  /** The plaintext of a chunk, which is remembered, sealed, for who reads it again. Fails as `fetch`. */
  open({ digest, key, plaintextBytes }: ManifestChunk, signal: AbortSignal): Promise<Uint8Array> {
    const open = (sealed: Uint8Array): Promise<Uint8Array> => this.#options.pool.open(sealed, key, digest, { signal });
    return this.#cached(digest, open, signal, plaintextBytes);
  }

  /** As `fetch`, with what `use` verified last before anything else. */
  async #cached(
    digest: Uint8Array,
    use: (sealed: Uint8Array) => Promise<Uint8Array>,
    signal: AbortSignal,
    bytes?: number,
  ): Promise<Uint8Array> {
    const { cache } = this.#options;
    const kept = cache?.find(digest);
    if (kept !== undefined) {
      try {
        return await use(kept);
      } catch (error) {
        if (!(error instanceof DfsError) || error.kind !== "integrity") throw error;
        cache?.forget(digest);
      }
    }
    const keep = async (sealed: Uint8Array, from: PeerId | undefined): Promise<Uint8Array> => {
      // The system remembers what is on the own disk; `use` may give the memory away.
      const copy = from === undefined ? undefined : sealed.slice();
      const used = await use(sealed);
      if (copy !== undefined) cache?.keep(digest, copy);
      return used;
    };
    return this.fetch(digest, keep, signal, bytes);
  }

  /**
   * Gets the sealed bytes of a chunk or manifest page and hands them to `use`, which verifies them, with who gave them,
   * undefined for this peer's own disk. Where that fails, the next holder is asked; `bytes` is about how large it is.
   * Resolves with what `use` returned. Fails with `unreachable`, `integrity`, or what `use` fails with.
   */
  async fetch<Result>(
    digest: Uint8Array,
    use: (sealed: Uint8Array, from: PeerId | undefined) => Promise<Result>,
    signal: AbortSignal,
    bytes = chunkBytesAverage,
  ): Promise<Result> {
    const { store, links } = this.#options;
    // Even of a file that is not whole here: the chunk may be, and be damaged wherever else the file is.
    const [isHere] = await store.has([digest]);
    try {
      if (isHere === true) return await use(await store.get(digest), undefined);
    } catch (error) {
      // Damaged or gone: another holder may have it, and its error says more than ours if not.
      if (!(error instanceof DfsError) || (error.kind !== "integrity" && error.kind !== "not-found")) throw error;
    }
    const fetch = (peer: PeerId, bounded: AbortSignal, waitMs: number): Promise<Uint8Array> =>
      links.getChunk(peer, digest, bounded, waitMs);
    const count = (sealed: Uint8Array, from: PeerId): Promise<Result> => {
      this.#counters.fetchedChunks += 1;
      this.#counters.fetchedBytes += sealed.length;
      return use(sealed, from);
    };
    return this.#picker.withHolder({ bytes, fetch }, count, signal);
  }
}
