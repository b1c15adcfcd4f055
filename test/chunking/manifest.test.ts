import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeReference, encodeReference } from "../../src/chunking/content-reference.ts";
import type { ContentReference } from "../../src/chunking/content-reference.ts";
import { FileBuilder } from "../../src/chunking/file-builder.ts";
import { walkRecord } from "../../src/chunking/file-record.ts";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { ManifestBuilder, readManifest } from "../../src/chunking/manifest.ts";
import type { ByteRange, ManifestChunk, ManifestEntry } from "../../src/chunking/manifest.ts";
import { openChunk, sealChunk } from "../../src/chunking/seal.ts";
import { chunkBytesMax, recordPageEntriesMax } from "../../src/core/limits.ts";
import { collect, dedupSecret, hex, join, pseudoRandomBytes, sealAll, withFlippedBit } from "./samples.ts";

const integrity = expect.objectContaining({ kind: "integrity" });
const wholeFile: ByteRange = { offsetBytes: 0, lengthBytes: Infinity };

function madeUpChunk(number: number): ManifestEntry {
  const digest = new Uint8Array(32);
  new DataView(digest.buffer).setUint32(28, number);
  return { digest, key: digest.toReversed(), plaintextBytes: 1 + ((number * 7919) % chunkBytesMax) };
}

interface Manifest {
  readonly reference: ContentReference;
  readonly chunks: readonly ManifestEntry[];
  /** Sealed pages by digest. */
  readonly pages: Map<string, Uint8Array>;
}

function manifest(chunks: readonly ManifestEntry[]): Manifest {
  const builder = new ManifestBuilder(dedupSecret);
  const early = chunks.flatMap((chunk) => builder.add(chunk));
  const { reference, pages } = builder.finish();
  return { reference, chunks, pages: new Map([...early, ...pages].map((page) => [hex(page.digest), page.sealed])) };
}

async function read(
  { reference, pages }: Manifest,
  range: ByteRange,
): Promise<{ chunks: ManifestChunk[]; fetched: number }> {
  let fetched = 0;
  const fetchPage = (digest: Uint8Array): Promise<Uint8Array> => {
    fetched += 1;
    return Promise.resolve(pages.get(hex(digest)) ?? new Uint8Array());
  };
  return { chunks: await collect(readManifest(reference, fetchPage, range)), fetched };
}

function digestsTouching(chunks: readonly ManifestEntry[], { offsetBytes, lengthBytes }: ByteRange): string[] {
  let start = 0;
  const touching: string[] = [];
  for (const { digest, plaintextBytes } of chunks) {
    if (start < offsetBytes + lengthBytes && start + plaintextBytes > offsetBytes)
      touching.push(`${start} ${hex(digest)}`);
    start += plaintextBytes;
  }
  return touching;
}

const counts = [0, 1, 2, recordPageEntriesMax, recordPageEntriesMax + 1, 2 * recordPageEntriesMax + 3];
const manifests = counts.map((count) => manifest(Array.from({ length: count }, (_, number) => madeUpChunk(number))));
const deep = manifests.at(-1) as Manifest;

/** A sealed page of any bytes, as a reference that names it. */
function forged(depth: 1 | 2, plaintextBytes: number, page: Uint8Array): Manifest {
  const { digest, key, sealed } = sealChunk(dedupSecret, page);
  return { reference: { depth, digest, key, plaintextBytes }, chunks: [], pages: new Map([[hex(digest), sealed]]) };
}

function page(version: number, level: number, entries: readonly ManifestEntry[]): Uint8Array {
  const header = new Uint8Array(6);
  header.set([version, level]);
  new DataView(header.buffer).setUint32(2, entries.length);
  const parts = entries.map(({ digest, key, plaintextBytes }) => {
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(plaintextBytes));
    return join([digest, key, length]);
  });
  return join([header, ...parts]);
}

