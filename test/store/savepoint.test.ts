/** What a store claims of a shelf, whatever ends it and whatever is damaged. */
import { copyFile, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileKeyOf } from "../../src/core/ids.ts";
import type { FileKey, ShelfId } from "../../src/core/ids.ts";
import type { Savepoint, ShelfChange } from "../../src/core/shelf.ts";
import type { ChunkStore, ShelfEntry } from "../../src/store/chunk-store.ts";
import { systemDisk } from "../../src/store/disk-operations.ts";
import type { DiskOperations } from "../../src/store/disk-operations.ts";
import { recordHeaderBytes, segmentHeaderBytes } from "../../src/store/segment-format.ts";
import { addSums, emptySum, recordSum } from "../../src/store/set-digest.ts";
import { noteHeadBytes } from "../../src/store/shelf-note.ts";
import {
  copyFolder,
  flipBit,
  indexNames,
  newLease,
  newShelf,
  randomChunk,
  randomFile,
  removeIndex,
  startCopy,
  startStore,
  temporaryFolder,
} from "./store-fixtures.ts";
import type { TestFile } from "./store-fixtures.ts";

const segment = (folder: string, number = 1): string => join(folder, "segments", `0000000${number}.seg`);
const [owned, mirrored] = [newShelf(), newShelf()];

/** What a store says of both shelves. */
interface Claim {
  readonly savepoints: readonly (Savepoint | undefined)[];
  readonly sets: readonly (readonly ShelfEntry[])[];
}

async function claimOf(store: ChunkStore): Promise<Claim> {
  const shelves = [owned, mirrored];
  return {
    savepoints: await Promise.all(shelves.map((id) => store.savepoint(id))),
    sets: await Promise.all(shelves.map((id) => store.shelfPage(id, { position: 0, limit: 99 }))),
  };
}

function sumOf(set: readonly ShelfEntry[]): Uint8Array {
  return set.map(({ fileKey, copies }) => recordSum(fileKey, copies)).reduce(addSums, emptySum());
}

/** Whether everything that is claimed is here, with all its chunks. */
async function checkHonest(store: ChunkStore, { savepoints, sets }: Claim): Promise<void> {
  for (const [at, set] of sets.entries()) {
    expect(savepoints[at]?.digest ?? emptySum()).toEqual(sumOf(set));
    expect(await store.hasRecords(set.map(({ fileKey }) => fileKey))).not.toContain(false);
  }
}

/** A history of both shelves: calls of an owner and of another link, with uploads between them. */
function historyOf(files: readonly TestFile[]): ((store: ChunkStore) => Promise<unknown>)[] {
  const keyOf = (at: number): FileKey => files[at]?.key ?? fileKeyOf(new Uint8Array(32));
  const append =
    (...set: readonly (readonly [number, number])[]) =>
    (store: ChunkStore): Promise<unknown> =>
      store.appendChanges(
        owned,
        3,
        set.map(([at, copies]) => ({ fileKey: keyOf(at), copies })),
      );
  const apply =
    (
      epoch: number,
      after: number,
      sequence: number,
      set: readonly (readonly [number, number])[],
      digest?: Uint8Array,
    ) =>
    (store: ChunkStore): Promise<unknown> => {
      const changes = set.map(([at, copies]) => ({ fileKey: keyOf(at), copies }));
      return store.applyChanges(mirrored, { epoch, after, sequence, changes, digest });
    };
  return [
    append([0, 1], [1, 2]),
    apply(2, 0, 5, [
      [1, 2],
      [2, 2],
    ]),
    append([0, 2], [1, 0], [3, 1]),
    apply(2, 9, 10, [[3, 3]]),
    apply(4, 20, 30, [[2, 0]], addSums(recordSum(keyOf(1), 2), recordSum(keyOf(3), 3))),
    (store) => store.beginEpoch(mirrored, 5),
    append([2, 1]),
    apply(6, 31, 31, [], emptySum()),
  ];
}

async function putAll(store: ChunkStore, files: readonly TestFile[]): Promise<void> {
  const lease = newLease();
  await store.openLease(lease, owned, 1);
  await store.put(
    lease,
    files.flatMap(({ all }) => all),
  );
}

