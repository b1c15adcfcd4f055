import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  drop,
  keepFile,
  randomFile,
  removeIndex,
  shelf,
  startCopy,
  startStore,
  temporaryFolder,
} from "./store-fixtures.ts";

describe("the id of a store", () => {
  it("STORE-92 stays with the store, also when its index is lost", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const id = await store.storeId();
    expect(await readFile(join(folder, "store.id"), "utf8")).toBe(`${id}\n`);
    await store.stop();
    await store.start();
    expect(await store.storeId()).toBe(id);
    await keepFile(store, randomFile());
    expect(await (await startCopy(folder)).storeId()).toBe(id);
    expect(await (await startCopy(folder, removeIndex)).storeId()).toBe(id);
  });

  it("STORE-93 is another one when the segments are gone, whatever else is left, and nothing is claimed then", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    await keepFile(store, randomFile());
    const id = await store.storeId();
    await store.stop();
    const copy = await startCopy(folder, (path) => rm(join(path, "segments"), { recursive: true }));
    expect(await copy.storeId()).not.toBe(id);
    expect(await copy.savepoint(shelf)).toBeUndefined();
    expect(await copy.stats()).toMatchObject({ chunks: 0, records: 0, missing: 0 });
    const withoutIndex = await startCopy(folder, async (path) => {
      await rm(join(path, "segments"), { recursive: true });
      await removeIndex(path);
    });
    expect(await withoutIndex.storeId()).not.toBe(id);
    const unused = await temporaryFolder();
    const first = await startStore({ folder: unused });
    const unusedId = await first.storeId();
    const wiped = await startCopy(unused, (path) => rm(join(path, "segments"), { recursive: true }));
    expect(await wiped.storeId()).not.toBe(unusedId);
  });

  it("is another one when its file is lost or is none", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder });
    const id = await store.storeId();
    const lost = await startCopy(folder, (path) => rm(join(path, "store.id")));
    expect(await lost.storeId()).not.toBe(id);
    const garbled = await startCopy(folder, (path) => writeFile(join(path, "store.id"), "?"));
    expect(await garbled.storeId()).toMatch(/^[0-9a-f]{32}$/);
  });

  it("stays when everything is dropped and compacted away", async () => {
    const folder = await temporaryFolder();
    const store = await startStore({ folder, segmentBytes: 5_000_000 });
    const files = Array.from({ length: 3 }, () => randomFile(2, 1_000_000));
    for (const file of files) await keepFile(store, file);
    await drop(store, ...files.map(({ key }) => key));
    while ((await store.compactOnce()) > 0);
    // The segment that was being written was mostly dead, and was closed for it.
    expect((await store.stats()).diskBytes).toBeLessThan(10_000);
    const id = await store.storeId();
    expect(await (await startCopy(folder)).storeId()).toBe(id);
  });
});
