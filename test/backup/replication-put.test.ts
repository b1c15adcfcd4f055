/** What a put may rely on: the full rule, and who is owner. */
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ShelfOwnerOptions } from "../../src/backup/replication/shelf-owner.ts";
import type { ErrorKind } from "../../src/core/errors.ts";
import type { FileKey } from "../../src/core/ids.ts";
import { DamagedStore, keysOf, newLease, never, randomFile, shelf, World } from "./replication-world.ts";
import type { TestFile, TestPeer } from "./replication-world.ts";

/** Peers of which the first owns the shelf; it ends with the test. */
function worldOf(names: string, options: Partial<ShelfOwnerOptions> = {}): World {
  const world = new World(names, options);
  onTestFinished(() => world.clock.outcome(world.stop()));
  return world;
}

/** The first peer leads, and the second is its full backup peer. */
async function reach(world: World): Promise<void> {
  world.order([0, 1, 1], [1, 2, 0]);
  await world.untilEqual();
}

const kind = (expected: ErrorKind): unknown => expect.objectContaining({ kind: expected });
const has = ({ store }: TestPeer, file: TestFile): Promise<readonly boolean[]> => store.hasRecords([file.key]);

describe("a put", () => {
  let world: World;

  beforeEach(async () => {
    world = worldOf("AB");
    await reach(world);
  });

  it("COPY-1 is answered once every link that claims to be full has the records, and told how many disks have them", async () => {
    const files = [randomFile(3), randomFile()];
    let letArrive = (): void => undefined;
    const arrival = new Promise<void>((resolve) => (letArrive = resolve));
    world.onPut = () => arrival;
    let answer: unknown;
    const stored = world.store(files).then((said) => (answer = said));
    await world.clock.settle();
    expect(answer).toBeUndefined();
    letArrive();
    expect(await world.clock.outcome(stored)).toEqual({ copies: 2, epoch: world.catalogue.epoch });
    expect(await world.peer(1).store.hasRecords(keysOf(files))).toEqual([true, true]);
    expect(await world.isEqual()).toBe(true);
  });

  it("COPY-2 does not hang on a link that is gone: the link loses its claim, and the put goes on", async () => {
    world.peer(1).crash();
    const startMs = world.clock.nowMs();
    const { epoch } = world.catalogue;
    expect(await world.clock.outcome(world.store([randomFile()]))).toEqual({ copies: 1, epoch: epoch + 1 });
    expect(world.clock.nowMs() - startMs).toBeLessThan(3_000);
    expect(world.catalogue.links[1]).toMatchObject({ hasFrom: 0, isFilled: true });
    const laterMs = world.clock.nowMs();
    expect(await world.clock.outcome(world.store([randomFile()]))).toMatchObject({ copies: 1 });
    expect(world.clock.nowMs()).toBe(laterMs); // nobody waits for it twice
  });

  it("COPY-3 does not hang on a link that takes calls and never answers", async () => {
    world.fault = () => "hangs";
    const startMs = world.clock.nowMs();
    expect(await world.clock.outcome(world.store([randomFile(2)]))).toMatchObject({ copies: 1 });
    expect(world.clock.nowMs() - startMs).toBeLessThan(12_000);
  });

  it("COPY-4 fails with the missing peer's name when too few disks are left, and succeeds when tried again later", async () => {
    world.minCopies = 2;
    world.tellAll();
    world.peer(1).crash();
    const file = randomFile();
    const lease = newLease();
    const failed = world.clock.outcome(world.put([file], 2, lease));
    await expect(failed).rejects.toThrow(
      `the file is on 1 of 2 disks: cannot reach ${world.peer(1).id}; it is tried again`,
    );
    await expect(failed).rejects.toEqual(kind("unreachable"));
    world.peer(1).restart();
    await world.untilEqual();
    expect(await world.clock.outcome(world.put([file], 2, lease))).toMatchObject({ copies: 2 });
  });

  it("COPY-5 has its chunks on the link's disk before they are confirmed, and a link that fails there fails nothing", async () => {
    const [forwarded, later] = [randomFile(), randomFile()];
    const lease = newLease();
    await world.owner.owner.holdLease(lease, 2, never);
    for (const { digest, bytes } of forwarded.parts)
      await world.clock.outcome(world.owner.owner.putChunks(lease, [{ digest, bytes }], never));
    expect(await world.peer(1).store.has(forwarded.parts.map(({ digest }) => digest))).toEqual([true, true]);
    world.fault = (call) => (call === "putChunks" ? "lost" : "none");
    for (const { digest, bytes } of later.parts)
      await world.clock.outcome(world.owner.owner.putChunks(lease, [{ digest, bytes }], never));
    world.fault = () => "none";
    const said = world.owner.owner.addRecords(lease, keysOf([forwarded, later]), 2, never);
    expect(await world.clock.outcome(said)).toMatchObject({ copies: 2 });
    expect(await has(world.peer(1), later)).toEqual([true]);
  });

  it("COPY-6 gives the link what the owner had already", async () => {
    const file = randomFile(4);
    const lease = newLease();
    await world.peer(0).store.openLease(lease, shelf, 1e15);
    await world.peer(0).store.put(lease, file.parts);
    expect(await world.clock.outcome(world.put([file], 2, lease))).toMatchObject({ copies: 2 });
    expect(await has(world.peer(1), file)).toEqual([true]);
    expect(world.sentBytes).toBe(file.bytes);
  });

  it("COPY-7 never takes copies from a record that is there for more", async () => {
    world.order([0, 1, 1], [1, 3, 0]);
    await world.untilEqual();
    const file = randomFile();
    await world.clock.outcome(world.store([file], 3));
    await world.clock.outcome(world.store([file], 1));
    await world.untilEqual();
    expect(await has(world.peer(1), file)).toEqual([true]);
  });

  it("COPY-8 fails with not-found, and the link keeps its claim, when a chunk that only the owner had turns out damaged", async () => {
    const store = new DamagedStore();
    world = worldOf("AB");
    world.peer(0).store = store;
    world.peer(0).restart();
    await reach(world);
    const file = randomFile(2);
    const lease = newLease();
    await store.openLease(lease, shelf, 1e15);
    await store.put(lease, file.parts);
    store.damaged = file.parts[0]?.digest;
    await expect(world.clock.outcome(world.put([file], 2, lease))).rejects.toEqual(kind("not-found"));
    expect(world.catalogue.links[1]).toMatchObject({ hasFrom: 2 });
    store.damaged = undefined;
    expect(await world.clock.outcome(world.put([file], 2, lease))).toMatchObject({ copies: 2 });
    await world.untilEqual();
  });

  it("COPY-9 relies on a link from before the catalogue is told that it is full", async () => {
    world = worldOf("AB");
    let isTold: (() => void) | undefined;
    const { catalogue } = world;
    world.beforeReport = () => new Promise((resolve) => (isTold = resolve));
    world.order([0, 1, 1], [1, 2, 0]);
    await world.clock.until(() => isTold !== undefined, "the link is about to be claimed full");
    // The link is cut off before the catalogue has heard: the put must not go on without it as if nothing had been said.
    world.peer(1).crash();
    const file = randomFile();
    const stored = world.store([file]);
    await world.clock.until(() => world.warnings.some((text) => text.includes("not waited for")), "it is given up");
    await world.clock.settle();
    expect(await world.peer(0).store.hasRecords([file.key])).toEqual([true]);
    expect(catalogue.committed.has(file.key)).toBe(false);
    world.beforeReport = async () => undefined;
    isTold?.();
    expect(await world.clock.outcome(stored)).toMatchObject({ copies: 1 });
    expect(catalogue.links[1]).toMatchObject({ hasFrom: 0 });
  });
});

