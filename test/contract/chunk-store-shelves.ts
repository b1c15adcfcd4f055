/** What every chunk store does with the sets of shelves, their savepoints and their changes. */
import { describe, expect, it } from "vitest";
import { recordsPerNoteMax, shelfChangesKept } from "../../src/core/limits.ts";
import { digestOf } from "../../src/core/ids.ts";
import type { FileKey } from "../../src/core/ids.ts";
import type { ShelfChange } from "../../src/core/shelf.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import { addSums, emptySum, recordSum } from "../../src/store/set-digest.ts";
import type { ShelfBatch } from "../../src/store/shelf-state.ts";
import { fileOf, newLease, newShelf, randomChunk, randomFile, shelf } from "../store/store-fixtures.ts";

type Open = () => Promise<ChunkStore>;
/** Who of a set, and for how many copies. */
type TestSet = readonly (readonly [FileKey, number])[];

/** Runs the suite against stores that `open` makes; each of them is empty and started. */
export function shelfContract(open: Open): void {
  describe("the owner's sets", () => {
    ownerContract(open);
  });
  describe("another link's sets", () => {
    linkContract(open);
  });
  describe("the history of a set", () => {
    historyContract(open);
  });
  describe("what a set comes to", () => {
    contentContract(open);
  });
}

/** A store with the chunks of `count` files, which are in no set yet, and their keys in order of digest. */
async function prepared(open: Open, count: number): Promise<{ store: ChunkStore; keys: FileKey[] }> {
  const store = await open();
  const files = Array.from({ length: count }, () => randomFile(1, 20));
  const lease = newLease();
  await store.openLease(lease, newShelf(), 1);
  await store.put(
    lease,
    files.flatMap(({ all }) => all),
  );
  const keys = files.map(({ key }) => key);
  return { store, keys: keys.sort((a, b) => Buffer.compare(digestOf(a), digestOf(b))) };
}

function changesOf(set: TestSet): ShelfChange[] {
  return set.map(([fileKey, copies]) => ({ fileKey, copies }));
}

function sumOf(set: TestSet): Uint8Array {
  return set.map(([key, copies]) => recordSum(key, copies)).reduce(addSums, emptySum());
}

function batch(
  epoch: number,
  [after, sequence]: readonly [number, number],
  set: TestSet = [],
  digest?: Uint8Array,
): ShelfBatch {
  return { epoch, after, sequence, changes: changesOf(set), digest };
}

