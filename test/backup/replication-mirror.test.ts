/** The serving end of a feed, and what becomes of a shelf on a peer that is no link any more. */
import { beforeEach, describe, expect, it } from "vitest";
import type { ChangesToApply, KnownChain } from "../../src/backup/replication/ports.ts";
import { ShelfMirror } from "../../src/backup/replication/shelf-mirror.ts";
import { trimShelves } from "../../src/backup/replication/trim-shelf.ts";
import type { ErrorKind } from "../../src/core/errors.ts";
import { trimStepRecords } from "../../src/core/limits.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import { newLease, never, peerNamed, randomFile, shelf } from "./replication-world.ts";
import type { TestFile } from "./replication-world.ts";

const [owner, self, other] = [peerNamed("A"), peerNamed("B"), peerNamed("C")];
const kind = (expected: ErrorKind): unknown => expect.objectContaining({ kind: expected });
const chainOf = (epoch: number, ...peers: readonly (typeof owner)[]): KnownChain => ({
  epoch,
  links: peers.map((peer, index) => ({ peer, keepsFrom: index + 1, hasFrom: index + 1, isFilled: true })),
});

let store: MemoryChunkStore;
let known: KnownChain | undefined;
/** What the catalogue says when it is asked. */
let fresh: KnownChain | undefined;
let refreshes: number;
let feeds: number;
let nowMs: number;
let mirror: ShelfMirror;

beforeEach(() => {
  store = new MemoryChunkStore();
  known = chainOf(4, owner, self);
  fresh = undefined;
  refreshes = 0;
  feeds = 0;
  nowMs = 1_000_000;
  mirror = new ShelfMirror({
    self,
    store,
    chainOf: () => known,
    refresh: async () => {
      refreshes += 1;
      known = fresh ?? known;
    },
    nowMs: () => nowMs,
    leaseMs: 60_000,
    randomNumber: () => (feeds += 1),
  });
});

/** Changes as the owner sends them, of files whose chunks are given first. */
async function send(feed: number, epoch: number, files: readonly TestFile[], copies: number): Promise<unknown> {
  const lease = newLease();
  if (copies > 0) {
    await store.openLease(lease, shelf, 0);
    for (const { parts } of files) await store.put(lease, parts);
  }
  const changes: ChangesToApply = {
    epoch,
    after: 0,
    sequence: 0,
    changes: files.map(({ key }) => ({ fileKey: key, copies })),
  };
  return mirror.apply(owner, shelf, feed, changes, undefined, never);
}

