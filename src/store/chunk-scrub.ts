/**
 * Re-hashes chunks in the order of the index's rows, which is about that in which they lie on the disk: neighbours are
 * read in one go, and the next ones while these are hashed. Whatever is not found where it should be is looked at
 * again by itself, for it may have moved.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { DfsError } from "../core/errors.ts";
import { scrubReadBytesMax, scrubRowsMax } from "../core/limits.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import type { ScrubStep } from "./chunk-store.ts";
import type { ChunkRow } from "./chunk-table.ts";
import { decodeRecordHeader, recordBytes, recordHeaderBytes } from "./segment-format.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { StoreIndex } from "./store-index.ts";

/** What a scrub works with. */
export interface ScrubParts {
  readonly files: SegmentFiles;
  readonly index: StoreIndex;
  readonly reader: ChunkReader;
}

/** Chunks of one segment that lie close together. */
interface Run {
  readonly segment: number;
  readonly offset: number;
  endBytes: number;
  readonly rows: ChunkRow[];
}

/** `ChunkStore.scrub`. The cursor is the number of the last row that was looked at. */
export async function scrubStep(
  parts: ScrubParts,
  cursor: string | undefined,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<ScrubStep> {
  let last = rowNumber(cursor);
  const damaged: Uint8Array[] = [];
  let [chunks, bytes] = [0, 0];
  while (chunks === 0 || bytes < maxBytes) {
    signal?.throwIfAborted();
    const page = parts.index.chunks.pageById(last, scrubRowsMax);
    if (page.length === 0) return { cursor: undefined, chunks, bytes, damaged };
    const rows = upTo(page, Math.max(1, maxBytes - bytes));
    damaged.push(...(await checkRows(parts, rows, signal)));
    chunks += rows.length;
    bytes += rows.reduce((sum, row) => sum + row.bytes, 0);
    last = rows.at(-1)?.id ?? last;
  }
  return { cursor: String(last), chunks, bytes, damaged };
}

function rowNumber(cursor: string | undefined): number {
  const last = Number(cursor ?? "0");
  if (!Number.isSafeInteger(last) || last < 0) throw new DfsError("usage", `${cursor} is no place to scrub from`);
  return last;
}

function upTo(rows: readonly ChunkRow[], bytesMax: number): readonly ChunkRow[] {
  let bytes = 0;
  const end = rows.findIndex((row) => (bytes += row.bytes) >= bytesMax);
  return end === -1 ? rows : rows.slice(0, end + 1);
}

async function checkRows(parts: ScrubParts, rows: readonly ChunkRow[], signal?: AbortSignal): Promise<Uint8Array[]> {
  const damaged: Uint8Array[] = [];
  const runs = runsOf(rows);
  let next = readRun(parts.files, runs[0]);
  for (const [at, run] of runs.entries()) {
    const bytes = await next;
    next = readRun(parts.files, runs[at + 1]);
    for (const row of run.rows) {
      if (isSound(row, bytes?.subarray(row.offset - run.offset))) continue;
      if (!(await parts.reader.verify(row.digest))) damaged.push(row.digest.slice());
    }
    signal?.throwIfAborted();
  }
  return damaged;
}

function runsOf(rows: readonly ChunkRow[]): Run[] {
  const runs: Run[] = [];
  for (const row of rows.toSorted((a, b) => a.segment - b.segment || a.offset - b.offset)) {
    const last = runs.at(-1);
    const endBytes = row.offset + recordBytes(row.bytes);
    if (last?.segment === row.segment && endBytes - last.offset <= scrubReadBytesMax) {
      last.rows.push(row);
      last.endBytes = endBytes;
    } else runs.push({ segment: row.segment, offset: row.offset, endBytes, rows: [row] });
  }
  return runs;
}

/** The bytes of a run, fewer where the file ends early; nothing when it cannot be read, which the second look explains. */
async function readRun(files: SegmentFiles, run: Run | undefined): Promise<Buffer | undefined> {
  if (run === undefined) return undefined;
  try {
    return await files.use(run.segment, (handle) => readAll(handle, run));
  } catch {
    return undefined;
  }
}

async function readAll(handle: FileHandle, { offset, endBytes }: Run): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(endBytes - offset);
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, offset + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

function isSound(row: ChunkRow, record: Buffer | undefined): boolean {
  const header = record === undefined ? undefined : decodeRecordHeader(record);
  if (record === undefined || header === undefined || Buffer.compare(header.digest, row.digest) !== 0) return false;
  const payload = record.subarray(recordHeaderBytes, recordBytes(row.bytes));
  return Buffer.compare(createHash("sha256").update(payload).digest(), row.digest) === 0;
}
