import { describe, expect, it } from "vitest";
import { chunkStoreContract } from "../contract/chunk-store.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import { newLease, randomChunk, shelf } from "./store-fixtures.ts";

describe("MemoryChunkStore", () => {
  chunkStoreContract(async () => new MemoryChunkStore());

  it("refuses what is beyond its capacity", async () => {
    const store = new MemoryChunkStore({ capacityBytes: 150 });
    const lease = newLease();
    await store.openLease(lease, shelf, 1);
    await store.put(lease, [randomChunk(100)]);
    await expect(store.put(lease, [randomChunk(100)])).rejects.toMatchObject({ kind: "no-space" });
    expect(await store.stats()).toMatchObject({ chunks: 1, freeBytes: 50 });
  });
});
