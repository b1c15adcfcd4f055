/** Comparing digests, and records by them: the order in which every set is listed. */
import { digestOf } from "../../core/ids.ts";
import type { FileKey } from "../../core/ids.ts";

export function isSameDigest(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** Less than, equal to or more than 0, as `left` comes before, at or after `right`. */
export function compareKeys(left: FileKey, right: FileKey): number {
  return Buffer.compare(digestOf(left), digestOf(right));
}

/** A digest as a key of a map. */
export function digestText(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("latin1");
}
