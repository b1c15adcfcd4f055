/**
 * src/chunking turns bytes into chunks and back. Bytes in, chunks out.
 *
 * A chunk is 64 KiB to 1 MiB of a file, cut where its content says (fastcdc.ts), and sealed so that every holder can
 * verify it and only its owner read it (seal.ts). The file record lists what holders must keep for a file, without any
 * secret (file-record.ts); the manifest, itself sealed, keeps the keys (manifest.ts); a content reference opens the
 * whole (content-reference.ts). All of that is pure and synchronous. The chunking pool, here, does it in threads, so
 * that the main loop of a peer stays free: peer -> pool -> thread -> disk. It knows neither the network nor the store.
 */
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { DfsError, toDfsError } from "../core/errors.ts";
import {
  chunkingCallsPerThreadMax,
  chunkingFilesPerThreadMax,
  chunkingThreadsMax,
  chunkingWaitingMax,
} from "../core/limits.ts";
import { isReusable } from "../core/reused-buffers.ts";
import { countHashed } from "../core/work-done.ts";
import { ownedBytes } from "./chunking-messages.ts";
import type { ChunkResult, ChunkWork, FileStat, SealWork, ThreadReply } from "./chunking-messages.ts";
import { ChunkingThread, spawnWorker } from "./chunking-thread.ts";
import type { Inspection } from "./inspect.ts";
import type { Pack } from "./seal-pack.ts";
import type { SealedChunk } from "./seal.ts";
import { Sealing, type SealedChunks } from "./sealing.ts";
import { Turnstile } from "./turnstile.ts";
import type { WriteChunksWork, WrittenChunks } from "./write-chunks.ts";
import type { WritePackWork, WrittenPack } from "./write-pack.ts";

/** Every call of the pool takes one. */
export interface ChunkingOptions {
  /** Ends the call with `interrupted`, or `timeout` for a timeout signal. A single chunk that is in work is finished first. */
  readonly signal?: AbortSignal | undefined;
}

/** A file on its way into chunks. */
export interface FileSealing {
  /** What the file was like when it was opened. Fails as `chunks` does. */
  readonly stat: Promise<FileStat>;
  /** The file's chunks, none for an empty file. */
  readonly chunks: SealedChunks;
}

/**
 * Cuts, seals, verifies and opens in worker threads.
 *
 * Byte arrays that own their whole ArrayBuffer are given away by a call (they are empty afterwards), others are copied.
 * Besides what a method lists, each call fails with `interrupted` when its signal aborts or the pool stops, `busy`
 * when too many wait already, and `internal` when its thread dies; a dead thread is replaced by the next call.
 */
export class ChunkingPool {
  readonly #spawn: () => Worker;
  readonly #size: number;
  readonly #files: Turnstile;
  readonly #calls: Turnstile;
  #threads: ChunkingThread[] = [];
  #isRunning = false;
  #lastId = 0;

  /** `threads` is how many; `spawn` starts one, on the program of chunking-worker.ts. */
  constructor({ threads = usualThreads(), spawn = spawnWorker }: { threads?: number; spawn?: () => Worker } = {}) {
    this.#size = threads;
    this.#spawn = spawn;
    this.#files = new Turnstile(threads * chunkingFilesPerThreadMax, chunkingWaitingMax);
    this.#calls = new Turnstile(threads * chunkingCallsPerThreadMax, chunkingWaitingMax);
  }

