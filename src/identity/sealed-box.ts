/** Sealed attributes: AES-256-GCM, bound to the node that they describe, so that they cannot be moved to another. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { DfsError } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";
import { attributesBytesMax } from "../core/limits.ts";
import { pooledRandomBytes } from "../core/pooled-random.ts";

const algorithm = "aes-256-gcm";
const formatVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;
/** Bytes that sealing adds: a random nonce in front and a tag behind. */
export const sealedAttributesOverheadBytes = nonceBytes + tagBytes;

/** nonce || ciphertext || tag of `plain` for `node`, by the 32-byte attribute key. Fails with `usage` when that would be longer than the limit. */
export function sealAttributes(attributeKey: Uint8Array, node: NodeId, plain: Uint8Array): Uint8Array {
  if (plain.length + sealedAttributesOverheadBytes > attributesBytesMax)
    throw new DfsError("usage", `sealed attributes cannot be longer than ${attributesBytesMax} bytes`);
  const nonce = pooledRandomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, attributeKey, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedData(node));
  const parts = [nonce, cipher.update(plain), cipher.final()];
  return new Uint8Array(Buffer.concat([...parts, cipher.getAuthTag()]));
}

/** The attributes that were sealed for `node`. Fails with `integrity` when key, node and bytes do not belong together. */
export function openAttributes(attributeKey: Uint8Array, node: NodeId, sealed: Uint8Array): Uint8Array {
  if (sealed.length < sealedAttributesOverheadBytes || sealed.length > attributesBytesMax) throw damaged();
  const tagStart = sealed.length - tagBytes;
  const decipher = createDecipheriv(algorithm, attributeKey, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(associatedData(node));
  decipher.setAuthTag(sealed.subarray(tagStart));
  try {
    return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(nonceBytes, tagStart)), decipher.final()]));
  } catch {
    throw damaged();
  }
}

function associatedData(node: NodeId): Uint8Array {
  return Buffer.concat([Buffer.of(formatVersion), Buffer.from(node, "hex")]);
}

function damaged(): DfsError {
  return new DfsError("integrity", "attributes in the catalogue cannot be read: their seal does not match");
}