function ownerContract(open: Open): void {
  it("STORE-70 the owner's changes are numbered one by one, also those that change nothing", async () => {
    const { store, keys } = await prepared(open, 3);
    const [a, b, c] = keys as [FileKey, FileKey, FileKey];
    expect(await store.savepoint(shelf)).toBeUndefined();
    const first = await store.appendChanges(
      shelf,
      3,
      changesOf([
        [a, 2],
        [b, 1],
      ]),
    );
    expect(first).toEqual({
      after: 0,
      savepoint: {
        shelf,
        epoch: 3,
        sequence: 2,
        digest: sumOf([
          [a, 2],
          [b, 1],
        ]),
      },
    });
    const second = await store.appendChanges(
      shelf,
      3,
      changesOf([
        [a, 2],
        [b, 0],
        [c, 3],
        [c, 0],
        [c, 1],
      ]),
    );
    expect(second.after).toBe(2);
    const now: TestSet = [
      [a, 2],
      [c, 1],
    ];
    expect(second.savepoint).toEqual({ shelf, epoch: 3, sequence: 7, digest: sumOf(now) });
    expect(await store.savepoint(shelf)).toEqual(second.savepoint);
    expect(await store.shelfPage(shelf, { position: 0, limit: 9 })).toEqual(
      now.map(([fileKey, copies]) => ({ fileKey, copies, bytes: 20 })),
    );
    expect(await store.hasRecords(keys)).toEqual([true, false, true]);
    expect(await store.appendChanges(shelf, 3, [])).toEqual({ after: 7, savepoint: second.savepoint });
  });

  it("STORE-71 whoever comes with an earlier epoch is refused, and changes nothing", async () => {
    const { store, keys } = await prepared(open, 1);
    const set: TestSet = keys.map((key) => [key, 1]);
    await store.beginEpoch(shelf, 5);
    const moved = { kind: "moved" };
    await expect(store.appendChanges(shelf, 4, changesOf(set))).rejects.toMatchObject(moved);
    await expect(store.applyChanges(shelf, batch(4, [0, 1], set))).rejects.toMatchObject(moved);
    await expect(store.beginEpoch(shelf, 4)).rejects.toMatchObject(moved);
    expect(await store.savepoint(shelf)).toEqual({ shelf, epoch: 5, sequence: 0, digest: emptySum() });
    expect((await store.appendChanges(shelf, 7, changesOf(set))).savepoint).toMatchObject({ epoch: 7, sequence: 1 });
    await expect(store.appendChanges(shelf, 6, [])).rejects.toMatchObject(moved);
    expect(await store.beginEpoch(shelf, 9)).toMatchObject({ epoch: 9, sequence: 1 });
    expect(await store.beginEpoch(shelf, 9)).toMatchObject({ epoch: 9, sequence: 1 });
  });

  it("calls that no owner makes are refused", async () => {
    const { store, keys } = await prepared(open, 1);
    const [key = randomFile().key] = keys;
    const usage = { kind: "usage" };
    for (const copies of [-1, 1.5, 6])
      await expect(store.appendChanges(shelf, 1, [{ fileKey: key, copies }])).rejects.toMatchObject(usage);
    const many = Array.from({ length: recordsPerNoteMax + 1 }, () => ({ fileKey: key, copies: 1 }));
    await expect(store.appendChanges(shelf, 1, many)).rejects.toMatchObject(usage);
    await expect(store.applyChanges(shelf, batch(1, [3, 2]))).rejects.toMatchObject(usage);
    await expect(store.applyChanges(shelf, batch(1, [-1, 2]))).rejects.toMatchObject(usage);
    await expect(store.beginEpoch(shelf, 0)).rejects.toMatchObject(usage);
    expect(await store.savepoint(shelf)).toBeUndefined();
  });

  it("changes at the same time get numbers of their own", async () => {
    const { store, keys } = await prepared(open, 30);
    const calls = keys.map((fileKey) => store.appendChanges(shelf, 1, [{ fileKey, copies: 1 }]));
    const afters = (await Promise.all(calls)).map(({ after }) => after);
    expect(afters.toSorted((a, b) => a - b)).toEqual(keys.map((_, at) => at));
    const digest = sumOf(keys.map((key) => [key, 1]));
    expect(await store.savepoint(shelf)).toEqual({ shelf, epoch: 1, sequence: 30, digest });
  });

  it("STORE-72 a record is here while it is in the set of any shelf, and counts in each", async () => {
    const { store, keys } = await prepared(open, 2);
    const [a, b] = keys as [FileKey, FileKey];
    const other = newShelf();
    await store.appendChanges(
      shelf,
      1,
      changesOf([
        [a, 2],
        [b, 1],
      ]),
    );
    await store.appendChanges(other, 4, changesOf([[a, 1]]));
    const stats = await store.shelves();
    const expected = [
      {
        savepoint: {
          shelf,
          epoch: 1,
          sequence: 2,
          digest: sumOf([
            [a, 2],
            [b, 1],
          ]),
        },
        records: 2,
        bytes: 40,
      },
      { savepoint: { shelf: other, epoch: 4, sequence: 1, digest: sumOf([[a, 1]]) }, records: 1, bytes: 20 },
    ];
    expect(stats).toEqual(expected.toSorted((x, y) => (x.savepoint.shelf < y.savepoint.shelf ? -1 : 1)));
    await store.appendChanges(shelf, 1, changesOf([[a, 0]]));
    expect(await store.hasRecords([a])).toEqual([true]);
    await store.appendChanges(other, 4, changesOf([[a, 0]]));
    expect(await store.hasRecords([a, b])).toEqual([false, true]);
    const left = await store.shelves();
    expect(left.map(({ savepoint, records, bytes }) => [savepoint.shelf, records, bytes])).toEqual(
      [
        [shelf, 1, 20],
        [other, 0, 0],
      ].toSorted(([x = ""], [y = ""]) => (x < y ? -1 : 1)),
    );
  });
}

