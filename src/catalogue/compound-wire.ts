/** Wires of values that are made of others: lists, records, and what is one of several. */
import { type CborReader, CborWriter, WireFault, majors } from "./cbor.ts";
import type { ValueOf, Wire } from "./wire.ts";

type Wires = Readonly<Record<string, Wire<unknown>>>;
type RecordOf<F> = { readonly [Name in keyof F]: ValueOf<F[Name]> };
type ChoiceOf<F> = { [Name in keyof F]: { readonly [Chosen in Name]: ValueOf<F[Name]> } }[keyof F];
type TaggedOf<Tag extends string, V> = {
  [Name in keyof V]: Readonly<Record<Tag, Name>> & ValueOf<V[Name]>;
}[keyof V];

/** A record's wire, whose fields a tagged one can use. */
interface RecordWire<Value> extends Wire<Value> {
  readonly fields: readonly Field[];
}

interface Field {
  readonly name: string;
  /** The name as CBOR. */
  readonly key: Uint8Array;
  readonly wire: Wire<unknown>;
}

export function nullable<Value>(inner: Wire<Value>): Wire<Value | null> {
  return {
    write: (writer, value) => (value === null ? writer.null() : inner.write(writer, value)),
    read: (reader) => (reader.takeNull() ? null : inner.read(reader)),
  };
}

/** `least` to `most` items. */
export function list<Item>(inner: Wire<Item>, least: number, most: number): Wire<readonly Item[]> {
  const check = (count: number): number => {
    if (count < least || count > most) throw new WireFault(`${least} to ${most} items expected`);
    return count;
  };
  return {
    write: (writer, items) => {
      writer.head(majors.array, check(items.length));
      items.forEach((item, place) => within(place, () => inner.write(writer, item)));
    },
    read: (reader) => {
      const items: Item[] = [];
      const count = check(reader.head(majors.array));
      while (items.length < count) within(items.length, () => items.push(inner.read(reader)));
      return items;
    },
  };
}

/** An object with exactly these fields. */
export function record<F extends Wires>(wires: F): RecordWire<RecordOf<F>> {
  const fields = fieldsOf(wires);
  return {
    fields,
    write: (writer, value) => {
      writer.head(majors.map, fields.length);
      writeFields(writer, fields, value);
    },
    read: (reader) => {
      expectCount(reader, fields.length);
      return readFields(reader, fields, {}) as RecordOf<F>;
    },
  };
}

/** An object with one of these fields and no other. */
export function choice<F extends Wires>(wires: F): Wire<ChoiceOf<F>> {
  const fields = fieldsOf(wires);
  return {
    write: (writer, value) => {
      const chosen = fields.filter(({ name }) => name in (value as object));
      if (chosen.length !== 1) throw new WireFault("one field expected");
      writer.head(majors.map, 1);
      writeFields(writer, chosen, value);
    },
    read: (reader) => {
      expectCount(reader, 1);
      for (const { name, key, wire } of fields)
        if (reader.takeEncoded(key)) return within(name, () => ({ [name]: wire.read(reader) })) as ChoiceOf<F>;
      throw new WireFault("an unknown field");
    },
  };
}

/** One of several records, told apart by the text in the field `tag`, which comes before all others in CBOR's order. */
export function tagged<Tag extends string, V extends Readonly<Record<string, RecordWire<object>>>>(
  tag: Tag,
  variants: V,
): Wire<TaggedOf<Tag, V>> {
  const tagKey = encodedText(tag);
  const known = new Map(
    Object.entries(variants).map(([name, { fields }]) => [name, { head: encodedText(name), fields }] as const),
  );
  const longest = Math.max(...Array.from(known.keys(), (name) => name.length));
  return {
    write: (writer, value) => {
      const variant = known.get((value as Record<Tag, string>)[tag]);
      if (variant === undefined) throw new WireFault(`an unknown ${tag}`);
      writer.head(majors.map, variant.fields.length + 1);
      writer.encoded(tagKey);
      writer.encoded(variant.head);
      writeFields(writer, variant.fields, value);
    },
    read: (reader) => {
      const count = reader.head(majors.map);
      if (!reader.takeEncoded(tagKey)) throw new WireFault(`${tag} expected first`);
      const name = reader.text(longest);
      const variant = known.get(name);
      if (variant?.fields.length !== count - 1) throw new WireFault(`an unknown ${tag}, or other fields`);
      return readFields(reader, variant.fields, { [tag]: name }) as TaggedOf<Tag, V>;
    },
  };
}

/** The fields in the order in which CBOR has them: shorter names first, then byte by byte, as their encodings compare. */
function fieldsOf(wires: Wires): Field[] {
  return Object.entries(wires)
    .map(([name, wire]) => ({ name, key: encodedText(name), wire }))
    .sort((one, other) => Buffer.compare(one.key, other.key));
}

function encodedText(text: string): Uint8Array {
  const writer = new CborWriter();
  writer.text(text);
  return writer.written();
}

function writeFields(writer: CborWriter, fields: readonly Field[], value: object): void {
  for (const { name, key, wire } of fields) {
    writer.encoded(key);
    try {
      wire.write(writer, (value as Record<string, unknown>)[name]);
    } catch (error) {
      throw WireFault.at(name, error);
    }
  }
}

function readFields(reader: CborReader, fields: readonly Field[], into: Record<string, unknown>): object {
  for (const { name, key, wire } of fields) {
    if (!reader.takeEncoded(key)) throw new WireFault(`${name} expected next`);
    try {
      into[name] = wire.read(reader);
    } catch (error) {
      throw WireFault.at(name, error);
    }
  }
  return into;
}

function expectCount(reader: CborReader, count: number): void {
  const found = reader.head(majors.map);
  if (found !== count) throw new WireFault(`${count} fields expected, not ${found}`);
}

function within<Result>(step: string | number, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw WireFault.at(step, error);
  }
}
