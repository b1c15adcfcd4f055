/** Segments of chunks: headers, records and notes, and the walk through a segment that was damaged. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { fileKeyOf, parseLeaseId, parseShelfId } from "../../../src/core/ids.ts";
import {
  chunkRecord,
  decodeRecordHeader,
  decodeSegmentHeader,
  encodeRecordHeader,
  encodeSegmentHeader,
} from "../../../src/store/segment-format.ts";
import {
  type LogRecord,
  isPayloadIntact,
  noteRecord,
  recordHeaderBytes,
  segmentHeaderBytes,
} from "../../../src/store/segment-format.ts";
import { type ScanItem, readMark, scanSegment } from "../../../src/store/segment-scan.ts";
import { emptySum, recordSum } from "../../../src/store/set-digest.ts";
import { decodeChanged, decodeEntries, encodeChanged, encodeEntries } from "../../../src/store/shelf-note.ts";
import { type Extent, damagedFiles, isIntact } from "../edits.ts";
import { type FuzzTarget, caseInput, chosen, decodedLater, decodedOr, expectSame, expectTrue } from "../target.ts";

const mark = Buffer.from("0123456789abcdef", "hex");
const lease = parseLeaseId("00112233445566778899aabbccddeeff");
const shelf = parseShelfId("ffeeddccbbaa99887766554433221100");
const digestOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const key = (number: number) => fileKeyOf(digestOf(Buffer.of(number)));

function changedNote(sequence: number): LogRecord {
  const state = { fence: 9, epoch: 8, sequence, digest: recordSum(key(sequence), 2), records: 0, isLoose: false };
  const entries = [{ fileKey: key(sequence), copies: 2 }];
  return noteRecord("changed", encodeChanged({ step: { state, restartsAt: undefined, isLogged: true }, entries }), {
    shelf,
  });
}

function chunk(length: number): LogRecord {
  const payload = Buffer.alloc(length, length);
  return chunkRecord(digestOf(payload), payload, { lease, shelf });
}

const records: readonly LogRecord[] = [
  chunk(40),
  chunk(200),
  changedNote(1),
  chunk(17),
  changedNote(2),
  noteRecord("repeated", encodeEntries([{ fileKey: key(5), copies: 0 }]), { shelf }),
  changedNote(3),
  chunk(60),
  noteRecord("forgotten", Buffer.alloc(0), { shelf }),
  changedNote(4),
];
const written = new Uint8Array(
  Buffer.concat([
    encodeSegmentHeader(7, mark),
    ...records.flatMap((record) => [encodeRecordHeader(mark, record), record.payload]),
  ]),
);
const extents: readonly Extent[] = records.map((_, at) => {
  const from = records
    .slice(0, at)
    .reduce((sum, { payload }) => sum + recordHeaderBytes + payload.length, segmentHeaderBytes);
  return { from, to: from + recordHeaderBytes + (records[at]?.payload.length ?? 0) };
});

const cases = [
  /** Damage to a segment that is known. */
  async (script: Uint8Array): Promise<void> => {
    const [file = new Uint8Array()] = damagedFiles([written], script);
    const found = await scanned(file);
    checkWhole(found, file);
    for (const item of found) {
      if (item.at === "record") expectTrue("a record that was not written", wasWritten(file, item.offset));
      else if (item.at === "damage" && item.header !== undefined)
        expectSame("what damage hides", item.length, recordHeaderBytes + item.header.payloadBytes);
    }
    const offsets = new Set(found.flatMap((item) => (item.at === "record" ? [item.offset] : [])));
    for (const extent of extents)
      if (isIntact(file, written, extent))
        expectTrue(`an intact record at ${extent.from} is lost`, offsets.has(extent.from));
  },
  /** Any bytes as a segment. */
  async (file: Uint8Array): Promise<void> => {
    const handle = handleOf(file);
    const found = await decodedLater(["version"], () => readMark(handle));
    checkWhole(await scanned(file, found ?? mark), file);
  },
  (body: Uint8Array): void => {
    const bytes = Buffer.from(body);
    const headerMark = decodedOr(["version"], () => decodeSegmentHeader(bytes));
    if (headerMark !== undefined)
      expectSame(
        "a segment's header",
        encodeSegmentHeader(bytes.readUInt32BE(12), headerMark),
        bytes.subarray(0, segmentHeaderBytes),
      );
  },
  (body: Uint8Array): void => {
    const bytes = Buffer.from(body);
    const header = decodeRecordHeader(bytes);
    if (header === undefined) return;
    const { kind, lease, shelf, digest, payloadBytes, payloadCrc } = header;
    const payload = { length: payloadBytes } as Uint8Array;
    const again = encodeRecordHeader(bytes.subarray(0, 8), { kind, lease, shelf, digest, payload, payloadCrc });
    expectSame("a record's header", again, bytes.subarray(0, recordHeaderBytes));
    isPayloadIntact(header, bytes.subarray(recordHeaderBytes));
  },
  /** The payload of a note, of a length that one has. */
  (body: Uint8Array): void => {
    const payload = Buffer.from(body.subarray(0, body.length - ((body.length + 1) % 33)));
    if (payload.length < 65 || payload.length % 33 !== 65 % 33) return;
    const note = decodedOr(["integrity"], () => decodeChanged(payload));
    if (note !== undefined) expectSame("a note", decodeChanged(encodeChanged(note)), note);
    const entries = payload.subarray(65);
    expectSame("entries", encodeEntries(decodeEntries(entries)), entries);
  },
];

