/** CBOR with one encoding for each value: what a log and a signature can rest on. */
import { decode, encode } from "cborg";
import * as v from "valibot";
import { DfsError } from "../core/errors.ts";

/** Deterministic CBOR (RFC 7049, section 3.9) of `value`. */
export function encodeStrict(value: unknown): Uint8Array {
  return encode(value);
}

/**
 * The value in `bytes`, as `schema` checks and turns it. Fails with `protocol`, naming `what`, when there are more than
 * `bytesMax` bytes, when they are not CBOR, not the one encoding of their value, or not what the schema asks for.
 */
export function decodeStrict<Value>(
  bytes: Uint8Array,
  schema: v.GenericSchema<unknown, Value>,
  what: string,
  bytesMax: number,
): Value {
  if (bytes.length > bytesMax) throw malformed(what, `it has ${bytes.length} bytes, and ${bytesMax} is the limit`);
  const parsed = v.safeParse(schema, decodedOnce(bytes, what), { abortEarly: true });
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw malformed(what, `${v.getDotPath(issue) ?? "it"}: ${issue.type} expected`);
}

/** The decoded value, when encoding it again gives the same bytes. */
function decodedOnce(bytes: Uint8Array, what: string): unknown {
  let value: unknown;
  try {
    value = decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      rejectDuplicateMapKeys: true,
    });
  } catch (error) {
    // Deep nesting ends here too, as a RangeError.
    throw malformed(what, "it is not CBOR", error);
  }
  if (Buffer.compare(encode(value), bytes) !== 0) throw malformed(what, "it is not in its one canonical encoding");
  return value;
}

function malformed(what: string, reason: string, cause?: unknown): DfsError {
  return new DfsError("protocol", `a malformed ${what}: ${reason}`, { cause });
}
