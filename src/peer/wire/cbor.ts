/** CBOR as all our control messages use it: strict, deterministic, and never believed before a schema has checked it. */
import { type DecodeOptions, decode, encode } from "cborg";
import { type GenericSchema, safeParse } from "valibot";
import { DfsError } from "../../core/errors.ts";

const decodeOptions: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
};

/** The bytes of `value`; properties that are undefined are left out. */
export function encodeCbor(value: unknown): Uint8Array {
  return encode(value, { ignoreUndefinedProperties: true });
}

/** The value in `bytes`, checked by `schema`. Fails with `protocol`, naming `what`, on anything else. */
export function decodeCbor<Value>(bytes: Uint8Array, schema: GenericSchema<unknown, Value>, what: string): Value {
  return checked(decodeAny(bytes, what), schema, what);
}

/** `value` when `schema` accepts it. Fails with `protocol`, naming `what` and where it breaks. */
export function checked<Value>(value: unknown, schema: GenericSchema<unknown, Value>, what: string): Value {
  const result = safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const place = issue.path?.map((part) => String((part as { key: unknown }).key)).join(".");
  throw new DfsError("protocol", `a malformed ${what}${place === undefined ? "" : ` (at ${place})`}: ${issue.message}`);
}

function decodeAny(bytes: Uint8Array, what: string): unknown {
  try {
    return decode(bytes, decodeOptions);
  } catch (error) {
    throw new DfsError("protocol", `a malformed ${what}: ${(error as Error).message}`, { cause: error });
  }
}
