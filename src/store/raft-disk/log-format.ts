/**
 * The bytes of the consensus log. All integers are big-endian; term, vote, commit and indexes are u64 up to 2^53 − 1.
 *
 * Segment header, 84 bytes: magic `dfs-log\n` (8), version 1 (u32), begins (u32: 1 when the log begins with this
 * segment, 0 when it goes on in it), number (u64), mark (8), sequence number of its first record (u64), index and term
 * of the entry before (u64 each), hard state so far (term, vote, commit), CRC-32 of the 80 before (u32).
 *
 * Record header, 28 bytes: the segment's mark (8), sequence (u64), payload length (u32), CRC-32 of the payload (u32),
 * CRC-32 of the 24 before (u32). Payload: hard state (term, vote, commit), term of the entry before the first (u64),
 * index of the first (u64), their count (u32), and the entries as src/raft/entry-codec.ts writes them. Without entries
 * the three are 0. Zeros may follow the last record.
 *
 * The mark is random for each segment and the sequence grows by one from record to record, through all segments: no
 * bytes of an earlier life, and nothing that anybody put into an entry, are ever taken for a record.
 */
import { crc32 } from "node:zlib";
import { DfsError, assert } from "../../core/errors.ts";
import { raftRecordBytesMax } from "../../core/limits.ts";
import { ByteReader, ByteWriter } from "../../raft/byte-codec.ts";
import { EntryBlock, encodeEntries } from "../../raft/entry-codec.ts";
import type { Entry, HardState, MemberId } from "../../raft/types.ts";

const magic = new TextEncoder().encode("dfs-log\n");
const version = 1;
const payloadHeadBytes = 44;
/** Below this a record is written as one piece: copying is cheaper than many small parts. */
const onePieceBytesMax = 64 * 1024;

export const markBytes = 8;
export const segmentHeaderBytes = 84;
export const recordHeaderBytes = 28;

/** Index and term of an entry; of the one before the first that there may be, for instance. Both 0 when nothing came before. */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
}

/** What a segment says of itself, and of the log up to it. */
export interface SegmentHeader {
  readonly number: number;
  readonly mark: Uint8Array;
  /** Whatever older segments hold is void. */
  readonly begins: boolean;
  readonly sequence: number;
  readonly previous: LogPosition;
  readonly hardState: HardState;
}

/** What one record says: all of one save. */
export interface LogUpdate {
  readonly hardState: HardState;
  /** Term of the entry before the first; 0 without entries. */
  readonly previousTerm: number;
  readonly entries: readonly Entry[];
}

/** A record's header as read back; its payload is yet to be checked. */
export interface RecordHeader {
  readonly sequence: number;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
}

/** A record's payload as read back. */
export interface RecordPayload {
  readonly hardState: HardState;
  readonly previousTerm: number;
  /** A view of the payload's bytes. */
  readonly block: EntryBlock;
}

/** The bytes of a segment's header. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const { number, mark, begins, sequence, previous, hardState } = header;
  const writer = new ByteWriter(segmentHeaderBytes - 4)
    .raw(magic)
    .u32(version)
    .u32(begins ? 1 : 0);
  writer.u64(number).raw(mark).u64(sequence).u64(previous.index).u64(previous.term);
  const bytes = writeHardState(writer, hardState).finish();
  return new ByteWriter(segmentHeaderBytes).raw(bytes).u32(crc32(bytes)).finish();
}

/** The header at the beginning of a segment; undefined when it is damaged. Fails with `version` on a newer segment. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < segmentHeaderBytes) return undefined;
  const reader = new ByteReader(bytes.subarray(0, segmentHeaderBytes));
  if (
    !isSame(reader.raw(magic.length), magic) ||
    crc32(bytes.subarray(0, segmentHeaderBytes - 4)) !== lastWord(bytes.subarray(0, segmentHeaderBytes))
  )
    return undefined;
  const found = reader.u32();
  if (found !== version)
    throw new DfsError("version", `the consensus log has version ${found}, and this program knows ${version}`);
  return unlessImpossible(() => {
    const begins = reader.u32();
    const [number, mark] = [reader.u64(), new Uint8Array(reader.raw(markBytes))];
    const [sequence, index, term] = [reader.u64(), reader.u64(), reader.u64()];
    const hardState = readHardState(reader);
    return begins > 1
      ? undefined
      : { number, mark, begins: begins === 1, sequence, previous: { index, term }, hardState };
  });
}

/** What `read` gives; undefined where it meets a number that nobody can have written, under whatever checksum. */
export function unlessImpossible<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DfsError && error.kind === "protocol") return undefined;
    throw error;
  }
}

