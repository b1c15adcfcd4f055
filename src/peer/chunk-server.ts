/** The serving end of the chunk protocol: verifies what arrives, stores it durably, hands out what is asked for. */
import type { StoredBytes } from "../chunking/file-record.ts";
import { verifyStored } from "../chunking/seal.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { LeaseId, PeerId } from "../core/ids.ts";
import { chunkRequestsInFlightMax, answerSendMs } from "../core/limits.ts";
import type { PlaceChunks } from "../store/chunk-store.ts";
import { BundleAnswer, parseGetManyBody } from "./chunk-bundles.ts";
import {
  type ChunkFrame,
  chunkFrameHeader,
  frameTypes,
  parseChunkFrame,
  parseGetBody,
  parsePutBody,
} from "./chunk-frames.ts";
import type { FrameBuffers } from "./frame-buffers.ts";
import type { WorkQueue } from "./load/work-queue.ts";
import { hexOf } from "./random-ids.ts";
import { encodeCbor } from "./wire/cbor.ts";
import type { FrameChannel } from "./wire/frame-channel.ts";
import { errorToWire } from "./wire/rpc-messages.ts";

/** Where chunks go to and come from. */
export interface ServedChunks {
  /** Resolves when the chunks, which were verified, are durable. Fails as `ShelfPort.putChunks` does. */
  put(lease: LeaseId, chunks: readonly StoredBytes[]): Promise<void>;
  /** The result's memory is the caller's. Fails as `ChunkStore.get` does. */
  get(digest: Uint8Array): Promise<Uint8Array>;
  /** As `ChunkStore.getMany`. */
  getMany(digests: readonly Uint8Array[], place: PlaceChunks): Promise<readonly (Uint8Array | undefined)[]>;
}

export interface ChunkServerOptions {
  readonly chunks: ServedChunks;
  /** Where the memory of frames, and of chunks that were read, goes when they were served; these three are shared by all streams of the peer. */
  readonly buffers: FrameBuffers;
  readonly reads: WorkQueue<PeerId>;
  readonly writes: WorkQueue<PeerId>;
}

type Answer = readonly [type: number, ...body: Uint8Array[]];

/** Serves chunks on `channel`, which `caller` has opened, until it ends. */
export function serveChunks(channel: FrameChannel, caller: PeerId, options: ChunkServerOptions): void {
  const stream = new ServedStream(channel, caller, options);
  channel.receive({ onFrame: (bytes) => stream.onFrame(bytes), onEnd: () => stream.end() });
}

class ServedStream {
  readonly #channel: FrameChannel;
  readonly #caller: PeerId;
  readonly #options: ChunkServerOptions;
  /** Takes a request out of its line, for each that was let in. */
  readonly #leaving = new Map<number, () => void>();
  #inFlight = 0;
  #highestRequest = -1;

  constructor(channel: FrameChannel, caller: PeerId, options: ChunkServerOptions) {
    this.#channel = channel;
    this.#caller = caller;
    this.#options = options;
  }

  onFrame(bytes: Uint8Array): void {
    try {
      const frame = parseChunkFrame(bytes);
      if (frame.type === frameTypes.cancel) this.#cancel(frame.request);
      else this.#take(frame);
    } catch (error) {
      this.#channel.abort(error as Error);
    }
  }

  /** What runs ends by itself, and nobody waits for its answer; what waits is not begun. */
  end(): void {
    for (const leave of this.#leaving.values()) leave();
    this.#leaving.clear();
  }

  #cancel(request: number): void {
    if (request > this.#highestRequest) throw new DfsError("protocol", "a request was cancelled that was never made");
    const leave = this.#leaving.get(request);
    if (leave === undefined) return; // it was answered, or it runs
    this.#leaving.delete(request);
    leave();
    this.#send(request, failure(new DfsError("interrupted", "the asker gave it up"))).catch((error: Error) =>
      this.#channel.abort(error),
    );
  }