describe("a lease's end", () => {
  let world: World;
  const lease = newLease();

  beforeEach(async () => {
    world = worldOf("AB");
    await reach(world);
  });

  it("COPY-10 drops on all disks what nobody committed, and keeps what was committed or another lease holds", async () => {
    const [committed, held, dropped] = [randomFile(), randomFile(), randomFile()];
    const { epoch } = await world.clock.outcome(world.put([committed, held, dropped], 2, lease));
    await world.clock.outcome(world.put([held], 2, newLease()));
    world.catalogue.commit(epoch, lease, committed.key, 2);
    await world.clock.outcome(world.owner.owner.endLease(lease, never));
    await world.untilEqual();
    for (const { store } of world.peers)
      expect(await store.hasRecords(keysOf([committed, held, dropped]))).toEqual([true, true, false]);
    expect(await world.peer(1).store.leases(undefined, 10)).toHaveLength(1);
    await expect(async () => world.catalogue.commit(epoch, lease, dropped.key, 2)).rejects.toEqual(kind("not-found"));
  });

  it("COPY-11 keeps a record that another put adds or has committed while the catalogue is asked", async () => {
    const [added, passed] = [randomFile(), randomFile()];
    const other = newLease();
    await world.clock.outcome(world.put([added, passed], 2, lease));
    await world.clock.outcome(world.put([passed], 2, other));
    let answer: (() => void) | undefined;
    world.afterLeaseEnd = () => new Promise((resolve) => (answer = resolve));
    const ended = world.owner.owner.endLease(lease, never);
    await world.clock.until(() => answer !== undefined, "the catalogue has answered, which nobody has heard yet");
    world.afterLeaseEnd = async () => undefined;
    // One record is added again, the other is committed; both leases end before the first answer arrives.
    const third = newLease();
    const { epoch } = await world.clock.outcome(world.put([added], 2, third));
    world.catalogue.commit(epoch, third, added.key, 2);
    world.catalogue.commit(epoch, other, passed.key, 2);
    await world.clock.outcome(world.owner.owner.endLease(third, never));
    await world.clock.outcome(world.owner.owner.endLease(other, never));
    answer?.();
    await world.clock.outcome(ended);
    await world.untilEqual();
    for (const { store } of world.peers) expect(await store.hasRecords(keysOf([added, passed]))).toEqual([true, true]);
  });

  it("COPY-12 drops nothing without the catalogue's answer, and all of it when the lease is ended again", async () => {
    const file = randomFile();
    await world.clock.outcome(world.put([file], 2, lease));
    world.peer(0).isConnected = false;
    await expect(world.clock.outcome(world.owner.owner.endLease(lease, never))).rejects.toEqual(kind("unreachable"));
    expect(await has(world.peer(0), file)).toEqual([true]);
    world.peer(0).isConnected = true;
    const nowMs = world.clock.nowMs();
    await world.clock.outcome(world.owner.owner.endExpiredLeases(nowMs + 60_000, never));
    expect(await has(world.peer(0), file)).toEqual([true]); // it may still be renewed
    await world.clock.outcome(world.owner.owner.endExpiredLeases(nowMs + 120_001, never));
    await world.untilEqual();
    expect(await has(world.peer(0), file)).toEqual([false]);
    expect(await has(world.peer(1), file)).toEqual([false]);
  });
});

