import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type Files,
  KnownPast,
  type Suffix,
  opened,
  readFiles,
  withFile,
  withFlip,
  withLength,
} from "./page-sums-files.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({
  ...(await original<object>()),
  catalogueLogPagesMax: 1,
  pageSumsWriteShare: 0,
}));

const pageBytes = 4096;
const frameBytes = pageBytes + 24;
/** Of this many frames of a log one is damaged, to save time. */
const framesPerSample = 5;

/** The files of a catalogue at some moment, and the least that must be left of it whatever happens to one of them. */
interface Moment {
  readonly files: Files;
  /** Index up to which everything is in the database and its sums. */
  readonly floor: number;
  readonly applied: number;
}

let past: KnownPast;
/** Everything is folded in, but for the log that SQLite has begun since. */
let killed: Moment;
/** A fold was cut short after the sums were written and some pages copied, and more was applied since. */
let halfFolded: Moment;
/** The log was folded in but could not be cut off, and more was applied since. */
let folded: Moment;
/** The log was folded in but could not be cut off, and SQLite has begun it anew over its former content. */
let begunAnew: Moment;
/** Closed as it should be. */
let closed: Moment;

beforeAll(async () => {
  past = new KnownPast();
  past.grow(2, 50);
  await past.world.catalogue.tend();
  const floor = past.applied;
  past.grow(3, 5);
  killed = { files: readFiles(past.path), floor, applied: past.applied };
  await past.besideReader(async () => {
    past.grow(1, 20);
    await past.world.catalogue.tend();
    const folded = past.applied;
    past.grow(2, 5);
    halfFolded = { files: readFiles(past.path), floor: folded, applied: past.applied };
  });
  await past.besideReader(async () => {
    await past.world.catalogue.tend();
    const floor = past.applied;
    past.grow(2, 5);
    folded = { files: readFiles(past.path), floor, applied: past.applied };
  });
  await past.besideReader(() => past.world.catalogue.tend());
  const before = past.applied;
  past.grow(2, 5);
  begunAnew = { files: readFiles(past.path), floor: before, applied: past.applied };
  const { applied } = past;
  past.world.catalogue.close();
  closed = { files: readFiles(past.path), floor: applied, applied };
});
afterAll(() => past[Symbol.dispose]());

const sizeOf = ({ files }: Moment, suffix: Suffix): number => files.get(suffix)?.length ?? 0;
const random = (seed: number, below: number): number => (Math.imul(seed + 1, 0x9e3779b1) >>> 0) % below;

/** One bit of each piece of a file. */
function* bitOfEach(bytes: number, pieceBytes: number): Generator<number> {
  for (let start = 0; start < bytes; start += pieceBytes)
    yield 8 * start + random(start, 8 * Math.min(pieceBytes, bytes - start));
}

describe("undamaged files", () => {
  it("SUM-8 open with everything, whether the catalogue was closed, killed, or killed in the middle of a fold", () => {
    for (const { files, applied } of [closed, killed, halfFolded, folded, begunAnew])
      expect(opened(files)).toEqual(past.stateAt(applied));
    expect(sizeOf(closed, "-wal")).toBe(0);
    expect(sizeOf(killed, "-wal")).toBeGreaterThan(3 * frameBytes);
    expect(sizeOf(halfFolded, "-wal")).toBeGreaterThan(sizeOf(killed, "-wal"));
    expect(sizeOf(folded, "-wal")).toBeGreaterThan(sizeOf(halfFolded, "-wal"));
    expect(sizeOf(begunAnew, "-wal")).toBe(sizeOf(folded, "-wal"));
  });
});

describe("a flipped bit", () => {
  it("SUM-2 in any page of the database is refused, with the page, unless the log holds a newer version of it", () => {
    for (const bit of bitOfEach(sizeOf(closed, ""), pageBytes)) {
      const page = Math.floor(bit / 8 / pageBytes) + 1;
      const refusal = expect.stringContaining(`page ${page}, at byte ${(page - 1) * pageBytes},`) as string;
      expect(opened(withFlip(closed.files, "", bit))).toEqual({ refusal });
    }
    for (const { files, floor, applied } of [killed, halfFolded, folded, begunAnew]) {
      const verdicts = Array.from(bitOfEach(files.get("")?.length ?? 0, pageBytes), (bit) => {
        const outcome = opened(withFlip(files, "", bit));
        return past.verdict(outcome, Math.max(floor, applied));
      });
      expect(new Set(verdicts)).toEqual(new Set(["whole", "refused"]));
    }
  });

  it("SUM-2 in the head of the database is refused or of no account, with a log over it or without", () => {
    for (let bit = 0; bit < 8 * 100; bit += 1)
      expect(opened(withFlip(closed.files, "", bit))).toHaveProperty("refusal");
    for (let byte = 0; byte < 100; byte += 1)
      expect(past.verdict(opened(withFlip(killed.files, "", 8 * byte + random(byte, 8))), killed.applied)).not.toBe(
        "wrong",
      );
  });

  it("SUM-3 in any frame of the log takes away the commits from there on, never what the sums know", () => {
    for (const { files, floor } of [killed, halfFolded, folded, begunAnew]) {
      const bytes = files.get("-wal")?.length ?? 0;
      const heads = Array.from({ length: 32 }, (_, byte) => 8 * byte + random(byte, 8));
      const frames = Array.from(bitOfEach(bytes - 32, framesPerSample * frameBytes), (bit) => bit + 8 * 32);
      const frameHeads = Array.from({ length: 24 }, (_, byte) => 8 * (32 + 2 * frameBytes + byte) + random(byte, 8));
      for (const bit of [...heads, ...frames, ...frameHeads])
        expect(past.verdict(opened(withFlip(files, "-wal", bit)), floor)).not.toBe("wrong");
    }
  });

  it("SUM-3 in the log is always recovered from when the database has all that the sums know", () => {
    for (const { files, floor } of [killed, folded, begunAnew])
      for (const bit of bitOfEach(files.get("-wal")?.length ?? 0, framesPerSample * frameBytes))
        expect(past.verdict(opened(withFlip(files, "-wal", bit)), floor)).toBe("whole");
  });

  it("SUM-4 anywhere in the sums is refused", () => {
    for (const { files } of [closed, killed, halfFolded, folded, begunAnew]) {
      const bytes = files.get("-sums") ?? Buffer.alloc(0);
      for (let byte = 0; byte < bytes.length; byte += 1) {
        const outcome = opened(withFlip(files, "-sums", 8 * byte + random(byte, 8)));
        expect(outcome).toEqual({ refusal: expect.stringContaining("catalogue.db-sums") as string });
      }
    }
  });
});

