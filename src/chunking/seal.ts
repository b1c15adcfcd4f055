/**
 * Sealing: a chunk's plaintext becomes bytes that anybody can verify and only its owner can read.
 *
 * key = HMAC-SHA-256(dedup secret, plaintext), sealed = AES-256-GCM(key, plaintext) and its 16-byte tag,
 * digest = SHA-256(sealed). Equal chunks under one secret seal to equal bytes, so they are stored once; without the
 * secret nobody can tell whether a guess is right. This is convergent encryption with a secret (as in Tahoe-LAFS).
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { assert, DfsError } from "../core/errors.ts";
import { digestBytes } from "../core/ids.ts";
import { chunkBytesMax, sealedBytesMax } from "../core/limits.ts";
import { checkDigest, plainArray, sha256 } from "./digest.ts";

/** One chunk as it is stored, and what its owner must remember to read it. */
export interface SealedChunk {
  /** SHA-256 of `sealed`, 32 bytes: the chunk's id. */
  readonly digest: Uint8Array;
  /** What opens it, 32 bytes: secret. */
  readonly key: Uint8Array;
  /** Bytes of the plaintext, 1 to `chunkBytesMax`. */
  readonly plaintextBytes: number;
  /** Ciphertext and tag; in the memory that `allocate` gave, or else alone in its ArrayBuffer. */
  readonly sealed: Uint8Array;
}

/** What sealing adds to a plaintext: the authentication tag. */
export const sealOverheadBytes = 16;
/** Bytes of a chunk's key and of a user's dedup secret. */
export const keyBytes = 32;

const cipherName = "aes-256-gcm";
/** Always zero, and safe: a key is a function of the plaintext, so that no key ever seals two plaintexts. */
const nonce = new Uint8Array(12);

/** The 32-byte key of a plaintext under a 32-byte dedup secret: HMAC-SHA-256 (RFC 2104). */
export function chunkKey(dedupSecret: Uint8Array, plaintext: Uint8Array): Uint8Array {
  assert(dedupSecret.length === keyBytes, `a dedup secret has ${keyBytes} bytes, not ${dedupSecret.length}`);
  return plainArray(createHmac("sha256", dedupSecret).update(plaintext).digest());
}

/** Gives memory for this many bytes. */
export type Allocate = (bytes: number) => Uint8Array;

const allocateNew: Allocate = (bytes) => plainArray(Buffer.allocUnsafeSlow(bytes));

/**
 * Seals 1 to `chunkBytesMax` bytes, into memory that `allocate` gives. The same secret and plaintext always give the
 * same bytes.
 */
export function sealChunk(
  dedupSecret: Uint8Array,
  plaintext: Uint8Array,
  allocate: Allocate = allocateNew,
): SealedChunk {
  const plaintextBytes = plaintext.length;
  assert(plaintextBytes >= 1 && plaintextBytes <= chunkBytesMax, `no chunk has ${plaintextBytes} bytes`);
  const key = chunkKey(dedupSecret, plaintext);
  const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: sealOverheadBytes });
  const sealed = allocate(plaintextBytes + sealOverheadBytes);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintextBytes);
  return { digest: sha256(sealed), key, plaintextBytes, sealed };
}

/**
 * The plaintext of sealed bytes; owns its whole ArrayBuffer.
 *
 * Fails with `integrity` when no chunk has that length, when SHA-256(sealed) is not `digest`, or when the tag does not
 * fit the key: the bytes, or the reference that named them, are damaged.
 */
export function openChunk(sealed: Uint8Array, key: Uint8Array, digest: Uint8Array): Uint8Array {
  assert(key.length === keyBytes && digest.length === digestBytes, "a key and a digest have 32 bytes each");
  verifyStored(sealed, digest);
  if (sealed.length <= sealOverheadBytes)
    throw new DfsError("integrity", `no sealed chunk has ${sealed.length} bytes; the file's reference is damaged`);
  const tagStart = sealed.length - sealOverheadBytes;
  const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: sealOverheadBytes });
  decipher.setAuthTag(sealed.subarray(tagStart));
  const plaintext = plainArray(decipher.update(sealed.subarray(0, tagStart)));
  try {
    decipher.final();
  } catch (cause) {
    throw new DfsError("integrity", "the chunk does not open with its key; the file's reference is damaged", { cause });
  }
  return plaintext;
}

/** Fails with `integrity` unless `bytes` are as many as holders store under one id (a sealed chunk or a record page), and their SHA-256 is `digest`. */
export function verifyStored(bytes: Uint8Array, digest: Uint8Array): void {
  if (bytes.length === 0 || bytes.length > sealedBytesMax)
    throw new DfsError("integrity", `no chunk has ${bytes.length} bytes; fetch it from another holder`);
  checkDigest("chunk", bytes, digest);
}
