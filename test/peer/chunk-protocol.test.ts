import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { sealChunk } from "../../src/chunking/seal.ts";
import type { LeaseId, PeerId, ShelfId } from "../../src/core/ids.ts";
import { chunkBundlePiecesMax, chunkRequestsInFlightMax } from "../../src/core/limits.ts";
import { chunkFrameHeader, frameTypes, getBody, parsePutBody, putBody } from "../../src/peer/chunk-frames.ts";
import { getManyBody, parseChunksBody, parseGetManyBody } from "../../src/peer/chunk-bundles.ts";
import { ChunkLink } from "../../src/peer/chunk-link.ts";
import { type ServedChunks, serveChunks } from "../../src/peer/chunk-server.ts";
import { FrameBuffers } from "../../src/peer/frame-buffers.ts";
import { WorkQueue } from "../../src/peer/load/work-queue.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { FrameChannel } from "../../src/peer/wire/frame-channel.ts";
import { channelPair } from "./memory-channel.ts";

const lease = "00112233445566778899aabbccddeeff" as LeaseId;
const shelf = "ffeeddccbbaa99887766554433221100" as ShelfId;
const asker = "asker" as PeerId;
/** So that nothing waits. */
const wide = { name: "chunks", runningMax: 1_000, runMsMax: 1_000, waitMsMax: 1_000, waitingMax: 1_000_000 };
const lines = () => ({ reads: new WorkQueue<PeerId>(wide), writes: new WorkQueue<PeerId>(wide) });
const never = new AbortController().signal;

const chunksOf = (store: ChunkStore): ServedChunks => ({
  put: (id, stored) => store.put(id, stored),
  get: (digest) => store.get(digest),
  getMany: (digests, place) => store.getMany(digests, place),
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
    serveChunks(far, asker, { chunks: chunksOf(store), buffers, ...lines() });
    opened += 1;
    return Promise.resolve(near);
  });
  return { store, link, opened: () => opened };
}

