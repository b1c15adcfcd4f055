import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/chunking/digest.ts";
import { decodeRecordPage, RecordBuilder, walkRecord } from "../../src/chunking/file-record.ts";
import type { RecordEntry, StoredBytes } from "../../src/chunking/file-record.ts";
import { fileKeyOf } from "../../src/core/ids.ts";
import type { FileKey } from "../../src/core/ids.ts";
import { recordPageEntriesMax, sealedBytesMax } from "../../src/core/limits.ts";
import { collect, hex, join, withFlippedBit } from "./samples.ts";

const integrity = expect.objectContaining({ kind: "integrity" });

function entry(number: number): RecordEntry {
  const digest = new Uint8Array(32);
  new DataView(digest.buffer).setUint32(28, number);
  return { digest, bytes: 17 + (number % (sealedBytesMax - 16)) };
}

/** The record of `count` made-up chunks, with every page that it has. */
function record(count: number): { fileKey: FileKey; entries: RecordEntry[]; pages: StoredBytes[]; early: number } {
  const builder = new RecordBuilder();
  const entries = Array.from({ length: count }, (_, number) => entry(number));
  const early = entries.flatMap(({ digest, bytes }) => builder.add(digest, bytes));
  const { fileKey, pages } = builder.finish();
  return { fileKey, entries, pages: [...early, ...pages], early: early.length };
}

function fetcher(pages: readonly StoredBytes[]): (digest: Uint8Array) => Promise<Uint8Array> {
  const byDigest = new Map(pages.map(({ digest, bytes }) => [hex(digest), bytes]));
  return (digest) => {
    const bytes = byDigest.get(hex(digest));
    return bytes === undefined ? Promise.reject(new Error("no such page")) : Promise.resolve(bytes);
  };
}

/** A page from its parts, as hostile as the test likes. */
function page(version: number, level: number, count: number, entries: readonly RecordEntry[]): Uint8Array {
  const header = new Uint8Array(6);
  header.set([version, level]);
  new DataView(header.buffer).setUint32(2, count);
  const parts = entries.map(({ digest, bytes }) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes);
    return join([digest, length]);
  });
  return join([header, ...parts]);
}

/** The page that is written anew from what `bytes` decode to, in hexadecimal, or the kind of the error. */
function decodedAndBack(bytes: Uint8Array): string | undefined {
  try {
    const { level, entries } = decodeRecordPage(bytes);
    return hex(page(1, level, entries.length, entries));
  } catch (error) {
    return (error as { kind?: string }).kind;
  }
}

const fullPageBytes = 6 + recordPageEntriesMax * 36;