describe("an owner", () => {
  let world: World;

  beforeEach(async () => {
    world = worldOf("ABC");
    world.order([0, 1, 1], [1, 2, 0], [2, 2, 0]);
    await world.untilEqual();
  });

  it("COPY-13 of an older epoch gets nothing acknowledged and nothing dropped anywhere", async () => {
    const [first] = world.peers;
    const [kept, refused] = [randomFile(), randomFile()];
    await world.clock.outcome(world.store([kept]));
    const { epoch } = world.catalogue;
    world.peer(0).isConnected = false; // it does not hear that it leads no more
    world.order([1, 1, 1], [2, 2, 2], [0, 2, 2]);
    const lease = newLease();
    await expect(world.clock.outcome(world.put([refused], 2, lease, first))).rejects.toEqual(kind("moved"));
    await expect(world.clock.outcome(world.put([refused], 1, lease, first))).rejects.toEqual(kind("moved"));
    await expect(world.clock.outcome(world.peer(0).owner.drop(epoch, [kept.key], never))).rejects.toEqual(
      kind("moved"),
    );
    world.peer(0).owner.setChain({ epoch, links: world.catalogue.past.get(epoch) ?? [] }, 1); // what it knew before
    await world.clock.settle();
    expect(world.peer(0).owner.epoch()).toBeUndefined();
    for (const peer of world.peers) expect(await has(peer, kept)).toEqual([true]);
    world.peer(0).isConnected = true;
    world.tellAll();
    await world.untilEqual();
    expect(await has(world.peer(0), refused)).toEqual([false]); // nobody was told that it is safe
  });

  it("COPY-14 that takes over goes on with the numbers, and sends nothing to links that have everything", async () => {
    const files = [randomFile(2), randomFile()];
    await world.clock.outcome(world.store(files));
    const before = world.peer(0).owner.status().sequence;
    world.peer(0).crash();
    const { sentBytes } = world;
    world.order([1, 1, 1], [2, 2, 2], [0, 2, 2]);
    await world.clock.until(() => world.peer(1).owner.epoch() !== undefined, "the next one leads");
    const next = randomFile();
    const said = await world.clock.outcome(world.store([next], 2));
    expect(said.copies).toBe(2);
    expect(world.peer(1).owner.status().sequence).toBeGreaterThan(before);
    expect(world.sentBytes - sentBytes).toBe(next.bytes);
    world.peer(0).restart();
    await world.untilEqual();
    expect(world.sentBytes - sentBytes).toBe(2 * next.bytes);
    expect(await world.peer(0).store.hasRecords(keysOf(files))).toEqual([true, true]);
  });

  it("COPY-15 drops only under the epoch that was asked by, and nothing that a lease holds", async () => {
    const [free, held] = [randomFile(), randomFile()];
    await world.clock.outcome(world.store([free]));
    await world.clock.outcome(world.put([held], 2, newLease()));
    const { epoch } = world.catalogue;
    await expect(world.owner.owner.drop(epoch - 1, [free.key], never)).rejects.toEqual(kind("moved"));
    await world.clock.outcome(world.owner.owner.drop(epoch, keysOf([free, held]), never));
    await world.untilEqual();
    for (const { store } of world.peers) expect(await store.hasRecords(keysOf([free, held]))).toEqual([false, true]);
  });

  it("COPY-16 stops at once, whatever hangs, and what waits fails with moved", async () => {
    world.fault = () => "hangs";
    const put = world.put([randomFile()], 2, newLease());
    put.catch(() => undefined);
    await world.clock.settle();
    await world.peer(0).owner.stop(); // no time passes
    await expect(put).rejects.toEqual(kind("moved"));
    await expect(world.owner.owner.endLease(newLease(), never)).rejects.toEqual(kind("moved"));
  });

  it("COPY-39 stops when the catalogue or its own disk knows of a newer epoch", async () => {
    const lease = newLease();
    const file = randomFile();
    await world.clock.outcome(world.put([file], 2, lease));
    const [first, second, third] = world.catalogue.links;
    if (first === undefined || second === undefined || third === undefined) return;
    world.catalogue.order([{ ...second, keepsFrom: 1, hasFrom: 1 }, { ...first, keepsFrom: 2 }, third]);
    await expect(world.clock.outcome(world.peer(0).owner.endLease(lease, never))).rejects.toEqual(kind("moved"));
    expect(world.peer(0).owner.epoch()).toBeUndefined();
    expect(await has(world.peer(0), file)).toEqual([true]);
    world.tellAll();
    await world.untilEqual();
    world.catalogue.order(world.catalogue.links); // nobody hears of it
    world.peer(0).crash();
    const put = world.clock.outcome(world.put([file], 2, newLease()));
    await expect(put).rejects.toEqual(kind("moved"));
    const isTold = (): boolean => world.peer(1).owner.epoch() === world.catalogue.epoch;
    await world.clock.until(isTold, "it has asked for the chain", 1_000);
    world.peer(0).restart();
    world.tellAll();
    await world.untilEqual();
    await world.peer(1).store.beginEpoch(shelf, world.catalogue.epoch + 1);
    await expect(world.clock.outcome(world.put([file], 2, newLease()))).rejects.toEqual(kind("moved"));
    expect(world.peer(1).owner.epoch()).toBeUndefined();
  });

  it("COPY-17 tells what changed on its disk, and lets collection watch what is added", async () => {
    const changed: string[] = [];
    const touched: FileKey[] = [];
    world = worldOf("AB", {
      onChanged: (changes) => changed.push(...changes.map(({ fileKey, copies }) => `${fileKey} ${copies}`)),
      touching: (fileKeys, work) => {
        touched.push(...fileKeys);
        return work();
      },
    });
    await reach(world);
    const file = randomFile();
    const lease = newLease();
    await world.clock.outcome(world.put([file, file], 2, lease));
    await world.clock.outcome(world.owner.owner.endLease(lease, never));
    expect(changed).toEqual([`${file.key} 2`, `${file.key} 0`]);
    expect(touched).toEqual([file.key]);
  });
});
