import { cpSync } from "node:fs";
import { copyFile, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import { recordHeaderBytes, segmentHeaderBytes } from "../../src/store/segment-format.ts";
import {
  addFile,
  addRecords,
  chunkOf,
  copyFolder,
  digestsOf,
  drop,
  fileOf,
  flipBit,
  indexNames,
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

const segment = (folder: string, number = 1): string => join(folder, "segments", `0000000${number}.seg`);

async function here(store: ChunkStore, file: TestFile): Promise<readonly boolean[]> {
  return [...(await store.hasRecords([file.key])), ...(await store.has(digestsOf(file.all)))];
}

describe("a store after a crash", () => {
  it("STORE-20 what was acknowledged is there after kill -9", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const lease = newLease();
    await store.openLease(lease, shelf, 77);
    const chunks = randomChunks(5);
    await store.put(lease, chunks);
    const afterPut = await startCopy(folder);
    expect(await afterPut.has(digestsOf(chunks))).not.toContain(false);
    const file = randomFile();
    await addFile(store, lease, file);
    const afterAdd = await startCopy(folder);
    expect(await here(afterAdd, file)).not.toContain(false);
    expect(await afterAdd.leases(undefined, 5)).toEqual([{ lease, shelf, expiresMs: 77, records: 1 }]);
    await store.endLease(lease);
    const afterEnd = await startCopy(folder);
    expect(await here(afterEnd, file)).not.toContain(false);
    expect(await afterEnd.has(digestsOf(chunks))).not.toContain(true);
    await drop(store, file.key);
    expect(await here(await startCopy(folder), file)).not.toContain(true);
  });

  it("STORE-21 what was acknowledged is there when a power cut took the index's last transactions", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const [old, dropped] = [randomFile(), randomFile()];
    await keepFile(store, old);
    await keepFile(store, dropped);
    const before = await temporaryFolder();
    await copyFolder(folder, before);

    const lease = newLease();
    await store.openLease(lease, shelf, 99);
    const [loose, again] = [randomChunk(), newLease()];
    const [added, kept] = [randomFile(), randomFile()];
    await store.put(lease, [loose]);
    await addFile(store, lease, added);
    await keepFile(store, kept);
    await drop(store, dropped.key);
    await store.openLease(again, shelf, 99);
    await addRecords(store, again, [old.key]);

    const copy = await startCopy(folder, async (path) => {
      await removeIndex(path);
      for (const name of indexNames) await copyFile(join(before, name), join(path, name)).catch(() => undefined);
    });
    for (const file of [old, added, kept]) expect(await here(copy, file)).not.toContain(false);
    expect(await here(copy, dropped)).not.toContain(true);
    expect(await copy.has([loose.digest])).toEqual([true]);
    // The opening of the lease is lost with its expiry, and its owner is asked to end it.
    expect(await copy.leases(undefined, 5)).toContainEqual({ lease, shelf, expiresMs: 0, records: 1 });
    // That an upload holds what is there already is not lost either: nobody drops it before the upload is over.
    expect(await copy.isHeld([old.key, added.key, kept.key])).toEqual([true, true, expect.any(Boolean)]);
    await copy.endLease(lease);
    expect(await copy.has([loose.digest])).toEqual([false]);
    expect(await here(copy, added)).not.toContain(false);
  });

  it("STORE-22 a write that was cut off at any byte takes nothing else with it", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const [first, last] = [randomChunk(40), randomChunk(6)];
    await store.put(lease, [first]);
    const { size: begin } = await stat(segment(folder));
    const before = await temporaryFolder();
    await copyFolder(folder, before);
    await store.put(lease, [last]);
    const bytes = await readFile(segment(folder));
    await store.stop();

    for (let end = begin; end <= bytes.length; end += 1) {
      // In turns with the index of before the write and with that of after it.
      const copy = await startCopy(end % 2 === 0 ? before : folder, (path) =>
        writeFile(segment(path), bytes.subarray(0, end)),
      );
      expect(await copy.get(first.digest)).toEqual(first.bytes);
      expect(await copy.has([last.digest])).toEqual([end === bytes.length]);
      const next = randomChunk(30);
      await copy.openLease(lease, shelf, 1);
      await copy.put(lease, [next]);
      await copy.stop();
      await copy.start();
      expect(await copy.get(next.digest)).toEqual(next.bytes);
      expect((await copy.stats()).quarantined).toBe(0);
      await copy.stop();
    }
  });

  it("STORE-28 a crash while the references of a long record are counted, up or down, leaves no chunk behind", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const chunks = randomChunks(10, 50);
    const long = fileOf(Array.from({ length: 1600 }, (_, at) => chunks[at % 10] ?? randomChunk()));
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    await store.put(lease, [...chunks, ...long.pages]);
    const copies: string[] = [];
    const copyDuring = async (call: Promise<unknown>): Promise<void> => {
      const under = { way: true };
      const done = call.finally(() => (under.way = false));
      while (under.way) {
        const copy = await temporaryFolder();
        // In one go, so that no transaction is seen in halves.
        cpSync(folder, copy, { recursive: true });
        copies.push(copy);
        await setImmediate();
      }
      await done;
    };
    await copyDuring(addRecords(store, lease, [long.key]));
    await store.endLease(lease);
    await copyDuring(drop(store, long.key));
    expect(copies.length).toBeGreaterThan(6);
    for (const copy of copies) {
      const recovered = await startStore({ folder: copy });
      const [isHere] = await recovered.hasRecords([long.key]);
      const { chunks } = await recovered.stats();
      expect(chunks).toBe(isHere === true || (await recovered.leases(undefined, 1)).length > 0 ? 11 : 0);
      await recovered.endLease(lease);
      await drop(recovered, long.key);
      expect(await recovered.stats()).toMatchObject({ chunks: 0, records: 0 });
      await recovered.stop();
    }
  });

  it("a lease whose ending was cut short is listed, takes nothing more, and can be ended", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const lease = newLease();
    await store.openLease(lease, shelf, 5);
    const file = randomFile();
    await addFile(store, lease, file);
    await expect(store.endLease(lease, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: "interrupted",
    });
    await store.stop();
    await store.start();
    expect(await store.leases(undefined, 5)).toEqual([{ lease, shelf, expiresMs: 5, records: 1 }]);
    await expect(store.put(lease, [randomChunk()])).rejects.toMatchObject({ kind: "not-found" });
    await expect(store.openLease(lease, shelf, 6)).rejects.toMatchObject({ kind: "conflict" });
    await store.endLease(lease);
    expect(await store.leases(undefined, 5)).toEqual([]);
    expect(await store.isHeld([file.key])).toEqual([false]);
  });

  it("what a call had pinned for itself is let go at the next start", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const file = randomFile();
    await store.put(lease, file.all);
    await store.endLease(lease, { signal: AbortSignal.abort() }).catch(() => undefined);
    const index = new SqlDatabase(join(folder, "index.db"), { durability: "full" });
    index.exec("UPDATE pins SET lease = -1; DELETE FROM leases");
    index.close();
    expect(await (await startCopy(folder)).stats()).toMatchObject({ chunks: 0 });
  });
});

