/** A whole store that starts over segments that were damaged: what it says it has, it has, and nothing intact is lost. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecordBuilder } from "../../../src/chunking/file-record.ts";
import { type FileKey, parseShelfId } from "../../../src/core/ids.ts";
import { DiskChunkStore } from "../../../src/store/disk-chunk-store.ts";
import {
  type LogRecord,
  chunkRecord,
  encodeRecordHeader,
  encodeSegmentHeader,
  noteRecord,
} from "../../../src/store/segment-format.ts";
import { recordHeaderBytes, segmentHeaderBytes } from "../../../src/store/segment-format.ts";
import { addSums, emptySum, recordSum } from "../../../src/store/set-digest.ts";
import { encodeChanged } from "../../../src/store/shelf-note.ts";
import { type Extent, damagedFiles, isIntact } from "../edits.ts";
import { type FuzzTarget, decodedLater, expectSame, expectTrue } from "../target.ts";

/** Flushing costs nothing there. */
const memoryFolder = "/dev/shm";
const shelf = parseShelfId("ffeeddccbbaa99887766554433221100");
const marks = ["0123456789abcdef", "fedcba9876543210"].map((hex) => Buffer.from(hex, "hex"));
const digestOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

/** A file of one chunk: its chunk, its record page and its key. */
interface StoredFile {
  readonly chunks: readonly LogRecord[];
  readonly key: FileKey;
}

function storedFile(length: number): StoredFile {
  const payload = Buffer.alloc(length, length);
  const builder = new RecordBuilder();
  builder.add(digestOf(payload), length);
  const { fileKey, pages } = builder.finish();
  const all = [{ digest: digestOf(payload), bytes: payload as Uint8Array }, ...pages];
  return { chunks: all.map(({ digest, bytes }) => chunkRecord(digest, bytes)), key: fileKey };
}

const files = [40, 100, 17, 64].map(storedFile);
const sums = files.reduce<Uint8Array[]>(
  (all, { key }) => [...all, addSums(all.at(-1) ?? emptySum(), recordSum(key, 2))],
  [],
);

/** The note by which the file at `place` came into the set; its number is one more. */
function noteOf(place: number): LogRecord {
  const digest = sums[place] as Uint8Array;
  const state = { fence: 1, epoch: 1, sequence: place + 1, digest, records: 0, isLoose: false };
  const entries = [{ fileKey: (files[place] as StoredFile).key, copies: 2 }];
  return noteRecord("changed", encodeChanged({ step: { state, restartsAt: undefined, isLogged: true }, entries }), {
    shelf,
  });
}

/** A record and where it is. */
interface Placed extends Extent {
  readonly segment: number;
  readonly record: LogRecord;
}

/** Two files in each of two segments. */
const built = ((): { segments: readonly Uint8Array[]; placed: readonly Placed[] } => {
  const segments = marks.map((mark, at) => encodeSegmentHeader(at + 1, mark));
  const placed: Placed[] = [];
  for (const [place, file] of files.entries()) {
    const segment = place >> 1;
    for (const record of [...file.chunks, noteOf(place)]) {
      const from = segments[segment]?.length ?? 0;
      const header = encodeRecordHeader(marks[segment] as Buffer, record);
      segments[segment] = Buffer.concat([segments[segment] as Buffer, header, record.payload]);
      placed.push({ segment, record, from, to: from + header.length + record.payload.length });
    }
  }
  return { segments: segments.map((bytes) => new Uint8Array(bytes)), placed };
})();

