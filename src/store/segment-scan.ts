/** Reads a segment record by record, past damage: what recovery and compaction walk through. */
import type { FileHandle } from "node:fs/promises";
import { sealedBytesMax } from "../core/limits.ts";
import {
  decodeRecordHeader,
  decodeSegmentHeader,
  isPayloadIntact,
  markOf,
  recordBytes,
  recordHeaderBytes,
  segmentHeaderBytes,
} from "./segment-format.ts";
import type { RecordHeader } from "./segment-format.ts";

/** What lies at one place of a segment. Offsets and lengths are in bytes. */
export type ScanItem =
  /** An intact record. Its payload is a view that the next step overwrites. */
  | { readonly at: "record"; readonly offset: number; readonly header: RecordHeader; readonly payload: Buffer }
  /** Bytes that are no record; with the header where that much is intact and they are that one record and no more. */
  | { readonly at: "damage"; readonly offset: number; readonly length: number; readonly header?: RecordHeader }
  /** The file ends in the middle of a record, or in zeros: a write that never finished. Always the last item. */
  | { readonly at: "torn"; readonly offset: number };

/** Room for the longest record beside the longest rest of one. */
const windowBytes = 2 * recordBytes(sealedBytesMax);

/** A part of a file in memory, moved forward as it is read. */
class FileWindow {
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(windowBytes);
  readonly sizeBytes: number;
  #start = 0;
  #length = 0;

  constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  /** The bytes at `offset`, fewer than `length` where the file ends. Valid until the next read. */
  async read(offset: number, length: number): Promise<Buffer> {
    const end = Math.min(offset + length, this.sizeBytes);
    if (offset < this.#start || end > this.#start + this.#length) await this.#moveTo(offset);
    const from = offset - this.#start;
    return this.#buffer.subarray(from, Math.max(from, Math.min(end - this.#start, this.#length)));
  }

  async #moveTo(offset: number): Promise<void> {
    this.#start = offset;
    this.#length = 0;
    const wanted = Math.min(windowBytes, this.sizeBytes - offset);
    while (this.#length < wanted) {
      const { bytesRead } = await this.#handle.read(
        this.#buffer,
        this.#length,
        wanted - this.#length,
        offset + this.#length,
      );
      if (bytesRead === 0) break;
      this.#length += bytesRead;
    }
  }
}

/**
 * The mark of a segment's records; where its header is damaged, that of its first record.
 * Nothing when neither can be read. Fails with `version` on a newer segment, or with the system's error.
 */
export async function readMark(handle: FileHandle): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(segmentHeaderBytes + recordHeaderBytes);
  await handle.read(bytes, 0, bytes.length, 0);
  const mark = decodeSegmentHeader(bytes);
  if (mark !== undefined) return mark;
  const first = bytes.subarray(segmentHeaderBytes);
  return decodeRecordHeader(first) === undefined ? undefined : markOf(first);
}

/**
 * What lies in a segment from `offset`, where a record begins, to its end; every payload is checked.
 * Holds about 2 MiB. Fails with the system's error.
 */
export async function* scanSegment(handle: FileHandle, mark: Buffer, offset: number): AsyncGenerator<ScanItem, void> {
  const window = new FileWindow(handle, (await handle.stat()).size);
  let at = offset;
  while (at < window.sizeBytes) {
    const item = await scanAt(window, mark, at);
    yield item;
    if (item.at === "torn") return;
    at += item.at === "damage" ? item.length : recordBytes(item.header.payloadBytes);
  }
}

async function scanAt(window: FileWindow, mark: Buffer, offset: number): Promise<ScanItem> {
  const header = headerOf(await window.read(offset, recordHeaderBytes), mark);
  if (header === undefined) return skipDamage(window, mark, offset);
  const record = await window.read(offset, recordBytes(header.payloadBytes));
  const payload = record.subarray(recordHeaderBytes);
  if (isPayloadIntact(header, payload)) return { at: "record", offset, header, payload };
  return skipDamage(window, mark, offset, header);
}

function headerOf(bytes: Buffer, mark: Buffer): RecordHeader | undefined {
  return bytes.subarray(0, mark.length).equals(mark) ? decodeRecordHeader(bytes) : undefined;
}

/** From bytes that are no record to the next that look like one, or to the end. */
async function skipDamage(window: FileWindow, mark: Buffer, offset: number, header?: RecordHeader): Promise<ScanItem> {
  const next = await findHeader(window, mark, offset + 1);
  if (next === undefined && (await isUnfinished(window, offset, header))) return { at: "torn", offset };
  const length = (next ?? window.sizeBytes) - offset;
  // More than one record: what the others said, nobody knows.
  if (header === undefined || length !== recordBytes(header.payloadBytes)) return { at: "damage", offset, length };
  return { at: "damage", offset, length, header };
}

/** Whether the last bytes of the file are a record that was not written to its end, or not at all. */
async function isUnfinished(window: FileWindow, offset: number, header?: RecordHeader): Promise<boolean> {
  const rest = window.sizeBytes - offset;
  if (header !== undefined) return rest < recordBytes(header.payloadBytes);
  return rest < recordHeaderBytes || (await window.read(offset, recordHeaderBytes)).every((byte) => byte === 0);
}

async function findHeader(window: FileWindow, mark: Buffer, offset: number): Promise<number | undefined> {
  const stepBytes = sealedBytesMax;
  let at = offset;
  while (at + recordHeaderBytes <= window.sizeBytes) {
    // Marks are searched within one step; headers that begin there may reach beyond it.
    const bytes = await window.read(at, stepBytes + recordHeaderBytes);
    const found = bytes.subarray(0, stepBytes + mark.length - 1).indexOf(mark);
    if (found === -1) at += stepBytes;
    else if (headerOf(bytes.subarray(found, found + recordHeaderBytes), mark) !== undefined) return at + found;
    else at += found + 1;
  }
  return undefined;
}
