import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesEqual, sha256 } from "../../src/chunking/digest.ts";
import { Chunker, CutBuffer, gearTable } from "../../src/chunking/fastcdc.ts";
import { chunkBytesAverage, chunkBytesMax, chunkBytesMin } from "../../src/core/limits.ts";
import { cutPoints, hex, join, pseudoRandomBytes } from "./samples.ts";

const MiB = 1024 * 1024;
const input = pseudoRandomBytes(6 * MiB, 1);

/** The lengths of the chunks of `bytes`, pushed in slices whose lengths come from `sliceLengths` over and over. */
function chunkLengths(bytes: Uint8Array, sliceLengths: readonly number[]): number[] {
  const chunker = new Chunker();
  const lengths: number[] = [];
  for (let start = 0, slice = 0; start < bytes.length; slice++) {
    const end = start + (sliceLengths[slice % sliceLengths.length] ?? bytes.length);
    for (const chunk of chunker.push(bytes.subarray(start, end))) lengths.push(chunk.length);
    start = end;
  }
  for (const chunk of chunker.finish()) lengths.push(chunk.length);
  return lengths;
}

function lengthsBetween(ends: readonly number[]): number[] {
  return ends.map((end, index) => end - (ends[index - 1] ?? 0));
}

describe("cut points", () => {
  it("CHUNK-1 cut points do not depend on how the stream is sliced", () => {
    const expected = lengthsBetween(cutPoints(input));
    const sliceLength = fc.oneof(fc.integer({ min: 1000, max: 100_000 }), fc.integer({ min: 1, max: 3 * MiB }));
    fc.assert(
      fc.property(fc.array(sliceLength, { minLength: 1, maxLength: 8 }), (sliceLengths) => {
        expect(chunkLengths(input, sliceLengths)).toEqual(expected);
      }),
      { numRuns: 15 },
    );
    expect(chunkLengths(input.subarray(0, 300_000), [1])).toEqual(
      lengthsBetween(cutPoints(input.subarray(0, 300_000))),
    );
  });

  it("CHUNK-1 a cut that is found does not move when more bytes become known", () => {
    const buffer = new CutBuffer(input.length);
    buffer.bytes.set(input);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 * MiB }), fc.integer({ min: 0, max: MiB }), (known, start) => {
        const early = buffer.cutPoint(start, start + known, false);
        const late = buffer.cutPoint(start, input.length, true);
        expect(known >= chunkBytesMax ? [late] : [-1, late]).toContain(early);
      }),
    );
  });

  it("CHUNK-2 chunks in order are the stream, and their sizes keep the bounds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 * MiB }), fc.integer({ min: 0, max: 1000 }), (length, seed) => {
        const bytes = pseudoRandomBytes(length, seed);
        const chunker = new Chunker();
        const chunks: Uint8Array[] = [];
        for (const chunk of chunker.push(bytes)) chunks.push(new Uint8Array(chunk));
        for (const chunk of chunker.finish()) chunks.push(new Uint8Array(chunk));
        expect(bytesEqual(join(chunks), bytes)).toBe(true);
        const lengths = chunks.map((chunk) => chunk.length);
        expect(lengths.every((size) => size >= 1 && size <= chunkBytesMax)).toBe(true);
        expect(lengths.slice(0, -1).every((size) => size > chunkBytesMin)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("CHUNK-2 random bytes are cut near the average size", () => {
    const lengths = lengthsBetween(cutPoints(pseudoRandomBytes(48 * MiB, 2)));
    const mean = (48 * MiB) / lengths.length;
    expect(mean).toBeGreaterThan(chunkBytesAverage);
    expect(mean).toBeLessThan(1.3 * chunkBytesAverage);
  });

  it("CHUNK-2 a run of one byte is cut at the largest size, whatever the byte", () => {
    const run = new Uint8Array(chunkBytesMax + 1);
    for (let byte = 0; byte < gearTable.length; byte += 15) {
      run.fill(byte);
      expect(cutPoints(run)).toEqual([chunkBytesMax, chunkBytesMax + 1]);
    }
  });

  it("CHUNK-3 an insertion, a removal or a change makes at most three new chunks", () => {
    const place = fc.integer({ min: 0, max: input.length });
    const edit = fc.record({
      place,
      removed: fc.integer({ min: 0, max: 1000 }),
      added: fc.uint8Array({ maxLength: 1000 }),
    });
    const known = new Set(digests(input));
    fc.assert(
      fc.property(edit, ({ place, removed, added }) => {
        const edited = join([input.subarray(0, place), added, input.subarray(place + removed)]);
        expect(digests(edited).filter((chunk) => !known.has(chunk)).length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 20, seed: 3 },
    );
  });

  it("CHUNK-4 a stream of any length is cut in constant memory", () => {
    const chunker = new Chunker();
    const slice = input.subarray(0, 4 * MiB);
    const before = process.memoryUsage().arrayBuffers;
    let cutBytes = 0;
    for (let round = 0; round < 64; round++) for (const chunk of chunker.push(slice)) cutBytes += chunk.length;
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MiB);
    for (const chunk of chunker.finish()) cutBytes += chunk.length;
    expect(cutBytes).toBe(256 * MiB);
  });

  it("CHUNK-4 a chunker that is filled before its chunks are taken stops rather than lose bytes", () => {
    const chunker = new Chunker();
    chunker.wrote(chunker.room().length);
    expect(() => chunker.room()).toThrow("filled before");
  });
});

function digests(bytes: Uint8Array): string[] {
  const ends = cutPoints(bytes);
  return ends.map((end, index) => hex(sha256(bytes.subarray(ends[index - 1] ?? 0, end))));
}
