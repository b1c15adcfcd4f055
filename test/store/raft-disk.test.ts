import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemFiles } from "../../src/store/raft-disk/file-operations.ts";
import type { FileOperations } from "../../src/store/raft-disk/file-operations.ts";
import { LogFiles } from "../../src/store/raft-disk/log-files.ts";
import { encodeRecord, encodeSegmentHeader } from "../../src/store/raft-disk/log-format.ts";
import { RaftDisk } from "../../src/store/raft-disk/raft-disk.ts";
import type { RaftDiskOptions } from "../../src/store/raft-disk/raft-disk.ts";
import { knownEntries } from "../raft/codec-samples.ts";
import { MemoryFiles } from "./memory-files.ts";
import {
  after,
  beginning,
  carryOut,
  entriesFrom,
  hardStateOf,
  isLike,
  life,
  lifeSegmentBytes,
  shown,
} from "./raft-disk-fixtures.ts";
import type { LogModel, Step } from "./raft-disk-fixtures.ts";
import { temporaryFolder } from "./store-fixtures.ts";

const mark = new Uint8Array(Buffer.from("0123456789abcdef", "hex"));
const origin = { index: 0, term: 0 };
const eight = (value: number): string => value.toString(16).padStart(16, "0");

/** A new log, closed when the test is over. */
async function newLog(options: Partial<RaftDiskOptions> = {}): Promise<{ disk: RaftDisk; options: RaftDiskOptions }> {
  const all = { folder: "/log", operations: new MemoryFiles(), ...options };
  return { disk: await RaftDisk.create(all, origin, hardStateOf(1)), options: all };
}

const ports: readonly (readonly [string, () => Promise<{ folder: string; operations: FileOperations }>])[] = [
  ["on the system's files", async () => ({ folder: join(await temporaryFolder(), "log"), operations: systemFiles })],
  ["on the twin's files", async () => ({ folder: "/log", operations: new MemoryFiles() })],
];

describe("the bytes of the log", () => {
  it("LOGDISK-10 segment headers, records and the note of the end are what FORMATS.md says", async () => {
    const header = {
      number: 7,
      mark,
      begins: false,
      sequence: 258,
      previous: { index: 7, term: 2 },
      hardState: hardStateOf(3, 6),
    };
    const fields = [eight(7), "0123456789abcdef", eight(258), eight(7), eight(2), eight(3), eight(3), eight(6)].join(
      "",
    );
    expect(Buffer.from(encodeSegmentHeader(header)).toString("hex")).toBe(
      `6466732d6c6f670a0000000100000000${fields}dd4b88a2`,
    );
    const record = encodeRecord(mark, 258, {
      hardState: hardStateOf(3, 6),
      previousTerm: 2,
      entries: knownEntries.entries,
    });
    expect(Buffer.concat(record).toString("hex")).toBe(
      ["0123456789abcdef", eight(258), "00000048", "951afd76", "9a88e2a4"].join("") +
        [eight(3), eight(3), eight(6), eight(2), eight(8), "00000002", knownEntries.bytes].join(""),
    );
    const files = new MemoryFiles();
    await new LogFiles("/log", files).writeClosed({ segment: 7, offset: 184, sequence: 259 });
    const closed = Buffer.from(files.readNow("/log/closed", 0, 100)).toString("hex");
    expect(closed).toBe(["6466732d656e640a", eight(7), eight(184), eight(259), "3a6b9b17"].join(""));
  });
});

