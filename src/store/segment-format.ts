/**
 * The bytes of a segment: a header, then records one after the other. All integers are big-endian.
 *
 * Segment header, 28 bytes: magic `dfs-seg\n` (8), version 1 (u32), number (u32), mark (8), CRC-32 of the 24 before (u32).
 * Record header, 72 bytes: mark (8), kind (u8), zero (3), payload length (u32), lease (16, zeros for none),
 * digest (32, zeros where the kind has none), CRC-32 of the payload (u32), CRC-32 of the 68 before (u32). The payload follows.
 *
 * The mark is random for each segment, so that nobody can write a chunk that looks like a record of ours when recovery
 * searches for the next record behind a damaged one.
 */
import { crc32 } from "node:zlib";
import { DfsError } from "../core/errors.ts";
import { digestBytes, digestOf, fileKeyOf, parseLeaseId, randomIdBytes } from "../core/ids.ts";
import type { FileKey, LeaseId } from "../core/ids.ts";
import { sealedBytesMax } from "../core/limits.ts";

/**
 * What a record says, with its number on disk.
 * `chunk`: the payload is the chunk `digest`. The others list file keys (32-byte digests) in their payload. `added`: these
 * records are here, for the lease or, without one, for good. `released`: these are no longer here for good, and go
 * unless a lease holds them. `present`: compaction found these here and repeats it, because it removes where it was said.
 */
const kindNumbers = { chunk: 0, added: 1, released: 2, present: 3 } as const;
/** The name of a kind. */
export type RecordKind = keyof typeof kindNumbers;
const kinds = Object.keys(kindNumbers) as readonly RecordKind[];

const segmentMagic = Buffer.from("dfs-seg\n");
const segmentVersion = 1;
const markBytes = 8;
/** Bytes of a segment's header, and of each record's. */
export const segmentHeaderBytes = 28;
export const recordHeaderBytes = 72;

const noLease = Buffer.alloc(randomIdBytes);
const noDigest = Buffer.alloc(digestBytes);

/** One record to write, as `chunkRecord` and `noteRecord` make it. */
export interface LogRecord {
  readonly kind: RecordKind;
  readonly lease?: LeaseId | undefined;
  readonly digest?: Uint8Array | undefined;
  readonly payload: Uint8Array;
  readonly payloadCrc: number;
}

/** A record's header as read back; its payload is yet to be checked against `payloadCrc`. */
export interface RecordHeader {
  readonly kind: RecordKind;
  readonly lease: LeaseId | undefined;
  readonly digest: Uint8Array;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
}

/** Bytes that a record takes in its segment. */
export function recordBytes(payloadBytes: number): number {
  return recordHeaderBytes + payloadBytes;
}

/** The record of a chunk; takes its checksum, so that this is done before the record waits for its turn. */
export function chunkRecord(digest: Uint8Array, payload: Uint8Array, lease?: LeaseId): LogRecord {
  return { kind: "chunk", lease, digest, payload, payloadCrc: crc32(payload) };
}

/** The record that says something about file keys; at most `recordsPerNoteMax`. */
export function noteRecord(kind: Exclude<RecordKind, "chunk">, keys: readonly FileKey[], lease?: LeaseId): LogRecord {
  const payload = Buffer.concat(keys.map((key) => digestOf(key)));
  return { kind, lease, payload, payloadCrc: crc32(payload) };
}

/** The header of segment `number`, whose records carry the 8 bytes of `mark`. */
export function encodeSegmentHeader(number: number, mark: Uint8Array): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  segmentMagic.copy(header);
  header.writeUInt32BE(segmentVersion, 8);
  header.writeUInt32BE(number, 12);
  header.set(mark, 16);
  header.writeUInt32BE(crc32(header.subarray(0, 24)), 24);
  return header;
}

/** The mark in a segment header, or nothing when the header is damaged. Fails with `version` on a newer segment. */
export function decodeSegmentHeader(bytes: Buffer): Buffer | undefined {
  if (bytes.length < segmentHeaderBytes || !bytes.subarray(0, 8).equals(segmentMagic)) return undefined;
  if (crc32(bytes.subarray(0, 24)) !== bytes.readUInt32BE(24)) return undefined;
  const version = bytes.readUInt32BE(8);
  if (version !== segmentVersion)
    throw new DfsError("version", `a chunk segment has version ${version}, and this program knows ${segmentVersion}`);
  return Buffer.from(bytes.subarray(16, 16 + markBytes));
}

/** The header of `record` in a segment with this mark. */
export function encodeRecordHeader(mark: Uint8Array, record: LogRecord): Buffer {
  const header = Buffer.alloc(recordHeaderBytes);
  header.set(mark, 0);
  header.writeUInt8(kindNumbers[record.kind], 8);
  header.writeUInt32BE(record.payload.length, 12);
  header.set(record.lease === undefined ? noLease : Buffer.from(record.lease, "hex"), 16);
  header.set(record.digest ?? noDigest, 32);
  header.writeUInt32BE(record.payloadCrc, 64);
  header.writeUInt32BE(crc32(header.subarray(0, 68)), 68);
  return header;
}

/** Takes a record header apart; nothing when it is damaged. The digest is a copy. */
export function decodeRecordHeader(bytes: Buffer): RecordHeader | undefined {
  if (bytes.length < recordHeaderBytes) return undefined;
  if (crc32(bytes.subarray(0, 68)) !== bytes.readUInt32BE(68)) return undefined;
  const kind = kinds[bytes.readUInt8(8)];
  const payloadBytes = bytes.readUInt32BE(12);
  if (kind === undefined || payloadBytes > sealedBytesMax) return undefined;
  if (kind !== "chunk" && payloadBytes % digestBytes !== 0) return undefined;
  const lease = bytes.subarray(16, 16 + randomIdBytes);
  return {
    kind,
    lease: lease.equals(noLease) ? undefined : parseLeaseId(lease.toString("hex")),
    digest: new Uint8Array(bytes.subarray(32, 32 + digestBytes)),
    payloadBytes,
    payloadCrc: bytes.readUInt32BE(64),
  };
}

/** Whether a payload is what its header says. */
export function isPayloadIntact(header: RecordHeader, payload: Uint8Array): boolean {
  return payload.length === header.payloadBytes && crc32(payload) === header.payloadCrc;
}

/** The mark at the beginning of a record header. */
export function markOf(header: Buffer): Buffer {
  return Buffer.from(header.subarray(0, markBytes));
}

/** The file keys in a payload of whole digests, as `decodeRecordHeader` makes sure. */
export function decodeKeys(payload: Uint8Array): FileKey[] {
  return Array.from({ length: payload.length / digestBytes }, (_, at) =>
    fileKeyOf(payload.slice(at * digestBytes, (at + 1) * digestBytes)),
  );
}
