/** Cuts and flips every part of a log's files: what is read back is what was saved, or nothing at all. */
import { crc32 } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import type { DfsError } from "../../src/core/errors.ts";
import { recordHeaderBytes, segmentHeaderBytes } from "../../src/store/raft-disk/log-format.ts";
import { RaftDisk } from "../../src/store/raft-disk/raft-disk.ts";
import { MemoryFiles, flipped, pathsIn } from "./memory-files.ts";
import { entriesFrom, hardStateOf, isSame, shown } from "./raft-disk-fixtures.ts";

type Contents = Map<string, Uint8Array>;
type Shown = ReturnType<typeof shown>;

const origin = { index: 0, term: 0 };
const optionsOf = (operations: MemoryFiles) => ({
  folder: "/log",
  operations,
  segmentBytesMax: 1800,
  cacheBytesMax: 0,
});

/** A record with two entries of 100 bytes. */
const smallRecordBytes = recordHeaderBytes + 44 + 2 * 113;

/** A log in three segments, its last record, and what it shows with that record and without. */
interface Sample {
  /** As a crash leaves it. */
  readonly open: Contents;
  /** As a clean stop leaves it. */
  readonly closed: Contents;
  readonly whole: Shown;
  readonly without: Shown;
  readonly paths: readonly string[];
  readonly last: string;
  /** Where the last two records of the last segment begin, and where the last ends. */
  readonly bounds: readonly [number, number, number];
}

/** Bytes of the entries besides the last are never zero, so that no part of a record looks as if it had not been written. */
async function makeSample(lastData: Uint8Array, segmentBytesMax = 1800, saves = 13): Promise<Sample> {
  const files = new MemoryFiles();
  const disk = await RaftDisk.create({ ...optionsOf(files), segmentBytesMax }, origin, hardStateOf(1));
  for (let index = 1; index <= saves; index++)
    await disk.save({ hardState: hardStateOf(1, index - 1), entries: entriesFrom(index, 2, 1, 100) });
  const start = disk.stats();
  const without = shown(disk);
  const before = files.contents();
  const term = 2;
  await disk.save({
    hardState: hardStateOf(term, saves),
    entries: [{ index: saves + 1, term, kind: "command", data: lastData }],
  });
  const whole = shown(disk);
  const open = files.contents();
  await disk.close();
  const paths = pathsIn(open, "/log", ".log");
  const last = paths.at(-1) as string;
  expect([paths.length, disk.stats().segments]).toEqual([3, start.segments]);
  const from = endOfRecords(before.get(last) as Uint8Array);
  const to = from + recordHeaderBytes + 44 + 13 + lastData.length;
  return { open, closed: files.contents(), whole, without, paths, last, bounds: [from - smallRecordBytes, from, to] };
}

/** Behind the last byte that is not zero. */
function endOfRecords(bytes: Uint8Array): number {
  return bytes.length - bytes.toReversed().findIndex((byte) => byte !== 0);
}

/** Where the last refusal found the damage. */
let refusedPath: string | undefined;

/** What a start makes of the files. Damage must name the file and the way out, and change nothing. */
async function outcomeOf(
  contents: Contents,
  { whole, without }: Sample,
): Promise<"whole" | "without" | "refused" | "other"> {
  const files = MemoryFiles.holding(contents);
  try {
    const found = shown(await RaftDisk.open(optionsOf(files)));
    if (isSame(found, whole)) return "whole";
    return isSame(found, without) ? "without" : "other";
  } catch (error) {
    refusedPath = (error as DfsError).path;
    expect(error).toMatchObject({ kind: "integrity", path: expect.stringContaining("/log/") });
    expect((error as DfsError).message).toMatch(
      /\/log\/\d+\.log, at byte \d+: .*move the folder \/log away.*--recover/,
    );
    expect(areSame(files.contents(), contents)).toBe(true);
    return "refused";
  }
}

function areSame(left: Contents, right: Contents): boolean {
  const isThere = ([path, bytes]: [string, Uint8Array]): boolean =>
    Buffer.compare(left.get(path) ?? new Uint8Array(), bytes) === 0;
  return left.size === right.size && [...right].every(isThere);
}

function cut(contents: Contents, path: string, length: number): Contents {
  return new Map(contents).set(path, (contents.get(path) as Uint8Array).slice(0, length));
}

function without(contents: Contents, path: string): Contents {
  return new Map([...contents].filter(([other]) => other !== path));
}

let sample: Sample;
beforeAll(async () => {
  sample = await makeSample(new Uint8Array(150).fill(7));
});

