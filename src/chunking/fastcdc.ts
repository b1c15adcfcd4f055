/**
 * FastCDC: cuts bytes where their content says, so that an insertion moves only the cuts beside it.
 *
 * Xia and others, "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication" (USENIX ATC
 * 2016), with normalised chunking of level 2. From the smallest chunk size on, each byte is rolled into a Gear hash,
 * `hash = (hash << 1) + gear[byte]` in 32 bits, so the hash knows the last 32 bytes. A chunk ends with the byte that
 * makes the masked hash zero, or at the largest size. Up to the average size the mask is the hash's top 20 bits,
 * beyond it the top 16: two bits more and two less than the 18 of a plain average of 256 KiB, which draws the sizes
 * together around it. The top bits are used because they have seen the most bytes.
 */
import { createHash } from "node:crypto";
import { assert } from "../core/errors.ts";
import { chunkBytesAverage, chunkBytesMax, chunkBytesMin, chunkerBufferBytes } from "../core/limits.ts";
import { type GearScan, gearScan } from "./gear-scan.ts";

/** 256 random-looking numbers: entry b is the first 4 bytes, little-endian, of SHA-256("dfs-shell gear v1" and the byte b). */
export const gearTable: Int32Array = Int32Array.from({ length: 256 }, (_, byte) =>
  createHash("sha256").update("dfs-shell gear v1").update(Uint8Array.of(byte)).digest().readInt32LE(0),
);

const strictMask = ~0 << 12;
const looseMask = ~0 << 16;
const hashWindowBytes = 32;
const nowhere = -1;

/** Memory for bytes that are to be cut. */
export class CutBuffer {
  /** Whatever is put here is what is cut. */
  readonly bytes: Uint8Array;
  readonly #scan: GearScan["scan"];

  constructor(bytesMax: number) {
    const { bytes, scan } = gearScan(bytesMax, gearTable);
    this.bytes = bytes;
    this.#scan = scan;
  }

  /**
   * Where the chunk that begins at `start` ends: an offset in (start, end], or -1 when that depends on bytes after `end`.
   *
   * `bytes[start, end)` is what is known; `isLast` says that nothing follows. Then the rest is a chunk, however short.
   * With `chunkBytesMax` bytes known the answer is never -1. `start` must be smaller than `end`.
   */
  cutPoint(start: number, end: number, isLast: boolean): number {
    const whenUncut = start + chunkBytesMax <= end ? start + chunkBytesMax : isLast ? end : nowhere;
    if (end - start <= chunkBytesMin) return whenUncut;
    const limit = Math.min(end, start + chunkBytesMax);
    const average = Math.min(limit, start + chunkBytesAverage);
    const early = this.#scan(start + chunkBytesMin, average, 0, strictMask);
    if (early !== nowhere) return early;
    if (average === limit) return whenUncut;
    const late = this.#scan(average, limit, this.#hashBefore(average), looseMask);
    return late === nowhere ? whenUncut : late;
  }

  /** The hash as it stands after the bytes before `at`: the last 32 decide it alone. */
  #hashBefore(at: number): number {
    let hash = 0;
    for (const byte of this.bytes.subarray(at - hashWindowBytes, at)) hash = ((hash << 1) + (gearTable[byte] ?? 0)) | 0;
    return hash;
  }
}

/**
 * Cuts a stream in constant memory (`chunkerBufferBytes`), whatever slices it comes in.
 *
 * Either `push` slices and `finish`; or, without a copy, fill `room()`, say how much with `wrote`, and take what `cut`
 * gives. Chunks are views that hold until the next one is asked for, and each call's chunks must be taken to the end.
 */
export class Chunker {
  readonly #cuts = new CutBuffer(chunkerBufferBytes);
  readonly #buffer = this.#cuts.bytes;
  #start = 0;
  #end = 0;

  /** Where the next bytes belong: a view of at least one byte. Everything that could be cut must have been taken. */
  room(): Uint8Array {
    if (this.#end === this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    assert(this.#end < this.#buffer.length, "a chunker is filled before its chunks are taken");
    return this.#buffer.subarray(this.#end);
  }

  /** The first `bytes` bytes of `room()` were filled. */
  wrote(bytes: number): void {
    this.#end += bytes;
    assert(this.#end <= this.#buffer.length, "more bytes were written than there was room for");
  }

  /** The chunks that are certain by now; with `isLast` all that is left, and the chunker is as new. */
  *cut(isLast: boolean): Generator<Uint8Array, void> {
    while (this.#end - this.#start >= (isLast ? 1 : chunkBytesMax)) {
      const start = this.#start;
      this.#start = this.#cuts.cutPoint(start, this.#end, isLast);
      yield this.#buffer.subarray(start, this.#start);
    }
    if (this.#start === this.#end) this.clear();
  }

  /** Copies `slice` in and gives the chunks that it completes. */
  *push(slice: Uint8Array): Generator<Uint8Array, void> {
    for (let taken = 0; taken < slice.length;) {
      const room = this.room();
      const part = slice.subarray(taken, taken + room.length);
      room.set(part);
      this.wrote(part.length);
      taken += part.length;
      yield* this.cut(false);
    }
  }

  /** The stream has ended: gives what is left of it. */
  finish(): Generator<Uint8Array, void> {
    return this.cut(true);
  }

  /** Forgets what was not cut yet, so that the chunker can serve another stream. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }
}