  /** Starts the threads. Calls may be made at once; the promise says that every thread is up, or fails with `internal`. */
  async start(): Promise<void> {
    this.#isRunning = true;
    await Promise.all(this.#liveThreads().map(({ ready }) => ready));
  }

  /** Ends the threads; what they have in work fails with `interrupted`. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  /**
   * Cuts and seals a regular file of this machine, in memory that does not grow with the file.
   *
   * Some files are in work at once, the others wait; a file of more than 4 MiB keeps its place until its chunks are
   * consumed. Fails with `changed` when the file changed or disappeared while it was read (known only at the end),
   * `is-directory`, `permission` for what is no regular file (symbolic links included), `not-found` and other kinds of
   * the file system; each with the path.
   */
  sealFile(path: string, dedupSecret: Uint8Array, { signal }: ChunkingOptions = {}): FileSealing {
    const sealing = new Sealing(signal);
    void this.#seal(sealing, { type: "seal-file", path, dedupSecret: copy(dedupSecret) });
    return { stat: sealing.stat, chunks: sealing };
  }

  /** Cuts and seals a stream, as `sealFile` does a file. An error of `source` is thrown as a DfsError. */
  sealStream(
    source: AsyncIterable<Uint8Array>,
    dedupSecret: Uint8Array,
    { signal }: ChunkingOptions = {},
  ): SealedChunks {
    const sealing = new Sealing(signal);
    void this.#seal(sealing, { type: "seal-stream", dedupSecret: copy(dedupSecret) }, source);
    return sealing;
  }

  /**
   * Takes back the memory of a batch that came from `sealFile` or `sealStream` and was stored or sent: it is sealed into
   * again, and nobody may look at any of its chunks any more. A comfort: batches that are never given back are garbage.
   */
  reclaim([chunk]: readonly Pick<SealedChunk, "sealed">[]): void {
    const buffer = chunk?.sealed.buffer;
    if (buffer === undefined || !isReusable(buffer)) return;
    // The thread with the most to do is the one that seals.
    const [first, ...others] = this.#threads.filter(({ isAlive }) => isAlive);
    const busiest = others.reduce((best, thread) => (thread.load > (best?.load ?? 0) ? thread : best), first);
    busiest?.send({ type: "reclaim", id: 0, memory: new Uint8Array(buffer) }, [buffer]);
  }

  /** Cuts and seals small files, each as `sealFile` does, in one piece of work; see `sealPack`. */
  sealPack(paths: readonly string[], dedupSecret: Uint8Array, options: ChunkingOptions = {}): Promise<Pack> {
    return this.#call<Pack>(options, { type: "seal-pack", paths, dedupSecret: copy(dedupSecret) });
  }

  /** What is at each of these paths, in their order; see `inspectAll`. */
  inspect(paths: readonly string[], options: ChunkingOptions = {}): Promise<readonly Inspection[]> {
    return this.#call<readonly Inspection[]>(options, { type: "inspect", paths }, 0);
  }

  /** Gives `sealed` (a sealed chunk or a record page) back when its SHA-256 is `digest`; fails with `integrity` when not. */
  verify(sealed: Uint8Array, digest: Uint8Array, options: ChunkingOptions = {}): Promise<Uint8Array> {
    return this.#call<Uint8Array>(options, { type: "verify", sealed: ownedBytes(sealed), digest: copy(digest) });
  }

  /** The plaintext of a sealed chunk. Fails with `integrity` when digest or tag do not fit. */
  open(sealed: Uint8Array, key: Uint8Array, digest: Uint8Array, options: ChunkingOptions = {}): Promise<Uint8Array> {
    const work = { type: "open", sealed: ownedBytes(sealed), key: copy(key), digest: copy(digest) } as const;
    return this.#call<Uint8Array>(options, work);
  }

  /**
   * Writes the plaintext of a sealed chunk to the open file `fd` at `positionBytes`; returns `sealed`, whose memory may
   * then be used again.
   * Nothing is written when digest or tag do not fit: `integrity`. Otherwise fails with `no-space` and other kinds of
   * the file system. The file must stay open until the call has ended.
   */
  openInto(
    fd: number,
    positionBytes: number,
    sealed: Uint8Array,
    key: Uint8Array,
    digest: Uint8Array,
    options: ChunkingOptions = {},
  ): Promise<Uint8Array> {
    const chunk = { sealed: ownedBytes(sealed), key: copy(key), digest: copy(digest) };
    return this.#call<Uint8Array>(options, { type: "open-into", fd, positionBytes, ...chunk });
  }

  /**
   * Whether the `lengthBytes` (1 to `chunkBytesMax`) bytes of the open file `fd` at `positionBytes` are the chunk with
   * this key; false when the file is shorter. Fails with the kinds of the file system. The file must stay open until
   * the call has ended.
   */
  matches(
    fd: number,
    positionBytes: number,
    lengthBytes: number,
    key: Uint8Array,
    dedupSecret: Uint8Array,
    options: ChunkingOptions = {},
  ): Promise<boolean> {
    const chunk = { fd, positionBytes, lengthBytes, key: copy(key), dedupSecret: copy(dedupSecret) };
    return this.#call<boolean>(options, { type: "matches", ...chunk });
  }

  /**
   * Opens the chunks of several files and writes these, in one piece of work; see `writePack`. The memories come back with
   * the result, each owned by itself.
   */
  writePack(work: WritePackWork, options: ChunkingOptions = {}): Promise<WrittenPack> {
    const chunks = work.files.reduce((sum, file) => sum + file.chunks.length, 0);
    const memories = work.memories.map(ownedBytes);
    return this.#call<WrittenPack>(options, { type: "write-pack", ...work, memories }, chunks);
  }

  /**
   * Opens chunks of the open file `work.fd` and writes them to it, in one piece of work; see `writeChunks`. The memories come
   * back with the result, each owned by itself. The file must stay open until the call has ended.
   */
  writeChunks(work: WriteChunksWork, options: ChunkingOptions = {}): Promise<WrittenChunks> {
    const memories = work.memories.map(ownedBytes);
    return this.#call<WrittenChunks>(options, { type: "write-chunks", ...work, memories }, work.chunks.length);
  }

  async #call<Value extends ChunkResult>({ signal }: ChunkingOptions, work: ChunkWork, hashes = 1): Promise<Value> {
    await this.#calls.enter(signal);
    countHashed(hashes);
    try {
      return await new Promise<Value>((resolve, reject) => {
        const receive = (reply: ThreadReply): void => {
          if (reply.type === "result") resolve(reply.value as Value);
        };
        this.#thread().begin({ receive, fail: reject }, { id: this.#newId(), ...work }, memoriesOf(work));
      });
    } catch (error) {
      throw toDfsError(error);
    } finally {
      this.#calls.leave();
    }
  }

