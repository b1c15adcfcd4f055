/** Chunks that lie close together in one segment, read by one call of the system into the places where they are wanted. */
import type { FileHandle } from "node:fs/promises";
import { gapReadBytesMax, chunksPerReadMax } from "../core/limits.ts";
import type { ChunkRow } from "./chunk-table.ts";
import { decodeRecordHeader, isPayloadIntact, recordBytes, recordHeaderBytes } from "./segment-format.ts";

/** A chunk, and the memory for it, of its length; `at` is its place among those that were asked for. */
interface WantedChunk {
  readonly at: number;
  readonly row: ChunkRow;
  readonly memory: Uint8Array;
}

/** Chunks of one segment in the order in which they lie there. */
interface Run {
  readonly segment: number;
  readonly pieces: WantedChunk[];
}

/** Where what lies in between is read to; nobody looks at it. */
const gap = new Uint8Array(gapReadBytesMax);

/** The chunks in as few runs as there are wider gaps between them. */
export function runsOf(wanted: readonly WantedChunk[]): readonly Run[] {
  const runs: Run[] = [];
  let endBytes = 0;
  for (const chunk of wanted.toSorted((left, right) => inOrder(left.row, right.row))) {
    const { segment, offset, bytes } = chunk.row;
    const run = runs.at(-1);
    const gapBytes = offset - endBytes;
    const isClose = run?.segment === segment && gapBytes >= 0 && gapBytes <= gapReadBytesMax;
    if (run !== undefined && isClose && run.pieces.length < chunksPerReadMax) run.pieces.push(chunk);
    else runs.push({ segment, pieces: [chunk] });
    endBytes = offset + recordBytes(bytes);
  }
  return runs;
}

/** Reads a run; says of each of its chunks whether it is now as it was stored. Fails with the system's error. */
export async function takeRun(handle: FileHandle, { pieces }: Run): Promise<readonly boolean[]> {
  const headers = Buffer.alloc(pieces.length * recordHeaderBytes);
  const headerAt = (place: number): Buffer =>
    headers.subarray(place * recordHeaderBytes, (place + 1) * recordHeaderBytes);
  const startBytes = pieces[0]?.row.offset ?? 0;
  let endBytes = startBytes;
  const parts: Uint8Array[] = [];
  for (const [place, { row, memory }] of pieces.entries()) {
    if (row.offset > endBytes) parts.push(gap.subarray(0, row.offset - endBytes));
    parts.push(headerAt(place), memory);
    endBytes = row.offset + recordBytes(row.bytes);
  }
  const { bytesRead } = await handle.readv(parts, startBytes);
  return pieces.map(({ row, memory }, place) => {
    if (row.offset + recordBytes(row.bytes) - startBytes > bytesRead) return false;
    const header = decodeRecordHeader(headerAt(place));
    return header !== undefined && isPayloadIntact(header, memory) && Buffer.compare(header.digest, row.digest) === 0;
  });
}

function inOrder(left: ChunkRow, right: ChunkRow): number {
  return left.segment - right.segment || left.offset - right.offset;
}
