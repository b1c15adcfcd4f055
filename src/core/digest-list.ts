/**
 * Many digests as one parameter of a statement: a call of SQLite costs several times what its work on a row does, so that
 * small files, which come by the hundred, are looked up and noted in few calls.
 */
import { digestBytes, digestOf } from "./ids.ts";
import type { FileKey } from "./ids.ts";

/** Begins a statement whose first parameter is a list: `list` has its digests, `at` counts them from 0. */
export const withList = `WITH RECURSIVE list (at, digest) AS (
  SELECT 0, substr(?1, 1, ${digestBytes}) WHERE length(?1) > 0
  UNION ALL SELECT at + 1, substr(?1, (at + 1) * ${digestBytes} + 1, ${digestBytes}) FROM list
  WHERE (at + 2) * ${digestBytes} <= length(?1))`;

/** The digest of the first parameter that belongs to a row of `json_each` over an array with a value for each. */
export const digestAtKey = `substr(?1, key * ${digestBytes} + 1, ${digestBytes})`;

/** The parameter for digests of 32 bytes. */
export function digestList(digests: readonly Uint8Array[]): Uint8Array {
  const list = new Uint8Array(digests.length * digestBytes);
  for (const [at, digest] of digests.entries()) list.set(digest, at * digestBytes);
  return list;
}

/** The same for file keys. */
export function keyList(keys: readonly FileKey[]): Uint8Array {
  return digestList(keys.map(digestOf));
}