describe("file record", () => {
  it.each([0, 1, 2, recordPageEntriesMax, recordPageEntriesMax + 1, 2 * recordPageEntriesMax, 20_000])(
    "CHUNK-7 a record of %i chunks walks back in order",
    async (count) => {
      const { fileKey, entries, pages, early } = record(count);
      const leaves = Math.max(1, Math.ceil(count / recordPageEntriesMax));
      expect(early).toBe(leaves - 1);
      expect(pages.length).toBe(leaves === 1 ? 1 : leaves + 1);
      expect(pages.every(({ digest, bytes }) => hex(sha256(bytes)) === hex(digest))).toBe(true);
      const walked = await collect(walkRecord(fileKey, fetcher(pages)));
      expect(walked.map(({ digest, bytes }) => hex(digest) + bytes)).toEqual(
        entries.map(({ digest, bytes }) => hex(digest) + bytes),
      );
    },
  );

  it("CHUNK-7 equal chunk lists have equal file keys, and any difference makes another", () => {
    expect(record(3).fileKey).toBe(record(3).fileKey);
    const keys = new Set(
      [0, 1, 2, 3, recordPageEntriesMax, recordPageEntriesMax + 1].map((count) => record(count).fileKey),
    );
    expect(keys.size).toBe(6);
  });

  it("CHUNK-8 a page with any bit changed is refused before it is taken apart", async () => {
    const { fileKey, pages } = record(recordPageEntriesMax + 5);
    const walk = (fetched: readonly StoredBytes[]): Promise<unknown> => collect(walkRecord(fileKey, fetcher(fetched)));
    for (const [index, { digest, bytes }] of pages.entries()) {
      for (const position of [0, 15, 47, 100, bytes.length * 8 - 1]) {
        const tampered = { digest, bytes: withFlippedBit(bytes, position) };
        await expect(walk(pages.with(index, tampered))).rejects.toEqual(integrity);
      }
      await expect(walk(pages.with(index, { digest, bytes: bytes.subarray(1) }))).rejects.toEqual(integrity);
    }
  });

  it("CHUNK-8 what no builder writes is refused", () => {
    const chunk = entry(1);
    const full = { digest: chunk.digest, bytes: fullPageBytes };
    const last = { digest: chunk.digest, bytes: 6 + 36 };
    expect(decodeRecordPage(page(1, 0, 1, [chunk])).entries).toEqual([chunk]);
    expect(decodeRecordPage(page(1, 1, 2, [full, last])).level).toBe(1);
    const hostile: Record<string, Uint8Array> = {
      "no header": new Uint8Array(5),
      "unknown level": page(1, 2, 1, [chunk]),
      "count too small": page(1, 0, 0, [chunk]),
      "count too large": page(1, 0, 2, [chunk]),
      "count beyond any page": page(1, 0, 0xffffffff, [chunk]),
      "a byte too many": join([page(1, 0, 1, [chunk]), Uint8Array.of(0)]),
      "chunk too short": page(1, 0, 1, [{ ...chunk, bytes: 16 }]),
      "chunk too long": page(1, 0, 1, [{ ...chunk, bytes: sealedBytesMax + 1 }]),
      "empty index": page(1, 1, 0, []),
      "index of one": page(1, 1, 1, [last]),
      "page before the last not full": page(1, 1, 2, [last, last]),
      "last page empty": page(1, 1, 2, [full, { ...last, bytes: 6 }]),
      "last page with a part of an entry": page(1, 1, 2, [full, { ...last, bytes: 6 + 37 }]),
      "last page too long": page(1, 1, 2, [full, { ...last, bytes: fullPageBytes + 36 }]),
    };
    const outcomes = Object.entries(hostile).map(([fault, bytes]) => `${fault}: ${decodedAndBack(bytes)}`);
    expect(outcomes).toEqual(Object.keys(hostile).map((fault) => `${fault}: integrity`));
    expect(() => decodeRecordPage(page(2, 0, 1, [chunk]))).toThrow(expect.objectContaining({ kind: "version" }));
  });

  it("CHUNK-8 the decoder survives any bytes", () => {
    const header = fc.tuple(fc.constantFrom(0, 1, 2), fc.constantFrom(0, 1, 2), fc.nat({ max: 4 }));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 200 }), ([version, level, count], rest) => {
        const bytes = join([page(version, level, count, []), rest]);
        expect([hex(bytes), "integrity", "version"]).toContain(decodedAndBack(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it("CHUNK-8 pages nest exactly once, and a page is as long as its index says", async () => {
    const { pages } = record(2 * recordPageEntriesMax);
    const stored = (bytes: Uint8Array): StoredBytes => ({ digest: sha256(bytes), bytes });
    const top = pages.at(-1) as StoredBytes;
    const leaf = pages[0] as StoredBytes;
    const indexBelow = { digest: top.digest, bytes: top.bytes.length };
    const nested = stored(page(1, 1, 2, [{ digest: leaf.digest, bytes: leaf.bytes.length }, indexBelow]));
    const short = stored(
      page(1, 1, 2, [
        { digest: leaf.digest, bytes: leaf.bytes.length },
        { ...entry(9), bytes: 6 + 36 },
      ]),
    );
    const shortPages = [...pages, short, { digest: entry(9).digest, bytes: leaf.bytes }];
    await expect(collect(walkRecord(fileKeyOf(nested.digest), fetcher([...pages, nested])))).rejects.toThrow(
      "below an index",
    );
    await expect(collect(walkRecord(fileKeyOf(short.digest), fetcher(shortPages)))).rejects.toThrow("its index says");
    const large = stored(new Uint8Array(fullPageBytes + 1));
    await expect(collect(walkRecord(fileKeyOf(large.digest), fetcher([large])))).rejects.toThrow(
      "more than a page has",
    );
  });

  it("CHUNK-8 an error of the fetcher passes through", async () => {
    const { fileKey } = record(1);
    await expect(collect(walkRecord(fileKey, fetcher([])))).rejects.toThrow("no such page");
  });
});