describe("a log that is cut short", () => {
  it("LOGDISK-22 cut within the last record it is the log without that, and cut in the zeros behind it is whole", async () => {
    const [, from, to] = sample.bounds;
    const { length } = sample.open.get(sample.last) as Uint8Array;
    expect(length).toBeGreaterThan(to);
    for (let at = from; at <= to + 5; at++)
      expect(await outcomeOf(cut(sample.open, sample.last, at), sample), `cut at ${at}`).toBe(
        at < to ? "without" : "whole",
      );
    expect(await outcomeOf(cut(sample.open, sample.last, length - 1), sample)).toBe("whole");
  });

  it("LOGDISK-22 the cut is durable before anything is written behind it", async () => {
    const [, from, to] = sample.bounds;
    const files = MemoryFiles.holding(cut(sample.open, sample.last, to - 1));
    await RaftDisk.open(optionsOf(files));
    files.losePower("nothing");
    expect(files.contents().get(sample.last)).toHaveLength(from);
    expect(files.journal.slice(0, 3)).toEqual(["truncate", "write", "flush"]);
  });

  it("LOGDISK-23 after a clean stop any cut into the records is refused", async () => {
    const [, , to] = sample.bounds;
    for (let at = segmentHeaderBytes - 1; at <= to + 5; at++)
      expect(await outcomeOf(cut(sample.closed, sample.last, at), sample), `cut at ${at}`).toBe(
        at < to ? "refused" : "whole",
      );
  });

  it("LOGDISK-24 a segment that is not the last, cut anywhere, is refused", async () => {
    const path = sample.paths[1] as string;
    const end = endOfRecords(sample.open.get(path) as Uint8Array);
    for (let at = 0; at < end; at += 3) {
      expect(await outcomeOf(cut(sample.open, path, at), sample)).toBe("refused");
      // Where a record ends, only the next segment tells that more came.
      const isBetween = (at - segmentHeaderBytes) % smallRecordBytes === 0;
      expect(refusedPath, `cut at ${at}`).toBe(isBetween ? sample.last : path);
    }
  });
});

describe("a log with a bit flipped", () => {
  it("LOGDISK-25 in any header, and in the last two records, every flip is refused", async () => {
    const [beforeLast, , to] = sample.bounds;
    const places = [
      ...sample.paths.map((path) => [path, 0, segmentHeaderBytes] as const),
      [sample.last, beforeLast, to] as const,
    ];
    for (const [path, from, end] of places) {
      for (let bit = from * 8; bit < end * 8; bit++)
        expect(await outcomeOf(flipped(sample.open, path, bit), sample), `${path}, bit ${bit}`).toBe("refused");
      for (let bit = from * 8; bit < end * 8; bit += 5)
        expect(await outcomeOf(flipped(sample.closed, path, bit), sample), `${path}, bit ${bit}`).toBe("refused");
    }
  });

  it("LOGDISK-25 anywhere else every flip is refused or does no harm", async () => {
    const counts = { whole: 0, without: 0, refused: 0, other: 0 };
    for (const [path, bytes] of sample.closed)
      for (let bit = 0; bit < bytes.length * 8; bit += 13)
        counts[await outcomeOf(flipped(sample.closed, path, bit), sample)]++;
    expect(counts).toMatchObject({ without: 0, other: 0 });
    // Zeros behind the records, and the note of the end, may change without harm.
    expect(Math.min(counts.refused, counts.whole)).toBeGreaterThan(15);
  });

  it("LOGDISK-26 a last record that has a sector of zeros by its own data is cut, or refused, when it is damaged", async () => {
    const withZeros = await makeSample(new Uint8Array(1300), 2600, 19);
    const [, from, to] = withZeros.bounds;
    const counts = { whole: 0, without: 0, refused: 0, other: 0 };
    for (let bit = from * 8; bit < to * 8; bit += 19) {
      counts[await outcomeOf(flipped(withZeros.open, withZeros.last, bit), withZeros)]++;
      expect(await outcomeOf(flipped(withZeros.closed, withZeros.last, bit), withZeros)).toBe("refused");
    }
    expect(counts).toMatchObject({ whole: 0, other: 0 });
    expect(counts.without).toBeGreaterThan(50);
  });

  it("LOGDISK-26 a record that lost a sector is refused when anything of a later one is there", async () => {
    const files = new MemoryFiles();
    const disk = await RaftDisk.create({ ...optionsOf(files), segmentBytesMax: 9000 }, origin, hardStateOf(1));
    const ends = [segmentHeaderBytes];
    for (const [index, length] of [2000, 300].entries()) {
      await disk.save({ hardState: undefined, entries: entriesFrom(index + 1, 1, 1, length) });
      ends.push(endOfRecords(files.contents().get("/log/00000001.log") as Uint8Array));
    }
    const lost = (after: (bytes: Uint8Array) => void): MemoryFiles => {
      const bytes = (files.contents().get("/log/00000001.log") as Uint8Array).slice();
      bytes.fill(0, 1024, 1536);
      after(bytes);
      return MemoryFiles.holding(new Map([["/log/00000001.log", bytes]]));
    };
    const second = ends[1] as number;
    const none = lost((bytes) => bytes.fill(0, second));
    expect((await RaftDisk.open(optionsOf(none))).lastIndex()).toBe(0);
    const damages: readonly ((bytes: Uint8Array) => void)[] = [
      () => undefined,
      (bytes) => bytes.fill(0, second + recordHeaderBytes),
      (bytes) => bytes.fill(0, second, second + recordHeaderBytes),
      (bytes) => bytes.fill(0, second, (ends[2] as number) - 1),
    ];
    for (const damage of damages)
      await expect(RaftDisk.open(optionsOf(lost(damage)))).rejects.toMatchObject({ kind: "integrity" });
    const headless = lost((bytes) => bytes.fill(0, segmentHeaderBytes, 512));
    await expect(RaftDisk.open(optionsOf(headless))).rejects.toMatchObject({ kind: "integrity" });
  });

  it("LOGDISK-27 a flip under a running log fails the read with `integrity`, and no entry is ever changed", async () => {
    const [, from, to] = sample.bounds;
    const files = MemoryFiles.holding(sample.open);
    const disk = await RaftDisk.open(optionsOf(files));
    for (let bit = from * 8; bit < to * 8; bit += 5) {
      const running = MemoryFiles.holding(sample.open);
      const log = await RaftDisk.open(optionsOf(running));
      running.flip(sample.last, bit);
      expect(() => log.entries(14, 15, 1e6), `bit ${bit}`).toThrow(/damaged.*move the folder/);
      expect(log.entries(1, 2, 1e6)).toEqual(disk.entries(1, 2, 1e6));
    }
  });
});

