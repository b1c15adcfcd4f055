/** What is known of a local file: what its content came to, and where in the network it was last seen to be. */
import { type ContentReference, decodeReference, encodeReference } from "../../chunking/content-reference.ts";
import { DfsError } from "../../core/errors.ts";
import {
  type FileKey,
  type NodeId,
  type ShelfId,
  digestBytes,
  digestOf,
  fileKeyOf,
  randomIdBytes,
} from "../../core/ids.ts";

export interface KnownContent {
  readonly fileKey: FileKey;
  /** How the content is read: secret. */
  readonly reference: ContentReference;
  /** Bytes that holders store for it. */
  readonly storedBytes: number;
  /** Where it was stored. */
  readonly shelf: ShelfId;
}

/** A file of the network that has the content, as it stood at an index of the catalogue's log. */
export interface KnownPlace {
  /** Names the log, whose indexes mean nothing in another one. */
  readonly log: string;
  readonly index: number;
  readonly shelf: ShelfId;
  readonly directory: NodeId;
  readonly name: string;
  readonly node: NodeId;
  readonly revision: number;
  readonly mode: number;
  readonly modifiedMs: number;
  readonly copiesWanted: number;
  readonly copies: number;
}

const shelfAt = digestBytes;
const storedBytesAt = shelfAt + randomIdBytes;
const referenceLengthAt = storedBytesAt + 8;
const referenceAt = referenceLengthAt + 1;
/** In the part behind the reference. */
const nodeAt = randomIdBytes;
const indexAt = nodeAt + randomIdBytes;
const revisionAt = indexAt + 8;
const modifiedAt = revisionAt + 8;
const modeAt = modifiedAt + 8;
const copiesWantedAt = modeAt + 2;
const copiesAt = copiesWantedAt + 1;
const logLengthAt = copiesAt + 1;
const logAt = logLengthAt + 1;

/**
 * Digest of the file key (32), shelf (16), stored bytes (8), and the reference after its length (1). Behind it, where a
 * place is known: directory (16), node (16), index, revision and modification time as doubles (8 each), mode (2), wanted
 * copies (1), copies (1), the log's name after its length (1), and the file's name.
 */
export function encodeKnown(
  { fileKey, reference, storedBytes, shelf }: KnownContent,
  place?: Omit<KnownPlace, "shelf">,
): Uint8Array {
  const encoded = encodeReference(reference);
  const head = Buffer.alloc(referenceAt);
  head.set(digestOf(fileKey));
  head.write(shelf, shelfAt, "hex");
  head.writeBigUInt64BE(BigInt(storedBytes), storedBytesAt);
  head.writeUInt8(encoded.length, referenceLengthAt);
  return Buffer.concat([head, encoded, ...(place === undefined ? [] : encodedPlace(place))]);
}

function encodedPlace(place: Omit<KnownPlace, "shelf">): readonly Uint8Array[] {
  const log = Buffer.from(place.log);
  const fixed = Buffer.alloc(logAt);
  fixed.write(place.directory, 0, "hex");
  fixed.write(place.node, nodeAt, "hex");
  fixed.writeDoubleBE(place.index, indexAt);
  fixed.writeDoubleBE(place.revision, revisionAt);
  fixed.writeDoubleBE(place.modifiedMs, modifiedAt);
  fixed.writeUInt16BE(place.mode, modeAt);
  fixed.writeUInt8(place.copiesWanted, copiesWantedAt);
  fixed.writeUInt8(place.copies, copiesAt);
  fixed.writeUInt8(log.length, logLengthAt);
  return [fixed, log, Buffer.from(place.name)];
}

/** The content that `encodeKnown` wrote. Fails with `integrity` on anything else. */
export function decodeKnownContent(bytes: Uint8Array): KnownContent {
  const view = viewOf(bytes);
  const end = referenceEnd(view);
  const storedBytes = Number(view.readBigUInt64BE(storedBytesAt));
  if (!Number.isSafeInteger(storedBytes)) throw damaged();
  return {
    fileKey: fileKeyOf(bytes.subarray(0, shelfAt)),
    shelf: view.toString("hex", shelfAt, storedBytesAt) as ShelfId,
    storedBytes,
    reference: decodeReference(bytes.subarray(referenceAt, end)),
  };
}

/** The place that `encodeKnown` wrote; undefined where there is none. Fails with `integrity` on anything else. */
export function decodeKnownPlace(bytes: Uint8Array): KnownPlace | undefined {
  const view = viewOf(bytes);
  const place = view.subarray(referenceEnd(view));
  if (place.length === 0) return undefined;
  const nameAt = place.length < logAt ? 0 : logAt + place.readUInt8(logLengthAt);
  if (nameAt === 0 || nameAt >= place.length) throw damaged();
  const [index, revision] = [place.readDoubleBE(indexAt), place.readDoubleBE(revisionAt)];
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(revision)) throw damaged();
  return {
    log: place.toString("utf8", logAt, nameAt),
    index,
    shelf: view.toString("hex", shelfAt, storedBytesAt) as ShelfId,
    directory: place.toString("hex", 0, nodeAt) as NodeId,
    name: place.toString("utf8", nameAt),
    node: place.toString("hex", nodeAt, indexAt) as NodeId,
    revision,
    mode: place.readUInt16BE(modeAt),
    modifiedMs: place.readDoubleBE(modifiedAt),
    copiesWanted: place.readUInt8(copiesWantedAt),
    copies: place.readUInt8(copiesAt),
  };
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function referenceEnd(view: Buffer): number {
  const end = view.length < referenceAt ? Infinity : referenceAt + view.readUInt8(referenceLengthAt);
  if (end > view.length) throw damaged();
  return end;
}

function damaged(): DfsError {
  return new DfsError("integrity", "what is known of a local file is not as it was written");
}
