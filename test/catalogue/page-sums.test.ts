import { openSync, closeSync, readFileSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { type PageSums, decodeSums, encodeSums, foldedSums } from "../../src/catalogue/page-sums/sums-file.ts";
import { SummedDatabase } from "../../src/catalogue/page-sums/summed-database.ts";
import type { WalScan } from "../../src/catalogue/page-sums/wal-scan.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import {
  KnownPast,
  type Files,
  fingerprints,
  opened,
  readFiles,
  withFile,
  withFlip,
  withLength,
  writeFiles,
} from "./page-sums-files.ts";
import { World } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({
  ...(await original<object>()),
  catalogueLogPagesMax: 40,
  pageSumsWriteShare: 0,
}));

const pageBytes = 4096;
let past: KnownPast;
beforeEach(() => {
  past = new KnownPast();
});
afterEach(() => past[Symbol.dispose]());

const walBytes = (): number => statSync(`${past.path}-wal`).size;

/** Flips a bit of a file that may be open. */
function flip(path: string, at: number): void {
  const file = openSync(path, "r+");
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.from([byte.readUInt8(0) ^ 4]), 0, 1, at);
  closeSync(file);
}

/** Bytes between the cells of a page and the pointers to them, which nobody reads. Source: sqlite.org/fileformat.html, B-tree Pages. */
function* unusedBytes(database: Buffer): Generator<number> {
  for (let page = pageBytes; page < database.length; page += pageBytes) {
    const pointersEnd = 8 + 2 * database.readUInt16BE(page + 3);
    const isLeaf = [10, 13].includes(database.readUInt8(page));
    if (isLeaf && database.readUInt16BE(page + 5) > pointersEnd + 16) yield page + pointersEnd + 8;
  }
}

describe("the file of the sums", () => {
  const sums: PageSums = {
    pageBytes,
    salt: "0123456789abcdef",
    frames: 7,
    isArriving: false,
    pages: Uint32Array.of(0x11223344, 0xaabbccdd),
  };
  const bytes =
    "6466732d73756d73" +
    "00000001" +
    "00001000" +
    "00000002" +
    "00000000" +
    "0123456789abcdef" +
    "00000007" +
    "11223344aabbccdd";

  it("SUM-1 has these bytes", () => {
    const crc = crc32(Buffer.from(bytes, "hex")).toString(16).padStart(8, "0");
    expect(Buffer.from(encodeSums(sums)).toString("hex")).toBe(bytes + crc);
    expect(crc).toBe("30bd1f64");
    expect(decodeSums(encodeSums(sums), "x")).toEqual(sums);
    const arriving = { ...sums, isArriving: true };
    expect(decodeSums(encodeSums(arriving), "x")).toEqual(arriving);
  });

  it("SUM-1 counts on zeros where the log has no page that the database has grown by", () => {
    const scan = {
      salt: "1".repeat(16),
      frames: 3,
      databasePages: 4,
      pages: new Map([
        [1, 10],
        [4, 40],
        [9, 90],
      ]),
    };
    const zeros = crc32(Buffer.alloc(pageBytes));
    const folded = foldedSums(sums, scan as unknown as WalScan);
    expect(folded).toEqual({ ...sums, salt: scan.salt, frames: 3, pages: Uint32Array.of(10, 0xaabbccdd, zeros, 40) });
  });

  it("SUM-1 of another version is refused as such", () => {
    const other = Buffer.from(encodeSums(sums));
    other.writeUInt32BE(2, 8);
    other.writeUInt32BE(crc32(other.subarray(0, -4)), other.length - 4);
    expect(() => decodeSums(other, "x")).toThrow(expect.objectContaining({ kind: "version" }));
  });

  it("SUM-1 holds the CRC-32 of each page of a catalogue that was closed", () => {
    past.grow(2, 60);
    past.world.catalogue.close();
    const database = readFileSync(past.path);
    const { pages } = decodeSums(readFileSync(`${past.path}-sums`), "x");
    const expected = Array.from({ length: database.length / pageBytes }, (_, place) =>
      crc32(database.subarray(place * pageBytes, (place + 1) * pageBytes)),
    );
    expect(Array.from(pages)).toEqual(expected);
    expect(readFiles(past.path).get("-wal") ?? Buffer.alloc(0)).toHaveLength(0);
  });
});

