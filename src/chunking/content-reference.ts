/**
 * A content reference: the little that opens a whole file. It rides, sealed, in the file's catalogue entry.
 */
import { decode, encode } from "cborg";
import * as v from "valibot";
import { DfsError } from "../core/errors.ts";
import { digestBytes } from "../core/ids.ts";
import { plainArray } from "./digest.ts";
import { keyBytes } from "./seal.ts";

const bytes = (length: number): v.GenericSchema<Uint8Array> =>
  v.pipe(
    v.instance(Uint8Array),
    v.check((value) => value.length === length),
  );

const emptyReferenceSchema = v.strictObject({ depth: v.literal("empty"), plaintextBytes: v.literal(0) });
const filledReferenceSchema = v.strictObject({
  depth: v.picklist([0, 1, 2]),
  plaintextBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  digest: bytes(digestBytes),
  key: bytes(keyBytes),
});

const contentReferenceSchema = v.variant("depth", [emptyReferenceSchema, filledReferenceSchema]);

/** What digest and key of a filled reference open: 0 the file's only chunk, 1 its only manifest page, 2 a page over manifest pages. */
export type FilledReference = v.InferOutput<typeof filledReferenceSchema>;
/** How to read a file, whose plaintext has `plaintextBytes` bytes: secret. An empty file needs no chunk. */
export type ContentReference = v.InferOutput<typeof contentReferenceSchema>;

/** Deterministic CBOR: the array [] for an empty file, else [depth, plaintextBytes, digest, key]. At most 79 bytes. */
export function encodeReference(reference: ContentReference): Uint8Array {
  if (reference.depth === "empty") return plainArray(encode([]));
  return plainArray(encode([reference.depth, reference.plaintextBytes, reference.digest, reference.key]));
}

/** The reference that `encodeReference` wrote. Fails with `integrity` on anything else. */
export function decodeReference(encoded: Uint8Array): ContentReference {
  const parsed = v.safeParse(contentReferenceSchema, untuple(decodedArray(encoded)));
  if (!parsed.success) throw unreadable(parsed.issues[0].message);
  return parsed.output;
}

function decodedArray(encoded: Uint8Array): readonly unknown[] {
  try {
    const value: unknown = decode(encoded, { strict: true, allowIndefinite: false });
    if (Array.isArray(value) && (value.length === 0 || value.length === 4)) return value;
  } catch (cause) {
    throw unreadable(cause);
  }
  throw unreadable("not an array of 0 or 4");
}

function untuple(values: readonly unknown[]): unknown {
  if (values.length === 0) return { depth: "empty", plaintextBytes: 0 };
  const [depth, plaintextBytes, digest, key] = values;
  return { depth, plaintextBytes, digest, key };
}

function unreadable(cause: unknown): DfsError {
  return new DfsError("integrity", "the file's content reference is damaged; get an earlier revision or put it again", {
    cause,
  });
}