describe("manifest", () => {
  it("CHUNK-9 the reference is as deep as the file needs", () => {
    expect(manifests.map(({ reference }) => reference.depth)).toEqual(["empty", 0, 1, 1, 2, 2]);
    expect(manifests.map(({ pages }) => pages.size)).toEqual([0, 0, 1, 1, 3, 4]);
    for (const { reference, chunks } of manifests) {
      expect(reference.plaintextBytes).toBe(chunks.reduce((sum, { plaintextBytes }) => sum + plaintextBytes, 0));
    }
  });

  it("CHUNK-9 the whole file reads back with keys, sizes and offsets", async () => {
    for (const made of manifests) {
      const { chunks, fetched } = await read(made, wholeFile);
      expect(fetched).toBe(made.pages.size);
      expect(chunks.map(({ digest, key, plaintextBytes }) => [hex(digest), hex(key), plaintextBytes])).toEqual(
        made.chunks.map(({ digest, key, plaintextBytes }) => [hex(digest), hex(key), plaintextBytes]),
      );
      expect(chunks.map(({ digest, offsetBytes }) => `${offsetBytes} ${hex(digest)}`)).toEqual(
        digestsTouching(made.chunks, wholeFile),
      );
    }
  });

  it("CHUNK-10 a range yields exactly the chunks that touch it, from no more pages than needed", async () => {
    const size = deep.reference.plaintextBytes;
    const length = fc.oneof(fc.constantFrom(0, 1), fc.nat({ max: 3 * chunkBytesMax }));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: size + 10 }), length, async (offsetBytes, lengthBytes) => {
        const range = { offsetBytes, lengthBytes };
        const { chunks, fetched } = await read(deep, range);
        const expected = lengthBytes === 0 ? [] : digestsTouching(deep.chunks, range);
        expect(chunks.map(({ digest, offsetBytes }) => `${offsetBytes} ${hex(digest)}`)).toEqual(expected);
        expect(fetched).toBeLessThanOrEqual(3);
      }),
      { numRuns: 25 },
    );
    const { chunks, fetched } = await read(deep, { offsetBytes: size - 1, lengthBytes: 1 });
    expect([chunks.length, fetched]).toEqual([1, 2]);
  });

  it("CHUNK-11 a manifest page with any bit changed is refused", async () => {
    for (const [digest, sealed] of deep.pages) {
      const pages = new Map(deep.pages).set(digest, withFlippedBit(sealed, 12_345));
      await expect(read({ ...deep, pages }, wholeFile)).rejects.toEqual(integrity);
    }
  });

  it("CHUNK-11 pages that do not say what their parent says are refused", async () => {
    const [chunk, other] = [madeUpChunk(1), madeUpChunk(2)];
    const size = chunk.plaintextBytes + other.plaintextBytes;
    const good = page(1, 0, [chunk, other]);
    await expect(read(forged(1, size, good), wholeFile)).resolves.toBeDefined();
    const leaf = sealChunk(dedupSecret, good);
    const hostile: Record<string, Manifest> = {
      "sizes add up to less": forged(1, size + 1, good),
      "sizes add up to more": forged(1, size - 1, good),
      "index where a leaf is due": forged(1, size, page(1, 1, [chunk, other])),
      "leaf where an index is due": forged(2, size, good),
      "a chunk of no bytes": forged(
        1,
        size,
        page(1, 0, [
          { ...chunk, plaintextBytes: 0 },
          { ...other, plaintextBytes: size },
        ]),
      ),
      "a chunk that is too large": forged(
        1,
        chunkBytesMax + 1,
        page(1, 0, [{ ...chunk, plaintextBytes: chunkBytesMax + 1 }]),
      ),
      "a page that covers nothing": forged(
        2,
        size,
        page(1, 1, [
          { ...leaf, plaintextBytes: size },
          { ...leaf, plaintextBytes: 0 },
        ]),
      ),
      "a byte too many": forged(1, size, join([good, Uint8Array.of(0)])),
      "an only chunk that is too large": {
        ...deep,
        reference: { depth: 0, plaintextBytes: chunkBytesMax + 1, digest: chunk.digest, key: chunk.key },
      },
    };
    const outcomes = Object.entries(hostile).map(async ([fault, made]) => {
      const outcome = await read(made, wholeFile).catch((error: { kind?: string }) => error.kind);
      return `${fault}: ${JSON.stringify(outcome)}`;
    });
    expect(await Promise.all(outcomes)).toEqual(Object.keys(hostile).map((fault) => `${fault}: "integrity"`));
    const sealedLeaf = forged(2, size + 5, page(1, 1, [{ ...leaf, plaintextBytes: size + 5 }]));
    sealedLeaf.pages.set(hex(leaf.digest), leaf.sealed);
    await expect(read(sealedLeaf, wholeFile)).rejects.toThrow("do not add up");
    const newer = expect.objectContaining({ kind: "version" });
    await expect(read(forged(1, size, page(2, 0, [chunk, other])), wholeFile)).rejects.toEqual(newer);
  });
});

