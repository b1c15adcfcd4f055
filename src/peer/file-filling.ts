/**
 * A file's chunks on their way into its part file: as many as one message brings are asked for together, and a thread opens and
 * writes them in one piece of work; several such groups are on their way at once, in no order.
 *
 * A group is only a faster way: a chunk that does not come with it, or is not what it should be, is got by itself.
 */
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import { fromThreadError } from "../chunking/chunking-messages.ts";
import type { ManifestChunk } from "../chunking/manifest.ts";
import { sealOverheadBytes } from "../chunking/seal.ts";
import type { ByteWindow } from "../core/byte-window.ts";
import { chunkBytesMax } from "../core/limits.ts";
import { ChunkGathering, type GatheredChunk, bundledBytes, fitsBundle } from "./chunk-gathering.ts";
import { ContentSource, type ContentSourceOptions, type FetchCounters, type FileContent } from "./content-source.ts";
import type { PauseGate } from "./jobs/pause-gate.ts";
import type { PartFile } from "./local-target.ts";
import { SealedMemories, secretsOf } from "./sealed-memories.ts";

export interface FileFillingOptions {
  readonly part: PartFile;
  readonly content: FileContent;
  readonly dedupSecret: Uint8Array;
  readonly pool: ChunkingPool;
  readonly sources: ContentSourceOptions;
  readonly counters: FetchCounters;
  /** Bounds the bytes in flight of the whole transfer. */
  readonly window: ByteWindow;
  readonly gate: PauseGate;
  readonly signal: AbortSignal;
  /** So many bytes of the file are in their place by now. */
  readonly onProgress: (bytes: number) => void;
}

/** A chunk that came with others. */
interface Came {
  readonly chunk: ManifestChunk;
  readonly gathered: GatheredChunk;
}

export class FileFilling {
  /** Chunks that were wanted so far, and their sealed bytes. */
  readonly counters = { chunks: 0, bytes: 0 };
  readonly #options: FileFillingOptions;
  readonly #source: ContentSource;
  readonly #gathering: ChunkGathering;
  readonly #writing = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;
  #writtenBytes = 0;

  constructor(options: FileFillingOptions) {
    const { content, sources, counters } = options;
    this.#options = options;
    this.#source = new ContentSource(content, sources, counters);
    this.#gathering = new ChunkGathering(content, sources, counters);
  }

  /** Resolves when every chunk is in its place. When it fails, nothing is written any more. */
  async run(): Promise<void> {
    const { content, gate, signal, window } = this.#options;
    const chunks = this.#source.chunks(0, content.reference.plaintextBytes, signal);
    try {
      for await (const group of groupsOf(chunks)) {
        const bytes = group.reduce((sum, { plaintextBytes }) => sum + plaintextBytes, 0);
        await gate.pass(signal);
        await window.take(bytes, signal);
        this.#start(group, bytes);
        if (this.#failure !== undefined) break;
      }
    } finally {
      await Promise.all(this.#writing); // the file must stay open while anything is written to it
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #start(group: readonly ManifestChunk[], bytes: number): void {
    const { onProgress, window } = this.#options;
    this.counters.chunks += group.length;
    this.counters.bytes += bytes + group.length * sealOverheadBytes;
    const written = this.#write(group)
      .then(() => {
        this.#writtenBytes += bytes;
        onProgress(this.#writtenBytes);
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        window.give(bytes);
        this.#writing.delete(written);
      });
    this.#writing.add(written);
  }

  async #write(group: readonly ManifestChunk[]): Promise<void> {
    const lacking: ManifestChunk[] = [];
    for (const chunk of group) if (!(await this.#isPresent(chunk))) lacking.push(chunk);
    const left = lacking.length > 1 ? await this.#writeTogether(lacking) : lacking;
    for (const chunk of left) await this.#writeAlone(chunk);
  }

  /** Whether an earlier get has left the chunk in its place. */
  async #isPresent({ key, offsetBytes, plaintextBytes }: ManifestChunk): Promise<boolean> {
    const { dedupSecret, part, pool, signal } = this.#options;
    if (offsetBytes + plaintextBytes > part.presentBytes || plaintextBytes > chunkBytesMax) return false;
    return pool.matches(part.fd, offsetBytes, plaintextBytes, key, dedupSecret, { signal });
  }

  /** Returns the chunks that did not come, or not as they should be. */
  async #writeTogether(chunks: readonly ManifestChunk[]): Promise<readonly ManifestChunk[]> {
    const { signal } = this.#options;
    const wanted = chunks.map(({ digest, plaintextBytes }) => ({ digest, bytes: bundledBytes(plaintextBytes) }));
    const gathered = await this.#gathering.gather(wanted, signal);
    const came: Came[] = [];
    const left: ManifestChunk[] = [];
    for (const [place, chunk] of chunks.entries()) {
      const one = gathered[place];
      if (one === undefined) left.push(chunk);
      else came.push({ chunk, gathered: one });
    }
    if (came.length > 0) left.push(...(await this.#writeAll(came)));
    return left;
  }

  /** Returns those that are not what they should be. */
  async #writeAll(came: readonly Came[]): Promise<readonly ManifestChunk[]> {
    const { part, pool, signal, sources } = this.#options;
    const memories = new SealedMemories();
    const placed = came.map(({ chunk, gathered }) => ({
      ...memories.add(gathered.sealed),
      positionBytes: chunk.offsetBytes,
    }));
    const secrets = secretsOf(came.map(({ chunk }) => chunk));
    const work = { fd: part.fd, chunks: placed, memories: memories.all(), secrets };
    const written = await pool.writeChunks(work, { signal });
    for (const memory of written.memories) sources.links.reclaim(memory);
    const wrong: ManifestChunk[] = [];
    for (const [place, { chunk, gathered }] of came.entries()) {
      const error = written.errors[place];
      if (error === undefined) continue;
      if (error.kind !== "integrity") throw fromThreadError(error);
      this.#gathering.noteWrong(gathered, fromThreadError(error));
      wrong.push(chunk);
    }
    return wrong;
  }

  async #writeAlone({ digest, key, offsetBytes, plaintextBytes }: ManifestChunk): Promise<void> {
    const { part, pool, signal, sources } = this.#options;
    const sealed = await this.#source.fetch(
      digest,
      (fetched) => pool.openInto(part.fd, offsetBytes, fetched, key, digest, { signal }),
      signal,
      plaintextBytes,
    );
    sources.links.reclaim(sealed);
  }
}

/** Chunks in their order, as many in each group as one message brings. */
async function* groupsOf(chunks: AsyncIterable<ManifestChunk>): AsyncGenerator<readonly ManifestChunk[], void> {
  let group: ManifestChunk[] = [];
  let groupBytes = 0;
  for await (const chunk of chunks) {
    const bytes = bundledBytes(chunk.plaintextBytes);
    if (group.length > 0 && !fitsBundle(group.length + 1, groupBytes + bytes)) {
      yield group;
      group = [];
      groupBytes = 0;
    }
    group.push(chunk);
    groupBytes += bytes;
  }
  if (group.length > 0) yield group;
}
