/** Numbers and bytes one after the other: what entries and messages are made of. Integers are big-endian and unsigned. */
import { DfsError, assert } from "../core/errors.ts";

const wordRange = 2 ** 32;
const highWordMax = 2 ** 21 - 1;

/** Fills a buffer of a size that is known beforehand. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** One byte. */
  u8(value: number): this {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
    return this;
  }

  /** Four bytes. */
  u32(value: number): this {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
    return this;
  }

  /** A whole number from 0 to 2^53 − 1 in eight bytes. Stops at any other number. */
  u64(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, `${value} is no number that a log can hold`);
    this.#view.setUint32(this.#at, Math.floor(value / wordRange));
    this.#view.setUint32(this.#at + 4, value % wordRange);
    this.#at += 8;
    return this;
  }

  /** 1 or 0 in one byte. */
  flag(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  /** The bytes as they are. */
  raw(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** What was written. Stops when it is less than the size that was promised. */
  finish(): Uint8Array {
    assert(this.#at === this.#bytes.length, `${this.#at} of ${this.#bytes.length} bytes were written`);
    return this.#bytes;
  }
}

/** Takes bytes apart that anybody may have sent. Everything fails with `protocol` where the bytes end too early. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** One byte. */
  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  /** Four bytes. */
  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  /** Eight bytes that hold a number from `least` to 2^53 − 1. Fails with `protocol` on any other. */
  u64(least = 0): number {
    const at = this.#advance(8);
    const high = this.#view.getUint32(at);
    const value = high * wordRange + this.#view.getUint32(at + 4);
    if (high > highWordMax || value < least)
      throw new DfsError("protocol", `a number lies outside ${least} to ${Number.MAX_SAFE_INTEGER}`);
    return value;
  }

  /** One byte that is 0 or 1. Fails with `protocol` on any other. */
  flag(): boolean {
    const value = this.u8();
    if (value > 1) throw new DfsError("protocol", `a yes or no is ${value}`);
    return value === 1;
  }

  /** The next `count` bytes; a view, not a copy. */
  raw(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Everything that is left; a view, not a copy. */
  rest(): Uint8Array {
    return this.raw(this.left);
  }

  /** Fails with `protocol` when anything is left. */
  finish(): void {
    if (this.left > 0) throw new DfsError("protocol", `${this.left} bytes follow where nothing should`);
  }

  #advance(count: number): number {
    if (count > this.left) throw new DfsError("protocol", `${count} bytes are announced and ${this.left} follow`);
    this.#at += count;
    return this.#at - count;
  }
}