async function run(script: Uint8Array): Promise<void> {
  const damaged = damagedFiles(built.segments, script);
  const folder = await mkdtemp(join(existsSync(memoryFolder) ? memoryFolder : tmpdir(), "dfs-fuzz-"));
  try {
    await mkdir(join(folder, "segments"));
    for (const [at, bytes] of damaged.entries())
      await writeFile(join(folder, "segments", `0000000${at + 1}.seg`), bytes);
    await writeFile(join(folder, "store.id"), `${"0f".repeat(16)}\n`);
    await checkStore(folder, damaged);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkStore(folder: string, damaged: readonly Uint8Array[]): Promise<void> {
  const store = new DiskChunkStore({ folder });
  const started = await decodedLater(["version"], async () => {
    await store.start();
    return true;
  });
  if (started === undefined) return;
  try {
    await checkChunks(store, damaged);
    await checkShelf(store, damaged);
  } finally {
    await store.stop();
  }
}

/** Chunks that are here are what they were; intact ones in a segment that can be read are here while a record names them. */
async function checkChunks(store: DiskChunkStore, damaged: readonly Uint8Array[]): Promise<void> {
  const named = new Set<string>();
  const records = await store.hasRecords(files.map(({ key }) => key));
  for (const [place, { chunks }] of files.entries())
    if (records[place] === true) for (const { digest } of chunks) named.add(hexOf(digest));
  for (const { record, segment, ...extent } of built.placed) {
    if (record.kind !== "chunk" || record.digest === undefined) continue;
    const [isHere] = await store.has([record.digest]);
    if (isHere === true) {
      const bytes = await decodedLater(["integrity"], () => store.get(record.digest as Uint8Array));
      if (bytes !== undefined) expectSame("a chunk", Buffer.from(bytes).toString("hex"), hexOf(record.payload));
    }
    const isLeft =
      isReadable(damaged, segment) &&
      isIntact(damaged[segment] as Uint8Array, built.segments[segment] as Uint8Array, extent);
    if (isLeft && named.has(hexOf(record.digest))) expectTrue("an intact chunk is lost", isHere === true);
  }
}

/** A savepoint is the last one that was written, or none; a file whose note and chunks are intact is in the set. */
async function checkShelf(store: DiskChunkStore, damaged: readonly Uint8Array[]): Promise<void> {
  const savepoint = await store.savepoint(shelf);
  const isLeft = built.placed.map(
    (placed) =>
      isReadable(damaged, placed.segment) &&
      isIntact(damaged[placed.segment] as Uint8Array, built.segments[placed.segment] as Uint8Array, placed),
  );
  const notes = built.placed.flatMap(({ record }, at) => (record.kind === "changed" ? [at] : []));
  const lastNote = notes.findLastIndex((at) => isLeft[at] === true);
  const sequence = savepoint?.sequence ?? 0;
  expectTrue(`savepoint ${sequence} and an intact note ${lastNote + 1}`, sequence === 0 || sequence >= lastNote + 1);
  if (sequence > 0) expectSame("the digest of a savepoint", hexOf(savepoint?.digest), hexOf(sums[sequence - 1]));
  const isUncut = damaged.every((bytes, at) => bytes.length === built.segments[at]?.length && bytes.at(-1) !== 0);
  if (isUncut && sequence > 0) expectSame("the savepoint of segments that end as they did", sequence, notes.length);
  const has = await store.hasRecords(files.map(({ key }) => key));
  for (const [place, at] of notes.entries()) {
    const isWhole = isLeft[at] === true && isLeft[at - 1] === true && isLeft[at - 2] === true;
    if (isWhole) expectTrue(`file ${place} is lost`, has[place] === true);
  }
}

/** A segment is set aside when neither its header nor that of its first record can be read. */
function isReadable(damaged: readonly Uint8Array[], segment: number): boolean {
  const [bytes, written] = [damaged[segment] as Uint8Array, built.segments[segment] as Uint8Array];
  const first = { from: segmentHeaderBytes, to: segmentHeaderBytes + recordHeaderBytes };
  return isIntact(bytes, written, { from: 0, to: segmentHeaderBytes }) || isIntact(bytes, written, first);
}

function hexOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? new Uint8Array(0)).toString("hex");
}

function changeAt(kind: number, segment: number, offset: number, number: number): number[] {
  const place = offset + (segment === 0 ? 0 : (built.segments[0]?.length ?? 0));
  return [kind, place >> 8, place & 255, number];
}

export const store: FuzzTarget = {
  name: "store",
  decoders: ["src/store/recovery.ts recover"],
  seeds: () => [
    new Uint8Array(0),
    ...built.placed.flatMap(({ segment, from, to }) => [
      Uint8Array.from(changeAt(0, segment, from + 20, 1)),
      Uint8Array.from(changeAt(4, segment, to - 3, 0)),
      Uint8Array.from([...changeAt(0, segment, to - 1, 1), ...changeAt(0, segment, to + 9, 1)]),
    ]),
  ],
  bytesMax: 128,
  run,
  // A database is made, and a window of 2 MiB for each segment.
  bounds: { ms: 2_000, allocatedBytes: 64 * 1024 ** 2 },
};
