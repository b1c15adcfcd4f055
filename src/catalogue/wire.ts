/**
 * Wire: one description of a value that gives its type, its checks, and both directions of its CBOR.
 *
 * Ids are branded text in memory and raw bytes in the log, so that an entry is half as large. What a wire writes it
 * also reads, and it reads nothing else: every limit holds in both directions.
 */
import { DfsError } from "../core/errors.ts";
import { type FileKey, digestBytes, digestOf, fileKeyOf, parsePeerId } from "../core/ids.ts";
import { peerIdBytesMax } from "../core/limits.ts";
import { CborReader, CborWriter, WireFault, majors } from "./cbor.ts";
import { idBytes } from "./id-bytes.ts";

export interface Wire<Value> {
  /** Writes a value. Throws a WireFault when the value breaks its limits. */
  write(writer: CborWriter, value: Value): void;
  /** Reads a value. Throws a WireFault when what comes next is none. */
  read(reader: CborReader): Value;
}

/** The type that a Wire describes. */
export type ValueOf<W> = W extends Wire<infer Value> ? Value : never;

/** The deterministic CBOR of a value. Fails with `usage` when it breaks its limits, naming `what`. */
export function encodeWire<Value>(wire: Wire<Value>, value: Value, what: string): Uint8Array {
  const writer = new CborWriter();
  try {
    wire.write(writer, value);
  } catch (error) {
    throw error instanceof WireFault ? new DfsError("usage", `a ${what} that cannot be sent: ${error.text}`) : error;
  }
  return writer.written();
}

/** The value in `bytes`. Fails with `protocol`, naming `what`, when they are not its one encoding, or more than `bytesMax`. */
export function decodeWire<Value>(wire: Wire<Value>, bytes: Uint8Array, what: string, bytesMax: number): Value {
  const malformed = (reason: string): DfsError => new DfsError("protocol", `a malformed ${what}: ${reason}`);
  if (bytes.length > bytesMax) throw malformed(`it has ${bytes.length} bytes, and ${bytesMax} is the limit`);
  const reader = new CborReader(bytes);
  try {
    const value = wire.read(reader);
    reader.end();
    return value;
  } catch (error) {
    throw error instanceof WireFault ? malformed(error.text) : error;
  }
}

/** A whole number from `least` to `most`, or to the largest that a double holds exactly. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): Wire<number> {
  const check = (number: number): number => {
    if (!Number.isSafeInteger(number) || number < least) throw new WireFault(`a number from ${least} expected`);
    if (number > most) throw new WireFault(`a number up to ${most} expected`);
    return number;
  };
  return {
    write: (writer, value) => writer.head(majors.number, check(value)),
    read: (reader) => check(reader.head(majors.number)),
  };
}

/** This number and no other. */
export function constant<const Value extends number>(value: Value): Wire<Value> {
  return {
    write: (writer) => writer.head(majors.number, value),
    read: (reader) => {
      if (reader.head(majors.number) !== value) throw new WireFault(`${value} expected`);
      return value;
    },
  };
}

export const boolean: Wire<boolean> = {
  write: (writer, value) => writer.boolean(value),
  read: (reader) => reader.boolean(),
};

/** `least` to `most` bytes. */
export function byteString(least: number, most: number): Wire<Uint8Array> {
  return {
    write: (writer, value) => {
      if (value.length < least || value.length > most) throw new WireFault(`${least} to ${most} bytes expected`);
      writer.bytes(value);
    },
    // A copy: what is kept for long must not keep the command, nor change with a buffer that is used again.
    read: (reader) => new Uint8Array(reader.bytes(least, most)),
  };
}

/** An id that is hexadecimal text in memory and `length` bytes in CBOR. */
export function hexId<Id extends string>(length: number): Wire<Id> {
  return {
    write: (writer, id) => {
      const bytes = idBytes(id);
      if (bytes.length !== length || id.length !== 2 * length) throw new WireFault(`an id of ${length} bytes expected`);
      writer.bytes(bytes);
    },
    read: (reader) => reader.hex(length) as Id,
  };
}

/** A file key: its digest in CBOR. */
export const fileKeyWire: Wire<FileKey> = {
  write: (writer, key) => writer.bytes(digestOf(key)),
  read: (reader) => fileKeyOf(reader.bytes(digestBytes, digestBytes)),
};

/** Text of at most `most` bytes that `check` passes or brands; whatever makes `check` throw is refused. */
export function checkedText<Text extends string>(most: number, check: (text: string) => Text): Wire<Text> {
  const checked = (text: string): Text => {
    try {
      return check(text);
    } catch {
      throw new WireFault("not of this form");
    }
  };
  return {
    write: (writer, text) => {
      if (Buffer.byteLength(text) > most) throw new WireFault(`at most ${most} bytes of text expected`);
      writer.text(checked(text));
    },
    read: (reader) => checked(reader.text(most)),
  };
}

/** A peer id as text. */
export const peerIdWire = checkedText(peerIdBytesMax, parsePeerId);

/** Printable text of at most `most` bytes. */
export function text(most: number): Wire<string> {
  return checkedText(most, (text) => {
    if (/[\p{Cc}\p{Cs}]/u.test(text)) throw new WireFault("printable text expected");
    return text;
  });
}

/** One of these texts. */
export function oneOf<const Text extends string>(texts: readonly Text[]): Wire<Text> {
  const most = Math.max(...texts.map((text) => text.length));
  return checkedText(most, (text) => {
    if (!(texts as readonly string[]).includes(text)) throw new WireFault("unknown");
    return text as Text;
  });
}
