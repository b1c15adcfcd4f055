/** What every chunk store does, whatever it keeps its chunks in. */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { recordPageEntriesMax, storeRowsPerTransactionMax } from "../../src/core/limits.ts";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import {
  addFile,
  addRecords,
  chunkOf,
  digestsOf,
  drop,
  fileOf,
  keepFile,
  newLease,
  newShelf,
  randomChunk,
  randomChunks,
  randomFile,
  shelf,
} from "../store/store-fixtures.ts";
import type { TestFile } from "../store/store-fixtures.ts";
import { shelfContract } from "./chunk-store-shelves.ts";

/** Runs the suite against stores that `open` makes; each of them is empty and started. */
export function chunkStoreContract(open: () => Promise<ChunkStore>): void {
  describe("chunks", () => {
    chunkContract(open);
  });
  describe("leases", () => {
    leaseContract(open);
  });
  describe("records", () => {
    recordContract(open);
  });
  shelfContract(open);
}

function chunkContract(open: () => Promise<ChunkStore>): void {
  it("STORE-1 what was put is returned byte by byte, in an array that owns its buffer", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const chunks = [randomChunk(1), randomChunk(100_000), randomChunk(1024 * 1024 + 16)];
    await store.put(lease, chunks);
    for (const { digest, bytes } of chunks) {
      const found = await store.get(digest);
      expect(Buffer.compare(found, bytes)).toBe(0);
      expect(found.buffer.byteLength).toBe(bytes.length);
    }
  });

  it("STORE-2 a chunk that is not here is not found, and said not to be", async () => {
    const store = await open();
    const { digest } = randomChunk();
    await expect(store.get(digest)).rejects.toMatchObject({ kind: "not-found" });
    expect(await store.has([digest])).toEqual([false]);
  });

  it("STORE-95 several chunks are read at once, in any order, of as many as there is memory for", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const chunks = Array.from({ length: 600 }, (_, at) => randomChunk(1 + ((at * 37) % 5000)));
    await store.put(lease, chunks);
    const absent = randomChunk();
    const wanted = [...chunks.toReversed(), absent, ...chunks.slice(3, 5), ...chunks.slice(3, 5)];
    let room = wanted.length;
    const read = (): Promise<readonly (Uint8Array | undefined)[]> =>
      store.getMany(
        wanted.map(({ digest }) => digest),
        (lengths) => {
          expect(lengths).toEqual(wanted.map((chunk) => (chunk === absent ? 0 : chunk.bytes.length)));
          return lengths.slice(0, room).map((bytes) => new Uint8Array(bytes));
        },
      );
    const areRight = async (): Promise<boolean[]> =>
      (await read()).map((bytes, at) => {
        const chunk = wanted[at];
        return bytes === undefined ? chunk === absent : chunk !== undefined && Buffer.compare(bytes, chunk.bytes) === 0;
      });
    expect(await areRight()).toEqual(wanted.map(() => true));
    room = 7;
    expect(await areRight()).toEqual(Array.from({ length: 7 }, () => true));
  });

  it("STORE-3 a chunk put again and again is stored once", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const chunk = randomChunk();
    await store.put(lease, [chunk, chunk]);
    await Promise.all([store.put(lease, [chunk]), store.put(lease, [chunk])]);
    const { diskBytes } = await store.stats();
    await store.put(lease, [chunk]);
    expect(await store.stats()).toMatchObject({ chunks: 1, bytes: chunk.bytes.length, diskBytes });
  });

  it("a chunk without bytes, over the limit or with another kind of digest is refused", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const good = randomChunk();
    for (const bad of [chunkOf(new Uint8Array()), randomChunk(1024 * 1024 + 17), { ...good, digest: good.bytes }]) {
      await expect(store.put(lease, [good, bad])).rejects.toMatchObject({ kind: "usage" });
    }
    expect(await store.has([good.digest])).toEqual([false]);
  });

  it("an aborted call is interrupted", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const signal = AbortSignal.abort();
    const chunk = randomChunk();
    for (const call of [
      store.put(lease, [chunk], { signal }),
      store.get(chunk.digest, { signal }),
      store.pin(lease, [chunk.digest], { signal }),
    ]) {
      await expect(call).rejects.toMatchObject({ kind: "interrupted" });
    }
    expect(await store.has([chunk.digest])).toEqual([false]);
  });

  it("many overlapping puts and gets all find their own chunks", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const groups = Array.from({ length: 20 }, () => randomChunks(7, 3000));
    await Promise.all(
      groups.map(async (chunks) => {
        await store.put(lease, chunks);
        const found = await Promise.all(chunks.map(({ digest }) => store.get(digest)));
        expect(found.every((bytes, at) => Buffer.compare(bytes, chunks[at]?.bytes ?? bytes.subarray(1)) === 0)).toBe(
          true,
        );
      }),
    );
    expect(await store.stats()).toMatchObject({ chunks: 140, bytes: 140 * 3000 });
  });
}