/** A record as parts to be written one after the other; the data of long entries is not copied. Stops when it is too long. */
export function encodeRecord(mark: Uint8Array, sequence: number, update: LogUpdate): Uint8Array[] {
  const payload = encodePayload(update);
  const payloadBytes = bytesOf(payload);
  assert(payloadBytes <= raftRecordBytesMax, `one save of the consensus log has ${payloadBytes} bytes`);
  // Node's crc32 forgets what came before when it is given no bytes at all.
  const payloadCrc = payload.reduce((crc, part) => (part.length === 0 ? crc : crc32(part, crc)), 0);
  const head = new ByteWriter(recordHeaderBytes - 4).raw(mark).u64(sequence).u32(payloadBytes).u32(payloadCrc).finish();
  const parts = [new ByteWriter(recordHeaderBytes).raw(head).u32(crc32(head)).finish(), ...payload];
  return payloadBytes > onePieceBytesMax ? parts : [Buffer.concat(parts)];
}

/** The header at the beginning of `bytes`; undefined when there is none of a segment with this mark. */
export function decodeRecordHeader(bytes: Uint8Array, mark: Uint8Array): RecordHeader | undefined {
  if (bytes.length < recordHeaderBytes) return undefined;
  const header = bytes.subarray(0, recordHeaderBytes);
  const reader = new ByteReader(header);
  if (!isSame(reader.raw(markBytes), mark)) return undefined;
  if (crc32(header.subarray(0, recordHeaderBytes - 4)) !== lastWord(header)) return undefined;
  return unlessImpossible(() => ({ sequence: reader.u64(), payloadBytes: reader.u32(), payloadCrc: reader.u32() }));
}

/** Whether a payload is what its header says. */
export function isPayloadIntact(header: RecordHeader, payload: Uint8Array): boolean {
  return payload.length === header.payloadBytes && crc32(payload) === header.payloadCrc;
}

/** Takes an intact payload apart. Fails with `protocol` when it cannot have been written by `encodeRecord`. */
export function decodePayload(payload: Uint8Array): RecordPayload {
  const reader = new ByteReader(payload);
  const hardState = readHardState(reader);
  const [previousTerm, firstIndex, count] = [reader.u64(), reader.u64(), reader.u32()];
  if (count === 0 ? firstIndex > 0 || previousTerm > 0 : firstIndex === 0)
    throw new DfsError("protocol", `a record of the log has ${count} entries from ${firstIndex} on`);
  const block = new EntryBlock(reader.rest(), firstIndex, count, Math.max(previousTerm, 1));
  return { hardState, previousTerm, block };
}

/** Bytes of all parts together. */
export function bytesOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function encodePayload({ hardState, previousTerm, entries }: LogUpdate): Uint8Array[] {
  const head = writeHardState(new ByteWriter(payloadHeadBytes), hardState);
  head
    .u64(previousTerm)
    .u64(entries[0]?.index ?? 0)
    .u32(entries.length);
  return [head.finish(), ...encodeEntries(entries)];
}

function writeHardState(writer: ByteWriter, { term, vote, commit }: HardState): ByteWriter {
  return writer.u64(term).u64(vote).u64(commit);
}

function readHardState(reader: ByteReader): HardState {
  return { term: reader.u64(), vote: reader.u64() as MemberId, commit: reader.u64() };
}

function lastWord(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(bytes.length - 4);
}

/** Whether two byte strings of one length are the same. */
function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.every((byte, at) => byte === right[at]);
}