  async #seal(sealing: Sealing, work: SealWork, source?: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.#files.enter(sealing.over);
    } catch (error) {
      sealing.fail(toDfsError(error));
      return;
    }
    try {
      if (!sealing.over.aborted) await this.#runSealing(sealing, work, source);
    } catch (error) {
      sealing.fail(toDfsError(error));
    } finally {
      this.#files.leave();
    }
  }

  async #runSealing(sealing: Sealing, work: SealWork, source?: AsyncIterable<Uint8Array>): Promise<void> {
    const thread = this.#thread();
    const id = this.#newId();
    sealing.attach((message, transfer) => thread.send({ id, ...message }, transfer));
    thread.begin(sealing, { id, ...work }, []);
    if (source !== undefined) void sealing.feed(source);
    await aborted(sealing.over);
    thread.cancel(id);
  }

  #newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** The thread with the least to do. */
  #thread(): ChunkingThread {
    const [first, ...others] = this.#liveThreads();
    if (!this.#isRunning || first === undefined) throw new DfsError("interrupted", "chunking is not running");
    return others.reduce((best, thread) => (thread.load < best.load ? thread : best), first);
  }

  /** The threads, dead ones replaced. */
  #liveThreads(): readonly ChunkingThread[] {
    if (!this.#isRunning) return [];
    this.#threads = this.#threads.filter(({ isAlive }) => isAlive);
    while (this.#threads.length < this.#size) this.#threads.push(new ChunkingThread(this.#spawn()));
    return this.#threads;
  }
}

/** The main loop keeps a core for itself, where there is more than one. */
function usualThreads(): number {
  return Math.max(1, Math.min(chunkingThreadsMax, availableParallelism() - 1));
}

/** What a piece of work gives away. */
function memoriesOf(work: ChunkWork): ArrayBuffer[] {
  if ("memories" in work) return work.memories.map(({ buffer }) => buffer as ArrayBuffer);
  return "sealed" in work ? [work.sealed.buffer as ArrayBuffer] : [];
}

/** A small array for a message: a view would drag the whole of its buffer along. */
function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