function leaseContract(open: () => Promise<ChunkStore>): void {
  it("STORE-4 nothing is put, pinned or added without an open lease", async () => {
    const store = await open();
    const file = randomFile();
    const lease = newLease();
    const refused = { kind: "not-found" };
    await expect(store.put(lease, file.all)).rejects.toMatchObject(refused);
    await expect(store.pin(lease, digestsOf(file.all))).rejects.toMatchObject(refused);
    await expect(addRecords(store, lease, [file.key])).rejects.toMatchObject(refused);
    await expect(store.renewLease(lease, 5)).rejects.toMatchObject(refused);
    await store.openLease(lease, shelf, 5);
    await store.endLease(lease);
    await expect(store.put(lease, file.all)).rejects.toMatchObject(refused);
    expect(await store.has(digestsOf(file.all))).toEqual([false, false, false, false]);
  });

  it("a lease runs until the latest time that anybody gave it", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 50);
    await store.renewLease(lease, 80);
    await store.renewLease(lease, 60);
    await store.openLease(lease, shelf, 70);
    expect(await store.leases(undefined, 10)).toEqual([{ lease, shelf, expiresMs: 80, records: 0 }]);
    await expect(store.openLease(lease, newShelf(), 90)).rejects.toMatchObject({ kind: "conflict" });
  });

  it("leases and their records come in pages, sorted", async () => {
    const store = await open();
    const leases = Array.from({ length: 5 }, newLease).sort();
    for (const lease of leases) await store.openLease(lease, shelf, 1);
    const [first = newLease(), second, third] = leases;
    expect((await store.leases(undefined, 2)).map(({ lease }) => lease)).toEqual([first, second]);
    expect((await store.leases(second, 1)).map(({ lease }) => lease)).toEqual([third]);
    const files = Array.from({ length: 5 }, () => randomFile(1));
    for (const file of files) await addFile(store, first, file);
    const page = await store.leaseRecords(first, undefined, 3);
    const rest = await store.leaseRecords(first, page.at(-1), 3);
    expect([page.length, rest.length]).toEqual([3, 2]);
    expect([...page, ...rest].sort()).toEqual(files.map(({ key }) => key).sort());
    expect(await store.leaseRecords(newLease(), undefined, 3)).toEqual([]);
  });

  it("STORE-5 what only an ended lease needed is gone", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const loose = randomChunks(3);
    const file = randomFile();
    await store.put(lease, [...loose, ...file.all]);
    await store.endLease(lease);
    expect(await store.has(digestsOf([...loose, ...file.all])).then((here) => here.includes(true))).toBe(false);
    expect(await store.stats()).toMatchObject({ chunks: 0, records: 0, bytes: 0 });
    expect(await store.leases(undefined, 10)).toEqual([]);
    await store.endLease(lease);
  });

  it("STORE-4 a lease that is being ended takes nothing more, and may be opened anew once it has ended", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    await store.put(lease, randomChunks(storeRowsPerTransactionMax + 1));
    const ended = store.endLease(lease);
    await turnOfEvents();
    const late = randomChunk();
    await expect(store.put(lease, [late])).rejects.toMatchObject({ kind: "not-found" });
    await ended;
    expect(await store.stats()).toMatchObject({ chunks: 0 });
    await store.openLease(lease, shelf, 1);
    await store.put(lease, [late]);
    expect(await store.has([late.digest])).toEqual([true]);
  });

  it("STORE-6 a pin keeps a chunk when the lease that put it ends", async () => {
    const store = await open();
    const [first, second] = [newLease(), newLease()];
    await store.openLease(first, shelf, 1);
    await store.openLease(second, shelf, 1);
    const [kept, gone] = [randomChunk(), randomChunk()];
    await store.put(first, [kept, gone]);
    expect(await store.pin(second, [kept.digest, randomChunk().digest])).toEqual([true, false]);
    await store.endLease(first);
    expect(await store.has([kept.digest, gone.digest])).toEqual([true, false]);
    await store.endLease(second);
    expect(await store.has([kept.digest])).toEqual([false]);
  });

  it("STORE-7 a lease holds the records that were added under it until it ends, and its end drops none", async () => {
    const store = await open();
    const [first, second] = [newLease(), newLease()];
    await store.openLease(first, shelf, 1);
    await store.openLease(second, shelf, 1);
    const [file, other] = [randomFile(), randomFile()];
    await addFile(store, first, file);
    await addFile(store, second, file);
    await keepFile(store, other);
    const held = (): Promise<unknown> => store.isHeld([file.key, other.key, randomFile().key]);
    expect(await held()).toEqual([true, false, false]);
    await store.endLease(first);
    expect(await held()).toEqual([true, false, false]);
    await store.endLease(second);
    expect(await held()).toEqual([false, false, false]);
    expect(await store.hasRecords([file.key, other.key])).toEqual([true, true]);
    expect(await store.has(digestsOf(file.all))).not.toContain(false);
  });

  it("STORE-8 a record that is dropped while a lease holds it is gone, and the lease still says that it was added", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const file = randomFile();
    await addFile(store, lease, file);
    await drop(store, file.key);
    expect(await store.hasRecords([file.key])).toEqual([false]);
    expect(await store.leaseRecords(lease, undefined, 5)).toEqual([file.key]);
    expect(await store.has(digestsOf(file.all))).not.toContain(false);
    await addRecords(store, lease, [file.key]);
    await store.endLease(lease);
    expect(await store.hasRecords([file.key])).toEqual([true]);
  });

  it("a lease of another shelf holds nothing of this one", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, newShelf(), 1);
    const file = randomFile();
    await store.put(lease, file.all);
    await expect(addRecords(store, lease, [file.key])).rejects.toMatchObject({ kind: "usage" });
    expect(await store.hasRecords([file.key])).toEqual([false]);
  });
}

