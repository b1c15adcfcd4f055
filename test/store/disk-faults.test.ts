import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { reservedBytes } from "../../src/core/limits.ts";
import { systemDisk } from "../../src/store/disk-operations.ts";
import type { DiskOperations } from "../../src/store/disk-operations.ts";
import { DiskChunkStore } from "../../src/store/disk-chunk-store.ts";
import {
  addRecords,
  digestsOf,
  drop,
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

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code, syscall: "write" });
}

/** A disk whose next write or flush can be made to fail. */
function faultyDisk(): DiskOperations & { failWrite?: string; failFlush?: string; flushes: number; free?: number } {
  return {
    flushes: 0,
    async write(handle, buffers, position) {
      if (this.failWrite === undefined) return systemDisk.write(handle, buffers, position);
      await systemDisk.write(handle, [Buffer.concat(buffers).subarray(0, -10)], position);
      throw systemError(this.failWrite);
    },
    async flush(handle) {
      this.flushes += 1;
      if (this.failFlush !== undefined) throw systemError(this.failFlush);
      return systemDisk.flush(handle);
    },
    async freeBytes(folder) {
      return this.free ?? systemDisk.freeBytes(folder);
    },
  };
}

describe("a failing disk", () => {
  it("STORE-30 after a failed flush nothing more is written until a restart, and reads go on", async () => {
    const disk = faultyDisk();
    const folder = await temporaryFolder();
    const store = await startStore({ folder, disk });
    const file = randomFile();
    await keepFile(store, file);
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    disk.failFlush = "EIO";
    const lost = randomChunk();
    await expect(store.put(lease, [lost])).rejects.toMatchObject({ kind: "io" });
    delete disk.failFlush;
    const { flushes } = disk;
    await expect(store.put(lease, [lost])).rejects.toMatchObject({ kind: "io" });
    await expect(drop(store, file.key)).rejects.toMatchObject({ kind: "io" });
    expect(disk.flushes).toBe(flushes);
    expect(await store.has([lost.digest])).toEqual([false]);
    expect(await store.get(file.chunks[0]?.digest ?? lost.digest)).toEqual(file.chunks[0]?.bytes);
    await store.stop();
    await store.start();
    await store.put(lease, [lost]);
    expect(await store.get(lost.digest)).toEqual(lost.bytes);
  });

  it("STORE-31 a write that fails in the middle is taken back, and the next one succeeds", async () => {
    const disk = faultyDisk();
    const folder = await temporaryFolder();
    const store = await startStore({ folder, disk });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const [first, failed, last] = [randomChunk(), randomChunk(5000), randomChunk()];
    await store.put(lease, [first]);
    disk.failWrite = "ENOSPC";
    await expect(store.put(lease, [failed])).rejects.toMatchObject({ kind: "no-space" });
    delete disk.failWrite;
    await store.put(lease, [last]);
    const copy = await startCopy(folder);
    expect(await copy.has(digestsOf([first, failed, last]))).toEqual([true, false, true]);
    const rebuilt = await startCopy(folder, removeIndex);
    for (const store of [copy, rebuilt]) expect((await store.stats()).quarantined).toBe(0);
    expect(await copy.get(last.digest)).toEqual(last.bytes);
  });

  it("a put for which there is no room takes no other call with it", async () => {
    const disk = faultyDisk();
    const store = await startStore({ folder: await temporaryFolder(), disk });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    disk.free = reservedBytes + 1000;
    const [small, large] = [randomChunk(100), randomChunk(5000)];
    const outcomes = await Promise.allSettled([store.put(lease, [large]), store.put(lease, [small])]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  });

  it("STORE-32 what would go into the space kept back is refused; dropping and compacting still work there", async () => {
    const disk = faultyDisk();
    const store = await startStore({ folder: await temporaryFolder(), disk, segmentBytes: 2000 });
    const files = [randomFile(3, 500), randomFile(3, 500)];
    for (const file of files) await keepFile(store, file);
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    disk.free = reservedBytes - 1;
    expect((await store.stats()).freeBytes).toBe(0);
    await expect(store.put(lease, [randomChunk()])).rejects.toMatchObject({ kind: "no-space" });
    await store.put(lease, files[0]?.chunks ?? []);
    await store.endLease(lease);
    const { diskBytes } = await store.stats();
    await drop(store, files[0]?.key ?? randomFile().key);
    const freed = await store.compactOnce();
    expect(freed).toBeGreaterThan(1000);
    expect((await store.stats()).diskBytes).toBeLessThan(diskBytes);
    expect(await store.has(digestsOf(files[1]?.all ?? []))).toEqual([true, true, true, true]);
  });

  it("STORE-94 large chunks that come one after the other share flushes, and small ones wait for nothing", async () => {
    const disk = { ...faultyDisk(), write: async () => undefined, flush: async () => void (flushes += 1) };
    let flushes = 0;
    const store = await startStore({ folder: await temporaryFolder(), disk });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const putAll = async (chunks: readonly StoredBytes[]): Promise<number> => {
      const before = flushes;
      const puts: Promise<void>[] = [];
      for (const chunk of chunks) {
        puts.push(store.put(lease, [chunk]));
        await turnOfEvents();
      }
      await Promise.all(puts);
      return flushes - before;
    };
    expect(await putAll(randomChunks(32, 64 * 1024))).toBeLessThan(8);
    expect(await putAll(randomChunks(8, 1000))).toBeGreaterThan(2);
  });

  it("STORE-33 a store keeps within its capacity", async () => {
    const store = await startStore({ folder: await temporaryFolder(), capacityBytes: 5000 });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const chunks = randomChunks(20, 1000);
    const outcomes = await Promise.allSettled(chunks.map((chunk) => store.put(lease, [chunk])));
    const stored = outcomes.filter(({ status }) => status === "fulfilled").length;
    expect(stored).toBe(4);
    const { diskBytes, freeBytes } = await store.stats();
    expect(diskBytes).toBeLessThanOrEqual(5000);
    expect(freeBytes).toBe(5000 - diskBytes);
  });

  it.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
    "STORE-34 a full disk refuses puts, loses nothing, and takes puts again once there is room (needs root, for a tmpfs)",
    async () => {
      const folder = await temporaryFolder();
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]);
      const disk: DiskOperations = { ...systemDisk, freeBytes: async () => Number.MAX_SAFE_INTEGER };
      const store = new DiskChunkStore({ folder: join(folder, "store"), disk });
      onTestFinished(async () => {
        await store.stop();
        // Lazily: SQLite's binding lets go of its files when its statements are collected.
        execFileSync("umount", ["--lazy", folder]);
      });
      await store.start();
      const lease = newLease();
      await store.openLease(lease, shelf, 1);
      const ballast = join(folder, "ballast");
      await writeFile(ballast, Buffer.alloc(6 * 1024 * 1024));
      const chunks = randomChunks(12, 1024 * 1024);
      const stored = [];
      const refused = [];
      for (const chunk of chunks) {
        const outcome = await store.put(lease, [chunk]).catch((error: unknown) => toDfsError(error).kind);
        if (outcome === undefined) stored.push(chunk);
        else refused.push(outcome);
      }
      expect(new Set(refused)).toEqual(new Set(["no-space"]));
      expect(stored.length).toBeGreaterThan(5);
      expect(stored.length).toBeLessThan(10);
      for (const { digest, bytes } of stored) expect(Buffer.compare(await store.get(digest), bytes)).toBe(0);
      await rm(ballast);
      await store.put(lease, chunks);
      expect(await store.has(digestsOf(chunks))).not.toContain(false);
    },
  );

  it("STORE-35 puts at the same time share flushes", async () => {
    const disk = faultyDisk();
    const store = await startStore({ folder: await temporaryFolder(), disk });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    await Promise.all(randomChunks(100).map((chunk) => store.put(lease, [chunk])));
    expect(disk.flushes).toBeLessThanOrEqual(4);
  });

  it("a call on a store that is not started is a bug", async () => {
    const store = new DiskChunkStore({ folder: await temporaryFolder() });
    await expect(store.has([])).rejects.toMatchObject({ kind: "internal" });
    await store.stop();
  });

  it("stopping waits for the calls under way", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    const file = randomFile(20, 5000);
    await store.put(lease, file.all);
    const chunk = randomChunk();
    const calls = [
      addRecords(store, lease, [file.key]),
      store.put(lease, [chunk]),
      store.get(file.chunks[0]?.digest ?? chunk.digest),
    ];
    const stopping = store.stop();
    await expect(store.has([chunk.digest])).rejects.toMatchObject({ kind: "internal" });
    await Promise.all([...calls, stopping]);
    await store.start();
    expect(await store.has([chunk.digest])).toEqual([true]);
    expect(await store.hasRecords([file.key])).toEqual([true]);
  });
});
