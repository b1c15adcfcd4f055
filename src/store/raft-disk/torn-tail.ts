/** What the bytes behind the last good record of a segment are: nothing, a write that the power cut short, or damage. */
import { decodeRecordHeader, recordHeaderBytes } from "./log-format.ts";

/** What a disk writes as a whole or not at all. */
const sectorBytes = 512;

/**
 * `end`: nothing follows but zeros. `torn`: the last write did not reach the disk as a whole, and nobody was told that
 * it had; it may be cut. `damaged`: what is here was on the disk once.
 */
export type Tail = "end" | "torn" | "damaged";

/**
 * Judges the bytes from `offset` on, where no good record with this `sequence` begins.
 *
 * A write begins only when the one before is on the disk: whatever belongs to a later one shows that this one was
 * there. An unfinished write leaves sectors that are written and sectors that are not, which read as zeros or lie
 * behind the end of the file. So a bad record that lacks no sector is damaged. One that has a sector of zeros by its own
 * data, and is damaged elsewhere, cannot be told from a torn one.
 */
export function judgeTail(bytes: Uint8Array, offset: number, mark: Uint8Array, sequence: number): Tail {
  if (isZero(bytes, offset, bytes.length)) return "end";
  if (hasLaterRecord(bytes, offset, mark, sequence)) return "damaged";
  const header = decodeRecordHeader(bytes.subarray(offset), mark);
  const end = offset + recordHeaderBytes + (header?.payloadBytes ?? 0);
  if (header !== undefined && header.sequence !== sequence) return "damaged";
  if (end > bytes.length) return "torn";
  if (header !== undefined && !isZero(bytes, end, bytes.length)) return "damaged";
  return lacksSector(bytes, offset, end) ? "torn" : "damaged";
}

/** Whether the header of a later record lies anywhere behind `offset`. */
function hasLaterRecord(bytes: Uint8Array, offset: number, mark: Uint8Array, sequence: number): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = buffer.indexOf(mark, offset); at >= 0; at = buffer.indexOf(mark, at + 1)) {
    const header = decodeRecordHeader(bytes.subarray(at), mark);
    if (header !== undefined && header.sequence > sequence) return true;
  }
  return false;
}

/** Whether all that one sector has of these bytes is zero. */
function lacksSector(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at = nextSector(at)) if (isZero(bytes, at, Math.min(nextSector(at), to))) return true;
  return false;
}

function nextSector(offset: number): number {
  return (Math.floor(offset / sectorBytes) + 1) * sectorBytes;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
