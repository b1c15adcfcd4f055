/** What the catalogue keeps sealed about a node: mode, time and, for a file, how to read its content. */
import { type ContentReference, decodeReference, encodeReference } from "../chunking/content-reference.ts";
import * as v from "valibot";
import { DfsError } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";
import { openAttributes, sealAttributes } from "../identity/sealed-box.ts";
import { decodeCbor, encodeCbor } from "./wire/cbor.ts";

export interface NodeAttributes {
  /** POSIX permission bits. */
  readonly mode: number;
  readonly modifiedMs: number;
  /** Absent for directories. */
  readonly reference?: ContentReference | undefined;
}

const schema = v.strictTuple([
  v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0o7777)),
  v.pipe(v.number(), v.finite()),
  v.nullable(v.instance(Uint8Array)),
]);

/** CBOR of [mode, modified time in ms, content reference or null], sealed for `node`. */
export function sealNodeAttributes(
  attributeKey: Uint8Array,
  node: NodeId,
  { mode, modifiedMs, reference }: NodeAttributes,
): Uint8Array {
  return sealAttributes(
    attributeKey,
    node,
    encodeCbor([mode, modifiedMs, reference === undefined ? null : encodeReference(reference)]),
  );
}

/** Fails with `integrity` when the bytes were not sealed for this node by this key, or are no attributes. */
export function openNodeAttributes(attributeKey: Uint8Array, node: NodeId, sealed: Uint8Array): NodeAttributes {
  const [mode, modifiedMs, reference] = opened(openAttributes(attributeKey, node, sealed));
  return { mode, modifiedMs, reference: reference === null ? undefined : decodeReference(reference) };
}

function opened(plain: Uint8Array): v.InferOutput<typeof schema> {
  try {
    return decodeCbor(plain, schema, "sealed attributes");
  } catch (cause) {
    throw new DfsError("integrity", "attributes in the catalogue cannot be read: they are malformed", { cause });
  }
}
