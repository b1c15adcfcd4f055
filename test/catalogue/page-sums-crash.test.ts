import { execFileSync } from "node:child_process";
import { copyFileSync, fstatSync, mkdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { arrivalPath, arrive } from "../../src/catalogue/page-sums/arrival.ts";
import { carryOut } from "../../src/catalogue/page-sums/steps.ts";
import { SummedDatabase } from "../../src/catalogue/page-sums/summed-database.ts";
import { checkVersion, createTables } from "../../src/catalogue/schema.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import {
  type Files,
  KnownPast,
  fingerprints,
  opened,
  readFiles,
  withFile,
  withFlip,
  writeFiles,
} from "./page-sums-files.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({
  ...(await original<object>()),
  catalogueLogPagesMax: 1,
  pageSumsWriteShare: 0,
}));

const pageBytes = 4096;
const schema = { create: createTables, checkVersion };
let past: KnownPast;
beforeEach(() => {
  past = new KnownPast();
  past.grow(2, 60);
});
afterEach(() => past[Symbol.dispose]());

/** The files as they are, at another place where nothing is open. */
function moved(files: Files): string {
  const path = join(past.world.folder, "elsewhere.db");
  writeFiles(path, files);
  return path;
}

const inode = (path: string): number => statSync(path, { throwIfNoEntry: false })?.ino ?? 0;