describe("tending", () => {
  it("SUM-9 folds the log when it has grown long, and not before", async () => {
    const database = (): string | undefined => fingerprints(readFiles(past.path))["catalogue.db"];
    const untouched = database();
    for (past.grow(1, 1); walBytes() < 40 * pageBytes; past.grow(1, 20)) {
      await past.world.catalogue.tend();
      expect(database()).toBe(untouched);
    }
    await past.world.catalogue.tend();
    expect(walBytes()).toBe(0);
    expect(database()).not.toBe(untouched);
    expect(opened(readFiles(past.path))).toEqual(past.stateAt());
  });

  it("SUM-9 making durable folds the log too, so that no damage to it can take anything away", async () => {
    past.grow(1, 5);
    expect(await past.world.catalogue.makeDurable()).toBe(past.applied);
    expect(walBytes()).toBe(0);
    expect(opened(withFile(readFiles(past.path), "-wal", undefined))).toEqual(past.stateAt());
  });

  it("SUM-9 goes on beside a snapshot and beside changes, and whatever they leave is sound", async () => {
    const file = join(past.world.folder, "snapshot");
    past.grow(3, 100);
    const progress = { isWritten: false };
    const writing = past.world.catalogue.snapshotTo(file).finally(() => {
      progress.isWritten = true;
    });
    for (let round = 0; !progress.isWritten || round < 8; round += 1) {
      const tending = past.world.catalogue.tend();
      past.grow(1, 30);
      await tending;
      expect(opened(readFiles(past.path))).toEqual(past.stateAt());
    }
    const { index } = await writing;
    past.world.catalogue.close();
    expect(opened(readFiles(past.path))).toEqual(past.stateAt());
    await Catalogue.restoreFrom(file, past.path);
    expect(opened(readFiles(past.path))).toEqual(past.stateAt(index));
  });

  it("SUM-9 is cut short when the catalogue is closed, and the closing finishes it", async () => {
    past.grow(4, 100);
    const tending = past.world.catalogue.tend();
    past.world.catalogue.close();
    await tending;
    await past.world.catalogue.tend();
    expect(opened(readFiles(past.path))).toEqual(past.stateAt());
    expect(readFiles(past.path).get("-wal") ?? Buffer.alloc(0)).toHaveLength(0);
  });

  it.each([
    ["the header", 3],
    ["the salts of a frame", 32 + 24 + pageBytes + 9],
    ["a page", 32 + 3 * (24 + pageBytes) + 1000],
  ])("SUM-14 notices damage to %s of the log before it reaches the database", async (_, at) => {
    past.grow(4, 100);
    expect(walBytes()).toBeGreaterThan(40 * pageBytes);
    flip(`${past.path}-wal`, at);
    const before = fingerprints(readFiles(past.path));
    await expect(past.world.catalogue.tend()).rejects.toMatchObject({ kind: "integrity" });
    past.world.catalogue.close();
    expect(fingerprints(readFiles(past.path))).toEqual(before);
    expect(opened(readFiles(past.path))).toEqual(past.stateAt(0));
  });
});

describe("opening", () => {
  it("SUM-6 a database of this program without its sums is refused, one of another version as such", () => {
    past.world.catalogue.close();
    const path = join(past.world.folder, "without.db");
    const database = new SqlDatabase(path, { durability: "full" });
    database.exec("CREATE TABLE t (a)");
    database.close();
    expect(() => Catalogue.open(path)).toThrow(expect.objectContaining({ kind: "integrity" }));
    const future = new SqlDatabase(path, { durability: "full" });
    future.exec("PRAGMA user_version = 99");
    future.close();
    const before = readFiles(path);
    expect(() => Catalogue.open(path)).toThrow(expect.objectContaining({ kind: "version" }));
    expect(readFiles(path)).toEqual(before);
  });
});

