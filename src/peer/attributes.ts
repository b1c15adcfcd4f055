/**
 * What the catalogue keeps sealed about a revision of a file: mode, time, and how to read its content.
 *
 * It is sealed by the file's newest attribute key. The associated data holds every field of the catalogue's row that a
 * reader relies on, so that none of them can be changed, nor a revision be shown in another's place.
 */
import { type ContentReference, decodeReference, encodeReference } from "../chunking/content-reference.ts";
import { DfsError } from "../core/errors.ts";
import { type FileKey, type NodeId, randomIdBytes } from "../core/ids.ts";
import type { Keyring } from "../identity/keyring.ts";
import { openAttributes, sealAttributes } from "../identity/sealed-box.ts";
import { plainAttributes, attributeBytes, openPlainAttributes } from "../identity/wrap.ts";

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
const referenceAt = attributeBytes;

/** Mode, time and content reference, sealed by the file's newest key for a revision with these fields. */
export function sealRevision(
  keyring: Keyring,
  fields: RevisionFields,
  { mode, modifiedMs, reference }: RevisionAttributes,
): Uint8Array {
  const plain = Buffer.concat([plainAttributes({ mode, modifiedMs }), encodeReference(reference)]);
  return sealAttributes(keyring, associatedData(fields), plain);
}

/**
 * What was sealed for these fields by one of the file's keys. Fails with `integrity` when nothing was; so does the
 * reference, which is not decoded before it is asked for: who lists files needs none.
 */
export function openRevision(keyring: Keyring, fields: RevisionFields, sealed: Uint8Array): RevisionAttributes {
  const { plain } = openAttributes(keyring, associatedData(fields), sealed);
  const { sizeBytes } = fields;
  const { mode, modifiedMs } = openPlainAttributes(plain);
  let decoded: ContentReference | undefined;
  return {
    mode,
    modifiedMs,
    get reference() {
      return (decoded ??= referenceOf(plain.subarray(referenceAt), sizeBytes));
    },
  };
}

function referenceOf(bytes: Uint8Array, sizeBytes: number): ContentReference {
  const reference = decodeReference(bytes);
  if (reference.plaintextBytes !== sizeBytes)
    throw new DfsError("integrity", "the catalogue's entry of a file does not say how to read it");
  return reference;
}

const numberBytes = 8;
const fileKeyCharacters = 59;
/** Filled for each call anew: what is sealed or opened with it does not keep it. */
const scratch = Buffer.alloc(1 + randomIdBytes + 4 * numberBytes + fileKeyCharacters);

/** Version, node, revision, size, wanted copies, expiry (one more than its time, 0 for none) and file key: each has one length. */
function associatedData(fields: RevisionFields): Uint8Array {
  const { node, revision, fileKey, sizeBytes, expiresMs, copiesWanted } = fields;
  const numbersAt = 1 + randomIdBytes;
  scratch[0] = formatVersion;
  scratch.write(node, 1, "hex");
  writeNumber(revision, numbersAt);
  writeNumber(sizeBytes, numbersAt + numberBytes);
  writeNumber(copiesWanted, numbersAt + 2 * numberBytes);
  writeNumber(expiresMs === null ? 0 : expiresMs + 1, numbersAt + 3 * numberBytes);
  scratch.write(fileKey, numbersAt + 4 * numberBytes, "latin1");
  return scratch;
}

function writeNumber(number: number, offset: number): void {
  scratch.writeUInt32BE(Math.floor(number / 2 ** 32), offset);
  scratch.writeUInt32BE(number % 2 ** 32, offset + 4);
}
