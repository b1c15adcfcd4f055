/** Sealed attributes: AES-256-GCM, bound by associated data to what they describe, so that they cannot be moved to anything else. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { DfsError } from "../core/errors.ts";
import { attributesBytesMax } from "../core/limits.ts";
import { pooledRandomBytes } from "../core/pooled-random.ts";
import type { Keyring } from "./keyring.ts";

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** Bytes that sealing adds: a random nonce in front and a tag behind. */
export const sealedAttributesOverheadBytes = nonceBytes + tagBytes;

/** What was sealed, and by which key of the keyring: 0 for the newest. */
export interface OpenedAttributes {
  readonly plain: Buffer;
  readonly place: number;
}

/** nonce || ciphertext || tag of `plain`, by the newest attribute key. Fails with `usage` when that would be longer than the limit. */
export function sealAttributes(keyring: Keyring, associated: Uint8Array, plain: Uint8Array): Uint8Array {
  if (plain.length + sealedAttributesOverheadBytes > attributesBytesMax)
    throw new DfsError("usage", `sealed attributes cannot be longer than ${attributesBytesMax} bytes`);
  const nonce = pooledRandomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, keyring.attributeKey(0), nonce, { authTagLength: tagBytes });
  cipher.setAAD(associated);
  const parts = [nonce, cipher.update(plain), cipher.final()];
  return new Uint8Array(Buffer.concat([...parts, cipher.getAuthTag()]));
}

/** What was sealed with the same associated data by any key of the keyring. Fails with `integrity` when keys, data and bytes do not belong together. */
export function openAttributes(keyring: Keyring, associated: Uint8Array, sealed: Uint8Array): OpenedAttributes {
  if (sealed.length >= sealedAttributesOverheadBytes && sealed.length <= attributesBytesMax) {
    for (let place = 0; place < keyring.generation; place += 1) {
      const plain = openedBy(keyring, place, associated, sealed);
      if (plain !== undefined) return { plain, place };
    }
  }
  throw new DfsError("integrity", "attributes in the catalogue cannot be read: their seal does not match");
}

function openedBy(keyring: Keyring, place: number, associated: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  const tagStart = sealed.length - tagBytes;
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv(algorithm, keyring.attributeKey(place), nonce, { authTagLength: tagBytes });
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(tagStart));
  const plain = decipher.update(sealed.subarray(nonceBytes, tagStart));
  try {
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}
