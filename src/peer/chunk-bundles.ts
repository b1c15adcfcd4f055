/**
 * Several small chunks asked for in one message of the chunk protocol, and given in one.
 *
 * Asked: u32 milliseconds for which the asker waits, then the 32-byte digest of each of 1 to `chunkBundlePiecesMax` chunks.
 * Given: for each of these in their order u32 length and the sealed bytes, 0 and nothing where the chunk is not here. What
 * does not fit into the message any more is left out, from the first chunk on that does not; whoever wants it asks again.
 */
import { DfsError } from "../core/errors.ts";
import { digestBytes } from "../core/ids.ts";
import { chunkBundlePiecesMax, chunkFrameBytesMax } from "../core/limits.ts";
import { chunkFrameHeaderBytes } from "./chunk-frames.ts";

const waitBytes = 4;
/** What a chunk takes in an answer beside its own bytes. */
export const bundleHeadBytes = 4;
/** Bytes of the answer: the largest file that is got with others fits in, with all of its chunks. */
export const bundleBytesMax = chunkFrameBytesMax - chunkFrameHeaderBytes;

/** The body of a message that asks for chunks. */
export function getManyBody(digests: readonly Uint8Array[], waitMs: number): Uint8Array {
  const body = Buffer.alloc(waitBytes + digests.length * digestBytes);
  body.writeUInt32BE(Math.floor(Math.max(0, Math.min(waitMs, 0xffff_ffff))));
  for (const [place, digest] of digests.entries()) body.set(digest, waitBytes + place * digestBytes);
  return body;
}

/** The parts of a body that `getManyBody` wrote. Fails with `protocol` for anything else. */
export function parseGetManyBody(body: Uint8Array): { digests: readonly Uint8Array[]; waitMs: number } {
  const count = (body.length - waitBytes) / digestBytes;
  if (!Number.isInteger(count) || count < 1 || count > chunkBundlePiecesMax)
    throw new DfsError("protocol", "a question for chunks of a wrong length");
  const { buffer, byteOffset } = body;
  const digests = Array.from({ length: count }, (_, place) => {
    const start = waitBytes + place * digestBytes;
    return body.slice(start, start + digestBytes);
  });
  return { digests, waitMs: new DataView(buffer, byteOffset).getUint32(0) };
}

/** The body of an answer while it is filled. */
export class BundleAnswer {
  readonly #allocate: (bytes: number) => Uint8Array;
  #memory: Uint8Array = new Uint8Array();
  /** Of each chunk in it. */
  #lengths: readonly number[] = [];

  /** `allocate` gives the memory of the whole. */
  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate;
  }

  /** Makes room for chunks of these lengths, 0 for one that is not here; returns where the bytes of each of the first go, of as many as fit. */
  place(lengths: readonly number[]): readonly Uint8Array[] {
    let end = 0;
    const starts: number[] = [];
    for (const bytes of lengths) {
      if (end + bundleHeadBytes + bytes > bundleBytesMax) break;
      starts.push(end + bundleHeadBytes);
      end += bundleHeadBytes + bytes;
    }
    this.#memory = this.#allocate(end);
    this.#lengths = lengths.slice(0, starts.length);
    const view = new DataView(this.#memory.buffer, this.#memory.byteOffset);
    return starts.map((start, at) => {
      const bytes = lengths[at] ?? 0;
      view.setUint32(start - bundleHeadBytes, bytes);
      return this.#memory.subarray(start, start + bytes);
    });
  }

  /** The whole, once all that is in `chunks` was filled in; one that turned out not to be there is undefined. */
  body(chunks: readonly (Uint8Array | undefined)[]): Uint8Array {
    const isAsPlaced = chunks.every((chunk, at) => chunk?.length === this.#lengths[at] || this.#lengths[at] === 0);
    if (isAsPlaced) return this.#memory;
    return Buffer.concat(chunks.flatMap((chunk = new Uint8Array()) => [lengthOf(chunk), chunk]));
  }
}

function lengthOf(chunk: Uint8Array): Uint8Array {
  const length = Buffer.alloc(bundleHeadBytes);
  length.writeUInt32BE(chunk.length);
  return length;
}

/**
 * The chunks in the body of an answer to a question for `asked` of them, as views of it, not verified; undefined for one that
 * its holder has not got. Fewer than asked for where the others did not fit. Fails with `protocol` for what is no such body.
 */
export function parseChunksBody(body: Uint8Array, asked: number): readonly (Uint8Array | undefined)[] {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const chunks: (Uint8Array | undefined)[] = [];
  let at = 0;
  while (at + bundleHeadBytes <= body.length && chunks.length < asked) {
    const start = at + bundleHeadBytes;
    const end = start + view.getUint32(at);
    if (end > body.length) break;
    chunks.push(end === start ? undefined : body.subarray(start, end));
    at = end;
  }
  if (chunks.length === 0 || at !== body.length) throw new DfsError("protocol", "an answer without whole chunks");
  return chunks;
}
