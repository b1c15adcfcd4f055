import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import { systemDisk } from "../../src/store/disk-operations.ts";
import type { DiskOperations } from "../../src/store/disk-operations.ts";
import {
  addRecords,
  digestsOf,
  drop,
  fileOf,
  flipBit,
  keepFile,
  newLease,
  randomChunk,
  randomChunks,
  randomFile,
  removeIndex,
  shelf,
  startCopy,
  startStore,
  temporaryFolder,
} from "./store-fixtures.ts";
import type { TestFile } from "./store-fixtures.ts";

const segmentBytes = 3000;

async function segmentsOf(folder: string): Promise<string[]> {
  return readdir(join(folder, "segments"));
}

/** Puts files for good whose chunks and pages all lie in the first segment, which is full afterwards. */
async function keepTogether(store: ChunkStore, files: readonly TestFile[]): Promise<void> {
  const lease = newLease();
  await store.openLease(lease, shelf, 1);
  for (const chunk of files.flatMap(({ all }) => all)) await store.put(lease, [chunk]);
  const keys = files.map(({ key }) => key);
  await addRecords(store, lease, keys);
  await store.endLease(lease);
  await keepFile(store, randomFile(3, 400));
}

describe("compaction", () => {
  it("STORE-40 removes segments that are wholly dead, and rewrites the one that is mostly dead", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes });
    const gone = Array.from({ length: 8 }, () => randomFile(2, 500));
    const kept = randomFile(2, 500);
    for (const file of [...gone.slice(0, 4), kept, ...gone.slice(4)]) await keepFile(store, file);
    for (const file of gone) await drop(store, file.key);
    const before = await store.stats();
    let freed = 0;
    for (let step = await store.compactOnce(); step > 0; step = await store.compactOnce()) freed += step;
    const after = await store.stats();
    expect(freed).toBe(before.diskBytes - after.diskBytes);
    expect(after.diskBytes).toBeLessThan(before.diskBytes / 3);
    expect((await segmentsOf(folder)).length).toBeLessThan(4);
    for (const { digest, bytes } of kept.all) expect(await store.get(digest)).toEqual(bytes);
    expect(after).toMatchObject({ chunks: 3, records: 1, quarantined: 0 });
  });

  it("leaves segments alone that are mostly alive, and the one being written", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes });
    await keepFile(store, randomFile(2, 500));
    const gone = randomFile(1, 100);
    await keepFile(store, gone);
    await drop(store, gone.key);
    const before = await segmentsOf(folder);
    expect(await store.compactOnce()).toBe(0);
    expect(await segmentsOf(folder)).toEqual(before);
  });

  it("STORE-41 records stay, and dropped ones stay dropped, when the index is lost after compaction", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes });
    const files = Array.from({ length: 12 }, () => randomFile(2, 300));
    for (const file of files) await keepFile(store, file);
    for (const file of files) await drop(store, file.key);
    const back = files.slice(0, 3);
    for (const file of back) await keepFile(store, file);
    for (const { key } of back.slice(0, 1)) await drop(store, key);
    for (const file of back.slice(0, 1)) await keepFile(store, file);
    const check = async (): Promise<void> => {
      const copy = await startCopy(folder, removeIndex);
      expect(await copy.hasRecords(files.map(({ key }) => key))).toEqual(files.map((file) => back.includes(file)));
      expect(await copy.stats()).toMatchObject({ records: 3, chunks: 9 });
      await copy.stop();
    };
    await check();
    while ((await store.compactOnce()) > 0) await check();
    expect(await store.stats()).toMatchObject({ records: 3, chunks: 9 });
    await drop(store, back[0]?.key ?? randomFile().key);
    expect(await store.stats()).toMatchObject({ records: 2, chunks: 6 });
  });

  it("STORE-42 a crash at any write of a compaction loses nothing", async () => {
    const folder = await temporaryFolder();
    let isCompacting = false;
    const copies: Awaited<ReturnType<typeof startCopy>>[] = [];
    const disk: DiskOperations = {
      ...systemDisk,
      async flush(handle) {
        await systemDisk.flush(handle);
        if (isCompacting) copies.push(await startCopy(folder));
      },
    };
    const store = await startStore({ folder, segmentBytes, disk });
    const [kept, gone] = [[randomFile(1, 300), randomFile(1, 300)], randomFile(4, 400)];
    await keepTogether(store, [...kept, gone]);
    await drop(store, gone.key);
    isCompacting = true;
    while ((await store.compactOnce()) > 0) copies.push(await startCopy(folder));
    isCompacting = false;
    expect(copies.length).toBeGreaterThan(1);
    for (const copy of [...copies, store]) {
      for (const file of kept) {
        expect(await copy.hasRecords([file.key])).toEqual([true]);
        for (const { digest, bytes } of file.all) expect(await copy.get(digest)).toEqual(bytes);
      }
      expect(await copy.hasRecords([gone.key])).toEqual([false]);
      expect(await copy.has(digestsOf(gone.all))).not.toContain(true);
    }
  });

  it("STORE-43 gets, puts and drops go on while segments are rewritten under them", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes });
    const chunks = randomChunks(60, 300);
    // Every chunk is named by a file that stays or by one that goes, in turns, so that every segment is half dead.
    const files = chunks.map((chunk, at) => ({ file: fileOf([chunk]), stays: at % 3 === 0 }));
    for (const { file } of files) await keepFile(store, file);
    const kept: readonly StoredBytes[] = files.filter(({ stays }) => stays).flatMap(({ file }) => file.all);
    const readAll = async (): Promise<void> => {
      for (const { digest, bytes } of kept) expect(await store.get(digest)).toEqual(bytes);
    };
    const others = { underWay: true };
    const reading = (async () => {
      while (others.underWay) await readAll();
    })();
    const dropping = (async () => {
      for (const { file, stays } of files) if (!stays) await drop(store, file.key);
    })();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const putting = (async () => {
      for (let at = 0; at < 20; at += 1) await store.put(lease, [randomChunk(300)]);
    })();
    const compact = async (): Promise<void> => {
      while ((await store.compactOnce()) > 0);
    };
    await Promise.all([dropping, putting, compact(), compact()]);
    await compact();
    others.underWay = false;
    await reading;
    await readAll();
    expect(await store.stats()).toMatchObject({ chunks: 40 + 20, records: 20, quarantined: 0 });
  });

  it("STORE-44 a damaged chunk in a segment that is rewritten is set aside; the others are saved", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes });
    const [damaged, kept, gone] = [randomFile(1, 300), randomFile(1, 300), randomFile(4, 400)];
    await keepTogether(store, [damaged, kept, gone]);
    await drop(store, gone.key);
    await store.stop();
    await flipBit(join(folder, "segments", "00000001.seg"), 28 + 72 + 10);
    await store.start();
    while ((await store.compactOnce()) > 0);
    expect(await segmentsOf(folder)).not.toContain("00000001.seg");
    expect(await store.has(digestsOf([...damaged.all, ...kept.all]))).toEqual([false, true, true, true]);
    expect(await store.hasRecords([damaged.key, kept.key])).toEqual([false, true]);
    expect(await store.missing(undefined, 5)).toEqual(digestsOf(damaged.chunks));
    expect(await store.stats()).toMatchObject({ quarantined: 1, missing: 1, records: 3 });
  });

  it("STORE-45 a drop is remembered as long as any segment says that the record was added", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes });
    const [kept, gone, filler] = [randomFile(4, 500), randomFile(1, 17), randomFile(5, 500)];
    // The first segment stays: it says that the record was added. The second one, which says that it was dropped, goes.
    await keepTogether(store, [gone, kept]);
    await keepFile(store, filler);
    await drop(store, gone.key);
    await drop(store, filler.key);
    for (let at = 0; at < 2; at += 1) await keepFile(store, randomFile(5, 500));
    const before = await segmentsOf(folder);
    while ((await store.compactOnce()) > 0);
    const after = await segmentsOf(folder);
    expect(after).toContain("00000001.seg");
    expect(before.filter((name) => !after.includes(name))).not.toEqual([]);
    const copy = await startCopy(folder, removeIndex);
    expect(await copy.hasRecords([gone.key, kept.key])).toEqual([false, true]);
  });

  it("STORE-46 a removed segment that comes back after a power cut is not taken for news", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes });
    const [kept, gone] = [randomFile(1, 300), randomFile(4, 400)];
    await keepTogether(store, [kept, gone]);
    await drop(store, gone.key);
    const first = join(folder, "segments", "00000001.seg");
    const removed = await readFile(first);
    while ((await store.compactOnce()) > 0);
    const { chunks, records } = await store.stats();
    const unlinkLost = await startCopy(folder, (copy) => writeFile(join(copy, "segments", "00000001.seg"), removed));
    const unlinkPending = await startCopy(folder, async (copy) => {
      await writeFile(join(copy, "segments", "00000001.seg"), removed);
      const index = new SqlDatabase(join(copy, "index.db"), { durability: "full" });
      index.exec("INSERT INTO segments VALUES (1, x'00', 28, 0, 0, 0, 1)");
      index.close();
    });
    for (const copy of [unlinkLost, unlinkPending]) {
      expect(await copy.hasRecords([kept.key, gone.key])).toEqual([true, false]);
      expect(await copy.stats()).toMatchObject({ chunks, records });
    }
    expect((await unlinkLost.stats()).quarantined).toBe(1);
    expect((await unlinkPending.stats()).quarantined).toBe(0);
  });
});
