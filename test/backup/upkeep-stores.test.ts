/** Upkeep over real chunk stores. */
import { randomBytes, randomInt } from "node:crypto";
import { mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { answerChallenge } from "../../src/backup/upkeep/challenge.ts";
import { Challenger } from "../../src/backup/upkeep/challenger.ts";
import type { ChallengeFailure } from "../../src/backup/upkeep/challenger.ts";
import { Collector } from "../../src/backup/upkeep/collector.ts";
import { Compactor } from "../../src/backup/upkeep/compactor.ts";
import { auditLink } from "../../src/backup/upkeep/link-audit.ts";
import { Mender } from "../../src/backup/upkeep/mender.ts";
import { Scrubber } from "../../src/backup/upkeep/scrubber.ts";
import { RecordBuilder } from "../../src/chunking/file-record.ts";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { DfsError, toDfsError } from "../../src/core/errors.ts";
import type { FileKey, LeaseId, PeerId } from "../../src/core/ids.ts";
import { deadBytesMin } from "../../src/core/limits.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import { DiskChunkStore } from "../../src/store/disk-chunk-store.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import { UpkeepTestClock } from "./upkeep-clock.ts";
import { randomStored } from "./upkeep-scrub-model.ts";
import { modelShelf, noSignal } from "./upkeep-shelf-model.ts";

const MiB = 1024 * 1024;
const log = { warn: (): void => undefined };
const pacer = { take: async (): Promise<void> => undefined };

interface StoredFile {
  readonly key: FileKey;
  /** Pages and chunks. */
  readonly parts: readonly StoredBytes[];
}

function randomFile(lengths: readonly number[]): StoredFile {
  const builder = new RecordBuilder();
  const chunks = lengths.map((length) => randomStored(length));
  const full = chunks.flatMap(({ digest, bytes }) => builder.add(digest, bytes.length));
  const { fileKey, pages } = builder.finish();
  return { key: fileKey, parts: [...chunks, ...full, ...pages] };
}

const newLease = (): LeaseId => randomBytes(16).toString("hex") as LeaseId;

async function addFile(store: ChunkStore, { key, parts }: StoredFile): Promise<void> {
  const lease = newLease();
  await store.openLease(lease, modelShelf, 1);
  await store.put(lease, parts);
  await store.appendChanges(modelShelf, 1, [{ fileKey: key, copies: 3 }], { lease });
  await store.endLease(lease);
}

/** A started store in a folder of its own, with small segments. */
async function diskStore(segmentBytes: number): Promise<{ store: DiskChunkStore; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "dfs-upkeep-"));
  const store = new DiskChunkStore({ folder, segmentBytes });
  onTestFinished(async () => {
    await store.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await store.start();
  return { store, folder };
}

/** Flips a random bit of a chunk, wherever it is in the folder's files. */
async function flipBit(folder: string, { bytes }: StoredBytes): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const start = (await readFile(path)).indexOf(bytes);
    if (start < 0) continue;
    const at = randomInt(bytes.length);
    const file = await open(path, "r+");
    await file.write(Buffer.of((bytes[at] ?? 0) ^ (1 << randomInt(8))), 0, 1, start + at);
    await file.close();
    return;
  }
  throw new Error("the chunk is in no file");
}

/** Reads a chunk as a client would; true when it came, and then as it ought to be. */
async function reads(store: ChunkStore, { bytes, digest }: StoredBytes): Promise<boolean> {
  try {
    expect(Buffer.compare(await store.get(digest), bytes)).toBe(0);
    return true;
  } catch (error) {
    expect(["not-found", "integrity"]).toContain(toDfsError(error).kind);
    return false;
  }
}