  #take({ type, request, body }: ChunkFrame): void {
    if (this.#leaving.has(request)) throw new DfsError("protocol", "a request has the number of one that waits");
    this.#highestRequest = Math.max(this.#highestRequest, request);
    this.#inFlight += 1;
    if (this.#inFlight > chunkRequestsInFlightMax)
      throw new DfsError("protocol", "more chunk requests in flight than allowed");
    switch (type) {
      case frameTypes.get:
        this.#takeGet(request, body);
        return;
      case frameTypes.getMany:
        this.#takeGetMany(request, body);
        return;
      case frameTypes.put:
        this.#takePut(request, body);
        return;
      default:
        throw new DfsError("protocol", "an answer where a request belongs");
    }
  }

  #takeGet(request: number, body: ChunkFrame["body"]): void {
    const { chunks, reads } = this.#options;
    const { digest, waitMs } = parseGetBody(body);
    this.#enter(reads, request, { deadlineMs: performance.now() + waitMs }, async () => [
      frameTypes.chunk,
      await chunks.get(digest),
    ]);
  }

  #takeGetMany(request: number, body: ChunkFrame["body"]): void {
    const { buffers, chunks, reads } = this.#options;
    const { digests, waitMs } = parseGetManyBody(body);
    this.#enter(reads, request, { deadlineMs: performance.now() + waitMs }, async () => {
      const answer = new BundleAnswer((bytes) => buffers.take(bytes));
      const found = await chunks.getMany(digests, (lengths) => answer.place(lengths));
      return [frameTypes.chunks, answer.body(found)];
    });
  }

  #takePut(request: number, body: ChunkFrame["body"]): void {
    const { buffers, writes } = this.#options;
    const giveBack = (): void => buffers.give(body);
    this.#enter(writes, request, { size: body.length }, () => this.#put(body), giveBack);
  }

  /** Hashing a chunk takes less time here than handing it to a thread and back would. */
  async #put(body: Uint8Array): Promise<Answer> {
    const { lease, chunks } = parsePutBody(body);
    for (const { digest, bytes } of chunks) verifyStored(bytes, digest);
    await this.#options.chunks.put(hexOf(lease) as LeaseId, chunks);
    return [frameTypes.stored];
  }

  /** `onEnd` is called when the request is done with, also when it was never begun. */
  #enter(
    queue: WorkQueue<PeerId>,
    request: number,
    work: { readonly size?: number; readonly deadlineMs?: number },
    serve: () => Promise<Answer>,
    onEnd: () => void = () => undefined,
  ): void {
    const answer = async (answering: () => Promise<Answer>, end: () => void = () => undefined): Promise<void> => {
      this.#leaving.delete(request);
      const served = await answering().catch(failure);
      // An asker that reads slowly keeps no place from the others: what it is owed is bounded by its stream.
      const patience = setTimeout(end, answerSendMs);
      try {
        await this.#send(request, served);
      } catch (error) {
        this.#channel.abort(error as Error);
      } finally {
        clearTimeout(patience);
        end();
        onEnd();
      }
    };
    let isDecided = false;
    const leave = queue.enter({
      ...work,
      caller: this.#caller,
      start: (end) => {
        isDecided = true;
        void answer(serve, end);
      },
      refuse: (refusal) => {
        isDecided = true;
        void answer(() => Promise.reject(refusal));
      },
    });
    if (isDecided) return;
    this.#leaving.set(request, () => {
      leave();
      onEnd();
    });
  }

  /** Resolves when there is room for more. */
  #send(request: number, [type, ...body]: Answer): Promise<void> {
    this.#inFlight -= 1;
    const giveBack = (): void => {
      if (type !== frameTypes.stored) for (const bytes of body) this.#options.buffers.give(bytes);
    };
    return this.#channel.send([chunkFrameHeader(type, request), ...body], giveBack);
  }
}

function failure(error: unknown): Answer {
  return [frameTypes.failed, encodeCbor(errorToWire(toDfsError(error, { op: "chunk" })))];
}