describe("a file that is cut off", () => {
  it("SUM-5 the log: whole commits are lost from the cut on, and never what the sums know", () => {
    const lengths = new Set<number>();
    for (const { files, floor } of [killed, halfFolded, folded, begunAnew]) {
      const bytes = files.get("-wal")?.length ?? 0;
      for (let length = 0; length <= 32; length += 1)
        expect(past.verdict(opened(withLength(files, "-wal", length)), floor)).not.toBe("wrong");
      for (let cut = 1; cut < frameBytes + 24; cut += cut < 16 || cut > frameBytes ? 1 : 389) {
        const outcome = opened(withLength(files, "-wal", bytes - cut));
        expect(past.verdict(outcome, floor)).toBe("whole");
      }
      for (let length = 32; length < bytes; length += framesPerSample * frameBytes) {
        const outcome = opened(withLength(files, "-wal", length));
        expect(past.verdict(outcome, floor)).not.toBe("wrong");
        if ("applied" in outcome) lengths.add(outcome.applied);
      }
    }
    expect(lengths.size).toBeGreaterThan(3);
  });

  it("SUM-5 the database: refused, unless the log holds what is missing", () => {
    for (const { files, applied } of [closed, killed, halfFolded, folded, begunAnew]) {
      const bytes = files.get("")?.length ?? 0;
      for (let cut = 1; cut <= pageBytes; cut += cut < 16 ? 1 : 339)
        expect(past.verdict(opened(withLength(files, "", bytes - cut)), applied)).not.toBe("wrong");
      for (let length = 0; length < bytes; length += pageBytes)
        expect(past.verdict(opened(withLength(files, "", length)), applied)).not.toBe("wrong");
      const [first] = [opened(withLength(files, "", 0))];
      expect(first).toHaveProperty("refusal");
    }
  });

  it("SUM-5 the sums: refused at every length, and longer ones too", () => {
    const bytes = closed.files.get("-sums") ?? Buffer.alloc(0);
    for (let length = 0; length < bytes.length; length += 1)
      expect(opened(withLength(closed.files, "-sums", length))).toHaveProperty("refusal");
    expect(opened(withFile(closed.files, "-sums", Buffer.concat([bytes, Buffer.alloc(4)])))).toHaveProperty("refusal");
  });

  it("SUM-5 a database that is longer than it was is refused", () => {
    for (const more of [1, pageBytes])
      expect(
        opened(
          withFile(closed.files, "", Buffer.concat([closed.files.get("") ?? Buffer.alloc(0), Buffer.alloc(more)])),
        ),
      ).toHaveProperty("refusal");
  });
});

describe("a file that is gone", () => {
  it("SUM-6 the sums or the database: refused; the log: only what the sums do not know is lost", () => {
    for (const { files, floor } of [closed, killed]) {
      expect(opened(withFile(files, "-sums", undefined))).toEqual({
        refusal: expect.stringContaining("catalogue.db-sums: it is gone") as string,
      });
      expect(opened(withFile(files, "", undefined))).toEqual({
        refusal: expect.stringContaining("catalogue.db: it is gone") as string,
      });
      expect(opened(withFile(files, "-wal", undefined))).toEqual(past.stateAt(floor));
    }
    expect(opened(withFile(halfFolded.files, "-wal", undefined))).toHaveProperty("refusal");
  });
});

describe("several damages at once", () => {
  it("SUM-7 any flips and cuts of the database and its log give the state of an index, or a refusal", () => {
    const damage = fc.record({
      suffix: fc.constantFrom<Suffix>("", "-wal"),
      share: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      isCut: fc.boolean(),
    });
    const property = fc.property(
      fc.constantFrom("killed", "halfFolded", "folded", "begunAnew"),
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      (name, damages) => {
        const moment = { killed, halfFolded, folded, begunAnew }[name];
        const files = damages.reduce((before, { suffix, share, isCut }) => {
          const bytes = before.get(suffix)?.length ?? 0;
          if (bytes === 0) return before;
          return isCut
            ? withLength(before, suffix, Math.floor(share * bytes))
            : withFlip(before, suffix, Math.floor(share * 8 * bytes));
        }, moment.files);
        expect(past.verdict(opened(files), moment.floor)).not.toBe("wrong");
      },
    );
    fc.assert(property, { numRuns: 200 });
  });
});
