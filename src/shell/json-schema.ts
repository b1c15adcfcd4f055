/** Describes the JSON objects that commands print, as JSON Schema 2020-12. Whatever is not described is not allowed. */

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The fields of an object by their names; a name that ends with `?` may be left out. */
type Fields = Readonly<Record<string, JsonSchema>>;

/** An object with these fields and no others. */
export function object(fields: Fields, description?: string): JsonSchema {
  const entries = Object.entries(fields).map(([name, schema]) => [name.replace("?", ""), schema] as const);
  const required = Object.keys(fields).filter((name) => !name.endsWith("?"));
  const properties = Object.fromEntries(entries);
  return described({ type: "object", properties, required, additionalProperties: false }, description);
}

/** A text, or one of these texts. */
export function text(description: string, values?: readonly string[]): JsonSchema {
  return described({ type: "string", ...(values === undefined ? {} : { enum: values }) }, description);
}

/** A whole number that is not negative: a count, a revision, milliseconds. */
export function count(description: string): JsonSchema {
  return described({ type: "integer", minimum: 0 }, description);
}

/** Bytes, as a whole number. */
export function bytes(description: string): JsonSchema {
  return count(`${description}, in bytes`);
}

/** A point in time, as RFC 3339 in UTC. */
export function time(description: string): JsonSchema {
  return described({ type: "string", format: "date-time" }, description);
}

/** True or false. */
export function flag(description: string): JsonSchema {
  return described({ type: "boolean" }, description);
}

/** Always true, where the field is there. */
export function mark(description: string): JsonSchema {
  return described({ const: true }, description);
}

/** A list. */
export function list(items: JsonSchema, description: string): JsonSchema {
  return described({ type: "array", items }, description);
}

/** `schema`, or null. */
export function nullable(schema: JsonSchema): JsonSchema {
  return { ...schema, type: [schema["type"], "null"] };
}

/** One of several shapes. */
export function either(...shapes: readonly JsonSchema[]): JsonSchema {
  return { anyOf: shapes };
}

function described(schema: JsonSchema, description: string | undefined): JsonSchema {
  return description === undefined ? schema : { ...schema, description };
}