/** Items lie one behind the other, from the first record to the end of the file. */
function checkWhole(found: readonly ScanItem[], file: Uint8Array): void {
  let at = segmentHeaderBytes;
  for (const item of found) {
    expectSame("where an item begins", item.offset, at);
    if (item.at === "torn") return expectTrue("something behind a torn write", item === found.at(-1));
    at += item.at === "damage" ? item.length : recordHeaderBytes + item.header.payloadBytes;
  }
  expectSame("where the last item ends", at, Math.max(file.length, segmentHeaderBytes));
}

/** Whether the record at `offset` was written, here or elsewhere: copies of bytes come with their mark. */
function wasWritten(file: Uint8Array, offset: number): boolean {
  return extents.some(
    ({ from, to }) => Buffer.compare(file.subarray(offset, offset + to - from), written.subarray(from, to)) === 0,
  );
}

async function scanned(file: Uint8Array, fileMark: Buffer = mark): Promise<readonly ScanItem[]> {
  const items: ScanItem[] = [];
  for await (const item of scanSegment(handleOf(file), fileMark, segmentHeaderBytes)) {
    items.push(item);
    expectTrue("more items than bytes", items.length <= file.length);
  }
  return items;
}

/** A file in memory, as far as a scan needs one. */
function handleOf(file: Uint8Array): FileHandle {
  return {
    stat: () => Promise.resolve({ size: file.length }),
    read: (buffer: Uint8Array, offset: number, length: number, position: number) => {
      const part = file.subarray(position, position + length);
      buffer.set(part, offset);
      return Promise.resolve({ bytesRead: part.length, buffer });
    },
  } as unknown as FileHandle;
}

/** The checksums of a segment's header and of the record that follows, or of the record alone. */
function repair(input: Uint8Array): void {
  const which = (input[0] ?? 0) % cases.length;
  const body = Buffer.from(input.buffer, input.byteOffset + 1, Math.max(0, input.length - 1));
  if (which === 1 || which === 2) seal(body, 0, 24);
  if (which === 3) seal(body, 0, 84);
  if (which !== 1) return;
  for (let at = segmentHeaderBytes; at + recordHeaderBytes <= body.length;) {
    const end = at + recordHeaderBytes + Math.min(body.readUInt32BE(at + 12), body.length);
    body.copy(body, at, 16, 24);
    body.writeUInt32BE(crc32(body.subarray(at + recordHeaderBytes, end)), at + 80);
    seal(body, at, 84);
    at = end;
  }
}

function seal(bytes: Buffer, from: number, length: number): void {
  if (from + length + 4 <= bytes.length) bytes.writeUInt32BE(crc32(bytes.subarray(from, from + length)), from + length);
}

export const segments: FuzzTarget = {
  name: "segments",
  decoders: [
    "src/store/segment-format.ts decodeSegmentHeader",
    "src/store/segment-format.ts decodeRecordHeader",
    "src/store/segment-scan.ts readMark",
    "src/store/segment-scan.ts scanSegment",
    "src/store/shelf-note.ts decodeChanged",
    "src/store/shelf-note.ts decodeEntries",
  ],
  seeds: () => [
    caseInput(0, new Uint8Array(0)),
    ...extents.flatMap(({ from, to }, at) => {
      const place = (offset: number): number[] => [offset >> 8, offset & 255];
      return [
        caseInput(0, Uint8Array.of(0, ...place(from + 30 + at), 1)),
        caseInput(0, Uint8Array.of(4, ...place(to - 5), 0)),
        caseInput(0, Uint8Array.of(0, ...place(to - 1), 1, 0, ...place(to + 9), 1)),
      ];
    }),
    caseInput(1, written),
    caseInput(2, encodeSegmentHeader(7, mark)),
    ...records.map((record) => caseInput(3, encodeRecordHeader(mark, record))),
    caseInput(4, changedNote(258).payload),
    caseInput(
      4,
      encodeChanged({
        step: {
          state: { fence: 1, epoch: 1, sequence: 0, digest: emptySum(), records: 0, isLoose: true },
          restartsAt: 7,
          isLogged: false,
        },
        entries: [],
      }),
    ),
  ],
  bytesMax: 4096,
  tokens: ["dfs-seg\n", mark],
  repair,
  run: (input) => chosen(cases, input),
  // A scan has a window of 2 MiB.
  bounds: { allocatedBytes: 12 * 1024 ** 2 },
};