describe("three disks", () => {
  it("SCRUB-19 of 100 random flipped bits every one is found and mended, and none is served meanwhile", async () => {
    const disks = await Promise.all([diskStore(MiB), diskStore(MiB), diskStore(MiB)]);
    const files = Array.from({ length: 25 }, () =>
      randomFile(Array.from({ length: 3 }, () => 100 + randomInt(40_000))),
    );
    for (const { store } of disks) for (const file of files) await addFile(store, file);
    const parts = files.flatMap((file) => file.parts);

    // At least one disk keeps each chunk.
    const places = parts.flatMap((part) => {
      const spared = randomInt(disks.length);
      const others = disks.filter((_, index) => index !== spared);
      return others.map((disk) => ({ ...disk, part, order: randomInt(2 ** 32) }));
    });
    const flipped = places.sort((left, right) => left.order - right.order).slice(0, 100);
    for (const { folder, part } of flipped) await flipBit(folder, part);
    // Clients come upon some of them before the scrub does.
    for (const { part, store } of flipped.slice(0, 30)) expect(await reads(store, part)).toBe(false);

    const scrubbers = disks.map(({ store }) => {
      const fetch = async (digest: Uint8Array): Promise<Uint8Array> => {
        for (const other of disks) {
          const bytes = other.store === store ? undefined : await other.store.get(digest).catch(() => undefined);
          if (bytes !== undefined) return bytes;
        }
        throw new DfsError("not-found", "nobody has it");
      };
      const clock = new UpkeepTestClock();
      const mender = new Mender({ clock, fetch, log, newLease, pacer, store });
      const state = { load: async () => undefined, save: async () => undefined };
      return new Scrubber({ clock, log, mender, pacer, state, store });
    });
    const over = new AbortController();
    const readers = disks.map(async ({ store }) => {
      while (!over.signal.aborted) for (const part of parts) await reads(store, part);
    });
    const reports = await Promise.all(scrubbers.map((scrubber) => scrubber.runNow(() => undefined, noSignal)));
    over.abort();
    await Promise.all(readers);
    expect(reports.reduce((sum, { mended }) => sum + mended, 0)).toBe(100);
    expect(reports.map(({ missingCount }) => missingCount)).toEqual([0, 0, 0]);
    for (const { store } of disks) {
      expect((await store.stats()).missing).toBe(0);
      for (const part of parts) expect(await reads(store, part)).toBe(true);
      expect(await store.leases(undefined, 10)).toEqual([]);
    }
  });

  it("SCRUB-20 two disks challenge each other, and one that lost its chunks is found and filled by an audit", async () => {
    const ann = new MemoryChunkStore();
    const { store: bob } = await diskStore(MiB);
    const files = Array.from({ length: 10 }, () => randomFile([20, 300, 9_000]));
    for (const file of files) await Promise.all([addFile(ann, file), addFile(bob, file)]);
    const failures: ChallengeFailure[] = [];
    let answers: ChunkStore = bob;
    const challenger = new Challenger({
      self: "ann" as PeerId,
      store: ann,
      clock: new UpkeepTestClock(),
      log,
      randomBytes: (count) => new Uint8Array(randomBytes(count)),
      onFailure: (failure) => failures.push(failure),
      onOwnDamage: () => expect.unreachable(),
      catalogue: { chains: async () => [], references: async (_shelf, keys) => keys.map(() => true) },
      links: { ask: (_peer, _shelf, question) => answerChallenge(answers, question, noSignal) },
    });
    const links = ["ann", "bob"].map((peer) => ({ peer: peer as PeerId, keepsFrom: 1, hasFrom: 1, isFilled: true }));
    const chain = { shelf: modelShelf, epoch: 1, links };
    for (let time = 0; time < 50; time += 1) expect(await challenger.challenge(chain, noSignal)).toBe("passed");
    const empty = new MemoryChunkStore();
    answers = empty;
    expect(await challenger.challenge(chain, noSignal)).toBe("failed");
    expect(failures).toMatchObject([{ peer: "bob", reason: "missing" }]);

    const lease = newLease();
    await empty.openLease(lease, modelShelf, 1);
    const report = await auditLink(
      {
        store: ann,
        peer: "bob" as PeerId,
        shelf: modelShelf,
        position: 1,
        links: { has: (_peer, digests) => empty.has(digests) },
        onMissing: async (_fileKey, digests) => {
          for (const digest of digests) await empty.put(lease, [{ digest, bytes: await ann.get(digest) }]);
        },
      },
      noSignal,
    );
    expect(report).toEqual({ records: 10, chunks: 40, missing: 40 });
    for (let time = 0; time < 50; time += 1) expect(await challenger.challenge(chain, noSignal)).toBe("passed");
  });
});

describe("collection on a disk", () => {
  it("GC-10 what is put and removed in pieces gives its space back, while reads and puts go on", async () => {
    const { store } = await diskStore(4 * MiB);
    const named = new Set<FileKey>();
    const drops = new Set<FileKey>();
    const collector = new Collector({
      shelf: modelShelf,
      store,
      clock: new UpkeepTestClock(),
      log,
      onDropped: () => undefined,
      onLost: async () => expect.unreachable(),
      owner: {
        epoch: () => 1,
        drop: async (epoch, keys) => {
          await store.appendChanges(
            modelShelf,
            epoch,
            keys.map((fileKey) => ({ fileKey, copies: 0 })),
          );
        },
      },
      catalogue: {
        drops: async (limit) => [...drops].slice(0, limit),
        references: async (keys) => keys.map((key) => named.has(key)),
        forgetDrops: async (_epoch, keys) => {
          for (const key of keys) drops.delete(key);
        },
        referencedKeys: async () => [],
      },
    });
    const compactor = new Compactor({ clock: new UpkeepTestClock(), log, pacer, store });
    const kept: StoredFile[] = [];
    for (let round = 0; round < 8; round += 1) {
      const files = Array.from({ length: 40 }, () => randomFile([MiB / 8, MiB / 8]));
      for (const file of files) await addFile(store, file);
      files.forEach((file, index) => {
        if (index % 8 === 0) kept.push(file);
        else drops.add(file.key);
      });
      for (const { key } of kept) named.add(key);
      const dropped = collector.collect(noSignal);
      for (const { parts } of kept) for (const part of parts) expect(await reads(store, part)).toBe(true);
      expect(await dropped).toBe(35);
      await Promise.all([compactor.compact(noSignal), addFile(store, kept[0] ?? randomFile([100]))]);
    }
    const { bytes, diskBytes } = await store.stats();
    expect(bytes).toBeGreaterThan(8 * MiB);
    expect(diskBytes).toBeLessThanOrEqual(Math.max(1.1 * bytes, bytes + deadBytesMin));
    for (const { parts } of kept) for (const part of parts) expect(await reads(store, part)).toBe(true);
  });
});