function recordContract(open: () => Promise<ChunkStore>): void {
  it("STORE-9 a record is added only when all its chunks and pages are here; the error counts what is missing", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const file = randomFile(5);
    await expect(addRecords(store, lease, [file.key])).rejects.toMatchObject({
      kind: "not-found",
      message: expect.stringMatching(/^1 of/) as string,
    });
    await store.put(lease, [...file.pages, ...file.chunks.slice(2)]);
    const other = randomFile();
    await store.put(lease, other.all);
    await expect(addRecords(store, lease, [other.key, file.key])).rejects.toMatchObject({
      kind: "not-found",
      message: expect.stringMatching(/^2 of/) as string,
    });
    expect(await store.hasRecords([file.key, other.key])).toEqual([false, false]);
    await store.put(lease, file.chunks);
    await addRecords(store, lease, [other.key, file.key]);
    expect(await store.hasRecords([file.key, other.key])).toEqual([true, true]);
  });

  it("a record that lies about a chunk's length is refused", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const [first = randomChunk(), ...others] = randomChunks(3);
    const file = fileOf([{ digest: first.digest, bytes: new Uint8Array(first.bytes.length + 1) }, ...others]);
    await store.put(lease, [first, ...others, ...file.pages]);
    await expect(addRecords(store, lease, [file.key])).rejects.toMatchObject({ kind: "integrity" });
    expect(await store.hasRecords([file.key])).toEqual([false]);
  });

  it("STORE-10 adding a record again changes nothing, and dropping it once drops it", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const file = randomFile();
    await store.put(lease, file.all);
    await addRecords(store, lease, [file.key, file.key]);
    await Promise.all([addRecords(store, lease, [file.key]), addRecords(store, undefined, [file.key])]);
    await store.endLease(lease);
    expect(await store.stats()).toMatchObject({ records: 1, chunks: 4 });
    await drop(store, file.key);
    expect(await store.stats()).toMatchObject({ records: 0, chunks: 0 });
    await drop(store, file.key);
  });

  it("STORE-11 chunks that several records name stay until the last of them is dropped", async () => {
    const store = await open();
    const [shared = randomChunk(), ...own] = randomChunks(3);
    const first = fileOf([shared, shared, ...own.slice(0, 1)]);
    const second = fileOf([shared, ...own.slice(1)]);
    await keepFile(store, first);
    await keepFile(store, second);
    await drop(store, first.key);
    expect(await store.has([shared.digest, ...digestsOf(own)])).toEqual([true, false, true]);
    await drop(store, second.key);
    expect(await store.has([shared.digest, ...digestsOf(own)])).toEqual([false, false, false]);
  });

  it("STORE-12 dropping a record does not touch an upload of the same content", async () => {
    const store = await open();
    const file = randomFile();
    await keepFile(store, file);
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    expect(await store.pin(lease, digestsOf(file.all))).not.toContain(false);
    await drop(store, file.key);
    expect(await store.has(digestsOf(file.all))).not.toContain(false);
    await addRecords(store, lease, [file.key]);
    await store.endLease(lease);
    expect(await store.hasRecords([file.key])).toEqual([true]);
    expect(await store.has(digestsOf(file.all))).not.toContain(false);
  });

  it("adding without a lease keeps what is there from the check to the end, and pins nothing longer", async () => {
    const store = await open();
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const file = randomFile();
    await store.put(lease, file.all);
    await Promise.all([addRecords(store, undefined, [file.key]), store.endLease(lease)]).catch(() => undefined);
    const [isAdded] = await store.hasRecords([file.key]);
    expect(await store.has(digestsOf(file.all))).toEqual(file.all.map(() => isAdded));
    await drop(store, file.key);
    expect(await store.stats()).toMatchObject({ chunks: 0, records: 0 });
  });

  it("records come in pages, sorted by digest", async () => {
    const store = await open();
    const files = Array.from({ length: 7 }, () => randomFile(1));
    for (const file of files) await keepFile(store, file);
    const byDigest = files
      .map(({ key, pages }) => ({ key, digest: pages.at(-1)?.digest ?? new Uint8Array() }))
      .sort((a, b) => Buffer.compare(a.digest, b.digest))
      .map(({ key }) => key);
    const page = await store.recordsPage(undefined, 4);
    expect([...page, ...(await store.recordsPage(page.at(-1), 4))]).toEqual(byDigest);
    expect(await store.recordsPage(byDigest.at(-1), 4)).toEqual([]);
  });

  it("a record of several pages counts each of its chunks, and an empty one its page", async () => {
    const store = await open();
    const chunks = randomChunks(20, 17);
    const long = fileOf(Array.from({ length: recordPageEntriesMax + 5 }, (_, at) => chunks[at % 20] ?? randomChunk()));
    const empty = fileOf([]);
    await keepFile(store, long);
    await keepFile(store, empty);
    expect(await store.stats()).toMatchObject({ records: 2, chunks: 24 });
    await drop(store, long.key);
    expect(await store.stats()).toMatchObject({ records: 1, chunks: 1 });
    await drop(store, empty.key);
    expect(await store.stats()).toMatchObject({ records: 0, chunks: 0 });
  });

  it("STORE-13 the parts of a record come from any place on, pages first, and without repetitions in one answer", async () => {
    const store = await open();
    const chunks = randomChunks(3, 17);
    const short = fileOf([...chunks, ...chunks]);
    const long = fileOf(Array.from({ length: recordPageEntriesMax + 5 }, (_, at) => chunks[at % 3] ?? randomChunk()));
    await keepFile(store, short);
    await keepFile(store, long);
    const digests = async (key: TestFile["key"], after: number, limit: number): Promise<unknown> =>
      (await store.recordChunks(key, after, limit)).map(({ digest }) => Buffer.from(digest).toString("hex"));
    const hex = (...stored: readonly StoredBytes[]): string[] =>
      stored.map(({ digest }) => Buffer.from(digest).toString("hex"));
    expect(await digests(short.key, 0, 10)).toEqual(hex(...short.pages, ...chunks));
    expect(await digests(short.key, 2, 2)).toEqual(hex(...chunks.slice(1)));
    expect(await digests(short.key, 7, 2)).toEqual([]);
    const [firstLeaf = randomChunk(), lastLeaf = randomChunk(), top = randomChunk()] = long.pages;
    expect(await digests(long.key, 0, 3)).toEqual(hex(top, firstLeaf, lastLeaf));
    const parts = await store.recordChunks(long.key, 3 + recordPageEntriesMax - 1, 2);
    expect(parts.map(({ position }) => position)).toEqual([3 + recordPageEntriesMax - 1, 3 + recordPageEntriesMax]);
    expect(parts.map(({ bytes }) => bytes)).toEqual([17, 17]);
    expect(await digests(long.key, 3 + recordPageEntriesMax + 4, 9)).toHaveLength(1);
    await expect(store.recordChunks(randomFile().key, 0, 9)).rejects.toMatchObject({ kind: "not-found" });
  });

  it("STORE-14 the records that name a chunk or a page are found, in every set", async () => {
    const store = await open();
    const [shared = randomChunk(), other = randomChunk()] = randomChunks(2);
    const files = [fileOf([shared]), fileOf([shared, other]), fileOf([other])];
    for (const file of files) await keepFile(store, file);
    const [first, second] = files.map(({ key }) => key);
    const elsewhere = newShelf();
    await store.appendChanges(elsewhere, 1, [{ fileKey: first ?? randomFile().key, copies: 1 }]);
    const places = await store.recordsOf(shared.digest, 10);
    expect(places).toHaveLength(3);
    expect(places).toEqual(
      expect.arrayContaining([
        { shelf, fileKey: first },
        { shelf: elsewhere, fileKey: first },
        { shelf, fileKey: second },
      ]),
    );
    expect(await store.recordsOf(shared.digest, 1)).toHaveLength(1);
    const page = files[2]?.pages[0]?.digest ?? shared.digest;
    expect(await store.recordsOf(page, 5)).toEqual([{ shelf, fileKey: files[2]?.key }]);
    expect(await store.recordsOf(randomChunk().digest, 5)).toEqual([]);
  });

  it("a scrub looks at every chunk once", async () => {
    const store = await open();
    expect(await store.scrub(undefined, 1000)).toEqual({ cursor: undefined, chunks: 0, bytes: 0, damaged: [] });
    for (let at = 0; at < 5; at += 1) await keepFile(store, randomFile(7, 300));
    let [chunks, bytes, steps] = [0, 0, 0];
    let cursor: string | undefined;
    do {
      const step = await store.scrub(cursor, 1000);
      expect(step.damaged).toEqual([]);
      expect(step.bytes).toBeLessThan(1700);
      chunks += step.chunks;
      bytes += step.bytes;
      steps += 1;
      cursor = step.cursor;
    } while (cursor !== undefined);
    expect(await store.stats()).toMatchObject({ chunks, bytes, missing: 0 });
    expect(steps).toBeGreaterThan(8);
    expect(await store.missing(undefined, 5)).toEqual([]);
  });
}
