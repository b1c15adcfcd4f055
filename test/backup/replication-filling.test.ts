/** How links come to have what they lack, and only that. */
import { randomBytes } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ShelfOwnerOptions } from "../../src/backup/replication/shelf-owner.ts";
import { compareKeys } from "../../src/backup/replication/digests.ts";
import { DfsError } from "../../src/core/errors.ts";
import { digestOf } from "../../src/core/ids.ts";
import { fillStepRecords, recordsPerCallMax, verifyMs } from "../../src/core/limits.ts";
import { DamagedStore, fileOf, keysOf, newLease, never, randomFile, shelf, World } from "./replication-world.ts";
import type { TestFile } from "./replication-world.ts";

function worldOf(names: string, options: Partial<ShelfOwnerOptions> = {}): World {
  const world = new World(names, options);
  onTestFinished(() => world.clock.outcome(world.stop()));
  return world;
}

const bytesOf = (files: readonly TestFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);
const files = (count: number, chunks = 2): TestFile[] => Array.from({ length: count }, () => randomFile(chunks, 2000));

/** Files on the first peer alone, which leads. */
async function alone(world: World, all: readonly TestFile[], copies = 2): Promise<void> {
  world.order([0, 1, 1]);
  await world.clock.until(() => world.peer(0).owner.epoch() !== undefined, "the first peer leads");
  for (let start = 0; start < all.length; start += recordsPerCallMax)
    await world.clock.outcome(world.store(all.slice(start, start + recordsPerCallMax), copies));
}

