/**
 * Deterministic CBOR (RFC 8949, section 4.2.3, the order of keys by length first): each value has one encoding.
 *
 * Only what a log needs: whole numbers from 0 to 2^53 − 1, byte strings, texts, arrays, maps, booleans and null. The
 * reader takes nothing but the one encoding, so that nobody has to encode again in order to compare.
 */
import { idText } from "./id-bytes.ts";

/** CBOR's major types, as they stand in the top three bits of a head. */
export const majors = { number: 0x00, bytes: 0x40, text: 0x60, array: 0x80, map: 0xa0 } as const;
type Major = (typeof majors)[keyof typeof majors];

const infoMask = 0x1f;
const inHeadMax = 23;
const inByte = 24;
const inTwoBytes = 25;
const inFourBytes = 26;
const inEightBytes = 27;
const falseByte = 0xf4;
const trueByte = 0xf5;
const nullByte = 0xf6;
const twoPow32 = 2 ** 32;
const firstBufferBytes = 1024;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes or a value that are not what they should be, and where. */
export class WireFault extends Error {
  /** Names and places from the outside to the inside. */
  readonly path: (string | number)[] = [];

  /** Notes one more step on the way from the outside, and passes the fault on. */
  static at(step: string | number, error: unknown): unknown {
    if (error instanceof WireFault) error.path.unshift(step);
    return error;
  }

  /** Where and what, for a message. */
  get text(): string {
    return `${this.path.join(".") || "it"}: ${this.message}`;
  }
}

export class CborReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The number in the next head, which must be of this major type. */
  head(major: Major): number {
    const byte = this.#byte();
    if ((byte & ~infoMask) !== major) throw new WireFault("another type expected");
    const info = byte & infoMask;
    return info <= inHeadMax ? info : this.#longNumber(info);
  }

  /** A byte string of `least` to `most` bytes, as a view. */
  bytes(least: number, most: number): Uint8Array {
    return this.#take(majors.bytes, least, most);
  }

  /** A byte string of exactly `length` bytes, in hexadecimal. */
  hex(length: number): string {
    return idText(this.#take(majors.bytes, length, length));
  }

  /** A text of at most `most` bytes. */
  text(most: number): string {
    const bytes = this.#take(majors.text, 0, most);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new WireFault("not UTF-8");
    }
  }

  boolean(): boolean {
    const byte = this.#byte();
    if (byte !== falseByte && byte !== trueByte) throw new WireFault("true or false expected");
    return byte === trueByte;
  }

  /** Whether null comes next; takes it if so. */
  takeNull(): boolean {
    return this.takeEncoded(nullItem);
  }

  /** Whether these bytes come next; takes them if so. */
  takeEncoded(encoded: Uint8Array): boolean {
    const bytes = this.#bytes;
    for (let place = 0; place < encoded.length; place += 1)
      if (bytes[this.#at + place] !== encoded[place]) return false;
    this.#at += encoded.length;
    return true;
  }

  /** Fails unless everything has been read. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new WireFault("more bytes than expected");
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new WireFault("fewer bytes than expected");
    this.#at += 1;
    return byte;
  }

  #take(major: Major, least: number, most: number): Uint8Array {
    const length = this.head(major);
    if (length < least || length > most) throw new WireFault(`${least} to ${most} bytes expected, not ${length}`);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new WireFault("fewer bytes than expected");
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  /** A number behind its head, which must not fit into fewer bytes. */
  #longNumber(info: number): number {
    if (info > inEightBytes) throw new WireFault("a length or number expected");
    const bytes = 1 << (info - inByte);
    let number = 0;
    for (let read = 0; read < bytes; read += 1) number = number * 256 + this.#byte();
    const least = info === inByte ? inByte : 256 ** (bytes / 2);
    if (number < least || !Number.isSafeInteger(number)) throw new WireFault("not the shortest encoding of a number");
    return number;
  }
}

export class CborWriter {
  #bytes = Buffer.allocUnsafe(firstBufferBytes);
  #at = 0;

  /** The bytes written so far. */
  written(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(0, this.#at));
  }

  head(major: Major, number: number): void {
    this.#reserve(9);
    if (number <= inHeadMax) this.#put(major | number);
    else if (number < 256) this.#longNumber(major | inByte, number, 1);
    else if (number < 65_536) this.#longNumber(major | inTwoBytes, number, 2);
    else if (number < twoPow32) this.#longNumber(major | inFourBytes, number, 4);
    else {
      this.#longNumber(major | inEightBytes, Math.floor(number / twoPow32), 4);
      this.#at = this.#bytes.writeUInt32BE(number % twoPow32, this.#at);
    }
  }

  bytes(bytes: Uint8Array): void {
    this.head(majors.bytes, bytes.length);
    this.encoded(bytes);
  }

  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.head(majors.text, length);
    this.#reserve(length);
    this.#at += this.#bytes.write(text, this.#at, "utf8");
  }

  boolean(value: boolean): void {
    this.#reserve(1);
    this.#put(value ? trueByte : falseByte);
  }

  null(): void {
    this.encoded(nullItem);
  }

  /** Bytes as they are. */
  encoded(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #put(byte: number): void {
    this.#bytes[this.#at] = byte;
    this.#at += 1;
  }

  #longNumber(head: number, number: number, bytes: number): void {
    this.#put(head);
    this.#at = this.#bytes.writeUIntBE(number, this.#at, bytes);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + bytes));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

const nullItem = Uint8Array.of(nullByte);