describe("a mirror", () => {
  it("COPY-29 obeys the owner of the chain's epoch, and nobody else", async () => {
    await expect(mirror.begin(owner, shelf, 4, never)).resolves.toEqual({ feed: 1, savepoint: undefined });
    await expect(mirror.begin(other, shelf, 4, never)).rejects.toEqual(kind("moved"));
    await expect(mirror.begin(owner, shelf, 3, never)).rejects.toEqual(kind("moved"));
    const calls = [
      mirror.holdLease(other, shelf, 4, newLease(), never),
      mirror.endLease(other, shelf, 4, newLease(), never),
      mirror.buckets(other, shelf, 4, never),
      mirror.keys(other, shelf, 4, 0, undefined, 10, never),
      mirror.apply(other, shelf, 1, { epoch: 4, after: 0, sequence: 1, changes: [] }, undefined, never),
    ];
    for (const call of calls) await expect(call).rejects.toEqual(kind("moved"));
    known = chainOf(4, owner, other);
    await expect(mirror.begin(owner, shelf, 4, never)).rejects.toEqual(kind("moved"));
    expect(refreshes).toBe(0);
  });

  it("COPY-30 asks the catalogue once about an epoch that it has not heard of, and is busy while that does not help", async () => {
    await expect(mirror.begin(owner, shelf, 6, never)).rejects.toEqual(kind("busy"));
    expect(refreshes).toBe(1);
    fresh = chainOf(6, owner, self);
    await expect(mirror.begin(owner, shelf, 6, never)).resolves.toMatchObject({ feed: 1 });
    expect(refreshes).toBe(2);
    fresh = chainOf(8, other, self);
    await expect(mirror.begin(owner, shelf, 7, never)).rejects.toEqual(kind("moved"));
    known = undefined;
    fresh = undefined;
    await expect(mirror.begin(owner, shelf, 8, never)).rejects.toEqual(kind("busy"));
  });

  it("COPY-31 refuses what an earlier feed sent, so that a late call undoes nothing", async () => {
    const file = randomFile();
    await expect(send(1, 4, [file], 2)).rejects.toEqual(kind("conflict"));
    const { feed } = await mirror.begin(owner, shelf, 4, never);
    await send(feed, 4, [file], 2);
    const next = await mirror.begin(owner, shelf, 4, never);
    await expect(send(feed, 4, [file], 0)).rejects.toEqual(kind("conflict"));
    expect(await store.hasRecords([file.key])).toEqual([true]);
    await send(next.feed, 4, [file], 0);
    expect(await store.hasRecords([file.key])).toEqual([false]);
  });

  it("COPY-32 shows what it has to the owner, by bucket and key", async () => {
    const files = Array.from({ length: 20 }, () => randomFile());
    const { feed } = await mirror.begin(owner, shelf, 4, never);
    await send(feed, 4, files, 2);
    const buckets = await mirror.buckets(owner, shelf, 4, never);
    expect(buckets).toHaveLength(256);
    const listed = [];
    for (const [bucket, { count }] of buckets.entries()) {
      const keys = await mirror.keys(owner, shelf, 4, bucket, undefined, 100, never);
      expect(keys).toHaveLength(count);
      listed.push(...keys.map(({ fileKey }) => fileKey));
    }
    expect(listed.toSorted()).toEqual(files.map(({ key }) => key).toSorted());
  });

  it("COPY-33 lets go of the leases that ran out, and of no record; the owner ends its own", async () => {
    const [old, young] = [newLease(), newLease()];
    await mirror.holdLease(owner, shelf, 4, old, never);
    const [pinned, file] = [randomFile(), randomFile()];
    await store.put(old, pinned.parts);
    const { feed } = await mirror.begin(owner, shelf, 4, never);
    await store.put(old, file.parts);
    const added = [{ fileKey: file.key, copies: 2 }];
    await mirror.apply(owner, shelf, feed, { epoch: 4, after: 0, sequence: 0, changes: added }, old, never);
    nowMs += 100_000;
    await mirror.holdLease(owner, shelf, 4, young, never);
    await mirror.endExpiredLeases(nowMs, never); // 60 s, and as many for a renewal that is late
    expect(await store.leases(undefined, 10)).toHaveLength(2);
    nowMs += 20_001;
    known = chainOf(5, self, owner);
    await mirror.endExpiredLeases(nowMs, never);
    expect(await store.leases(undefined, 10)).toHaveLength(2);
    known = chainOf(6, owner, self);
    await mirror.endExpiredLeases(nowMs, never);
    expect((await store.leases(undefined, 10)).map(({ lease }) => lease)).toEqual([young]);
    expect(await store.has(pinned.parts.map(({ digest }) => digest))).not.toContain(true);
    expect(await store.hasRecords([file.key])).toEqual([true]);
  });

  it("COPY-34 tells what changed on its disk", async () => {
    const changed: number[] = [];
    mirror = new ShelfMirror({
      self,
      store,
      chainOf: () => known,
      refresh: async () => undefined,
      nowMs: () => nowMs,
      leaseMs: 1,
      randomNumber: () => 1,
      onChanged: (changes) => changed.push(...changes.map(({ copies }) => copies)),
    });
    const { feed } = await mirror.begin(owner, shelf, 4, never);
    await send(feed, 4, [randomFile(), randomFile()], 2);
    await expect(send(9, 4, [randomFile()], 2)).rejects.toEqual(kind("conflict"));
    expect(changed).toEqual([2, 2]);
  });
});

describe("trimming", () => {
  const pacer = { take: async () => undefined };

  it("COPY-35 forgets a shelf that the peer is no link of, in steps, and nothing else", async () => {
    const { feed } = await mirror.begin(owner, shelf, 4, never);
    await send(
      feed,
      4,
      Array.from({ length: trimStepRecords + 5 }, () => randomFile()),
      2,
    );
    for (const { lease } of await store.leases(undefined, 10)) await store.endLease(lease);
    expect(await trimShelves({ mirror, store, pacer }, never)).toBe(0);
    known = undefined;
    expect(await trimShelves({ mirror, store, pacer }, never)).toBe(0);
    known = chainOf(5, owner, other);
    expect(await trimShelves({ mirror, store, pacer }, never)).toBe(trimStepRecords + 5);
    expect(await store.shelves()).toEqual([]);
    expect((await store.stats()).chunks).toBe(0);
  });

  it("COPY-36 stops when the peer becomes a link again, and rests on no list that is older than what is here", async () => {
    const { feed } = await mirror.begin(owner, shelf, 4, never);
    await send(
      feed,
      4,
      Array.from({ length: trimStepRecords + 5 }, () => randomFile()),
      2,
    );
    known = chainOf(5, owner, other);
    const linkedAgain = {
      take: async () => {
        known = chainOf(6, owner, self);
      },
    };
    expect(await trimShelves({ mirror, store, pacer: linkedAgain }, never)).toBe(trimStepRecords);
    expect((await store.shelves())[0]).toMatchObject({ records: 5, savepoint: { sequence: 0 } });
    await store.beginEpoch(shelf, 9);
    known = chainOf(8, owner, other);
    expect(await trimShelves({ mirror, store, pacer }, never)).toBe(0);
  });
});