/** libsql keeps a database that was closed open until its statements are collected. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 5; round += 1) {
    collect();
    await turnOfEvents();
  }
}

describe("a fold that is cut short", () => {
  beforeEach(async () => {
    await past.world.catalogue.tend();
    past.grow(2, 60);
  });

  it("SUM-10 at any step loses nothing, and the database changes only at its end", () => {
    const before = readFiles(past.path);
    const database = SummedDatabase.open(moved(before), schema);
    const { path } = database.sql;
    let steps = 0;
    for (const wait of database.fold()) {
      steps += 1;
      const files = readFiles(path);
      for (const suffix of ["", "-wal"] as const)
        expect(files.get(suffix)?.equals(before.get(suffix) ?? Buffer.alloc(0))).toBe(true);
      expect(opened(files)).toEqual(past.stateAt());
      expect(wait).toBeDefined();
    }
    expect(steps).toBeGreaterThanOrEqual(3);
    const after = readFiles(path);
    expect(after.get("")?.equals(before.get("") ?? Buffer.alloc(0))).toBe(false);
    expect(after.get("-wal")).toHaveLength(0);
    expect(opened(after)).toEqual(past.stateAt());
    database.close();
  });

  it("SUM-10 has flushed the log before the sums that know it, and these before the database changes", () => {
    const before = readFiles(past.path);
    const database = SummedDatabase.open(moved(before), schema);
    const { path } = database.sql;
    const flushed: number[] = [];
    let isWritten = false;
    for (const wait of database.fold()) {
      isWritten ||=
        readFiles(path)
          .get("-sums")
          ?.equals(before.get("-sums") ?? Buffer.alloc(0)) === false;
      if (isWritten) expect(flushed).toEqual(expect.arrayContaining([inode(`${path}-wal`), inode(`${path}-sums`)]));
      if (wait !== "turn") flushed.push(fstatSync(wait.flush).ino);
    }
    expect(isWritten).toBe(true);
    expect(flushed.at(-1)).toBe(inode(past.world.folder));
    database.close();
  });

  it("SUM-11 in the middle of SQLite's part is recovered from, whichever pages were written, in part or not at all", () => {
    const before = readFiles(past.path);
    const database = SummedDatabase.open(moved(before), schema);
    carryOut(database.fold());
    const after = readFiles(database.sql.path);
    database.close();
    const [old = Buffer.alloc(0), young = Buffer.alloc(0)] = [before.get(""), after.get("")];
    expect(young.length).toBeGreaterThan(old.length);
    const cutShort = withFile(after, "-wal", before.get("-wal"));
    const writes = fc.array(fc.constantFrom("old", "new", "torn"), {
      minLength: young.length / pageBytes,
      maxLength: young.length / pageBytes,
    });
    const property = fc.property(writes, fc.integer({ min: old.length, max: young.length }), (pages, length) => {
      const bytes = Buffer.alloc(young.length);
      old.copy(bytes);
      for (const [place, write] of pages.entries()) {
        const start = place * pageBytes;
        if (write !== "old") young.copy(bytes, start, start, start + (write === "new" ? pageBytes : 512));
      }
      expect(opened(withFile(cutShort, "", bytes.subarray(0, length)))).toEqual(past.stateAt());
    });
    fc.assert(property, { numRuns: 60 });
  });
});

describe("without a fold", () => {
  it("SUM-12 a process that ends without closing leaves the database as it was, and nothing is lost", () => {
    past.world.catalogue.close();
    const before = readFiles(past.path);
    const path = moved(before);
    const source = (name: string): string => JSON.stringify(join(import.meta.dirname, "../../src/catalogue", name));
    const program = `
      import { Catalogue } from ${source("catalogue.ts")};
      globalThis.open = Catalogue.open(${JSON.stringify(path)});
      open.applyBatch([], { bytes: new Uint8Array(9), membersChanged: false });
    `;
    execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program]);
    const after = readFiles(path);
    expect(after.get("")?.equals(before.get("") ?? Buffer.alloc(0))).toBe(true);
    expect(after.get("-wal")?.length).toBeGreaterThan(pageBytes);
    const catalogue = Catalogue.open(path);
    expect(catalogue.logMark()).toEqual(new Uint8Array(9));
    catalogue.close();
  });

  it("SUM-12 a catalogue that cannot fold when it is closed leaves its log, and nothing is lost", async () => {
    const before = fingerprints(readFiles(past.path));
    mkdirSync(`${past.path}-sums.tmp`);
    past.world.catalogue.close();
    past.world.catalogue = Catalogue.open(":memory:");
    await collectGarbage();
    expect(fingerprints(readFiles(past.path))).toEqual(before);
    rmdirSync(`${past.path}-sums.tmp`);
    expect(opened(readFiles(past.path))).toEqual(past.stateAt(past.known));
    past.world.catalogue = Catalogue.open(past.path);
    expect(past.applied).toBe(past.known);
    past.world.reopen();
    expect(readFiles(past.path).get("-wal") ?? Buffer.alloc(0)).toHaveLength(0);
    expect(opened(readFiles(past.path))).toEqual(past.stateAt());
  });
});

describe("a log that has lost its end", () => {
  it("SUM-3 is written on, and nothing of what was lost comes back", async () => {
    const files = readFiles(past.path);
    const bytes = files.get("-wal")?.length ?? 0;
    const path = moved(withFlip(files, "-wal", 8 * (bytes - 2 * pageBytes)));
    const catalogue = Catalogue.open(path);
    const lost = catalogue.appliedIndex();
    expect(lost).toBeLessThan(past.applied);
    for (let round = 0; round < 3; round += 1) {
      catalogue.applyBatch([], { bytes: new Uint8Array(round + 1), membersChanged: false });
      await catalogue.tend();
      expect(statSync(`${path}-wal`).size).toBe(0);
    }
    catalogue.close();
    const again = Catalogue.open(path);
    expect([again.appliedIndex(), again.logMark()]).toEqual([lost, new Uint8Array(3)]);
    again.close();
  });
});

describe("a restore that is cut short", () => {
  it("SUM-13 at any step leaves the former catalogue or the new one, each whole", async () => {
    await past.world.catalogue.tend();
    const file = join(past.world.folder, "snapshot");
    const { index } = await past.world.catalogue.snapshotTo(file);
    past.grow(2, 10);
    const path = moved(readFiles(past.path));
    copyFileSync(file, arrivalPath(path));
    new SqlDatabase(arrivalPath(path), { durability: "full" }).close();
    const states: number[] = [];
    for (const wait of arrive(path)) {
      const files = readFiles(path);
      const outcome = opened(files);
      expect(past.verdict(outcome, index)).toBe("whole");
      if ("applied" in outcome) states.push(outcome.applied);
      if (!files.has(".tmp")) expect(files.has("-wal")).toBe(false);
      expect(wait).toBeDefined();
    }
    expect(new Set(states)).toEqual(new Set([past.applied, index]));
    expect(states).toEqual(states.toSorted((one, two) => two - one));
    expect(opened(readFiles(path))).toEqual(past.stateAt(index));
  });

  it("SUM-13 a restore goes on from one that was cut short", async () => {
    const file = join(past.world.folder, "snapshot");
    const { index } = await past.world.catalogue.snapshotTo(file);
    past.grow(1, 10);
    const path = moved(readFiles(past.path));
    copyFileSync(file, arrivalPath(path));
    new SqlDatabase(arrivalPath(path), { durability: "full" }).close();
    const steps = arrive(path);
    for (let next = steps.next(); next.done !== true; next = steps.next()) {
      const files = readFiles(path);
      const mark = files.get("-sums")?.readUInt32BE(20);
      if (mark === 1) break;
    }
    expect(readFileSync(`${path}-sums`).readUInt32BE(20)).toBe(1);
    await Catalogue.restoreFrom(file, path);
    expect(opened(readFiles(path))).toEqual(past.stateAt(index));
  });

  it("SUM-13 the making of a new catalogue can be repeated after every step", () => {
    past.world.catalogue.close();
    const path = join(past.world.folder, "new.db");
    const database = new SqlDatabase(arrivalPath(path), { durability: "full" });
    createTables(database);
    database.close();
    for (const wait of arrive(path)) {
      expect(wait).toBeDefined();
      expect(opened(readFiles(path))).toEqual(past.stateAt(0));
    }
    expect(opened(readFiles(path))).toEqual(past.stateAt(0));
  });
});
