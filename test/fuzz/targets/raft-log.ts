/** The consensus log on the disk: recovery of a whole log that was damaged, and of any bytes in its files. */
import { crc32 } from "node:zlib";
import { member } from "../../raft/group.ts";
import { LogFiles } from "../../../src/store/raft-disk/log-files.ts";
import {
  type SegmentHeader,
  decodePayload,
  decodeRecordHeader,
  decodeSegmentHeader,
  encodeRecord,
  encodeSegmentHeader,
} from "../../../src/store/raft-disk/log-format.ts";
import { recordHeaderBytes, segmentHeaderBytes } from "../../../src/store/raft-disk/log-format.ts";
import { type RecoveredLog, recoverLog } from "../../../src/store/raft-disk/log-recovery.ts";
import type { Entry, HardState } from "../../../src/raft/types.ts";
import { MemoryFiles } from "../../store/memory-files.ts";
import { type Extent, damagedFiles, isIntact } from "../edits.ts";
import { type FuzzTarget, caseInput, chosen, decodedLater, decodedOr, expectSame, expectTrue } from "../target.ts";

const folder = "/log";
const refusals = ["integrity", "version", "not-found"] as const;
const marks = ["0123456789abcdef", "fedcba9876543210"].map((hex) => new Uint8Array(Buffer.from(hex, "hex")));
const hardState = (term: number, commit: number): HardState => ({ term, vote: member(term), commit });

/** One save, and which segment it is in. */
interface Save {
  readonly segment: number;
  readonly hardState: HardState;
  readonly entries: readonly Entry[];
}

function entry(index: number, term: number, length: number): Entry {
  return { index, term, kind: "command", data: new Uint8Array(length).fill(0x40 + index) };
}

/** Two segments; the fourth save replaces an entry of the third. */
const saves: readonly Save[] = [
  { segment: 0, hardState: hardState(1, 0), entries: [] },
  { segment: 0, hardState: hardState(1, 1), entries: [entry(1, 1, 30), entry(2, 1, 5)] },
  { segment: 0, hardState: hardState(1, 2), entries: [entry(3, 1, 200)] },
  { segment: 1, hardState: hardState(2, 2), entries: [entry(3, 2, 600)] },
  { segment: 1, hardState: hardState(2, 3), entries: [entry(4, 2, 20), entry(5, 2, 0)] },
  { segment: 1, hardState: hardState(3, 4), entries: [entry(6, 3, 40)] },
];

/** What a log shows. */
interface Shown {
  readonly hardState: HardState;
  readonly terms: readonly number[];
}

/** What it shows once the first `count` saves are read. */
function after(count: number): Shown {
  const terms: number[] = [];
  for (const { entries } of saves.slice(0, count))
    for (const { index, term } of entries) {
      terms.length = index - 1;
      terms.push(term);
    }
  return { hardState: saves[count - 1]?.hardState ?? hardState(0, 0), terms };
}

const headers: readonly SegmentHeader[] = [0, 1].map((number) => {
  const before = saves.filter(({ segment }) => segment < number).length;
  const { hardState, terms } =
    number === 0 ? { hardState: { term: 0, vote: member(0), commit: 0 }, terms: [] } : after(before);
  const previous = { index: terms.length, term: terms.at(-1) ?? 0 };
  const mark = marks[number] as Uint8Array;
  return { number: number + 1, mark, begins: number === 0, sequence: before + 1, previous, hardState };
});

/** The bytes of each save, and where they are. */
interface Record extends Extent {
  readonly segment: number;
}

const built = ((): { files: readonly Uint8Array[]; records: readonly Record[] } => {
  const files = headers.map((header) => Buffer.from(encodeSegmentHeader(header)));
  const records = saves.map(({ segment, hardState, entries }, at) => {
    const before = entries[0]?.index ?? 0;
    const previousTerm = before === 0 ? 0 : (after(at).terms[before - 2] ?? 0);
    const bytes = Buffer.concat(
      encodeRecord(marks[segment] as Uint8Array, at + 1, { hardState, previousTerm, entries }),
    );
    const from = files[segment]?.length ?? 0;
    files[segment] = Buffer.concat([files[segment] as Uint8Array, bytes]);
    return { segment, from, to: from + bytes.length };
  });
  return { files: [...files.map((file) => new Uint8Array(file)), closedNote(files[1]?.length ?? 0)], records };
})();