describe("the chunk protocol", () => {
  it("XFER-1 a chunk that was put is stored and comes back byte for byte, many at once", async () => {
    const { store, link, opened } = await linked();
    const chunks = Array.from({ length: 60 }, (_, index) => chunk(1 + index * 5000));
    await Promise.all(chunks.map(async ({ digest, sealed }) => link.put(lease, [{ digest, bytes: sealed }], never)));
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
    await expect(link.put(lease, [{ digest, bytes: damaged }], never)).rejects.toMatchObject({ kind: "integrity" });
    await expect(link.put(lease, [{ digest, bytes: sealed.subarray(1) }], never)).rejects.toMatchObject({
      kind: "integrity",
    });
    expect(await store.has([digest])).toEqual([false]);
    await link.put(lease, [{ digest, bytes: sealed }], never);
    expect(await store.has([digest])).toEqual([true]);
  });

  it("PACK-5 several chunks come in one message, and none of them is stored when one is not what it should be", async () => {
    const { store, link } = await linked();
    const chunks = [1, 17, 70_000, 5].map(chunk).map(({ digest, sealed }) => ({ digest, bytes: sealed }));
    const digests = chunks.map(({ digest }) => digest);
    const wrong = chunks.map(({ digest, bytes }, place) => ({
      digest,
      bytes: place === 2 ? bytes.subarray(1) : bytes,
    }));
    await expect(link.put(lease, wrong, never)).rejects.toMatchObject({ kind: "integrity" });
    expect(await store.has(digests)).toEqual(digests.map(() => false));
    await link.put(lease, chunks, never);
    for (const { digest, bytes } of chunks)
      expect(Buffer.from(await link.get(digest, never))).toEqual(Buffer.from(bytes));
  });

  it("PACK-5 a message is whole chunks, and no more of them than a message may bring", () => {
    const one = chunk(10);
    const stored = { digest: one.digest, bytes: one.sealed };
    const body = (count: number): Uint8Array =>
      new Uint8Array(
        Buffer.concat(
          putBody(
            new Uint8Array(16),
            Array.from({ length: count }, () => stored),
          ),
        ),
      );
    expect(parsePutBody(body(chunkBundlePiecesMax)).chunks.length).toBe(chunkBundlePiecesMax);
    const full = body(2);
    for (const refused of [body(0), body(chunkBundlePiecesMax + 1), full.subarray(1), full.subarray(0, -1)])
      expect(() => parsePutBody(refused)).toThrow("whole chunks");
  });

  it("FETCH-5 several chunks are asked for in one message, and the answer says which of them are not there", async () => {
    const { store, link } = await linked();
    const chunks = [1, 17, 70_000, 5].map(chunk).map(({ digest, sealed }) => ({ digest, bytes: sealed }));
    await store.put(lease, chunks);
    const [first, second, third, last] = chunks as [StoredBytes, StoredBytes, StoredBytes, StoredBytes];
    const absent = chunk(10).digest;
    const digests = [third.digest, absent, first.digest, last.digest, first.digest, second.digest];
    const given = parseChunksBody(await link.getMany(digests, never), digests.length);
    const wanted = [third, undefined, first, last, first, second].map((stored) => stored?.bytes);
    expect(given.map((bytes) => bytes && Buffer.from(bytes))).toEqual(
      wanted.map((bytes) => bytes && Buffer.from(bytes)),
    );
  });

  it("FETCH-5 what does not fit into the answer is left out from there on, and no answer is larger than a message may be", async () => {
    const { store, link } = await linked();
    const chunks = [900_000, 700_000, 600_000, 10].map(chunk).map(({ digest, sealed }) => ({ digest, bytes: sealed }));
    await store.put(lease, chunks);
    const digests = chunks.map(({ digest }) => digest);
    const given = parseChunksBody(await link.getMany(digests, never), digests.length);
    expect(given.map((bytes) => bytes?.length)).toEqual([900_016, 700_016]);
    const largest = chunk(1024 * 1024);
    await store.put(lease, [{ digest: largest.digest, bytes: largest.sealed }]);
    const alone = parseChunksBody(await link.getMany([largest.digest], never), 1);
    expect(alone[0]?.length).toBe(1024 * 1024 + 16);
  });

  it("FETCH-5 a question is 1 to 1,024 whole digests, and an answer no more chunks than were asked for, none cut off", () => {
    const question = (count: number): Uint8Array =>
      getManyBody(
        Array.from({ length: count }, (_, at) => new Uint8Array(32).fill(at)),
        7,
      );
    expect(parseGetManyBody(question(chunkBundlePiecesMax))).toMatchObject({ waitMs: 7 });
    for (const refused of [question(0), question(chunkBundlePiecesMax + 1), question(3).subarray(1), new Uint8Array()])
      expect(() => parseGetManyBody(refused)).toThrow("wrong length");
    const answer = Buffer.from("00000003616263000000000000000164", "hex");
    expect(parseChunksBody(answer, 3).map((bytes) => bytes && Buffer.from(bytes).toString())).toEqual([
      "abc",
      undefined,
      "d",
    ]);
    for (const [body, asked] of [
      [answer, 2],
      [answer.subarray(0, -1), 3],
      [Buffer.concat([answer, Buffer.of(0)]), 4],
      [Buffer.from("ffffffff61", "hex"), 1],
      [Buffer.alloc(0), 1],
    ] as const)
      expect(() => parseChunksBody(body, asked)).toThrow("whole chunks");
  });

  it("XFER-3 failures of one request leave the others alone", async () => {
    const { link } = await linked();
    const { digest, sealed } = chunk(1000);
    const unknownLease = "ffffffffffffffffffffffffffffffff" as LeaseId;
    await expect(link.get(digest, never)).rejects.toMatchObject({ kind: "not-found" });
    await expect(link.put(unknownLease, [{ digest, bytes: sealed }], never)).rejects.toMatchObject({
      kind: "not-found",
    });
    await link.put(lease, [{ digest, bytes: sealed }], never);
    expect(await link.get(digest, never)).toEqual(sealed);
  });

  it("XFER-4 a peer that asks for more at once than it may is cut off", async () => {
    const store = new MemoryChunkStore();
    store.get = () => new Promise(() => undefined);
    const [near, far] = channelPair();
    serveChunks(far, asker, { chunks: chunksOf(store), buffers: new FrameBuffers(), ...lines() });
    let ended: Error | undefined;
    near.receive({ onFrame: () => undefined, onEnd: (error) => (ended = error) });
    for (let i = 0; i <= chunkRequestsInFlightMax; i += 1)
      void near
        .send([chunkFrameHeader(frameTypes.get, i), ...getBody(new Uint8Array(32), 1_000)])
        .catch(() => undefined);
    await expect.poll(() => ended).toMatchObject({ kind: "protocol" });
  });

  it("XFER-5 garbage ends the channel at either end, and nothing is stored", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (garbage) => {
        const { store } = await linked();
        const [near, far] = channelPair();
        serveChunks(far, asker, { chunks: chunksOf(store), buffers: new FrameBuffers(), ...lines() });
        let isAnswered = false;
        near.receive({ onFrame: () => (isAnswered = true), onEnd: () => (isAnswered = true) });
        await near.send([garbage]);
        await expect.poll(() => isAnswered, { interval: 1 }).toBe(true);
        expect((await store.stats()).chunks).toBe(0);
      }),
      { numRuns: 100 },
    );
    const [near, far] = channelPair();
    const link = new ChunkLink(() => Promise.resolve(near));
    far.receive({ onFrame: () => void far.send([chunkFrameHeader(frameTypes.chunk, 999)]), onEnd: () => undefined });
    await expect(link.get(new Uint8Array(32), never)).rejects.toMatchObject({ kind: "protocol" });
    const [asking, answering] = channelPair();
    const other = new ChunkLink(() => Promise.resolve(asking));
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
    });
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

  it("LOAD-6 a peer with too many chunks to read answers at once that it is busy, and until when, and serves the others", async () => {
    const { store, link, reads, newLink } = await narrowLinked();
    const { digest, sealed } = chunk(1000);
    await link.put(lease, [{ digest, bytes: sealed }], never);
    const held: (() => void)[] = [];
    const get = store.get.bind(store);
    store.get = async (asked) => {
      await new Promise<void>((resolve) => held.push(resolve));
      return get(asked);
    };
    const flood = Array.from({ length: 8 }, async () => link.get(digest, never).catch((error: unknown) => error));
    await expect.poll(() => reads.waiting).toBe(2);
    expect(await Promise.race(flood)).toMatchObject({ kind: "busy", retryAfterMs: expect.any(Number) as number });
    const other = newLink("other" as PeerId).get(digest, never);
    let isServed = false;
    void other.then(() => (isServed = true));
    await expect.poll(() => (held.splice(0).forEach((end) => end()), isServed)).toBe(true);
    expect(await other).toEqual(sealed);
    await expect.poll(() => (held.splice(0).forEach((end) => end()), reads.waiting)).toBe(0);
    const outcomes = await Promise.all(flood);
    // One ran, and one of the two that waited has made room.
    expect(outcomes.filter((outcome) => outcome instanceof Uint8Array).length).toBe(2);
    expect(outcomes.filter((outcome) => outcome instanceof DfsError && outcome.kind === "busy").length).toBe(6);
  });

  it("LOAD-4 a chunk that is not wanted any more, or by somebody who is gone, is not read", async () => {
    const { store, link, reads, newLink, opened } = await narrowLinked();
    const asked: Uint8Array[] = [];
    let end = (): void => undefined;
    store.get = async (digest) => {
      asked.push(digest);
      await new Promise<void>((resolve) => (end = resolve));
      return new Uint8Array(10);
    };
    const [first, given, after] = [chunk(1), chunk(2), chunk(3)].map(({ digest }) => digest) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const running = link.get(first, never);
    await expect.poll(() => asked.length).toBe(1);
    const stop = new AbortController();
    const unwanted = link.get(given, stop.signal);
    await expect.poll(() => reads.waiting).toBe(1);
    stop.abort();
    await expect(unwanted).rejects.toMatchObject({ kind: "interrupted" });
    await expect.poll(() => reads.waiting).toBe(0);
    const gone = newLink("gone" as PeerId).get(given, never);
    await expect.poll(() => reads.waiting).toBe(1);
    await opened.at(-1)?.close();
    await expect(gone).rejects.toMatchObject({ kind: "unreachable" });
    await expect.poll(() => reads.waiting).toBe(0);
    const last = link.get(after, never);
    await expect.poll(() => reads.waiting).toBe(1);
    end();
    await running;
    await expect.poll(() => asked.length).toBe(2);
    end();
    await last;
    expect(asked).toEqual([first, after]);
  });

  it("LOAD-4 a chunk for which nobody waits any more is not read", async () => {
    const { store, link, reads } = await narrowLinked();
    const asked: Uint8Array[] = [];
    let end = (): void => undefined;
    store.get = async (digest) => {
      asked.push(digest);
      await new Promise<void>((resolve) => (end = resolve));
      return new Uint8Array(10);
    };
    const running = link.get(chunk(1).digest, never);
    await expect.poll(() => asked.length).toBe(1);
    await expect(link.get(chunk(2).digest, never, 20)).rejects.toMatchObject({ kind: "timeout" });
    end();
    await running;
    await expect.poll(() => reads.waiting).toBe(0);
    expect(asked.length).toBe(1);
  });
});

/** Links to a store that reads one chunk after the other, and lets two wait. */
async function narrowLinked() {
  const store = new MemoryChunkStore();
  await store.start();
  await store.openLease(lease, shelf, Date.now() + 60_000);
  const buffers = new FrameBuffers();
  const reads = new WorkQueue<PeerId>({ ...wide, runningMax: 1, waitingMax: 2 });
  const opened: FrameChannel[] = [];
  const newLink = (caller: PeerId): ChunkLink =>
    new ChunkLink(() => {
      const [near, far] = channelPair();
      serveChunks(far, caller, { chunks: chunksOf(store), buffers, ...lines(), reads });
      opened.push(near);
      return Promise.resolve(near);
    });
  return { store, reads, opened, newLink, link: newLink(asker) };
}