describe("a savepoint", () => {
  it("STORE-80 is that of the set on the disk, wherever the log is cut and however old the index is", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const files = Array.from({ length: 4 }, () => randomFile(1, 20));
    await putAll(store, files);
    const before = await temporaryFolder();
    await copyFolder(folder, before);
    const claims = [{ end: (await stat(segment(folder))).size, claim: await claimOf(store) }];
    const [{ end: begin } = { end: 0 }] = claims;
    for (const step of historyOf(files)) {
      await step(store);
      claims.push({ end: (await stat(segment(folder))).size, claim: await claimOf(store) });
    }
    const bytes = await readFile(segment(folder));
    await store.stop();
    const ends = new Set(claims.flatMap(({ end }) => [end - 1, end, end + 1]));
    for (let end = begin; end <= bytes.length; end += 29) ends.add(end);
    for (const end of [...ends].filter((at) => at >= begin && at <= bytes.length)) {
      const expected = claims.filter((known) => known.end <= end).at(-1)?.claim;
      const copy = await startCopy(before, async (path) => {
        await writeFile(segment(path), bytes.subarray(0, end));
        // In turns with the index of before all changes and with none.
        if (end % 2 === 0) await removeIndex(path);
      });
      const claim = await claimOf(copy);
      expect(claim.sets).toEqual(expected?.sets);
      expect(claim.savepoints).toEqual(expected?.savepoints);
      await checkHonest(copy, claim);
      await copy.stop();
    }
  }, 60_000);

  it("STORE-81 never claims more than is on the disk when the store is killed at any of its writes", async () => {
    const folder = await temporaryFolder();
    const states: Claim[] = [];
    const kills: { readonly folder: string; readonly done: number }[] = [];
    const kill = async (): Promise<void> => {
      const copy = await temporaryFolder();
      await copyFolder(folder, copy);
      kills.push({ folder: copy, done: states.length - 1 });
    };
    const disk: DiskOperations = {
      ...systemDisk,
      async write(handle, buffers, position) {
        const all = Buffer.concat(buffers);
        await systemDisk.write(handle, [all.subarray(0, all.length >> 1)], position);
        if (states.length > 0) await kill();
        await systemDisk.write(handle, [all.subarray(all.length >> 1)], position + (all.length >> 1));
        if (states.length > 0) await kill();
      },
    };
    const store = await startStore({ folder, disk, segmentBytes: 900 });
    const files = Array.from({ length: 4 }, () => randomFile(1, 20));
    await putAll(store, files);
    states.push(await claimOf(store));
    for (const step of historyOf(files)) {
      await step(store);
      states.push(await claimOf(store));
      while ((await store.compactOnce({ share: 0.1 })) > 0);
    }
    expect(kills.length).toBeGreaterThan(20);
    for (const [at, { folder: killed, done }] of kills.entries()) {
      const copy = await startCopy(killed, at % 3 === 0 ? removeIndex : undefined);
      const claim = await claimOf(copy);
      expect(states.slice(done, done + 2)).toContainEqual(claim);
      await checkHonest(copy, claim);
      await copy.stop();
    }
  }, 60_000);

  it("STORE-82 survives the index, also when the segments that said it were compacted away", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes: 1500 });
    const files = Array.from({ length: 4 }, () => randomFile(1, 20));
    await putAll(store, files);
    for (const step of historyOf(files).slice(0, 7)) await step(store);
    const lease = newLease();
    await store.openLease(lease, owned, 1);
    for (let at = 0; at < 5; at += 1) await store.put(lease, [randomChunk(1000)]);
    await store.endLease(lease);
    const claim = await claimOf(store);
    while ((await store.compactOnce({ share: 0.05 })) > 0);
    expect(await claimOf(store)).toEqual(claim);
    const rebuilt = await startCopy(folder, removeIndex);
    expect(await claimOf(rebuilt)).toEqual(claim);
    await expect(rebuilt.appendChanges(owned, 2, [])).rejects.toMatchObject({ kind: "moved" });
    expect(await rebuilt.changesSince(owned, { epoch: 3, sequence: 1 }, 9)).toBeUndefined();
    expect(await store.changesSince(owned, { epoch: 3, sequence: 1 }, 9)).toHaveLength(5);
  });

  it("changes at the same time share flushes", async () => {
    let flushes = 0;
    const disk: DiskOperations = {
      ...systemDisk,
      async flush(handle) {
        flushes += 1;
        return systemDisk.flush(handle);
      },
    };
    const store = await startStore({ folder: await temporaryFolder(), disk });
    const files = Array.from({ length: 40 }, () => randomFile(1, 20));
    await putAll(store, files);
    flushes = 0;
    await Promise.all(files.map(({ key }) => store.appendChanges(owned, 1, [{ fileKey: key, copies: 1 }])));
    expect(flushes).toBeLessThan(20);
    expect(await store.savepoint(owned)).toMatchObject({ sequence: 40 });
  });

  it("comparing an equal digest again writes nothing", async () => {
    const store = await startStore({ folder: await temporaryFolder() });
    const digest = emptySum();
    await store.applyChanges(owned, { epoch: 1, after: 7, sequence: 7, changes: [], digest });
    const { diskBytes } = await store.stats();
    await store.applyChanges(owned, { epoch: 1, after: 7, sequence: 7, changes: [], digest });
    expect((await store.stats()).diskBytes).toBe(diskBytes);
  });
});

