/** The asking end of the chunk protocol: a few long-lived streams to one peer, each with a bounded number of requests in flight. */
import { number, object, optional, string } from "valibot";
import { withDeadline } from "../core/deadline.ts";
import type { StoredBytes } from "../chunking/file-record.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { LeaseId } from "../core/ids.ts";
import {
  chunkFloorBytes,
  chunkFloorMs,
  chunkRequestMs,
  chunkRequestsInFlightMax,
  chunkSilenceMs,
  chunkStreamsPerPeer,
} from "../core/limits.ts";
import { getManyBody } from "./chunk-bundles.ts";
import { type ChunkFrame, chunkFrameHeader, frameTypes, getBody, parseChunkFrame, putBody } from "./chunk-frames.ts";
import { bytesOfHex } from "./random-ids.ts";
import { decodeCbor } from "./wire/cbor.ts";
import { CreditGate } from "./wire/credits.ts";
import type { FrameChannel } from "./wire/frame-channel.ts";
import { errorFromWire } from "./wire/rpc-messages.ts";

/** Opens one more channel of the chunk protocol, with frames of at most `chunkFrameBytesMax` bytes, each in memory of its own. */
export type OpenChunkChannel = (signal: AbortSignal) => Promise<FrameChannel>;

interface Request {
  readonly expects: number;
  /** Nobody waits for the answer any more. */
  isGivenUp: boolean;
  /** Looks at the stream before it was made. */
  readonly looks: number;
  readonly resolve: (body: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export class ChunkLink {
  readonly #open: OpenChunkChannel;
  readonly #streams: (Promise<ChunkStream> | undefined)[] = [];
  #turn = 0;

  constructor(open: OpenChunkChannel) {
    this.#open = open;
  }

  /**
   * The sealed bytes of a chunk, not verified yet, in the frame in which they came. Fails with `not-found`, `integrity`,
   * `unreachable`, `busy`, and with `timeout` after `waitMs`, when the peer need not begin with it any more.
   */
  async get(digest: Uint8Array, signal: AbortSignal, waitMs = chunkRequestMs): Promise<Uint8Array> {
    const endMs = performance.now() + waitMs;
    const body = (): readonly Uint8Array[] => getBody(digest, endMs - performance.now());
    return this.#request(frameTypes.get, frameTypes.chunk, body, signal, waitMs);
  }

  /**
   * The answer to a question for several chunks (see `parseChunksBody`), none of them verified, in the frame in which it came.
   * Fails as `get`, but for `not-found` and `integrity`: the answer says which chunks the peer has not got.
   */
  async getMany(digests: readonly Uint8Array[], signal: AbortSignal, waitMs = chunkRequestMs): Promise<Uint8Array> {
    const endMs = performance.now() + waitMs;
    const body = (): readonly Uint8Array[] => [getManyBody(digests, endMs - performance.now())];
    return this.#request(frameTypes.getMany, frameTypes.chunks, body, signal, waitMs);
  }

  /** Resolves when the peer has the chunks on its disk. Fails with `integrity`, `no-space`, `not-found` (no such lease), `unreachable`, `timeout`. */
  async put(lease: LeaseId, chunks: readonly StoredBytes[], signal: AbortSignal): Promise<void> {
    const body = (): readonly Uint8Array[] => putBody(bytesOfHex(lease), chunks);
    await this.#request(frameTypes.put, frameTypes.stored, body, signal, chunkRequestMs);
  }

  async close(): Promise<void> {
    for (const stream of this.#streams.splice(0)) (await stream?.catch(() => undefined))?.close();
  }

  async #request(
    type: number,
    expects: number,
    body: () => readonly Uint8Array[],
    signal: AbortSignal,
    waitMs: number,
  ): Promise<Uint8Array> {
    const slot = this.#turn++ % chunkStreamsPerPeer;
    return withDeadline(waitMs, signal, async (bounded) => {
      const stream = await this.#streamAt(slot, bounded);
      return stream.request(type, expects, body, bounded);
    });
  }

  async #streamAt(slot: number, signal: AbortSignal): Promise<ChunkStream> {
    const present = this.#streams[slot];
    if (present !== undefined) {
      const stream = await present.catch(() => undefined);
      if (stream !== undefined && !stream.hasEnded) return stream;
      if (this.#streams[slot] !== present) return this.#streamAt(slot, signal);
    }
    const opened = this.#open(signal).then((channel) => new ChunkStream(channel));
    this.#streams[slot] = opened;
    return opened;
  }
}

class ChunkStream {
  readonly #channel: FrameChannel;
  readonly #requests = new Map<number, Request>();
  readonly #slots = new CreditGate(chunkRequestsInFlightMax);
  #nextRequest = 1;
  #failure: Error | undefined;
  #looks = 0;
  #bytesAtLook = 0;
  #sentAtLook = 0;
  #silentMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(channel: FrameChannel) {
    this.#channel = channel;
    channel.receive({
      onFrame: (frame) => this.#onFrame(frame),
      onEnd: (error) =>
        this.#fail(new DfsError("unreachable", "the connection ended before the chunk came", { cause: error })),
    });
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  async request(
    type: number,
    expects: number,
    body: () => readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    await this.#slots.take();
    if (signal.aborted) {
      this.#slots.grant(1);
      throw toDfsError(signal.reason);
    }
    const id = this.#nextRequest++;
    const answered = new Promise<Uint8Array>((resolve, reject) =>
      this.#requests.set(id, { expects, isGivenUp: false, looks: this.#looks, resolve, reject }),
    );
    this.#watch();
    const onAbort = (): void => this.#giveUp(id, toDfsError(signal.reason));
    signal.addEventListener("abort", onAbort);
    try {
      this.#channel.send([chunkFrameHeader(type, id), ...body()]).catch((error: Error) => this.#fail(error));
      return await answered;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  close(): void {
    void this.#channel.close();
  }

  #giveUp(id: number, error: Error): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    request.isGivenUp = true;
    request.reject(error);
    this.#channel.send([chunkFrameHeader(frameTypes.cancel, id)]).catch((failure: Error) => this.#fail(failure));
  }

  /** A request that was given up keeps its slot until its answer comes, for the other end may still work on it. */
  #onFrame(bytes: Uint8Array): void {
    try {
      const frame = parseChunkFrame(bytes);
      const request = this.#requests.get(frame.request);
      if (request === undefined) throw new DfsError("protocol", "an answer that nobody asked for");
      const outcome = outcomeOf(frame, request.expects);
      this.#requests.delete(frame.request);
      this.#slots.grant(1);
      if (request.isGivenUp) return;
      if (outcome === "answered") request.resolve(frame.body);
      else request.reject(outcome);
    } catch (error) {
      this.#fail(error as Error);
      this.#channel.abort(error as Error);
    }
  }

  /** Looks at the stream again and again while it owes answers. */
  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#bytesAtLook = this.#channel.receivedBytes;
    this.#sentAtLook = this.#channel.sentBytes;
    this.#timer = setTimeout(() => this.#look(), chunkFloorMs);
    this.#timer.unref();
  }

  /**
   * Ends a stream that sends too little of the chunks that it owes, or for long neither takes more of those that it is
   * sent nor says anything to them: a slow line takes minutes for all that is on its way.
   * Only what was owed all the time since the last look counts.
   */
  #look(): void {
    this.#timer = undefined;
    const cameBytes = this.#channel.receivedBytes - this.#bytesAtLook;
    const owed = Array.from(this.#requests.values()).filter(({ looks }) => looks < this.#looks);
    const hasMoved = cameBytes > 0 || this.#channel.sentBytes > this.#sentAtLook;
    this.#silentMs = owed.length > 0 && !hasMoved ? this.#silentMs + chunkFloorMs : 0;
    const isSlow = cameBytes < chunkFloorBytes && owed.some(({ expects }) => expects !== frameTypes.stored);
    if (isSlow || this.#silentMs >= chunkSilenceMs) {
      const seconds = Math.max(chunkFloorMs, this.#silentMs) / 1000;
      const error = new DfsError("timeout", `the peer owes answers and sent ${cameBytes} bytes in ${seconds} s`);
      this.#fail(error);
      this.#channel.abort(error);
      return;
    }
    this.#looks += 1;
    if (this.#requests.size > 0) this.#watch();
  }

  #fail(error: Error): void {
    clearTimeout(this.#timer);
    this.#failure ??= error;
    this.#slots.close(error);
    for (const request of this.#requests.values()) request.reject(error);
    this.#requests.clear();
  }
}

/** Whether a frame answers as it should, or how the request fails. Fails with `protocol` for what is neither. */
function outcomeOf({ type, body }: ChunkFrame, expects: number): "answered" | DfsError {
  if (type === expects) return "answered";
  if (type === frameTypes.failed) return failureOf(body);
  throw new DfsError("protocol", "an answer that does not belong to its request");
}

/** An error as it comes in a frame; whatever else is in it is left out. */
export const failureSchema = object({ kind: string(), message: string(), retryAfterMs: optional(number()) });

function failureOf(body: Uint8Array): DfsError {
  return errorFromWire(decodeCbor(body, failureSchema, "error of the chunk protocol"));
}