describe("a store whose index is lost", () => {
  it("STORE-23 is made anew from its segments, with every record that is here and none that is not", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const [kept, dropped, again] = [randomFile(), randomFile(), randomFile()];
    for (const file of [kept, dropped, again]) await keepFile(store, file);
    await drop(store, dropped.key);
    await drop(store, again.key);
    await keepFile(store, again);
    const { chunks, records, bytes } = await store.stats();
    const copy = await startCopy(folder, removeIndex);
    for (const file of [kept, again]) expect(await here(copy, file)).not.toContain(false);
    expect(await here(copy, dropped)).not.toContain(true);
    expect(await copy.stats()).toMatchObject({ chunks, records, bytes });
    await drop(copy, kept.key);
    await drop(copy, again.key);
    expect(await copy.stats()).toMatchObject({ chunks: 0, records: 0, bytes: 0 });
  });

  it("a record that one lease let go and another holds is still there when the index is lost", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const [first, second] = [newLease(), newLease()];
    await store.openLease(first, shelf, 1);
    await store.openLease(second, shelf, 1);
    const file = randomFile();
    await addFile(store, first, file);
    await addFile(store, second, file);
    await store.endLease(first);
    expect(await here(await startCopy(folder, removeIndex), file)).not.toContain(false);
  });

  it("is made anew when the index is no database any more, or was being made anew", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const file = randomFile();
    await keepFile(store, file);
    await store.stop();
    const damaged = await startCopy(folder, (path) => writeFile(join(path, "index.db"), Buffer.alloc(9000, 7)));
    expect(await here(damaged, file)).not.toContain(false);
    const noted = await startCopy(folder, (path) => writeFile(join(path, "index.damaged"), ""));
    expect(await here(noted, file)).not.toContain(false);
  });

  it("STORE-24 keeps a record of which a chunk is damaged, and gives the chunk back its references when it is put again", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const file = randomFile(3, 200);
    await keepFile(store, file);
    await store.stop();
    const copy = await startCopy(folder, async (path) => {
      await removeIndex(path);
      await flipBit(segment(path), segmentHeaderBytes + recordHeaderBytes + 5);
    });
    expect(await here(copy, file)).toEqual([false, false, true, true, true]);
    expect(await copy.missing(undefined, 5)).toEqual(digestsOf(file.chunks.slice(0, 1)));
    expect(await copy.stats()).toMatchObject({ missing: 1, records: 1 });
    const lease = newLease();
    await copy.openLease(lease, shelf, 1);
    await copy.put(lease, file.chunks);
    await copy.endLease(lease);
    expect(await here(copy, file)).not.toContain(false);
    await drop(copy, file.key);
    expect((await copy.stats()).chunks).toBe(0);
  });

  it("STORE-25 drops nothing while the page of a record is damaged, and does again as soon as it is back", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const [file, other] = [randomFile(3, 200), randomFile()];
    await keepFile(store, file);
    await keepFile(store, other);
    await store.stop();
    const copy = await startCopy(folder, async (path) => {
      await removeIndex(path);
      // The page is the fourth record.
      await flipBit(segment(path), segmentHeaderBytes + 3 * (recordHeaderBytes + 200) + recordHeaderBytes + 3);
    });
    expect(await here(copy, file)).toEqual([false, true, true, true, false]);
    expect(await copy.missing(undefined, 5)).toEqual(digestsOf(file.pages));
    expect(await copy.recordsOf(file.pages[0]?.digest ?? randomChunk().digest, 2)).toEqual([
      { shelf, fileKey: file.key },
    ]);
    await drop(copy, other.key);
    expect(await copy.hasRecords([other.key])).toEqual([false]);
    expect((await copy.stats()).chunks).toBe(3 + 4);
    const lease = newLease();
    await copy.openLease(lease, shelf, 1);
    await copy.put(lease, file.pages);
    await copy.endLease(lease);
    expect(await here(copy, file)).not.toContain(false);
    expect(await copy.stats()).toMatchObject({ records: 1, chunks: 4, missing: 0 });
    expect((await copy.shelves()).map(({ bytes }) => bytes)).toEqual([600]);
    await drop(copy, file.key);
    expect(await copy.stats()).toMatchObject({ records: 0, chunks: 0 });
  });

  it("a record that is dropped while its page is damaged keeps others from nothing, and leaves nothing after a restart", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const [file, other] = [randomFile(3, 200), randomFile()];
    await keepFile(store, file);
    await keepFile(store, other);
    await flipBit(segment(folder), segmentHeaderBytes + 3 * (recordHeaderBytes + 200) + recordHeaderBytes + 3);
    await drop(store, file.key, other.key);
    expect(await store.stats()).toMatchObject({ records: 0, chunks: 3, missing: 0 });
    await store.stop();
    await store.start();
    expect(await store.stats()).toMatchObject({ records: 0, chunks: 0 });
  });
});