describe.each(ports)("the log %s", (_, port) => {
  it("LOGDISK-11 a life of saves, overwrites, compactions, resets and restarts is read back at each step", async () => {
    const options = { ...(await port()), segmentBytesMax: lifeSegmentBytes, cacheBytesMax: 1000 };
    let disk = await RaftDisk.create(options, beginning.base, beginning.hardState);
    let model = beginning;
    let compactedTo = 0;
    for (const step of life) {
      disk = await carryOut(disk, step, options);
      model = after(model, step);
      if (step.kind === "compact") compactedTo = step.index;
      if (step.kind === "reset") compactedTo = 0;
      expect(isLike(disk, model, compactedTo), JSON.stringify(step.kind)).toBe(true);
    }
    await disk.close();
  });

  it("LOGDISK-11 a log that is not closed is read back, too", async () => {
    const options = await port();
    const disk = await RaftDisk.create(options, origin, hardStateOf(1));
    onTestFinished(() => disk.close());
    await disk.save({ hardState: hardStateOf(2), entries: entriesFrom(1, 3, 2) });
    const before = shown(disk);
    const again = await RaftDisk.open(options);
    expect(shown(again)).toEqual(before);
    await again.close();
  });

  it("LOGDISK-12 create fails with `exists` where there is a log, open with `not-found` where there is none", async () => {
    const options = await port();
    await expect(RaftDisk.open(options)).rejects.toMatchObject({ kind: "not-found" });
    const disk = await RaftDisk.create(options, origin, hardStateOf(1));
    await disk.close();
    await expect(RaftDisk.create(options, origin, hardStateOf(1))).rejects.toMatchObject({ kind: "exists" });
    const again = await RaftDisk.open(options);
    expect(again.hardState).toEqual(hardStateOf(1));
    await again.close();
  });
});

