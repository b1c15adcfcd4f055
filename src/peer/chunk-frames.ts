/**
 * Frames of the chunk protocol: `u8 type, u32 big-endian request, body`, raw bytes so that a chunk costs nothing to frame.
 *
 * | type | body | answer |
 * | --- | --- | --- |
 * | 1 put | 16-byte lease, u16 number of chunks (1 to `chunkBundlePiecesMax`), for each its 32-byte digest and u32 length, then the sealed bytes of each | stored or failed |
 * | 2 get | 32-byte digest, u32 milliseconds for which the asker waits | chunk or failed |
 * | 3 stored | empty: the chunks are on the disk | |
 * | 4 chunk | sealed bytes | |
 * | 5 failed | CBOR error as in the RPC protocol | |
 * | 6 cancel | empty: nobody waits for this request any more | none of its own |
 * | 7 get many | u32 milliseconds, the 32-byte digests of several chunks; see chunk-bundles.ts | chunks or failed |
 * | 8 chunks | for each of the first of these: u32 length, sealed bytes | |
 *
 * The opener of a stream sends 1, 2, 6 and 7 and keeps at most `chunkRequestsInFlightMax` requests unanswered; the other end
 * resets a stream that exceeds it. A request that was cancelled is answered all the same, as failed where it had not begun.
 */
import type { StoredBytes } from "../chunking/file-record.ts";
import { DfsError } from "../core/errors.ts";
import { digestBytes, randomIdBytes } from "../core/ids.ts";
import { chunkBundlePiecesMax } from "../core/limits.ts";

export const frameTypes = { put: 1, get: 2, stored: 3, chunk: 4, failed: 5, cancel: 6, getMany: 7, chunks: 8 } as const;

export const chunkFrameHeaderBytes = 5;
const waitBytes = 4;
const countBytes = 2;
const lengthBytes = 4;

export interface ChunkFrame {
  readonly type: number;
  readonly request: number;
  /** A view of the frame. */
  readonly body: Uint8Array;
}

/** The header of a frame; the body is sent after it without being copied. */
export function chunkFrameHeader(type: number, request: number): Uint8Array {
  const header = new Uint8Array(chunkFrameHeaderBytes);
  header[0] = type;
  new DataView(header.buffer).setUint32(1, request);
  return header;
}

/** Reads a frame. Fails with `protocol` when it is too short or of an unknown type. */
export function parseChunkFrame(frame: Uint8Array): ChunkFrame {
  const type = frame[0] ?? 0;
  if (frame.length < chunkFrameHeaderBytes || type < frameTypes.put || type > frameTypes.chunks) {
    throw new DfsError("protocol", "a malformed frame of the chunk protocol");
  }
  const request = new DataView(frame.buffer, frame.byteOffset).getUint32(1);
  return { type, request, body: frame.subarray(chunkFrameHeaderBytes) };
}

/** The body of a get frame. */
export function getBody(digest: Uint8Array, waitMs: number): readonly Uint8Array[] {
  const wait = new Uint8Array(waitBytes);
  new DataView(wait.buffer).setUint32(0, Math.max(0, Math.min(waitMs, 0xffff_ffff)));
  return [digest, wait];
}

/** The parts of a get frame's body. Fails with `protocol` when it has another length. */
export function parseGetBody(body: Uint8Array): { digest: Uint8Array; waitMs: number } {
  if (body.length !== digestBytes + waitBytes) throw new DfsError("protocol", "a get frame of a wrong length");
  const { buffer, byteOffset } = body;
  return { digest: body.slice(0, digestBytes), waitMs: new DataView(buffer, byteOffset).getUint32(digestBytes) };
}

/** Bytes of a chunk in the body of a put frame, beside its own. */
export const putHeadBytes = digestBytes + lengthBytes;

/** The body of a put frame: all that is said of the chunks, and then their bytes as they are, for large ones are not to be copied. */
export function putBody(lease: Uint8Array, chunks: readonly StoredBytes[]): readonly Uint8Array[] {
  const heads = new Uint8Array(randomIdBytes + countBytes + chunks.length * putHeadBytes);
  const view = new DataView(heads.buffer);
  heads.set(lease);
  view.setUint16(randomIdBytes, chunks.length);
  let at = randomIdBytes + countBytes;
  for (const { digest, bytes } of chunks) {
    heads.set(digest, at);
    view.setUint32(at + digestBytes, bytes.length);
    at += putHeadBytes;
  }
  return [heads, ...chunks.map(({ bytes }) => bytes)];
}

/** The parts of a put frame's body; `bytes` are views of it. Fails with `protocol` when it is not as `putBody` writes it. */
export function parsePutBody(body: Uint8Array): { lease: Uint8Array; chunks: readonly StoredBytes[] } {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const count = body.length < randomIdBytes + countBytes ? 0 : view.getUint16(randomIdBytes);
  const headsEnd = randomIdBytes + countBytes + count * putHeadBytes;
  if (count === 0 || count > chunkBundlePiecesMax || headsEnd > body.length) throw noWholeChunks();
  const chunks: StoredBytes[] = [];
  let start = headsEnd;
  for (let at = randomIdBytes + countBytes; at < headsEnd; at += putHeadBytes) {
    const end = start + view.getUint32(at + digestBytes);
    if (end <= start || end > body.length) throw noWholeChunks();
    chunks.push({ digest: body.slice(at, at + digestBytes), bytes: body.subarray(start, end) });
    start = end;
  }
  if (start !== body.length) throw noWholeChunks();
  return { lease: body.slice(0, randomIdBytes), chunks };
}

function noWholeChunks(): DfsError {
  return new DfsError("protocol", "a put frame without whole chunks");
}
