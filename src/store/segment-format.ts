/**
 * The bytes of a segment: a header, then records one after the other. All integers are big-endian.
 *
 * Segment header, 28 bytes: magic `dfs-seg\n` (8), version 2 (u32), number (u32), mark (8), CRC-32 of the 24 before (u32).
 * Record header, 88 bytes: mark (8), kind (u8), zero (3), payload length (u32), lease (16) and shelf (16, zeros for none),
 * digest (32, zeros where the kind has none), CRC-32 of the payload (u32), CRC-32 of the 84 before (u32). The payload follows.
 *
 * The mark is random for each segment, so that nobody can write a chunk that looks like a record of ours when recovery
 * searches for the next record behind a damaged one.
 */
import { crc32 } from "node:zlib";
import { DfsError } from "../core/errors.ts";
import { digestBytes, parseLeaseId, parseShelfId, randomIdBytes } from "../core/ids.ts";
import type { LeaseId, ShelfId } from "../core/ids.ts";
import { sealedBytesMax } from "../core/limits.ts";
import { noteEntryBytes, noteHeadBytes } from "./shelf-note.ts";

/**
 * What a record says, with its number on disk; shelf-note.ts has the payloads of all but chunks.
 * `chunk`: the payload is the chunk `digest`, put under a lease. `changed`: these records came to the shelf's set or left
 * it, under a lease or not, and this is its savepoint now. `repeated`: compaction says again what is in the set and what
 * is not, because it removes where it was said. `forgotten`: the shelf is not here any more.
 */
const kindNumbers = { chunk: 0, changed: 1, repeated: 2, forgotten: 3 } as const;
/** The name of a kind. */
export type RecordKind = keyof typeof kindNumbers;
const kinds = Object.keys(kindNumbers) as readonly RecordKind[];

const segmentMagic = Buffer.from("dfs-seg\n");
const segmentVersion = 2;
const markBytes = 8;
/** Bytes of a segment's header, and of each record's. */
export const segmentHeaderBytes = 28;
export const recordHeaderBytes = 88;

const noId = Buffer.alloc(randomIdBytes);
const noDigest = Buffer.alloc(digestBytes);

/** Who a record belongs to. */
export interface RecordOwner {
  readonly lease?: LeaseId | undefined;
  readonly shelf?: ShelfId | undefined;
}

/** One record to write, as `chunkRecord` and `noteRecord` make it. */
export interface LogRecord extends RecordOwner {
  readonly kind: RecordKind;
  readonly digest?: Uint8Array | undefined;
  readonly payload: Uint8Array;
  readonly payloadCrc: number;
}

/** A record's header as read back; its payload is yet to be checked against `payloadCrc`. */
export interface RecordHeader {
  readonly kind: RecordKind;
  readonly lease: LeaseId | undefined;
  readonly shelf: ShelfId | undefined;
  readonly digest: Uint8Array;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
}

/** Bytes that a record takes in its segment. */
export function recordBytes(payloadBytes: number): number {
  return recordHeaderBytes + payloadBytes;
}

/** The record of a chunk; takes its checksum, so that this is done before the record waits for its turn. */
export function chunkRecord(digest: Uint8Array, payload: Uint8Array, owner: RecordOwner = {}): LogRecord {
  return { kind: "chunk", ...owner, digest, payload, payloadCrc: crc32(payload) };
}

/** The record that says something about a shelf. */
export function noteRecord(kind: Exclude<RecordKind, "chunk">, payload: Uint8Array, owner: RecordOwner): LogRecord {
  return { kind, ...owner, payload, payloadCrc: crc32(payload) };
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

/** The mark in a segment header, or nothing when the header is damaged. Fails with `version` on a segment of another version. */
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
  header.set(record.lease === undefined ? noId : Buffer.from(record.lease, "hex"), 16);
  header.set(record.shelf === undefined ? noId : Buffer.from(record.shelf, "hex"), 32);
  header.set(record.digest ?? noDigest, 48);
  header.writeUInt32BE(record.payloadCrc, 80);
  header.writeUInt32BE(crc32(header.subarray(0, 84)), 84);
  return header;
}

/** Takes a record header apart; nothing when it is damaged. The digest is a copy. */
export function decodeRecordHeader(bytes: Buffer): RecordHeader | undefined {
  if (bytes.length < recordHeaderBytes) return undefined;
  if (crc32(bytes.subarray(0, 84)) !== bytes.readUInt32BE(84)) return undefined;
  const kind = kinds[bytes.readUInt8(8)];
  const payloadBytes = bytes.readUInt32BE(12);
  if (kind === undefined || !mayHave(kind, payloadBytes) || bytes.readUIntBE(9, 3) !== 0) return undefined;
  const [lease, shelf] = [idAt(bytes, 16), idAt(bytes, 32)];
  if (kind !== "chunk" && shelf === undefined) return undefined;
  return {
    kind,
    lease: lease === undefined ? undefined : parseLeaseId(lease),
    shelf: shelf === undefined ? undefined : parseShelfId(shelf),
    digest: new Uint8Array(bytes.subarray(48, 48 + digestBytes)),
    payloadBytes,
    payloadCrc: bytes.readUInt32BE(80),
  };
}

function mayHave(kind: RecordKind, payloadBytes: number): boolean {
  if (payloadBytes > sealedBytesMax) return false;
  if (kind === "chunk") return true;
  if (kind === "forgotten") return payloadBytes === 0;
  const entriesBytes = kind === "changed" ? payloadBytes - noteHeadBytes : payloadBytes;
  return entriesBytes >= 0 && entriesBytes % noteEntryBytes === 0;
}

function idAt(bytes: Buffer, offset: number): string | undefined {
  const id = bytes.subarray(offset, offset + randomIdBytes);
  return id.equals(noId) ? undefined : id.toString("hex");
}

/** Whether a payload is what its header says. */
export function isPayloadIntact(header: RecordHeader, payload: Uint8Array): boolean {
  return payload.length === header.payloadBytes && crc32(payload) === header.payloadCrc;
}

/** The mark at the beginning of a record header. */
export function markOf(header: Buffer): Buffer {
  return Buffer.from(header.subarray(0, markBytes));
}
