/** The serving end of the chunk protocol: verifies what arrives, stores it durably, hands out what is asked for. */
import { verifyStored } from "../chunking/seal.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { digestBytes, type LeaseId } from "../core/ids.ts";
import { chunkRequestsInFlightMax } from "../core/limits.ts";
import { chunkFrameHeader, frameTypes, parseChunkFrame, parsePutBody } from "./chunk-frames.ts";
import type { FrameBuffers } from "./frame-buffers.ts";
import { hexOf } from "./random-ids.ts";
import { encodeCbor } from "./wire/cbor.ts";
import type { FrameChannel } from "./wire/frame-channel.ts";
import { errorToWire } from "./wire/rpc-messages.ts";

/** Where chunks go to and come from. */
export interface ServedChunks {
  /** Resolves when the chunk, which was verified, is durable. Fails as `ShelfPort.putChunk` does. */
  put(lease: LeaseId, digest: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Fails as `ChunkStore.get` does. */
  get(digest: Uint8Array): Promise<Uint8Array>;
}

export interface ChunkServerOptions {
  readonly chunks: ServedChunks;
  /** Shared by all streams of the peer. */
  readonly buffers: FrameBuffers;
}

/** Serves chunks on `channel` until it ends. */
export function serveChunks(channel: FrameChannel, options: ChunkServerOptions): void {
  const { buffers } = options;
  let inFlight = 0;

  const answer = async (
    request: number,
    work: () => Promise<readonly [type: number, ...body: Uint8Array[]]>,
  ): Promise<void> => {
    const [type, ...body] = await work().catch((error: unknown) => failure(error));
    inFlight -= 1;
    await channel.send([chunkFrameHeader(type, request), ...body]);
  };

  channel.receive({
    onEnd: () => undefined, // what is in flight ends by itself; nobody waits for its answer
    onFrame: (parts) => {
      try {
        const frame = parseChunkFrame(parts);
        inFlight += 1;
        if (inFlight > chunkRequestsInFlightMax)
          throw new DfsError("protocol", "more chunk requests in flight than allowed");
        const body = buffers.copy(frame.body);
        answer(frame.request, () => serveFrame(frame.type, body, options))
          .catch((error: Error) => channel.abort(error))
          .finally(() => buffers.give(body));
      } catch (error) {
        channel.abort(error as Error);
      }
    },
  });
}

async function serveFrame(
  type: number,
  body: Uint8Array,
  options: ChunkServerOptions,
): Promise<readonly [number, ...Uint8Array[]]> {
  switch (type) {
    case frameTypes.put:
      return putChunk(body, options);
    case frameTypes.get:
      return getChunk(body, options);
    default:
      throw new DfsError("protocol", "an answer where a request belongs");
  }
}

/** Hashing a chunk takes less time here than handing it to a thread and back would. */
async function putChunk(body: Uint8Array, { chunks }: ChunkServerOptions): Promise<readonly [number]> {
  const { lease, digest, bytes } = parsePutBody(body);
  verifyStored(bytes, digest);
  await chunks.put(hexOf(lease) as LeaseId, digest, bytes);
  return [frameTypes.stored];
}

async function getChunk(body: Uint8Array, { chunks }: ChunkServerOptions): Promise<readonly [number, Uint8Array]> {
  if (body.length !== digestBytes) throw new DfsError("protocol", "a get frame without a digest");
  return [frameTypes.chunk, await chunks.get(body)];
}

function failure(error: unknown): readonly [number, Uint8Array] {
  return [frameTypes.failed, encodeCbor(errorToWire(toDfsError(error, { op: "chunk" })))];
}
