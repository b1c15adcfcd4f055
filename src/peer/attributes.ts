/**
 * What the catalogue keeps sealed about a revision of a file: mode, time, and how to read its content.
 *
 * It is sealed by the file's newest attribute key. The associated data holds every field of the catalogue's row that a
 * reader relies on, so that none of them can be changed, nor a revision be shown in another's place.
 */
import { type ContentReference, decodeReference, encodeReference } from "../chunking/content-reference.ts";
import * as v from "valibot";
import { DfsError } from "../core/errors.ts";
import { type FileKey, type NodeId, randomIdBytes } from "../core/ids.ts";
import type { Keyring } from "../identity/keyring.ts";
import { openAttributes, sealAttributes } from "../identity/sealed-box.ts";
import { decodeCbor, encodeCbor } from "./wire/cbor.ts";

export interface RevisionAttributes {
  /** POSIX permission bits. */
  readonly mode: number;
  readonly modifiedMs: number;
  readonly reference: ContentReference;
}

/** What the catalogue says of a revision, and the seal confirms. */
export interface RevisionFields {
  readonly node: NodeId;
  readonly revision: number;
  readonly fileKey: FileKey;
  /** Plaintext bytes. */
  readonly sizeBytes: number;
  /** Null for a file that stays. */
  readonly expiresMs: number | null;
  readonly copiesWanted: number;
}

const formatVersion = 2;
const schema = v.strictTuple([
  v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0o7777)),
  v.pipe(v.number(), v.finite()),
  v.instance(Uint8Array),
]);

/** CBOR of [mode, modified time in ms, content reference], sealed by the file's newest key for a revision with these fields. */
export function sealRevision(
  keyring: Keyring,
  fields: RevisionFields,
  { mode, modifiedMs, reference }: RevisionAttributes,
): Uint8Array {
  return sealAttributes(keyring, associatedData(fields), encodeCbor([mode, modifiedMs, encodeReference(reference)]));
}

/** Fails with `integrity` when the bytes were not sealed for these fields by one of the file's keys. */
export function openRevision(keyring: Keyring, fields: RevisionFields, sealed: Uint8Array): RevisionAttributes {
  const { plain } = openAttributes(keyring, associatedData(fields), sealed);
  const [mode, modifiedMs, reference] = opened(plain);
  const attributes = { mode, modifiedMs, reference: decodeReference(reference) };
  if (attributes.reference.plaintextBytes !== fields.sizeBytes)
    throw new DfsError("integrity", "the catalogue's entry of a file does not say how to read it");
  return attributes;
}

const numberBytes = 8;

/** Version, node, revision, size, wanted copies, expiry (one more than its time, 0 for none) and file key: each has one length. */
function associatedData(fields: RevisionFields): Uint8Array {
  const { node, revision, fileKey, sizeBytes, expiresMs, copiesWanted } = fields;
  const bytes = Buffer.allocUnsafe(1 + randomIdBytes + 4 * numberBytes + fileKey.length);
  bytes[0] = formatVersion;
  let offset = 1 + bytes.write(node, 1, "hex");
  for (const number of [revision, sizeBytes, copiesWanted, expiresMs === null ? 0 : expiresMs + 1]) {
    bytes.writeUInt32BE(Math.floor(number / 2 ** 32), offset);
    bytes.writeUInt32BE(number % 2 ** 32, offset + 4);
    offset += numberBytes;
  }
  bytes.write(fileKey, offset, "latin1");
  return bytes;
}

function opened(plain: Uint8Array): v.InferOutput<typeof schema> {
  try {
    return decodeCbor(plain, schema, "sealed attributes");
  } catch (cause) {
    throw new DfsError("integrity", "attributes in the catalogue cannot be read: they are malformed", { cause });
  }
}
