/**
 * The digest of a shelf's set: what two links compare to know whether they have the same records for the same copies.
 *
 * It is a sum, so that it can be kept up change by change and does not depend on their order (a multiset hash by
 * addition, Bellare and Micciancio 1997; its members are checked file records, not numbers that a writer can choose).
 * A sum is 32 bytes, a big-endian number modulo 2^256; that of the empty set is zero.
 */
import { createHash } from "node:crypto";
import { digestBytes, digestOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";

const label = "dfs-shell shelf record";
const wordBytes = 4;

/** The sum of no records. */
export function emptySum(): Uint8Array {
  return new Uint8Array(digestBytes);
}

/** The sum of one record: SHA-256("dfs-shell shelf record" || digest of the key (32) || copies (u8)). */
export function recordSum(fileKey: FileKey, copies: number): Uint8Array {
  const hash = createHash("sha256").update(label).update(digestOf(fileKey)).update(Uint8Array.of(copies));
  return new Uint8Array(hash.digest());
}

/** left + right modulo 2^256. */
export function addSums(left: Uint8Array, right: Uint8Array): Uint8Array {
  return combine(left, right, 1);
}

/** left − right modulo 2^256. */
export function subtractSums(left: Uint8Array, right: Uint8Array): Uint8Array {
  return combine(left, right, -1);
}

function combine(left: Uint8Array, right: Uint8Array, sign: 1 | -1): Uint8Array {
  const result = new Uint8Array(digestBytes);
  const [a, b, out] = [viewOf(left), viewOf(right), viewOf(result)];
  let carry = 0;
  for (let at = digestBytes - wordBytes; at >= 0; at -= wordBytes) {
    const word = a.getUint32(at) + sign * b.getUint32(at) + carry;
    out.setUint32(at, word);
    carry = Math.floor(word / 2 ** 32);
  }
  return result;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, digestBytes);
}
