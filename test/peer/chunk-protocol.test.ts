import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sealChunk } from "../../src/chunking/seal.ts";
import type { LeaseId, ShelfId } from "../../src/core/ids.ts";
import { chunkRequestsInFlightMax } from "../../src/core/limits.ts";
import { chunkFrameHeader, frameTypes } from "../../src/peer/chunk-frames.ts";
import { ChunkLink } from "../../src/peer/chunk-link.ts";
import { type ServedChunks, serveChunks } from "../../src/peer/chunk-server.ts";
import { FrameBuffers } from "../../src/peer/frame-buffers.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import { channelPair } from "./memory-channel.ts";

const lease = "00112233445566778899aabbccddeeff" as LeaseId;
const shelf = "ffeeddccbbaa99887766554433221100" as ShelfId;
const never = new AbortController().signal;

const chunksOf = (store: ChunkStore): ServedChunks => ({
  put: (id, digest, bytes) => store.put(id, [{ digest, bytes }]),
  get: (digest) => store.get(digest),
});
setMaxListeners(0, never);
const chunk = (bytes: number) => sealChunk(new Uint8Array(32), new Uint8Array(randomBytes(bytes)));

/** A link to a store in this process. */
async function linked(): Promise<{ store: MemoryChunkStore; link: ChunkLink; opened: () => number }> {
  const store = new MemoryChunkStore();
  await store.start();
  await store.openLease(lease, shelf, Date.now() + 60_000);
  const buffers = new FrameBuffers();
  let opened = 0;
  const link = new ChunkLink(() => {
    const [near, far] = channelPair();
    serveChunks(far, { chunks: chunksOf(store), buffers });
    opened += 1;
    return Promise.resolve(near);
  }, buffers);
  return { store, link, opened: () => opened };
}

describe("the chunk protocol", () => {
  it("XFER-1 a chunk that was put is stored and comes back byte for byte, many at once", async () => {
    const { store, link, opened } = await linked();
    const chunks = Array.from({ length: 60 }, (_, index) => chunk(1 + index * 5000));
    await Promise.all(chunks.map(async ({ digest, sealed }) => link.put(lease, digest, sealed, never)));
    expect(await store.has(chunks.map(({ digest }) => digest))).toEqual(chunks.map(() => true));
    const got = await Promise.all(chunks.map(async ({ digest }) => link.get(digest, never)));
    expect(got.map((bytes) => Buffer.from(bytes).toString("base64"))).toEqual(
      chunks.map(({ sealed }) => Buffer.from(sealed).toString("base64")),
    );
    expect(opened()).toBe(2);
  });

  it("XFER-2 a chunk that does not match its id is refused and never stored", async () => {
    const { store, link } = await linked();
    const { digest, sealed } = chunk(1000);
    const damaged = sealed.map((byte, index) => (index === 500 ? byte ^ 1 : byte));
    await expect(link.put(lease, digest, damaged, never)).rejects.toMatchObject({ kind: "integrity" });
    await expect(link.put(lease, digest, sealed.subarray(1), never)).rejects.toMatchObject({ kind: "integrity" });
    expect(await store.has([digest])).toEqual([false]);
    await link.put(lease, digest, sealed, never);
    expect(await store.has([digest])).toEqual([true]);
  });

  it("XFER-3 failures of one request leave the others alone", async () => {
    const { link } = await linked();
    const { digest, sealed } = chunk(1000);
    const unknownLease = "ffffffffffffffffffffffffffffffff" as LeaseId;
    await expect(link.get(digest, never)).rejects.toMatchObject({ kind: "not-found" });
    await expect(link.put(unknownLease, digest, sealed, never)).rejects.toMatchObject({ kind: "not-found" });
    await link.put(lease, digest, sealed, never);
    expect(await link.get(digest, never)).toEqual(sealed);
  });

  it("XFER-4 a peer that asks for more at once than it may is cut off", async () => {
    const store = new MemoryChunkStore();
    store.get = () => new Promise(() => undefined);
    const [near, far] = channelPair();
    serveChunks(far, { chunks: chunksOf(store), buffers: new FrameBuffers() });
    let ended: Error | undefined;
    near.receive({ onFrame: () => undefined, onEnd: (error) => (ended = error) });
    for (let i = 0; i <= chunkRequestsInFlightMax; i += 1)
      void near.send([chunkFrameHeader(frameTypes.get, i), new Uint8Array(32)]).catch(() => undefined);
    await expect.poll(() => ended).toMatchObject({ kind: "protocol" });
  });

  it("XFER-5 garbage ends the channel at either end, and nothing is stored", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (garbage) => {
        const { store } = await linked();
        const [near, far] = channelPair();
        serveChunks(far, { chunks: chunksOf(store), buffers: new FrameBuffers() });
        let isAnswered = false;
        near.receive({ onFrame: () => (isAnswered = true), onEnd: () => (isAnswered = true) });
        await near.send([garbage]);
        await expect.poll(() => isAnswered, { interval: 1 }).toBe(true);
        expect((await store.stats()).chunks).toBe(0);
      }),
      { numRuns: 100 },
    );
    const [near, far] = channelPair();
    const link = new ChunkLink(() => Promise.resolve(near), new FrameBuffers());
    far.receive({ onFrame: () => void far.send([chunkFrameHeader(frameTypes.chunk, 999)]), onEnd: () => undefined });
    await expect(link.get(new Uint8Array(32), never)).rejects.toMatchObject({ kind: "protocol" });
    const [asking, answering] = channelPair();
    const other = new ChunkLink(() => Promise.resolve(asking), new FrameBuffers());
    const noError = [chunkFrameHeader(frameTypes.failed, 1), Uint8Array.of(0xff)];
    answering.receive({ onFrame: () => void answering.send(noError), onEnd: () => undefined });
    await expect(other.get(new Uint8Array(32), never)).rejects.toMatchObject({ kind: "protocol" });
  });

  it("XFER-6 a request that is given up ends at once; one whose channel ends fails as unreachable, and the next opens a new one", async () => {
    const opened: ReturnType<typeof channelPair>[] = [];
    const link = new ChunkLink(() => {
      const pair = channelPair();
      pair[1].receive({ onFrame: () => undefined, onEnd: () => undefined });
      opened.push(pair);
      return Promise.resolve(pair[0]);
    }, new FrameBuffers());
    const stop = new AbortController();
    const given = link.get(new Uint8Array(32), stop.signal);
    const cut = link.get(new Uint8Array(32), never);
    await expect.poll(() => opened.length).toBe(2);
    stop.abort();
    await expect(given).rejects.toMatchObject({ kind: "interrupted" });
    await opened[1]?.[1].close();
    await expect(cut).rejects.toMatchObject({ kind: "unreachable" });
    const again = [link.get(new Uint8Array(32), never), link.get(new Uint8Array(32), never)];
    await expect.poll(() => opened.length).toBe(3);
    await Promise.all(opened.map(async ([, far]) => far.close()));
    await Promise.allSettled(again);
  });
});