function linkContract(open: Open): void {
  it("STORE-73 changes that follow the savepoint move it, and others are carried out without", async () => {
    const { store, keys } = await prepared(open, 4);
    const [a, b, c, d] = keys as [FileKey, FileKey, FileKey, FileKey];
    expect(await store.applyChanges(shelf, batch(2, [0, 4], [[a, 2]]))).toEqual({
      shelf,
      epoch: 2,
      sequence: 4,
      digest: sumOf([[a, 2]]),
    });
    expect(await store.applyChanges(shelf, batch(2, [4, 6], [[b, 3]]))).toMatchObject({ sequence: 6 });
    expect(await store.applyChanges(shelf, batch(2, [8, 9], [[c, 2]]))).toEqual({
      shelf,
      epoch: 2,
      sequence: 6,
      digest: sumOf([
        [a, 2],
        [b, 3],
        [c, 2],
      ]),
    });
    expect(await store.applyChanges(shelf, batch(2, [6, 8], [[d, 2]]))).toMatchObject({ sequence: 8 });
    expect(await store.hasRecords(keys)).toEqual([true, true, true, true]);
  });

  it("changes that came before are not carried out again, unless they are meant to mend", async () => {
    const { store, keys } = await prepared(open, 1);
    const [a] = keys as [FileKey];
    await store.applyChanges(shelf, batch(1, [0, 1], [[a, 2]]));
    await store.applyChanges(shelf, batch(1, [1, 2], [[a, 0]]));
    expect(await store.applyChanges(shelf, batch(1, [0, 1], [[a, 2]]))).toMatchObject({ sequence: 2 });
    expect(await store.hasRecords([a])).toEqual([false]);
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    expect(await store.applyChanges(shelf, batch(1, [2, 2], [[a, 1]]), { lease })).toMatchObject({ sequence: 2 });
    expect(await store.hasRecords([a])).toEqual([true]);
    expect(await store.leaseRecords(lease, undefined, 2)).toEqual([a]);
  });

  it("calls that overlap move the savepoint in the order in which they were made", async () => {
    const { store, keys } = await prepared(open, 20);
    const calls = keys.map((key, at) => store.applyChanges(shelf, batch(1, [at, at + 1], [[key, 1]])));
    expect((await Promise.all(calls)).map(({ sequence }) => sequence)).toEqual(keys.map((_, at) => at + 1));
  });

  it("STORE-74 with a digest the savepoint is what the set comes to, or claims nothing", async () => {
    const { store, keys } = await prepared(open, 3);
    const [a, b, c] = keys as [FileKey, FileKey, FileKey];
    await store.applyChanges(
      shelf,
      batch(
        1,
        [0, 90],
        [
          [a, 1],
          [b, 1],
        ],
      ),
    );
    const smaller = await store.applyChanges(shelf, batch(1, [10, 20], [[b, 0]], sumOf([[a, 1]])));
    expect(smaller).toEqual({ shelf, epoch: 1, sequence: 20, digest: sumOf([[a, 1]]) });
    const other = await store.applyChanges(shelf, batch(2, [20, 25], [[c, 1]], sumOf([[a, 1]])));
    expect(other).toEqual({
      shelf,
      epoch: 2,
      sequence: 0,
      digest: sumOf([
        [a, 1],
        [c, 1],
      ]),
    });
    // Nothing is claimed at 0, whatever the owner's numbers are.
    expect(await store.applyChanges(shelf, batch(2, [0, 5], [[b, 1]]))).toMatchObject({ sequence: 0 });
    const whole = sumOf([
      [a, 1],
      [b, 1],
      [c, 1],
    ]);
    expect(await store.applyChanges(shelf, batch(2, [30, 30], [], whole))).toMatchObject({ epoch: 2, sequence: 30 });
  });

  it("STORE-75 a number counts in its own epoch: the first savepoint of another one takes a digest", async () => {
    const { store, keys } = await prepared(open, 3);
    const [a, b, c] = keys as [FileKey, FileKey, FileKey];
    await store.applyChanges(shelf, batch(4, [0, 100], [[a, 1]]));
    // The owner of epoch 5 had only got to 95, and its 96 to 100 are others.
    expect(await store.applyChanges(shelf, batch(5, [100, 101], [[b, 1]]))).toEqual({
      shelf,
      epoch: 4,
      sequence: 100,
      digest: sumOf([
        [a, 1],
        [b, 1],
      ]),
    });
    await expect(store.applyChanges(shelf, batch(4, [100, 101], [[c, 1]]))).rejects.toMatchObject({ kind: "moved" });
    const set: TestSet = [
      [a, 1],
      [b, 1],
      [c, 1],
    ];
    const reached = await store.applyChanges(shelf, batch(5, [101, 102], [[c, 1]], sumOf(set)));
    expect(reached).toMatchObject({ epoch: 5, sequence: 102 });
    expect(await store.applyChanges(shelf, batch(5, [102, 103], [[c, 0]]))).toMatchObject({ epoch: 5, sequence: 103 });
  });

  it("a record whose chunks are missing is refused with all the others, and nothing is changed", async () => {
    const { store, keys } = await prepared(open, 1);
    const [a] = keys as [FileKey];
    const set: TestSet = [
      [a, 1],
      [fileOf([randomChunk()]).key, 1],
    ];
    await expect(store.applyChanges(shelf, batch(1, [0, 2], set))).rejects.toMatchObject({ kind: "not-found" });
    expect(await store.savepoint(shelf)).toBeUndefined();
    expect(await store.hasRecords([a])).toEqual([false]);
  });

  it("STORE-76 a link that becomes the owner gives what it has the next number, where no number stands for it", async () => {
    const { store, keys } = await prepared(open, 3);
    const [a, b, c] = keys as [FileKey, FileKey, FileKey];
    await store.applyChanges(shelf, batch(1, [0, 7], [[a, 1]]));
    expect(await store.beginEpoch(shelf, 2)).toMatchObject({ epoch: 2, sequence: 7 });
    await store.applyChanges(shelf, batch(3, [50, 51], [[b, 1]]));
    expect(await store.beginEpoch(shelf, 4)).toMatchObject({ epoch: 4, sequence: 8 });
    expect(await store.applyChanges(shelf, batch(4, [1, 1], [], emptySum()))).toMatchObject({ sequence: 0 });
    expect(await store.appendChanges(shelf, 4, changesOf([[c, 1]]))).toMatchObject({
      after: 1,
      savepoint: { epoch: 4, sequence: 2 },
    });
  });
}

