/**
 * Wire: one description of a value that gives its type, its checks and its form in CBOR.
 *
 * Ids are branded text in memory and raw bytes in the log, so that an entry is half as large. A Wire holds both
 * directions: the schema checks and brands what comes in, `toWire` makes what goes out.
 */
import * as v from "valibot";
import { type FileKey, digestBytes, digestOf, fileKeyOf } from "../core/ids.ts";

export interface Wire<Value> {
  /** Checks the decoded form of a value and turns it into the value. */
  readonly schema: v.GenericSchema<unknown, Value>;
  /** The form of a value that CBOR can carry. */
  toWire(value: Value): unknown;
}

/** The type that a Wire describes. */
export type ValueOf<W> = W extends Wire<infer Value> ? Value : never;

type Fields = Readonly<Record<string, Wire<unknown>>>;
type RecordOf<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> };
type TaggedOf<Tag extends string, V extends Readonly<Record<string, Wire<object>>>> = {
  [Name in keyof V]: Readonly<Record<Tag, Name>> & ValueOf<V[Name]>;
}[keyof V];

/** A value that looks the same in memory and in CBOR. */
export function plain<Value>(schema: v.GenericSchema<unknown, Value>): Wire<Value> {
  return { schema, toWire: (value) => value };
}

/** A whole number from `least` to the largest that a double holds exactly. */
export function wholeNumber(least: number): Wire<number> {
  return plain(v.pipe(v.number(), v.safeInteger(), v.minValue(least)));
}

/** `least` to `most` bytes. */
export function byteString(least: number, most: number): Wire<Uint8Array> {
  return plain(v.pipe(v.instance(Uint8Array), v.minLength(least), v.maxLength(most)));
}

/** An id that is hexadecimal text in memory and `length` bytes in CBOR. */
export function hexId<Id extends string>(length: number): Wire<Id> {
  const { schema } = byteString(length, length);
  return {
    schema: v.pipe(
      schema,
      v.transform((bytes) => idText<Id>(bytes)),
    ),
    toWire: idBytes,
  };
}

/** A file key: its digest in CBOR. */
export const fileKeyWire: Wire<FileKey> = {
  schema: v.pipe(byteString(digestBytes, digestBytes).schema, v.transform(fileKeyOf)),
  toWire: digestOf,
};

/** Text that `parse` brands; whatever `parse` refuses is refused. */
export function brandedText<Id extends string>(parse: (text: string) => Id): Wire<Id> {
  return plain(
    v.pipe(
      v.string(),
      v.check((text) => parses(parse, text), "not of this form"),
      v.transform(parse),
    ),
  );
}

/** Printable text of at most `most` bytes. */
export function text(most: number): Wire<string> {
  return plain(v.pipe(v.string(), v.maxBytes(most), v.regex(/^[^\p{Cc}\p{Cs}]*$/u)));
}

export function nullable<Value>(inner: Wire<Value>): Wire<Value | null> {
  return {
    schema: v.nullable(inner.schema),
    toWire: (value) => (value === null ? null : inner.toWire(value)),
  };
}

/** `least` to `most` items. */
export function list<Item>(inner: Wire<Item>, least: number, most: number): Wire<readonly Item[]> {
  return {
    schema: v.pipe(v.array(inner.schema), v.minLength(least), v.maxLength(most)),
    toWire: (items) => items.map((item) => inner.toWire(item)),
  };
}

/** An object with exactly these fields. */
export function record<F extends Fields>(fields: F): Wire<RecordOf<F>> {
  const entries = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.schema]));
  return {
    schema: v.strictObject(entries) as unknown as v.GenericSchema<unknown, RecordOf<F>>,
    toWire: (value) => fieldsToWire(fields, value),
  };
}

/** One of several records, told apart by the text in the field `tag`. */
export function tagged<Tag extends string, V extends Readonly<Record<string, Wire<object>>>>(
  tag: Tag,
  variants: V,
): Wire<TaggedOf<Tag, V>> {
  const options = Object.entries(variants).map(([name, variant]) => {
    const { entries } = variant.schema as unknown as v.StrictObjectSchema<v.ObjectEntries, undefined>;
    return v.strictObject({ [tag]: v.literal(name), ...entries });
  });
  return {
    schema: v.variant(tag, options as never),
    toWire: (value) => {
      const name = (value as Record<Tag, keyof V>)[tag];
      return { [tag]: name, ...(variants[name]?.toWire(value) as object) };
    },
  };
}

/** The bytes of an id that is hexadecimal text. */
export function idBytes(id: string): Uint8Array {
  return new Uint8Array(Buffer.from(id, "hex"));
}

/** The id that `bytes` are, as hexadecimal text. */
export function idText<Id extends string>(bytes: Uint8Array): Id {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex") as Id;
}

function fieldsToWire(fields: Fields, value: object): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name in fields) result[name] = fields[name]?.toWire((value as Record<string, unknown>)[name]);
  return result;
}

function parses(parse: (text: string) => string, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
