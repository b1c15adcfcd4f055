/** What is known of the content of a local file: enough to put it without reading it. */
import { type ContentReference, decodeReference, encodeReference } from "../../chunking/content-reference.ts";
import { DfsError } from "../../core/errors.ts";
import { type FileKey, type ShelfId, digestBytes, digestOf, fileKeyOf, randomIdBytes } from "../../core/ids.ts";

export interface KnownContent {
  readonly fileKey: FileKey;
  /** How the content is read: secret. */
  readonly reference: ContentReference;
  /** Bytes that holders store for it. */
  readonly storedBytes: number;
  /** Where it was stored. */
  readonly shelf: ShelfId;
}

const shelfAt = digestBytes;
const storedBytesAt = shelfAt + randomIdBytes;
const referenceAt = storedBytesAt + 8;

/** Digest of the file key, shelf, stored bytes as 8 bytes, and the reference. */
export function encodeKnownContent({ fileKey, reference, storedBytes, shelf }: KnownContent): Uint8Array {
  const encoded = encodeReference(reference);
  const bytes = Buffer.alloc(referenceAt + encoded.length);
  bytes.set(digestOf(fileKey));
  bytes.write(shelf, shelfAt, "hex");
  bytes.writeBigUInt64BE(BigInt(storedBytes), storedBytesAt);
  bytes.set(encoded, referenceAt);
  return bytes;
}

/** What `encodeKnownContent` wrote. Fails with `integrity` on anything else. */
export function decodeKnownContent(bytes: Uint8Array): KnownContent {
  if (bytes.length <= referenceAt) throw new DfsError("integrity", "what is known of a local file is cut short");
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const storedBytes = Number(view.readBigUInt64BE(storedBytesAt));
  if (!Number.isSafeInteger(storedBytes))
    throw new DfsError("integrity", "what is known of a local file has an impossible size");
  return {
    fileKey: fileKeyOf(bytes.subarray(0, shelfAt)),
    shelf: view.toString("hex", shelfAt, storedBytesAt) as ShelfId,
    storedBytes,
    reference: decodeReference(bytes.subarray(referenceAt)),
  };
}