function historyContract(open: Open): void {
  const since = async (store: ChunkStore, epoch: number, sequence: number, limit = 100): Promise<unknown> =>
    (await store.changesSince(shelf, { epoch, sequence }, limit))?.map((change) => [
      change.sequence,
      change.fileKey,
      change.copies,
    ]);

  it("STORE-77 the changes behind any point of the history are told, page by page", async () => {
    const { store, keys } = await prepared(open, 3);
    const [a, b, c] = keys as [FileKey, FileKey, FileKey];
    expect(await since(store, 1, 1)).toBeUndefined();
    await store.appendChanges(
      shelf,
      2,
      changesOf([
        [a, 2],
        [b, 1],
      ]),
    );
    await store.appendChanges(shelf, 2, changesOf([[a, 0]]));
    await store.beginEpoch(shelf, 5);
    await store.appendChanges(shelf, 5, changesOf([[c, 3]]));
    expect(await since(store, 2, 1)).toEqual([
      [2, b, 1],
      [3, a, 0],
      [4, c, 3],
    ]);
    expect(await since(store, 2, 1, 2)).toEqual([
      [2, b, 1],
      [3, a, 0],
    ]);
    expect(await since(store, 2, 3)).toEqual([[4, c, 3]]);
    expect(await since(store, 5, 3)).toEqual([[4, c, 3]]);
    expect(await since(store, 5, 4)).toEqual([]);
    for (const [epoch, sequence] of [
      [2, 4],
      [5, 2],
      [5, 5],
      [3, 3],
      [2, 0],
    ] as const)
      expect(await since(store, epoch, sequence)).toBeUndefined();
  });

  it("a link that takes over knows the history from its last digest on", async () => {
    const { store, keys } = await prepared(open, 4);
    const [a, b, c, d] = keys as [FileKey, FileKey, FileKey, FileKey];
    await store.applyChanges(shelf, batch(1, [5, 6], [[a, 1]], sumOf([[a, 1]])));
    await store.applyChanges(
      shelf,
      batch(
        1,
        [6, 10],
        [
          [b, 2],
          [c, 2],
        ],
      ),
    );
    await store.beginEpoch(shelf, 2);
    await store.appendChanges(shelf, 2, changesOf([[d, 1]]));
    // Which of 7 to 10 they were is not known: never less than what came behind a point is told.
    expect(await since(store, 1, 6)).toEqual([
      [9, b, 2],
      [10, c, 2],
      [11, d, 1],
    ]);
    expect(await since(store, 1, 9)).toEqual([
      [10, c, 2],
      [11, d, 1],
    ]);
    expect(await since(store, 2, 10)).toEqual([[11, d, 1]]);
    expect(await since(store, 1, 5)).toBeUndefined();
  });

  it("what is not on the history is not told: changes out of turn, and sets that were only compared", async () => {
    const { store, keys } = await prepared(open, 3);
    const [a, b, c] = keys as [FileKey, FileKey, FileKey];
    await store.applyChanges(shelf, batch(1, [0, 1], [[a, 1]]));
    await store.applyChanges(shelf, batch(1, [4, 5], [[b, 1]]));
    expect(await since(store, 1, 1)).toBeUndefined();
    await store.applyChanges(
      shelf,
      batch(
        1,
        [1, 5],
        [[c, 1]],
        sumOf([
          [a, 1],
          [b, 1],
          [c, 1],
        ]),
      ),
    );
    expect(await since(store, 1, 5)).toEqual([]);
    await store.applyChanges(shelf, batch(1, [5, 5], [], emptySum()));
    expect(await since(store, 1, 5)).toBeUndefined();
  });

  it("the log of changes is bounded", async () => {
    const { store, keys } = await prepared(open, 1);
    const [fileKey = randomFile().key] = keys;
    await store.appendChanges(shelf, 1, [{ fileKey, copies: 1 }]);
    const nothing = Array.from({ length: recordsPerNoteMax }, () => ({ fileKey, copies: 1 }));
    for (let made = 0; made < shelfChangesKept; made += nothing.length) await store.appendChanges(shelf, 1, nothing);
    expect(await since(store, 1, 1)).toEqual([]);
    await store.appendChanges(shelf, 1, [{ fileKey, copies: 2 }]);
    expect(await since(store, 1, 1)).toBeUndefined();
    expect(await since(store, 1, 2)).toEqual([[shelfChangesKept + 2, fileKey, 2]]);
  });
}