describe("a store under load", () => {
  it("STORE-85 keeps savepoints and sets together while everything overlaps, and after the index is lost", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes: 3000 });
    const files = Array.from({ length: 24 }, () => randomFile(1, 60));
    await putAll(store, files);
    const some = (round: number, id: number): ShelfChange[] =>
      files
        .filter((_, at) => (at * 7 + round * 5 + id) % 4 === 0)
        .map(({ key }, at) => ({
          fileKey: key,
          copies: (at + round) % 3,
        }));
    const owner = Array.from({ length: 12 }, (_, round) => store.appendChanges(owned, 1, some(round, 0)));
    const link = Array.from({ length: 12 }, (_, round) =>
      store.applyChanges(mirrored, { epoch: 1, after: round * 9, sequence: round * 9 + 9, changes: some(round, 1) }),
    );
    const compact = async (): Promise<void> => {
      while ((await store.compactOnce({ share: 0.3 })) > 0);
    };
    await Promise.all([
      ...owner,
      ...link,
      compact(),
      ...files.map(({ all }) => store.has([all[0]?.digest ?? emptySum()])),
    ]);
    await compact();
    const claim = await claimOf(store);
    await checkHonest(store, claim);
    expect(claim.savepoints[0]?.sequence).toBe(owner.length * 6);
    expect(claim.savepoints[1]?.sequence).toBe(link.length * 9);
    const rebuilt = await startCopy(folder, removeIndex);
    expect(await claimOf(rebuilt)).toEqual(claim);
    const { chunks, records, bytes } = await rebuilt.stats();
    for (const { lease } of await store.leases(undefined, 9)) await store.endLease(lease);
    expect(await store.stats()).toMatchObject({ chunks, records, bytes, missing: 0 });
  });
});

