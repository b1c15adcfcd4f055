/** Random identifiers, and identifiers as bytes. */
import { type NodeId, randomIdBytes } from "../core/ids.ts";
import { pooledRandomBytes } from "../core/pooled-random.ts";

/** 16 random bytes in hexadecimal, as any of the ids that have this form. */
export function randomId<Id extends string>(): Id {
  return pooledRandomBytes(randomIdBytes).toString("hex") as Id;
}

const timeBytes = 6;

/**
 * The id of a new node: milliseconds since 1970 in the first 6 bytes, 10 random ones behind. Nodes of one time lie side
 * by side in the catalogue's index, which then writes fewer pages; when a node was made the catalogue knows anyway.
 */
export function newNodeId(nowMs: number): NodeId {
  const bytes = pooledRandomBytes(randomIdBytes);
  bytes.writeUIntBE(Math.floor(nowMs) % 2 ** (8 * timeBytes), 0, timeBytes);
  return bytes.toString("hex") as NodeId;
}

/** A random number of 48 bits. */
export function randomNumber(): number {
  return pooledRandomBytes(6).readUIntBE(0, 6);
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function bytesOfHex(hex: string): Uint8Array {
  return Buffer.from(hex, "hex");
}