describe("a database of which the log holds every page", () => {
  const schema = { create: (sql: SqlDatabase) => sql.exec("CREATE TABLE t (a)"), checkVersion: () => undefined };
  let files: Files;

  beforeEach(() => {
    const path = join(past.world.folder, "small.db");
    const database = SummedDatabase.open(path, schema);
    database.sql.exec("CREATE TABLE u (b); INSERT INTO t VALUES (1); INSERT INTO u VALUES (2)");
    files = readFiles(path);
    database.close();
  });

  /** What the two tables hold, and whether they can be written; or that the files were refused. */
  function read(label: string, damaged: Files): unknown {
    const path = join(past.world.folder, `${label}.db`);
    writeFiles(path, damaged);
    try {
      for (let round = 0; round < 2; round += 1) {
        const database = SummedDatabase.open(path, schema);
        database.sql.exec("UPDATE t SET a = a + 1");
        database.close();
      }
      const database = SummedDatabase.open(path, schema);
      const found = database.sql.prepare("SELECT a, b, (SELECT quick_check FROM pragma_quick_check) c FROM t, u").get();
      database.close();
      return { a: found?.["a"], b: found?.["b"], c: found?.["c"] };
    } catch (error) {
      return toDfsError(error).kind;
    }
  }

  it("SUM-2 is whole whatever bit of its head is flipped, though SQLite looks there first", () => {
    expect(files.get("")).toHaveLength(2 * pageBytes);
    for (let byte = 0; byte < 100; byte += 1) {
      const bit = 8 * byte + ((3 * byte) % 8);
      expect(read(`flip ${bit}`, withFlip(files, "", bit))).toEqual({ a: 3, b: 2, c: "ok" });
    }
  });

  it("SUM-5 is refused without its first page, for SQLite would not look into the log", () => {
    for (const length of [0, 1, 99, pageBytes - 1])
      expect(read(`cut ${length}`, withLength(files, "", length))).toBe("integrity");
    expect(read("cut", withLength(files, "", pageBytes))).toEqual({ a: 3, b: 2, c: "ok" });
  });
});

describe("salvage", () => {
  it("SUM-15 takes what SQLite can read of a damaged catalogue, and of a log as far as it is sound", async () => {
    past.grow(2, 50);
    past.world.reopen();
    past.grow(1, 5);
    const { path } = past;
    const files = readFiles(path);
    past.world.catalogue.close();
    const flipped = Array.from(unusedBytes(files.get("") ?? Buffer.alloc(0)), (at) => withFlip(files, "", 8 * at));
    const harmed = flipped.find((one) => "refusal" in opened(one)) ?? new Map();
    using other = new World();
    const damaged = join(other.folder, "damaged.db");
    writeFiles(damaged, harmed);
    expect(() => Catalogue.open(damaged)).toThrow(expect.objectContaining({ kind: "integrity" }));
    const target = join(other.folder, "salvaged.db");
    const before = fingerprints(readFiles(damaged));
    await Catalogue.salvage(damaged, target);
    expect(fingerprints(readFiles(damaged))).toEqual(before);
    expect(opened(readFiles(target))).toEqual(past.stateAt());
    await Catalogue.salvage(damaged, damaged);
    expect(opened(readFiles(damaged))).toEqual(past.stateAt());
  });

  it("SUM-15 refuses what SQLite cannot read either, and leaves the target as it was", async () => {
    past.grow(2, 50);
    past.world.catalogue.close();
    const files = readFiles(past.path);
    using other = new World();
    const damaged = join(other.folder, "damaged.db");
    writeFiles(damaged, withFile(files, "", Buffer.from(files.get("") ?? []).fill(7, 2 * pageBytes, 9 * pageBytes)));
    await expect(Catalogue.salvage(damaged, past.path)).rejects.toMatchObject({ kind: "integrity" });
    expect(fingerprints(readFiles(past.path))).toEqual(fingerprints(files));
  });
});