describe("damage that may have hidden a change", () => {
  /** A store with one record in each of both shelves: six records and two notes, of which the last is of `owned`. */
  async function damageable(): Promise<{ folder: string; files: TestFile[]; noteBytes: number; size: number }> {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const files = [randomFile(1, 20), randomFile(1, 20)];
    await putAll(store, files);
    const [first, second] = files.map(({ key }) => key);
    const set = (fileKey: FileKey | undefined): { fileKey: FileKey; copies: number }[] =>
      fileKey === undefined ? [] : [{ fileKey, copies: 2 }];
    await store.applyChanges(mirrored, { epoch: 1, after: 0, sequence: 8, changes: set(first) });
    await store.appendChanges(owned, 1, set(second));
    await store.stop();
    return {
      folder,
      files,
      noteBytes: recordHeaderBytes + noteHeadBytes + 33,
      size: (await stat(segment(folder))).size,
    };
  }

  const sequences = async (store: ChunkStore): Promise<unknown> =>
    Promise.all([owned, mirrored].map(async (id: ShelfId) => (await store.savepoint(id))?.sequence));

  it("STORE-83 takes the claim from every shelf when nobody can say what was there, and the log says so", async () => {
    const { folder, noteBytes, size } = await damageable();
    for (const at of [size - noteBytes, size - noteBytes + 20, size - 2 * noteBytes + 40]) {
      const messages: string[] = [];
      const copy = await temporaryFolder();
      await copyFolder(folder, copy);
      await removeIndex(copy);
      await flipBit(segment(copy), at);
      const store = await startStore({ folder: copy, log: (message) => messages.push(message) });
      expect(await sequences(store)).toEqual(at < size - noteBytes ? [0, undefined] : [undefined, 0]);
      await checkHonest(store, await claimOf(store));
      expect(messages.join()).toContain("is lost");
      await store.stop();
      expect(await sequences(await startCopy(copy))).toEqual(await sequencesAfter(copy));
    }
  });

  /** The same from an index that is made once more: the log has the claim that is none. */
  async function sequencesAfter(folder: string): Promise<unknown> {
    return sequences(await startCopy(folder, removeIndex));
  }

  it("takes it from one shelf where the header is left", async () => {
    const { folder, size } = await damageable();
    const copy = await startCopy(folder, async (path) => {
      await removeIndex(path);
      await flipBit(segment(path), size - 5);
    });
    expect(await sequences(copy)).toEqual([undefined, 8]);
    const again = await startStore({ folder: await temporaryFolder() });
    expect(await sequences(again)).toEqual([undefined, undefined]);
  });

  it("takes it from nobody where only a chunk was", async () => {
    const { folder, files } = await damageable();
    const copy = await startCopy(folder, async (path) => {
      await removeIndex(path);
      await flipBit(segment(path), segmentHeaderBytes + recordHeaderBytes + 3);
    });
    expect(await sequences(copy)).toEqual([1, 8]);
    expect(await copy.hasRecords(files.map(({ key }) => key))).toEqual([false, true]);
    expect((await copy.stats()).missing).toBe(1);
  });

  it("STORE-84 takes it from shelves whose set is not what the last note says: a segment is missing, or lost its end", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes: 400 });
    const files = Array.from({ length: 6 }, () => randomFile(1, 20));
    await putAll(store, files);
    for (const { key } of files) await store.appendChanges(owned, 1, [{ fileKey: key, copies: 1 }]);
    await store.stop();
    const lostSegment = await startCopy(folder, async (path) => {
      await removeIndex(path);
      await rm(segment(path, 3));
    });
    expect(await lostSegment.savepoint(owned)).toMatchObject({ epoch: 1, sequence: 0 });
    await checkHonest(lostSegment, await claimOf(lostSegment));
    const lostEnd = await startCopy(folder, async (path) => {
      await removeIndex(path);
      await truncate(segment(path, 3), (await stat(segment(path, 3))).size - 1);
    });
    expect(await lostEnd.savepoint(owned)).toMatchObject({ epoch: 1, sequence: 0 });
    // An index that was sound knows what the segment said.
    const known = await startCopy(folder, (path) => rm(segment(path, 3)));
    expect(await known.savepoint(owned)).toMatchObject({ epoch: 1, sequence: 6 });
    expect((await known.shelfPage(owned, { position: 0, limit: 9 })).length).toBe(6);
  });

  it("takes it from all when a segment that is not the last one is torn, or cannot be read from its beginning", async () => {
    const folder = await temporaryFolder();
    // Every call writes a segment of its own.
    const store = await startStore({ folder, segmentBytes: 100 });
    const files = [randomFile(1, 20), randomFile(1, 20)];
    await putAll(store, files);
    for (const [at, { key }] of files.entries()) {
      const changes = [{ fileKey: key, copies: 1 }];
      await store.applyChanges(mirrored, { epoch: 1, after: at * 8, sequence: at * 8 + 8, changes });
    }
    await store.appendChanges(owned, 1, []);
    await store.appendChanges(
      owned,
      1,
      files.map(({ key }) => ({ fileKey: key, copies: 1 })),
    );
    const last = (await readdir(join(folder, "segments"))).length;
    await store.stop();
    const second = (path: string): string => segment(path, last - 2);
    const torn = await startCopy(folder, async (path) => {
      await removeIndex(path);
      await truncate(second(path), (await stat(second(path))).size - 1);
    });
    expect(await sequences(torn)).toEqual([0, 0]);
    const unreadable = await startCopy(folder, async (path) => {
      await removeIndex(path);
      await flipBit(second(path), 20);
      await flipBit(second(path), segmentHeaderBytes + 20);
    });
    expect(await sequences(unreadable)).toEqual([0, 0]);
    for (const copy of [torn, unreadable]) await checkHonest(copy, await claimOf(copy));
    expect(await sequences(await startCopy(folder, removeIndex))).toEqual([2, 16]);
  });

  it("an index that fell back to before a note which is gone claims less", async () => {
    const { folder, noteBytes, size } = await damageable();
    const older = await temporaryFolder();
    await copyFolder(folder, older);
    const copy = await startCopy(folder, async (path) => {
      await removeIndex(path);
      for (const name of indexNames) await copyFile(join(older, name), join(path, name)).catch(() => undefined);
      await truncate(segment(path), size - noteBytes);
    });
    // The index still knows the change, and the set has it.
    expect(await sequences(copy)).toEqual([1, 8]);
    const rebuilt = await startCopy(folder, async (path) => {
      await removeIndex(path);
      await truncate(segment(path), size - noteBytes);
    });
    expect(await sequences(rebuilt)).toEqual([undefined, 8]);
  });
});