describe("a log with segments that do not belong together", () => {
  it("LOGDISK-24 a missing segment between others is refused; so is a missing last one after a clean stop", async () => {
    const [first, middle, last] = sample.paths as [string, string, string];
    expect(await outcomeOf(without(sample.open, middle), sample)).toBe("refused");
    expect(await outcomeOf(without(sample.closed, last), sample)).toBe("refused");
    expect(await outcomeOf(without(without(sample.open, middle), first), sample)).toBe("other");
  });

  it("LOGDISK-24 a missing segment is refused also where nothing was written behind it yet", async () => {
    const [, middle, last] = sample.paths as [string, string, string];
    const empty = cut(sample.open, last, segmentHeaderBytes);
    expect(await outcomeOf(empty, sample)).toBe("other");
    expect(await outcomeOf(without(empty, middle), sample)).toBe("refused");
  });

  it("LOGDISK-24 a segment in another's place, and one of another log, are refused", async () => {
    const [first, middle, last] = sample.paths as [string, string, string];
    const put = (path: string, bytes: Uint8Array | undefined): Contents =>
      new Map(sample.open).set(path, bytes as Uint8Array);
    expect(await outcomeOf(put(middle, sample.open.get(last)), sample)).toBe("refused");
    expect(await outcomeOf(put(middle, sample.open.get(first)), sample)).toBe("refused");
    expect(await outcomeOf(put(last, await thirdSegmentOfAnother()), sample)).toBe("refused");
  });

  it("LOGDISK-28 bytes of an earlier record, put behind the last one, are never taken for a record", async () => {
    const [beforeLast, from, to] = sample.bounds;
    const bytes = (sample.open.get(sample.last) as Uint8Array).slice();
    bytes.set(bytes.slice(beforeLast, from), to);
    expect(await outcomeOf(new Map(sample.open).set(sample.last, bytes), sample)).toBe("refused");
  });

  it("LOGDISK-28 a record inside the data of an entry is never taken for a record", async () => {
    const [beforeLast, from] = sample.bounds;
    const inner = (sample.open.get(sample.last) as Uint8Array).slice(beforeLast, from);
    const data = new Uint8Array([...new Uint8Array(600).fill(1), ...inner]);
    const nested = await makeSample(data, 2600, 19);
    const torn = cut(nested.open, nested.last, nested.bounds[2] - 1);
    expect(await outcomeOf(torn, nested)).toBe("without");
  });

  it("LOGDISK-12 a segment of a newer version is refused with `version`", async () => {
    const bytes = (sample.open.get(sample.last) as Uint8Array).slice();
    const view = new DataView(bytes.buffer);
    view.setUint32(8, 2);
    view.setUint32(segmentHeaderBytes - 4, crc32(bytes.subarray(0, segmentHeaderBytes - 4)));
    const files = MemoryFiles.holding(new Map(sample.open).set(sample.last, bytes));
    await expect(RaftDisk.open(optionsOf(files))).rejects.toMatchObject({ kind: "version" });
  });
});

/** The third segment of a log that has one entry more in each record. */
async function thirdSegmentOfAnother(): Promise<Uint8Array> {
  const files = new MemoryFiles();
  const disk = await RaftDisk.create(optionsOf(files), origin, hardStateOf(1));
  for (let index = 1; disk.stats().segments < 3; index += 3)
    await disk.save({ hardState: hardStateOf(1, index - 1), entries: entriesFrom(index, 3, 1, 100) });
  return files.contents().get("/log/00000003.log") as Uint8Array;
}
