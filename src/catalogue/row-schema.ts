/** Schemas of rows as they travel between processes: ids as text, exactly the fields listed. */
import * as v from "valibot";

type Schemas = Readonly<Record<string, v.GenericSchema>>;
type RecordOf<S extends Schemas> = { readonly [Name in keyof S]: v.InferOutput<S[Name]> };

/** A whole number from `least` to the largest that a double holds exactly. */
export function wholeNumber(least: number): v.GenericSchema<unknown, number> {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(least));
}

/** `least` to `most` bytes. */
export function byteString(least: number, most: number): v.GenericSchema<unknown, Uint8Array> {
  return v.pipe(v.instance(Uint8Array), v.minLength(least), v.maxLength(most));
}

/** Text that `parse` brands; whatever `parse` refuses is refused. */
export function brandedText<Id extends string>(parse: (text: string) => Id): v.GenericSchema<unknown, Id> {
  return v.pipe(
    v.string(),
    v.check((text) => parses(parse, text), "not of this form"),
    v.transform(parse),
  );
}

/** Printable text of at most `most` bytes. */
export function printable(most: number): v.GenericSchema<unknown, string> {
  return v.pipe(v.string(), v.maxBytes(most), v.regex(/^[^\p{Cc}\p{Cs}]*$/u));
}

/** `least` to `most` items. */
export function list<Item>(
  item: v.GenericSchema<unknown, Item>,
  least: number,
  most: number,
): v.GenericSchema<unknown, readonly Item[]> {
  return v.pipe(v.array(item), v.minLength(least), v.maxLength(most));
}

/** An object with exactly these fields. */
export function record<S extends Schemas>(fields: S): v.GenericSchema<unknown, RecordOf<S>> {
  return v.strictObject(fields);
}

function parses(parse: (text: string) => string, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