describe("reading the log", () => {
  it("LOGDISK-13 entries yields at least one, then as many as fit, from memory and from the disk alike", async () => {
    for (const cacheBytesMax of [0, 800, 1_000_000]) {
      const { disk } = await newLog({ cacheBytesMax, segmentBytesMax: 1000 });
      const all = [...entriesFrom(1, 5, 1, 100), ...entriesFrom(6, 5, 2, 100)];
      await disk.save({ hardState: undefined, entries: all.slice(0, 4) });
      await disk.save({ hardState: undefined, entries: all.slice(4) });
      expect(disk.entries(1, 11, 1e6)).toEqual(all);
      expect(disk.entries(3, 9, 1e6)).toEqual(all.slice(2, 8));
      expect(disk.entries(2, 11, 0)).toEqual(all.slice(1, 2));
      expect(disk.entries(2, 11, 399)).toEqual(all.slice(1, 4));
      expect(disk.entries(2, 11, 400)).toEqual(all.slice(1, 5));
      expect(disk.entries(5, 5, 100)).toEqual([]);
      expect([0, 1, 5, 6, 10, 11].map((index) => disk.term(index))).toEqual([0, 1, 1, 2, 2, undefined]);
      await disk.close();
    }
  });

  it("LOGDISK-13 memory keeps the newest entries within its bound; only older ones are read from the disk", async () => {
    const files = new MemoryFiles();
    const { disk } = await newLog({ operations: files, cacheBytesMax: 2000 });
    for (let index = 1; index <= 50; index++)
      await disk.save({ hardState: undefined, entries: entriesFrom(index, 1, 1, 150) });
    disk.entries(46, 51, 1e6);
    expect(files.readsNow).toBe(0);
    disk.entries(45, 51, 1e6);
    expect(files.readsNow).toBe(1);
    // One read brings what follows along.
    for (let index = 1; index <= 40; index++) disk.entries(index, index + 1, 1e6);
    expect(files.readsNow).toBe(2);
  });

  it("LOGDISK-14 any sequence of saves shows what a plain array shows", async () => {
    const save = fc.record({ back: fc.nat(4), count: fc.nat(5), term: fc.nat(1), length: fc.nat(200) });
    await fc.assert(
      fc.asyncProperty(fc.array(save, { maxLength: 25 }), fc.nat(600), async (saves, cacheBytesMax) => {
        const { disk, options } = await newLog({ cacheBytesMax, segmentBytesMax: 700 });
        let model: LogModel = { base: origin, hardState: hardStateOf(1), entries: [] };
        let term = 1;
        for (const { back, count, term: more, length } of saves) {
          term += more;
          const first = Math.max(1, model.entries.length + 1 - back);
          const step: Step = {
            kind: "save",
            hardState: hardStateOf(term),
            entries: entriesFrom(first, count, term, length),
          };
          await carryOut(disk, step, options);
          model = after(model, step);
          expect(isLike(disk, model, 0)).toBe(true);
        }
        const again = await RaftDisk.open(options);
        expect(isLike(again, model, 0)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe("writing the log", () => {
  it("LOGDISK-15 a save is one write and one flush", async () => {
    const files = new MemoryFiles();
    const { disk } = await newLog({ operations: files });
    const before = files.journal.length;
    await disk.save({ hardState: hardStateOf(2), entries: entriesFrom(1, 500, 2, 1000) });
    expect(files.journal.slice(before)).toEqual(["write", "flush"]);
    await disk.save({ hardState: undefined, entries: [] });
    expect(files.journal.slice(before)).toEqual(["write", "flush"]);
  });

  it("LOGDISK-15 a file grows in large steps, so that most saves change no length", async () => {
    const files = new MemoryFiles();
    const { disk } = await newLog({ operations: files });
    const lengths = new Set<number>();
    for (let index = 1; index <= 100; index++) {
      await disk.save({ hardState: undefined, entries: entriesFrom(index, 1, 1, 100) });
      lengths.add(await files.size("/log/00000001.log"));
    }
    expect([lengths.size, disk.stats().bytes]).toEqual([1, [...lengths][0]]);
    const fixed = await newLog({ segmentBytesMax: 5000 });
    await fixed.disk.save({ hardState: undefined, entries: entriesFrom(1, 1, 1) });
    expect(fixed.disk.stats().bytes).toBe(5000);
  });

  it("LOGDISK-15 nothing of a save is visible before it is durable", async () => {
    const { disk } = await newLog();
    const saving = disk.save({ hardState: hardStateOf(2), entries: entriesFrom(1, 1, 2) });
    expect([disk.lastIndex(), disk.hardState, disk.term(1)]).toEqual([0, hardStateOf(1), undefined]);
    await saving;
    expect([disk.lastIndex(), disk.hardState, disk.term(1)]).toEqual([1, hardStateOf(2), 2]);
  });

  it("LOGDISK-15 a disk that has room for a record, but not for zeros ahead, takes the record", async () => {
    const files = new MemoryFiles();
    const { disk, options } = await newLog({ operations: files });
    files.mishap = { at: files.operations + 1, kind: "ENOSPC" };
    await disk.save({ hardState: undefined, entries: entriesFrom(1, 1, 1, 2000) });
    expect(files.journal.slice(-3)).toEqual(["write", "write", "flush"]);
    await disk.save({ hardState: undefined, entries: entriesFrom(2, 1, 1, 2000) });
    files.losePower("nothing");
    expect(shown(await RaftDisk.open(options))).toEqual(shown(disk));
  });

  it("LOGDISK-16 compaction removes whole segments, oldest first, and keeps the term of the entry before", async () => {
    const files = new MemoryFiles();
    const { disk, options } = await newLog({ operations: files, segmentBytesMax: 600 });
    for (let index = 1; index <= 20; index++)
      await disk.save({ hardState: undefined, entries: entriesFrom(index, 1, index, 150) });
    const { segments, bytes } = disk.stats();
    expect(segments).toBe(10);
    await disk.compact(0);
    expect(disk.stats().segments).toBe(segments);
    await disk.compact(9);
    expect(disk.base).toEqual({ index: 8, term: 8 });
    expect(disk.stats()).toMatchObject({ segments: 6, entries: 12 });
    expect(disk.stats().bytes).toBeLessThan(bytes * 0.7);
    const again = await RaftDisk.open(options);
    expect([again.base, again.term(8), again.term(7), again.firstIndex(), again.lastIndex()]).toEqual([
      { index: 8, term: 8 },
      8,
      undefined,
      9,
      20,
    ]);
    await again.compact(20);
    expect(again.base).toEqual({ index: 18, term: 18 });
    expect(shown(again).entries).toHaveLength(2);
  });

  it("LOGDISK-16 what replaced compacted entries is found when the log is read again", async () => {
    const { disk, options } = await newLog({ segmentBytesMax: 600 });
    await disk.save({ hardState: undefined, entries: entriesFrom(1, 10, 1, 40) });
    await disk.save({ hardState: undefined, entries: entriesFrom(8, 4, 2, 40) });
    await disk.compact(7);
    expect([disk.base, disk.stats().segments]).toEqual([{ index: 7, term: 1 }, 1]);
    const again = await RaftDisk.open(options);
    expect(shown(again)).toEqual(shown(disk));
  });

  it("LOGDISK-17 a reset drops every entry, and the log goes on behind the new base", async () => {
    const files = new MemoryFiles();
    const { disk, options } = await newLog({ operations: files, segmentBytesMax: 500 });
    await disk.save({ hardState: undefined, entries: entriesFrom(1, 10, 1) });
    await disk.save({ hardState: undefined, entries: entriesFrom(11, 10, 1) });
    await disk.reset({ index: 100, term: 7 }, hardStateOf(9, 100));
    expect(shown(disk)).toEqual({ base: { index: 100, term: 7 }, hardState: hardStateOf(9, 100), entries: [] });
    expect([disk.term(100), disk.term(20), disk.lastIndex(), disk.stats().segments]).toEqual([7, undefined, 100, 1]);
    expect(files.contents().size).toBe(1);
    await disk.save({ hardState: undefined, entries: entriesFrom(101, 2, 9) });
    expect(shown(await RaftDisk.open(options))).toEqual(shown(disk));
  });

  it("LOGDISK-17 segments from before a reset, which a crash left behind, mean nothing and are removed", async () => {
    const files = new MemoryFiles();
    const { disk } = await newLog({ operations: files, segmentBytesMax: 500 });
    for (const first of [1, 11]) await disk.save({ hardState: undefined, entries: entriesFrom(first, 10, 1) });
    const old = files.contents();
    await disk.reset({ index: 5, term: 1 }, hardStateOf(9, 5));
    const left = MemoryFiles.holding(new Map([...old, ...files.contents()]));
    expect(left.contents().size).toBe(3);
    const again = await RaftDisk.open({ folder: "/log", operations: left });
    expect(shown(again)).toEqual({ base: { index: 5, term: 1 }, hardState: hardStateOf(9, 5), entries: [] });
    expect([left.contents().size, again.stats().segments]).toEqual([1, 1]);
  });

  it("LOGDISK-18 overlapping writes, gaps, and entries that are compacted are bugs", async () => {
    const wrong: readonly ((disk: RaftDisk) => Promise<unknown>)[] = [
      (disk) => Promise.all([1, 2].map(() => disk.save({ hardState: hardStateOf(2), entries: [] }))),
      (disk) => disk.save({ hardState: undefined, entries: entriesFrom(5, 1, 1) }),
      (disk) => disk.save({ hardState: undefined, entries: entriesFrom(0, 1, 1) }),
      (disk) => disk.save({ hardState: undefined, entries: entriesFrom(3, 1, 0) }),
      (disk) => disk.save({ hardState: undefined, entries: [...entriesFrom(3, 1, 1), ...entriesFrom(5, 1, 1)] }),
    ];
    for (const work of wrong) {
      const { disk } = await newLog();
      await disk.save({ hardState: undefined, entries: entriesFrom(1, 2, 1) });
      await expect(work(disk)).rejects.toMatchObject({ kind: "internal" });
      expect(disk.lastIndex()).toBe(2);
    }
    const { disk } = await newLog();
    expect(() => disk.entries(1, 2, 10)).toThrow("broken invariant");
    await disk.close();
    await disk.close();
    await expect(disk.save({ hardState: hardStateOf(2), entries: [] })).rejects.toMatchObject({ kind: "internal" });
  });

  it("LOGDISK-19 a record longer than a segment gets one of its own", async () => {
    const { disk, options } = await newLog({ segmentBytesMax: 1000 });
    const sizes = [100, 5000, 100, 5000];
    for (const [at, size] of sizes.entries())
      await disk.save({ hardState: undefined, entries: entriesFrom(at + 1, 1, 1, size) });
    expect(disk.stats().segments).toBe(4);
    expect(shown(await RaftDisk.open(options)).entries.map(({ data }) => data.length)).toEqual(sizes);
  });
});