describe("a filling", () => {
  it("COPY-18 gives a new link everything that it keeps, and the catalogue hears that it is full", async () => {
    const world = worldOf("ABC");
    const [two, three] = [files(30), files(20)];
    await alone(world, two, 2);
    await world.clock.outcome(world.store(three, 3));
    world.order([0, 1, 1], [1, 2, 0], [2, 3, 0]);
    await world.untilEqual();
    expect(await world.peer(1).store.hasRecords(keysOf([...two, ...three]))).not.toContain(false);
    expect(await world.peer(2).store.hasRecords(keysOf(two))).not.toContain(true);
    expect(await world.peer(2).store.hasRecords(keysOf(three))).not.toContain(false);
    expect(world.sentBytes).toBe(bytesOf(two) + 2 * bytesOf(three));
    const { epoch } = world.catalogue;
    await world.clock.settle();
    expect(world.catalogue.epoch).toBe(epoch);
    expect(await world.peer(1).store.leases(undefined, 10)).toEqual([]);
  });

  it("COPY-19 sends a link that was away only what it lacks, within 2 % of the bytes, from the log of changes", async () => {
    const world = worldOf("AB");
    const [before, meanwhile] = [files(40), files(600, 1)];
    await alone(world, before);
    world.order([0, 1, 1], [1, 2, 0]);
    await world.untilEqual();
    world.peer(1).crash();
    for (let start = 0; start < meanwhile.length; start += 200)
      await world.clock.outcome(world.store(meanwhile.slice(start, start + 200)));
    const dropped = keysOf(before).slice(0, 5);
    for (const key of dropped) world.catalogue.committed.delete(key);
    await world.owner.owner.drop(world.catalogue.epoch, dropped, never);
    const { sentBytes } = world;
    const asked = callsOf(world);
    world.peer(1).restart();
    await world.untilEqual();
    expect(world.sentBytes - sentBytes).toBeLessThanOrEqual(bytesOf(meanwhile) * 1.02);
    expect(asked).not.toContain("buckets");
    expect(await world.peer(1).store.hasRecords(dropped)).not.toContain(true);
  });

  it("COPY-20 finds what is missing and what is too much by comparing sets where no log helps", async () => {
    const world = worldOf("ABC");
    const [common, onlyFirst, onlySecond] = [files(700, 1), files(30), files(10)];
    await alone(world, [...common, ...onlyFirst]);
    // The third peer has another history: it led a shelf of the same name on its own.
    const third = world.peer(2).store;
    const lease = newLease();
    await third.openLease(lease, shelf, 0);
    for (const { parts } of [...common, ...onlySecond]) await third.put(lease, parts);
    for (const { key } of [...common, ...onlySecond])
      await third.appendChanges(shelf, 1, [{ fileKey: key, copies: 2 }]);
    await third.endLease(lease);
    const claimed: (number | undefined)[] = [];
    world.onPut = async () => void claimed.push((await third.savepoint(shelf))?.sequence);
    world.order([0, 1, 1], [2, 2, 0]);
    await world.untilEqual();
    expect(new Set(claimed)).toEqual(new Set([0])); // what it had by another owner's numbers counts no more
    expect(world.sentBytes).toBe(bytesOf(onlyFirst));
    expect(await third.hasRecords(keysOf(onlySecond))).not.toContain(true);
    expect(await third.hasRecords(keysOf([...common, ...onlyFirst]))).not.toContain(false);
  });

  it("COPY-21 sends what several records share once", async () => {
    const world = worldOf("AB");
    const shared = randomFile(3, 5000)
      .parts.map(({ bytes }) => bytes)
      .slice(0, 3);
    const all = Array.from({ length: 20 }, (_, index) => fileOf([...shared, new Uint8Array(50).fill(index + 1)]));
    await alone(world, all);
    world.order([0, 1, 1], [1, 2, 0]);
    await world.untilEqual();
    const own = bytesOf(all) - 19 * 15_000;
    expect(world.sentBytes).toBe(own);
  });

  it("COPY-22 keeps no more than its window on the way, whatever the size of the shelf, and leaves room for users", async () => {
    const paced: number[] = [];
    const world = worldOf("AB", {
      fillWindowBytes: 4_000,
      pacer: { take: async (bytes) => void paced.push(bytes) },
    });
    const chunks = Array.from({ length: 200 }, () => new Uint8Array(randomBytes(60)));
    const all = chunks.flatMap((first) => chunks.slice(0, 100).map((second) => fileOf([first, second])));
    await alone(world, all);
    world.onPut = () => new Promise((resolve) => void setImmediate(resolve));
    world.order([0, 1, 1], [1, 2, 0]);
    await world.clock.soon(() => world.catalogue.links[1]?.hasFrom === 2, "the link is full");
    await world.untilEqual();
    expect(world.pushingBytesMost).toBeLessThanOrEqual(4_000);
    expect(world.pushingBytesMost).toBeGreaterThan(3_000);
    // What is on its way under one lease may be sent again under the next.
    expect(paced.length - all.length - chunks.length).toBeGreaterThanOrEqual(0);
    expect(paced.length - all.length - chunks.length).toBeLessThan(20);
    expect(paced.reduce((sum, bytes) => sum + bytes, 0)).toBe(world.sentBytes);
  });

  it("COPY-23 leaves alone a link that is to get new files only, until it is told otherwise", async () => {
    const world = worldOf("AB");
    const [old, fresh] = [files(5), files(3)];
    await alone(world, old);
    world.order([0, 1, 1], [1, 2, 0, false]);
    await world.clock.until(() => world.owner.owner.status().links[0]?.state === "new files only", "it is reached");
    expect(await world.clock.outcome(world.store(fresh))).toMatchObject({ copies: 2 });
    expect(world.sentBytes).toBe(bytesOf(fresh));
    expect(world.catalogue.links[1]?.hasFrom).toBe(0);
    world.order([0, 1, 1], [1, 2, 0, true]);
    await world.untilEqual();
    expect(world.sentBytes).toBe(bytesOf([...old, ...fresh]));
  });

  it("COPY-24 does not bring back what is dropped, nor drop what is added, while it copies", async () => {
    const world = worldOf("AB");
    const all = files(2).toSorted((left, right) => compareKeys(left.key, right.key));
    await alone(world, all);
    let letArrive = (): void => undefined;
    const arrival = new Promise<void>((resolve) => (letArrive = resolve));
    world.onPut = () => arrival;
    // The link has a file that the owner has not, and gets it anew while it is about to be told to drop it.
    let surplus = randomFile();
    while (
      all.some(({ key }) => digestOf(key).at(0) === digestOf(surplus.key).at(0) || compareKeys(key, surplus.key) > 0)
    )
      surplus = randomFile();
    await putAlone(world, 1, surplus);
    const asked = callsOf(world);
    world.order([0, 1, 1], [1, 2, 0]);
    await world.clock.until(() => world.pushingBytes > 0, "chunks are on their way");
    await world.clock.settle();
    const dropped = keysOf(all);
    for (const key of dropped) world.catalogue.committed.delete(key);
    await world.owner.owner.drop(world.catalogue.epoch, dropped, never);
    const lease = newLease();
    const { store } = world.peer(0);
    await store.openLease(lease, shelf, 1e15);
    await store.put(lease, surplus.parts);
    const added = world.owner.owner.addRecords(lease, [surplus.key], 2, never);
    await world.clock.settle();
    letArrive();
    expect(await world.clock.outcome(added)).toMatchObject({ copies: 2 });
    for (let turn = 0; turn < 50; turn += 1) {
      await world.clock.settle();
      expect(await world.peer(1).store.hasRecords([surplus.key])).toEqual([true]);
    }
    await world.untilEqual();
    expect(await world.peer(1).store.hasRecords(dropped)).not.toContain(true);
    expect(asked.filter((call) => call === "buckets")).toHaveLength(1);
  });

  it("COPY-25 carries out the log in order, however long the chunks of each step take", async () => {
    const world = worldOf("AB");
    const again = randomFile();
    await alone(world, [again]);
    world.order([0, 1, 1], [1, 2, 0]);
    await world.untilEqual();
    world.peer(1).crash();
    // It is dropped with the first step of the log, and added with the second one, whose chunks arrive first.
    world.catalogue.committed.delete(again.key);
    await world.owner.owner.drop(world.catalogue.epoch, [again.key], never);
    await world.clock.outcome(world.store(files(fillStepRecords - 1, 1)));
    await world.clock.outcome(world.store([again]));
    const asked = callsOf(world);
    let letArrive = (): void => undefined;
    const arrival = new Promise<void>((resolve) => (letArrive = resolve));
    let chunks = 0;
    world.onPut = async () => {
      chunks += 1;
      if (chunks === 1) await arrival;
    };
    world.peer(1).restart();
    await world.clock.until(() => chunks > fillStepRecords, "both steps have sent chunks");
    await world.clock.settle();
    letArrive();
    await world.untilEqual();
    expect(await world.peer(1).store.hasRecords([again.key])).toEqual([true]);
    expect(asked).not.toContain("buckets");
  });

  it("COPY-26 takes a claim back before it mends a link that has lost files, and then claims it anew", async () => {
    const world = worldOf("AB");
    const all = files(10);
    await alone(world, all);
    world.order([0, 1, 1], [1, 2, 0]);
    await world.untilEqual();
    const { epoch } = world.catalogue;
    await world.peer(1).store.forgetShelf(shelf, 4);
    const claims: number[] = [];
    world.beforeReport = async () => void claims.push((await world.peer(1).store.shelfPage(shelf, page)).length);
    await world.clock.until(
      () => world.catalogue.epoch === epoch + 2,
      "it lost its claim, and got it again",
      2 * verifyMs,
    );
    expect(claims).toEqual([6, 10]);
    await world.untilEqual();
    expect(await world.peer(1).store.hasRecords(keysOf(all))).not.toContain(false);
  });

  it("COPY-27 compares again and again, and says when it last did, and how far each link is", async () => {
    const world = worldOf("AB");
    await alone(world, files(8));
    let letArrive = (): void => undefined;
    const arrival = new Promise<void>((resolve) => (letArrive = resolve));
    world.onPut = () => arrival;
    world.order([0, 1, 1], [1, 2, 0]);
    await world.clock.until(() => world.pushingBytes > 0, "chunks are on their way");
    const [filling] = world.owner.owner.status().links;
    expect(filling).toMatchObject({ state: "filling", lagChanges: 8, filledBytes: 0, lastVerifiedMs: undefined });
    expect(filling?.lagBytes).toBe(filling?.fillBytes);
    expect(filling?.fillBytes).toBe(8 * 4000);
    letArrive();
    await world.untilEqual();
    const verified = (): number => world.owner.owner.status().links[0]?.lastVerifiedMs ?? 0;
    const firstMs = verified();
    await world.clock.until(() => verified() >= firstMs + verifyMs, "it is verified again", 2 * verifyMs);
    const { sequence, epoch } = world.owner.owner.status();
    expect(world.owner.owner.status().links[0]).toMatchObject({ state: "in sync", sequence, epoch, lagChanges: 0 });
    world.peer(1).crash();
    await world.clock.until(() => world.owner.owner.status().links[0]?.state === "away", "it is away", 2 * verifyMs);
    expect(world.owner.owner.status().links[0]?.reason).toBe("connection lost");
    await world.clock.outcome(world.store(files(2)));
    expect(world.owner.owner.status().links[0]?.lagChanges).toBe(2);
  });

  it("COPY-40 drops nothing on a link that may not go yet, and asks again", async () => {
    let isNamed = true;
    let isReachable = false;
    const world = worldOf("AB", {
      releasable: async (fileKeys) => {
        if (!isReachable) throw new DfsError("no-quorum", "no coordinator answers");
        return isNamed ? [] : fileKeys;
      },
    });
    const all = files(3);
    await alone(world, all);
    const surplus = randomFile();
    await putAlone(world, 1, surplus);
    world.order([0, 1, 1], [1, 2, 0]);
    const { store } = world.peer(1);
    const areGiven = async (): Promise<boolean> => !(await store.hasRecords(keysOf(all))).includes(false);
    await world.clock.until(areGiven, "it has the others");
    isReachable = true;
    for (let look = 0; look < 20; look += 1) {
      world.clock.skip();
      await world.clock.settle();
    }
    expect(await store.hasRecords([surplus.key])).toEqual([true]);
    expect(world.catalogue.links[1]?.hasFrom).toBe(0);
    isNamed = false;
    await world.untilEqual();
    expect(await store.hasRecords([surplus.key])).toEqual([false]);
  });

  it("COPY-28 goes on with a record that cannot be read once it is mended, and gives the rest at once", async () => {
    const world = worldOf("AB");
    const store = new DamagedStore();
    world.peer(0).store = store;
    world.peer(0).restart();
    const all = files(6, 1);
    await alone(world, all);
    store.damaged = all[0]?.parts[0]?.digest;
    world.order([0, 1, 1], [1, 2, 0]);
    const has = async (): Promise<readonly boolean[]> => world.peer(1).store.hasRecords(keysOf(all));
    await world.clock.until(async () => (await has()).filter(Boolean).length === 5, "the others are there");
    expect(world.catalogue.links[1]?.hasFrom).toBe(0);
    store.damaged = undefined;
    await world.untilEqual();
    expect(await has()).not.toContain(false);
  });
});

const page = { position: 0, limit: 100 };

/** The calls to links from now on. */
function callsOf(world: World): readonly string[] {
  const calls: string[] = [];
  world.fault = (call) => {
    calls.push(call);
    return "none";
  };
  return calls;
}

/** A file on one peer's disk, in the shelf's set there, that nobody else knows of. */
async function putAlone(world: World, index: number, file: TestFile): Promise<void> {
  const { store } = world.peer(index);
  const lease = newLease();
  await store.openLease(lease, shelf, 0);
  await store.put(lease, file.parts);
  await store.appendChanges(shelf, 1, [{ fileKey: file.key, copies: 2 }]);
  await store.endLease(lease);
}
