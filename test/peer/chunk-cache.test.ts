import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchAheadBytesMax, fetchAheadBytesMin, chunkBytesMax } from "../../src/core/limits.ts";
import { ChunkCache } from "../../src/peer/chunk-cache.ts";
import { readContent } from "../../src/peer/content-reader.ts";
import type { ContentSourceOptions, FileContent } from "../../src/peer/content-source.ts";
import { at } from "./file-space.ts";
import { HostileSpace } from "./hostile-space.ts";
import { ServedHolders, servedBy } from "./served-holders.ts";

const fileBytes = 12 * 1024 * 1024;
const never = new AbortController().signal;

describe("reading parts of a file again and again", () => {
  let space: HostileSpace;
  let content: FileContent;
  const bytes = randomBytes(fileBytes);

  beforeAll(async () => {
    space = new HostileSpace();
    await space.start();
    const slices = (async function* () {
      for (let from = 0; from < fileBytes; from += 1_000_000)
        yield new Uint8Array(bytes.subarray(from, from + 1_000_000));
    })();
    await space.client.put({ sources: [{ kind: "stream", name: "file", bytes: slices }], target: at("/file") });
    ({ content } = await space.namespace.requireFile(at("/file")));
  });
  afterAll(() => space.stop());

  async function read(
    options: ContentSourceOptions,
    offsetBytes: number,
    lengthBytes: number,
    of = content,
  ): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of readContent(of, { offsetBytes, lengthBytes }, options, never)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  const isRight = (got: Buffer, offsetBytes: number): boolean =>
    got.equals(bytes.subarray(offsetBytes, offsetBytes + got.length));

  it("CACHE-1 what was read a moment ago is not fetched again, and what is returned is the reader's own", async () => {
    const holders = new ServedHolders(space, { one: servedBy(space) });
    const options = { ...holders.content, cache: new ChunkCache() };
    const first = await read(options, 1_000_000, 300_000);
    expect(isRight(first, 1_000_000)).toBe(true);
    const asked = holders.asked.length;
    expect(asked).toBeGreaterThan(1);
    for await (const piece of readContent(content, { offsetBytes: 1_000_000, lengthBytes: 300_000 }, options, never))
      piece.fill(0);
    for (const [offset, length] of [
      [1_000_000, 300_000],
      [1_100_000, 7],
      [1_299_999, 1],
    ] as const)
      expect(isRight(await read(options, offset, length), offset)).toBe(true);
    expect(holders.asked.length).toBe(asked);
    await read(options, 8_000_000, 10);
    expect(holders.asked.length).toBeGreaterThan(asked);
  });

  it("CACHE-2 no more is kept than there is room for; what was not read for longest goes first", async () => {
    const bytesMax = 2_000_000;
    const cache = new ChunkCache(bytesMax);
    const holders = new ServedHolders(space, { one: servedBy(space) });
    const options = { ...holders.content, cache };
    expect(isRight(await read(options, 0, fileBytes), 0)).toBe(true);
    expect(cache.bytes).toBeLessThanOrEqual(bytesMax);
    expect(cache.bytes).toBeGreaterThan(bytesMax - 2 * chunkBytesMax);
    const small = new ChunkCache(300);
    const digest = (number: number): Uint8Array => new Uint8Array(32).fill(number);
    for (const number of [1, 2, 3]) small.keep(digest(number), new Uint8Array(100));
    expect(small.find(digest(1))?.length).toBe(100);
    small.keep(digest(4), new Uint8Array(100));
    small.keep(digest(4), new Uint8Array(100));
    expect([1, 2, 3, 4].filter((number) => small.find(digest(number)) !== undefined)).toEqual([1, 3, 4]);
    expect(small.bytes).toBe(300);
    small.keep(digest(5), new Uint8Array(301));
    small.forget(digest(3));
    small.forget(digest(3));
    expect(small.bytes).toBe(200);
  });

  it("CACHE-3 only what was verified is kept, and it opens with its own key alone", async () => {
    const cache = new ChunkCache();
    const liar = servedBy(space, (sealed) => sealed.map((byte) => byte ^ 1));
    const lied = { ...new ServedHolders(space, { liar }).content, cache };
    await expect(read(lied, 0, 10)).rejects.toMatchObject({ kind: "integrity" });
    expect(cache.bytes).toBe(0);
    const honest = { ...new ServedHolders(space, { one: servedBy(space) }).content, cache };
    expect(isRight(await read(honest, 0, 10), 0)).toBe(true);
    expect(cache.bytes).toBeGreaterThan(0);
    const { reference } = content;
    const wrongKey = { ...reference, key: new Uint8Array(32) } as FileContent["reference"];
    await expect(read(honest, 0, 10, { ...content, reference: wrongKey })).rejects.toMatchObject({ kind: "integrity" });
  });

  it("CACHE-4 little is fetched ahead for who reads little, and a bounded number of bytes for who reads on", async () => {
    const whole = new ServedHolders(space, { one: servedBy(space) });
    const sizes: number[] = [];
    for await (const piece of readContent(content, { offsetBytes: 0, lengthBytes: fileBytes }, whole.content, never))
      sizes.push(piece.length);
    const holders = new ServedHolders(space, { one: servedBy(space) });
    const reader = readContent(content, { offsetBytes: 0, lengthBytes: fileBytes }, holders.content, never);
    let most = 0;
    for (let readChunks = 0; readChunks < sizes.length; readChunks += 1) {
      await reader.next();
      // The first one asked for is the page that lists the chunks.
      const ahead = sizes.slice(readChunks, holders.asked.length - 1).reduce((sum, size) => sum + size, 0);
      if (readChunks === 0) expect(ahead).toBeLessThanOrEqual(fetchAheadBytesMin + chunkBytesMax);
      most = Math.max(most, ahead);
    }
    expect(most).toBeLessThanOrEqual(fetchAheadBytesMax + chunkBytesMax);
    expect(most).toBeGreaterThan(2 * fetchAheadBytesMin + chunkBytesMax);
  });
});
