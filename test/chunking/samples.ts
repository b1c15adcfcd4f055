/** Bytes and loops that the chunking tests share. */
import { createCipheriv } from "node:crypto";
import { gearTable } from "../../src/chunking/fastcdc.ts";
import { sealChunk } from "../../src/chunking/seal.ts";
import type { SealedChunk } from "../../src/chunking/seal.ts";
import { chunkBytesAverage, chunkBytesMax, chunkBytesMin } from "../../src/core/limits.ts";

export const dedupSecret = new Uint8Array(32).fill(7);

/** The AES-256-CTR keystream under a key that ends with `seed`, big-endian, and a zero counter: the same everywhere. */
export function pseudoRandomBytes(length: number, seed = 0): Uint8Array {
  const key = Buffer.alloc(32);
  key.writeUInt32BE(seed, 28);
  const stream = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
  return new Uint8Array(stream.buffer, stream.byteOffset, stream.length);
}

/** The offsets at which `bytes`, as a whole stream, are cut, byte by byte as FORMATS.md has it; the last is their length. */
export function cutPoints(bytes: Uint8Array): number[] {
  const ends: number[] = [];
  for (let start = 0; start < bytes.length;) {
    start = endOfChunk(bytes, start);
    ends.push(start);
  }
  return ends;
}

function endOfChunk(bytes: Uint8Array, start: number): number {
  const limit = Math.min(bytes.length, start + chunkBytesMax);
  let hash = 0;
  for (let at = start + chunkBytesMin; at < limit; at++) {
    hash = ((hash << 1) + (gearTable[bytes[at] as number] as number)) | 0;
    if (hash >>> (at - start < chunkBytesAverage ? 12 : 16) === 0) return at + 1;
  }
  return limit;
}

/** The chunks of `bytes`, cut and sealed in this thread. */
export function sealAll(bytes: Uint8Array): SealedChunk[] {
  const ends = cutPoints(bytes);
  return ends.map((end, index) => sealChunk(dedupSecret, bytes.subarray(ends[index - 1] ?? 0, end)));
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** `bytes` with one bit turned over, at a place that `position` chooses. */
export function withFlippedBit(bytes: Uint8Array, position: number): Uint8Array {
  const flipped = new Uint8Array(bytes);
  const bit = position % (bytes.length * 8);
  const byte = Math.floor(bit / 8);
  flipped[byte] = (flipped[byte] as number) ^ (1 << (bit % 8));
  return flipped;
}