function closedNote(end: number): Uint8Array {
  const note = Buffer.alloc(36);
  note.write("dfs-end\n");
  for (const [at, number] of [2, end, saves.length + 1].entries()) note.writeBigUInt64BE(BigInt(number), 8 + 8 * at);
  note.writeUInt32BE(crc32(note.subarray(0, 32)), 32);
  return new Uint8Array(note);
}

async function recovered(files: readonly Uint8Array[]): Promise<RecoveredLog | undefined> {
  const [first, second, closed] = files;
  const named: [string, Uint8Array | undefined][] = [
    ["00000001.log", first],
    ["00000002.log", second],
    ["closed", closed],
  ];
  const contents = new Map(
    named.flatMap(([name, bytes]) => (bytes === undefined ? [] : [[`${folder}/${name}`, bytes] as const])),
  );
  return decodedLater(refusals, () => recoverLog(new LogFiles(folder, MemoryFiles.holding(contents))));
}

function shownBy({ hardState, index }: RecoveredLog): Shown {
  return { hardState, terms: Array.from({ length: index.lastIndex }, (_, at) => index.term(at + 1) ?? -1) };
}

/**
 * Whatever is read back was there after some save; no intact save is lost, neither before the damage nor behind it; and
 * where the note of a clean end is left, it is all there or refused.
 */
async function checkDamage(isClosed: boolean, script: Uint8Array): Promise<void> {
  const written = isClosed ? built.files : built.files.slice(0, 2);
  const files = damagedFiles(written, script);
  const log = await recovered(files);
  const intact = built.records.map((record) =>
    isIntact(files[record.segment] as Uint8Array, written[record.segment] as Uint8Array, record),
  );
  const isSame = files.every((file, at) => Buffer.compare(file, written[at] as Uint8Array) === 0);
  if (log === undefined) return expectTrue("an intact log is refused", !isSame);
  const shown = JSON.stringify(shownBy(log));
  const count = saves.findLastIndex((_, at) => JSON.stringify(after(at + 1)) === shown) + 1;
  expectTrue(`a state that there never was: ${shown}`, count > 0 || shown === JSON.stringify(after(0)));
  expectTrue(`intact saves are lost behind ${count}`, !intact.slice(count).includes(true));
  const lost = built.records[count];
  if (lost !== undefined)
    expectTrue("a save is lost that was there as a whole", lacksSector(files[lost.segment] as Uint8Array, lost));
  const isNoteIntact = isClosed && Buffer.compare(files[2] as Uint8Array, written[2] as Uint8Array) === 0;
  if (isNoteIntact) expectSame("saves of a log that was closed", count, saves.length);
}

/** Whether a part of a save never reached the disk: the file ends in it, or all that a sector has of it is zero. */
function lacksSector(file: Uint8Array, { from, to }: Extent): boolean {
  if (file.length < to) return true;
  for (let at = from; at < to; at = 512 * (Math.floor(at / 512) + 1))
    if (file.subarray(at, Math.min(to, 512 * (Math.floor(at / 512) + 1))).every((byte) => byte === 0)) return true;
  // Of a header that cannot be read nobody knows how long its record is.
  return file
    .subarray(from, Math.min(from + recordHeaderBytes, 512 * (Math.floor(from / 512) + 1)))
    .every((byte) => byte === 0);
}

const cases = [
  (script: Uint8Array): Promise<void> => checkDamage(false, script),
  (script: Uint8Array): Promise<void> => checkDamage(true, script),
  /** Any bytes: two segments and the note, each behind its length (two bytes). */
  async (body: Uint8Array): Promise<void> => {
    const log = await recovered(parted(body));
    if (log === undefined) return;
    expectTrue("entries before the first", log.index.lastIndex >= log.index.base.index);
    if (log.index.lastIndex > log.index.base.index) log.index.find(log.index.lastIndex);
  },
  (body: Uint8Array): void => {
    const header = decodedOr(["version", "integrity"], () => decodeSegmentHeader(body));
    if (header !== undefined)
      expectSame("a segment's header", encodeSegmentHeader(header), body.slice(0, segmentHeaderBytes));
  },
  (body: Uint8Array): void => {
    const header = decodeRecordHeader(body, marks[0] as Uint8Array);
    const payload = decodedOr(["protocol"], () => decodePayload(body.slice(recordHeaderBytes)));
    if (payload === undefined) return;
    const { hardState, previousTerm, block } = payload;
    const entries = Array.from({ length: block.count }, (_, at) => block.entry(at));
    const again = Buffer.concat(
      encodeRecord(marks[0] as Uint8Array, header?.sequence ?? 1, { hardState, previousTerm, entries }),
    );
    if (block.count > 0)
      expectSame("a record's payload", again.subarray(recordHeaderBytes), Buffer.from(body.slice(recordHeaderBytes)));
  },
];

