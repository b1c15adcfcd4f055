/** Bits that flip under a store, and what a scrub makes of them. */
import { randomInt } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import type { ChunkStore, ScrubStep } from "../../src/store/chunk-store.ts";
import { recordBytes } from "../../src/store/segment-format.ts";
import {
  addRecords,
  drop,
  fileOf,
  flipBit,
  keepFile,
  newLease,
  randomChunk,
  randomChunks,
  randomFile,
  shelf,
  startCopy,
  startStore,
  temporaryFolder,
} from "./store-fixtures.ts";

const segment = (folder: string, number: number): string => join(folder, "segments", `0000000${number}.seg`);
const hex = (digest: Uint8Array): string => Buffer.from(digest).toString("hex");

/** Where the chunks of a stopped store lie. */
function placesIn(folder: string): { digest: string; segment: number; offset: number; bytes: number }[] {
  const index = new SqlDatabase(join(folder, "index.db"), { durability: "normal" });
  const rows = index.prepare("SELECT * FROM chunks WHERE segment > 0").all();
  index.close();
  return rows.map((row) => ({
    digest: hex(row["digest"] as Uint8Array),
    segment: row["segment"] as number,
    offset: row["offset"] as number,
    bytes: recordBytes(row["length"] as number),
  }));
}

async function scrubAll(store: ChunkStore, bytesEach: number): Promise<ScrubStep[]> {
  const steps: ScrubStep[] = [];
  do steps.push(await store.scrub(steps.at(-1)?.cursor, bytesEach));
  while (steps.at(-1)?.cursor !== undefined);
  return steps;
}

const damagedIn = (steps: readonly ScrubStep[]): string[] =>
  steps.flatMap(({ damaged }) => damaged.map(hex)).toSorted();