describe("content reference", () => {
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const filled = fc.record({
    depth: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
    plaintextBytes: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    digest,
    key: digest,
  });

  it("CHUNK-12 a reference reads back, and is short", () => {
    fc.assert(
      fc.property(filled, (reference) => {
        const encoded = encodeReference(reference);
        expect(decodeReference(encoded)).toEqual(reference);
        expect(encoded.length).toBeLessThanOrEqual(79);
      }),
    );
    const empty = { depth: "empty", plaintextBytes: 0 } as const;
    expect(decodeReference(encodeReference(empty))).toEqual(empty);
  });

  it("CHUNK-12 any other bytes are refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        fc.pre(hex(bytes) !== "80");
        expect(() => decodeReference(bytes)).toThrow(integrity);
      }),
    );
    fc.assert(
      fc.property(filled, fc.nat(), (reference, position) => {
        const encoded = encodeReference(reference);
        expect(() => decodeReference(encoded.subarray(0, position % encoded.length))).toThrow(integrity);
        expect(() => decodeReference(join([encoded, Uint8Array.of(0)]))).toThrow(integrity);
        expect(() => decodeReference(encodeReference({ ...reference, key: reference.key.subarray(1) }))).toThrow(
          integrity,
        );
        expect(() => decodeReference(encodeReference({ ...reference, plaintextBytes: 0 }))).toThrow(integrity);
        expect(() => decodeReference(encodeReference({ ...reference, depth: 3 as 2 }))).toThrow(integrity);
      }),
    );
  });
});

describe("file builder", () => {
  /** Everything that a holder stores of `bytes`, and how to find and read it. */
  function put(bytes: Uint8Array): {
    stored: Map<string, Uint8Array>;
    pages: StoredBytes[];
    file: ReturnType<FileBuilder["finish"]>;
  } {
    const builder = new FileBuilder(dedupSecret);
    const sealed = sealAll(bytes);
    const early = sealed.flatMap((chunk) => builder.add(chunk));
    const file = builder.finish();
    const pages = [...early, ...file.pages];
    const all = [...sealed.map((chunk) => ({ digest: chunk.digest, bytes: chunk.sealed })), ...pages];
    return { stored: new Map(all.map((item) => [hex(item.digest), item.bytes])), pages, file };
  }

  it("CHUNK-13 a file reads back from what was stored, and its record names all of it", async () => {
    for (const length of [0, 1, 70_000, 3_000_000]) {
      const bytes = pseudoRandomBytes(length, length);
      const { stored, pages, file } = put(bytes);
      const fetchPage = (digest: Uint8Array): Promise<Uint8Array> =>
        Promise.resolve(stored.get(hex(digest)) as Uint8Array);
      const chunks = await collect(readManifest(file.reference, fetchPage, wholeFile));
      const opened = chunks.map(({ digest, key }) => openChunk(stored.get(hex(digest)) as Uint8Array, key, digest));
      expect(hex(join(opened))).toBe(hex(bytes));
      expect(file.reference.plaintextBytes).toBe(length);
      const recorded = await collect(walkRecord(file.fileKey, fetchPage));
      const manifestPages = pages.length - 1;
      expect(recorded.map(({ digest }) => hex(digest)).slice(0, chunks.length)).toEqual(
        chunks.map(({ digest }) => hex(digest)),
      );
      expect(recorded.length).toBe(chunks.length + manifestPages);
      expect(recorded.every(({ digest, bytes }) => stored.get(hex(digest))?.length === bytes)).toBe(true);
      const recordPage = pages.at(-1) as StoredBytes;
      const storedBytes = recorded.reduce((sum, { bytes }) => sum + bytes, recordPage.bytes.length);
      expect(file.storedBytes).toBe(storedBytes);
    }
  });

  it("CHUNK-13 the record of a large file lists its chunks first and every manifest page after them", async () => {
    const builder = new FileBuilder(dedupSecret);
    const chunks = Array.from({ length: 20_000 }, (_, number) => madeUpChunk(number));
    const pages = chunks.flatMap((chunk) => builder.add(chunk));
    const file = builder.finish();
    const stored = new Map([...pages, ...file.pages].map(({ digest, bytes }) => [hex(digest), bytes]));
    const recorded = await collect(
      walkRecord(file.fileKey, (digest) => Promise.resolve(stored.get(hex(digest)) as Uint8Array)),
    );
    expect(recorded.slice(0, 20_000).map(({ digest }) => hex(digest))).toEqual(chunks.map(({ digest }) => hex(digest)));
    const manifestPages = recorded.slice(20_000);
    expect(manifestPages.length).toBe(4);
    expect(manifestPages.every(({ digest, bytes }) => stored.get(hex(digest))?.length === bytes)).toBe(true);
    expect(stored.size).toBe(4 + 3 + 1);
  });
});