function parted(body: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at + 2 <= body.length && parts.length < 3;) {
    const length = 256 * (body[at] ?? 0) + (body[at + 1] ?? 0);
    parts.push(body.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return parts;
}

function joinedParts(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.flatMap((part) => [Buffer.of(part.length >> 8, part.length & 255), part])));
}

/** Checksums, and marks and sequences of records, as a log has them. */
function repair(input: Uint8Array): void {
  const which = (input[0] ?? 0) % cases.length;
  const body = Buffer.from(input.buffer, input.byteOffset + 1, Math.max(0, input.length - 1));
  if (which === 3) seal(body, 0, 80);
  if (which === 4) repairRecords(body, Buffer.from(marks[0] as Uint8Array), 1n);
  if (which !== 2) return;
  for (let at = 0, part = 0; at + 2 <= body.length && part < 3; part += 1) {
    const end = at + 2 + body.readUInt16BE(at);
    const file = body.subarray(at + 2, end);
    if (part === 2) seal(file, 0, 32);
    else if (file.length > segmentHeaderBytes) {
      seal(file, 0, 80);
      repairRecords(file.subarray(segmentHeaderBytes), file.subarray(24, 32), file.readBigUInt64BE(32));
    }
    at = end;
  }
}

function repairRecords(file: Buffer, mark: Buffer, first: bigint): void {
  for (
    let at = 0, sequence = first;
    at + recordHeaderBytes <= file.length;
    sequence = BigInt.asUintN(64, sequence + 1n)
  ) {
    const end = at + recordHeaderBytes + Math.min(file.readUInt32BE(at + 16), file.length);
    mark.copy(file, at);
    file.writeBigUInt64BE(sequence, at + 8);
    file.writeUInt32BE(crc32(file.subarray(at + recordHeaderBytes, end)), at + 20);
    seal(file, at, 24);
    at = end;
  }
}

function seal(bytes: Buffer, from: number, length: number): void {
  if (from + length + 4 <= bytes.length) bytes.writeUInt32BE(crc32(bytes.subarray(from, from + length)), from + length);
}

export const raftLog: FuzzTarget = {
  name: "raft-log",
  decoders: [
    "src/store/raft-disk/log-recovery.ts recoverLog",
    "src/store/raft-disk/log-format.ts decodeSegmentHeader",
    "src/store/raft-disk/log-format.ts decodeRecordHeader",
    "src/store/raft-disk/log-format.ts decodePayload",
  ],
  seeds: () => [
    ...[0, 1].flatMap((which) => [
      caseInput(which, new Uint8Array(0)),
      ...built.records.flatMap(({ segment, from }) => {
        const place = from + (segment === 0 ? 0 : (built.files[0]?.length ?? 0));
        // A bit of the payload, and all of the header.
        return [
          caseInput(which, Uint8Array.of(0, (place + 30) >> 8, (place + 30) & 255, 1)),
          caseInput(which, Uint8Array.of(1, place >> 8, place & 255, recordHeaderBytes)),
        ];
      }),
    ]),
    caseInput(2, joinedParts(built.files)),
    caseInput(2, joinedParts(built.files.slice(0, 2))),
    ...headers.map((header) => caseInput(3, encodeSegmentHeader(header))),
    ...built.records.slice(0, 3).map(({ from, to }) => caseInput(4, (built.files[0] as Uint8Array).subarray(from, to))),
  ],
  bytesMax: 4096,
  tokens: ["dfs-log\n", "dfs-end\n", ...marks],
  repair,
  run: (input) => chosen(cases, input),
};