describe("bit rot", () => {
  it("STORE-95 of chunks that are read at once, a damaged one is set aside, and the others are as they were", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const chunks = randomChunks(40, 500);
    await store.put(lease, chunks);
    await store.stop();
    const damaged = chunks[17] as StoredBytes;
    const place = placesIn(folder).find(({ digest }) => digest === hex(damaged.digest));
    await flipBit(segment(folder, place?.segment ?? 0), (place?.offset ?? 0) + 200);
    await store.start();
    const memories = (lengths: readonly number[]): Uint8Array[] => lengths.map((bytes) => new Uint8Array(bytes));
    const digests = chunks.map(({ digest }) => digest);
    const wanted = chunks.map((chunk) => (chunk === damaged ? undefined : Buffer.from(chunk.bytes)));
    expect((await store.getMany(digests, memories)).map((bytes) => bytes && Buffer.from(bytes))).toEqual(wanted);
    expect(await store.has([damaged.digest])).toEqual([false]);
    await store.stop();
  });

  it("STORE-90 a scrub finds each of 100 flipped bits, none is ever served, and putting the chunks again mends all", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes: 60_000 });
    const files = Array.from({ length: 80 }, (_, at) => randomFile(3, 100 + at * 20));
    for (const file of files) await keepFile(store, file);
    await store.stop();
    const chunks = new Map(files.flatMap(({ all }) => all.map((chunk) => [hex(chunk.digest), chunk] as const)));
    const places = placesIn(folder);
    const flipped = new Set<string>();
    while (flipped.size < 100) {
      const place = places[randomInt(places.length)];
      if (place === undefined || flipped.has(place.digest)) continue;
      flipped.add(place.digest);
      await flipBit(segment(folder, place.segment), place.offset + randomInt(place.bytes));
    }
    await store.start();
    const readAll = (): Promise<unknown> =>
      Promise.all([...chunks.values()].map((chunk) => isServedRight(store, chunk)));
    const [steps] = await Promise.all([scrubAll(store, 5000), readAll()]);
    // What a reader stumbled over first is not there any more when the scrub comes by.
    const missing = (await store.missing(undefined, 500)).map(hex);
    expect(missing).toEqual([...flipped].toSorted());
    expect(damagedIn(steps).filter((digest) => !flipped.has(digest))).toEqual([]);
    expect(await store.stats()).toMatchObject({ missing: 100, quarantined: 100, records: 80 });
    const isWhole = files.map(({ all }) => !all.some(({ digest }) => flipped.has(hex(digest))));
    expect(await store.hasRecords(files.map(({ key }) => key))).toEqual(isWhole);
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    await store.put(
      lease,
      missing.map((digest) => chunks.get(digest) ?? randomChunk()),
    );
    await store.endLease(lease);
    expect(await store.missing(undefined, 500)).toEqual([]);
    expect(await store.hasRecords(files.map(({ key }) => key))).not.toContain(false);
    for (const { digest, bytes } of chunks.values()) expect(await store.get(digest)).toEqual(bytes);
    expect(damagedIn(await scrubAll(store, 1_000_000))).toEqual([]);
  });

  async function isServedRight(store: ChunkStore, { digest, bytes }: StoredBytes): Promise<void> {
    const found = await store.get(digest).catch((error: unknown) => toDfsError(error).kind);
    if (typeof found === "string") expect(["integrity", "not-found"]).toContain(found);
    else expect(found).toEqual(bytes);
  }

  it("STORE-91 a scrub alone finds every flipped bit, in steps of any size, and again after a restart", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes: 20_000 });
    const files = Array.from({ length: 30 }, () => randomFile(2, 700));
    for (const file of files) await keepFile(store, file);
    await store.stop();
    const flipped = placesIn(folder).filter((_, at) => at % 7 === 0);
    for (const { segment: number, offset, bytes } of flipped)
      await flipBit(segment(folder, number), offset + randomInt(bytes));
    for (const bytesEach of [1, 3000, 10_000_000]) {
      const copy = await startCopy(folder);
      const steps = await scrubAll(copy, bytesEach);
      expect(damagedIn(steps)).toEqual(flipped.map(({ digest }) => digest).toSorted());
      expect(steps.reduce((sum, { chunks }) => sum + chunks, 0)).toBe(90);
      await copy.stop();
      await copy.start();
      expect((await copy.stats()).missing).toBe(flipped.length);
    }
  });

  it("a chunk that was stored as something else is found, and so is one whose segment is gone", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes: 1000 });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const [lie, ...others] = [{ digest: randomChunk().digest, bytes: randomChunk(300).bytes }, ...randomChunks(4, 300)];
    const file = fileOf([lie, ...others]);
    for (const chunk of file.all) await store.put(lease, [chunk]);
    await addRecords(store, lease, [file.key]);
    await rm(segment(folder, 2));
    const damaged = damagedIn(await scrubAll(store, 100));
    const inSecond = [others[1], others[2]].map((chunk) => hex(chunk?.digest ?? lie.digest));
    expect(damaged).toEqual([hex(lie.digest), ...inSecond].toSorted());
    await expect(store.get(lie.digest)).rejects.toMatchObject({ kind: "not-found" });
    await drop(store, file.key);
    await store.endLease(lease);
    expect(await store.stats()).toMatchObject({ chunks: 0, missing: 0 });
  });

  it("a scrub beside compaction finds nothing that is not damaged", async () => {
    const store = await startStore({ folder: await temporaryFolder(), segmentBytes: 5000 });
    const files = Array.from({ length: 40 }, () => randomFile(2, 300));
    for (const file of files) await keepFile(store, file);
    for (const { key } of files.filter((_, at) => at % 2 === 0)) await drop(store, key);
    const compact = async (): Promise<void> => {
      while ((await store.compactOnce({ share: 0.2 })) > 0);
    };
    const [steps] = await Promise.all([scrubAll(store, 500), compact()]);
    expect(damagedIn(steps)).toEqual([]);
    expect(await store.stats()).toMatchObject({ chunks: 60, missing: 0, quarantined: 0 });
  });

  it("a cursor that is none is refused", async () => {
    const store = await startStore({ folder: await temporaryFolder() });
    await expect(store.scrub("x", 1)).rejects.toMatchObject({ kind: "usage" });
    await expect(store.scrub(undefined, 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: "interrupted",
    });
  });
});