describe("a store with damaged segments", () => {
  it("STORE-26 a bit that flips anywhere in a record is found when it is read; the chunk is set aside until it is put again", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const file = randomFile(2, 50);
    await keepFile(store, file);
    await store.stop();
    const [first = randomChunk(), second = randomChunk()] = file.chunks;
    for (const at of [0, 8, 13, 20, 40, 65, 70, recordHeaderBytes, recordHeaderBytes + 49]) {
      const copy = await startCopy(folder, (path) => flipBit(segment(path), segmentHeaderBytes + at));
      await expect(copy.get(first.digest)).rejects.toMatchObject({ kind: "integrity" });
      await expect(copy.get(first.digest)).rejects.toMatchObject({ kind: "not-found" });
      expect(await copy.has(digestsOf(file.all))).toEqual([false, true, true]);
      expect(await copy.stats()).toMatchObject({ chunks: 2, quarantined: 1 });
      expect(await copy.get(second.digest)).toEqual(second.bytes);
      const lease = newLease();
      await copy.openLease(lease, shelf, 1);
      await copy.put(lease, [first]);
      await copy.endLease(lease);
      expect(await copy.get(first.digest)).toEqual(first.bytes);
    }
  });

  it("STORE-27 recovery goes on behind a damaged record, wherever the damage is", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const before = await temporaryFolder();
    await copyFolder(folder, before);
    const chunks = randomChunks(3, 60);
    await store.put(lease, chunks);
    const bytes = await readFile(segment(folder));
    await store.stop();
    for (let at = 0; at < recordHeaderBytes + 60; at += 7) {
      const copy = await startCopy(before, async (path) => {
        await writeFile(segment(path), bytes);
        await flipBit(segment(path), segmentHeaderBytes + recordHeaderBytes + 60 + at);
      });
      expect(await copy.has(digestsOf(chunks))).toEqual([true, false, true]);
      expect((await copy.stats()).quarantined).toBe(1);
    }
  });

  it("bytes that look like a record inside of a chunk are not taken for one", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const inner = randomChunk(50);
    await store.put(lease, [inner]);
    const written = await readFile(segment(folder));
    const otherFolder = await temporaryFolder();
    const other = await startStore({ folder: otherFolder });
    await other.openLease(lease, shelf, 1);
    await other.put(lease, [chunkOf(written.subarray(segmentHeaderBytes)), randomChunk()]);
    const copy = await startCopy(otherFolder, async (path) => {
      await removeIndex(path);
      await flipBit(segment(path), segmentHeaderBytes + 9);
    });
    expect((await copy.stats()).quarantined).toBe(1);
    expect(await copy.has([inner.digest])).toEqual([false]);
  });

  it("a segment that lost its end or is missing costs only what was in there", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes: 1000 });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const chunks = randomChunks(9, 200);
    for (const chunk of chunks) await store.put(lease, [chunk]);
    await store.stop();
    const messages: string[] = [];
    const copy = await temporaryFolder();
    await copyFolder(folder, copy);
    await truncate(segment(copy, 3), segmentHeaderBytes + 2 * (recordHeaderBytes + 200) + 100);
    await rm(segment(copy, 2));
    const mended = await startStore({ folder: copy, segmentBytes: 1000, log: (message) => messages.push(message) });
    expect(await mended.has(digestsOf(chunks))).toEqual([true, true, true, false, false, false, true, true, false]);
    expect(messages).toHaveLength(2);
    await mended.put(lease, chunks);
    for (const { digest, bytes } of chunks) expect(await mended.get(digest)).toEqual(bytes);
  });
});