function contentContract(open: Open): void {
  it("STORE-78 buckets, sums and pages are those of the records with more copies than the position", async () => {
    const { store, keys } = await prepared(open, 40);
    const set: TestSet = keys.map((key, at) => [key, 1 + (at % 3)]);
    await store.appendChanges(shelf, 1, changesOf(set));
    await store.appendChanges(shelf, 1, changesOf(keys.slice(0, 5).map((key) => [key, 0])));
    for (const position of [0, 1, 2, 3]) {
      const expected = set.slice(5).filter(([, copies]) => copies > position);
      expect(await store.setDigest(shelf, position)).toEqual(sumOf(expected));
      const buckets = await store.buckets(shelf, position);
      expect(buckets).toHaveLength(256);
      for (const [at, bucket] of buckets.entries()) {
        const inBucket = expected.filter(([key]) => digestOf(key)[0] === at);
        expect(bucket).toEqual({ count: inBucket.length, digest: sumOf(inBucket) });
        const page = await store.shelfPage(shelf, { position, bucket: at, limit: 50 });
        expect(page.map(({ fileKey, copies }) => [fileKey, copies])).toEqual(inBucket);
      }
      const first = await store.shelfPage(shelf, { position, limit: 10 });
      const rest = await store.shelfPage(shelf, { position, after: first.at(-1)?.fileKey, limit: 50 });
      expect([...first, ...rest].map(({ fileKey }) => fileKey)).toEqual(expected.map(([key]) => key));
    }
    expect((await store.savepoint(shelf))?.digest).toEqual(await store.setDigest(shelf, 0));
    expect(await store.setDigest(newShelf(), 0)).toEqual(emptySum());
    expect(await store.shelfPage(newShelf(), { position: 0, limit: 5 })).toEqual([]);
  });

  it("STORE-79 a shelf is forgotten in steps, claims nothing from the first on, and leaves nothing behind", async () => {
    const { store, keys } = await prepared(open, 5);
    const [kept = randomFile().key] = keys;
    const other = newShelf();
    await store.appendChanges(other, 1, [{ fileKey: kept, copies: 1 }]);
    await store.appendChanges(shelf, 6, changesOf(keys.map((key) => [key, 1])));
    for (const { lease } of await store.leases(undefined, 5)) await store.endLease(lease);
    expect(await store.forgetShelf(shelf, 2)).toBe(2);
    expect(await store.savepoint(shelf)).toMatchObject({ epoch: 6, sequence: 0 });
    expect(await store.forgetShelf(shelf, 2)).toBe(2);
    expect(await store.forgetShelf(shelf, 2)).toBe(1);
    expect(await store.forgetShelf(shelf, 2)).toBe(0);
    expect(await store.savepoint(shelf)).toBeUndefined();
    expect(await store.changesSince(shelf, { epoch: 6, sequence: 5 }, 5)).toBeUndefined();
    expect((await store.shelves()).map(({ savepoint }) => savepoint.shelf)).toEqual([other]);
    expect(await store.hasRecords(keys)).toEqual(keys.map((key) => key === kept));
    expect(await store.stats()).toMatchObject({ records: 1, chunks: 2 });
    expect(await store.appendChanges(shelf, 2, [{ fileKey: kept, copies: 2 }])).toMatchObject({
      after: 0,
      savepoint: { epoch: 2, sequence: 1 },
    });
  });

  it("a store has an id of its own", async () => {
    const [store, other] = [await open(), await open()];
    expect(await store.storeId()).toMatch(/^[0-9a-f]{32}$/);
    expect(await store.storeId()).toBe(await store.storeId());
    expect(await other.storeId()).not.toBe(await store.storeId());
  });
}
