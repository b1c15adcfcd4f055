/** Random identifiers, and identifiers as bytes. */
import { randomBytes } from "node:crypto";
import { randomIdBytes } from "../core/ids.ts";

/** 16 random bytes in hexadecimal, as any of the ids that have this form. */
export function randomId<Id extends string>(): Id {
  return randomBytes(randomIdBytes).toString("hex") as Id;
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function bytesOfHex(hex: string): Uint8Array {
  return Buffer.from(hex, "hex");
}
