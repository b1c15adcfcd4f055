/** SHA-256, the one hash by which chunks and pages are named. */
import { createHash } from "node:crypto";
import { DfsError } from "../core/errors.ts";
import { chunkIdOf, digestBytes } from "../core/ids.ts";

/** The 32-byte SHA-256 of `bytes` (FIPS 180-4), in an array of its own. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return plainArray(createHash("sha256").update(bytes).digest());
}

/** Fails with `integrity` unless `digest` is the SHA-256 of `bytes`. `what` names the bytes in the message: `chunk`, `record page`. */
export function checkDigest(what: string, bytes: Uint8Array, digest: Uint8Array): void {
  if (bytesEqual(sha256(bytes), digest)) return;
  const name = digest.length === digestBytes ? chunkIdOf(digest) : `a digest of ${digest.length} bytes`;
  throw new DfsError("integrity", `the ${what} is not what its id says; fetch it from another holder`, { path: name });
}

/** Whether two arrays hold the same bytes. Not for secrets that an attacker may guess byte by byte. */
export function bytesEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** `bytes` as a plain Uint8Array over the same memory: a Buffer behaves differently in `slice` and in messages. */
export function plainArray(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
