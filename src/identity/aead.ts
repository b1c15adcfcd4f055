/** AES-256-GCM with a random nonce in front and the tag behind: the one form in which small secrets are sealed. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { DfsError } from "../core/errors.ts";
import { pooledRandomBytes } from "../core/pooled-random.ts";

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** Bytes that sealing adds. */
export const aeadOverheadBytes = nonceBytes + tagBytes;

/** nonce || ciphertext || tag of `plain` by the 32-byte key; opens only with the same associated data. */
export function sealBytes(key: Uint8Array, plain: Uint8Array, associatedData: Uint8Array): Uint8Array {
  const nonce = pooledRandomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedData);
  const parts = [nonce, cipher.update(plain), cipher.final()];
  return new Uint8Array(Buffer.concat([...parts, cipher.getAuthTag()]));
}

/** What `sealBytes` sealed. Fails with `integrity`, saying that `what` cannot be opened, when key, data and bytes do not belong together. */
export function openBytes(key: Uint8Array, sealed: Uint8Array, associatedData: Uint8Array, what: string): Uint8Array {
  const damaged = (): DfsError => new DfsError("integrity", `${what} cannot be opened: its seal does not match`);
  if (sealed.length < aeadOverheadBytes) throw damaged();
  const tagStart = sealed.length - tagBytes;
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(associatedData);
  decipher.setAuthTag(sealed.subarray(tagStart));
  try {
    return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(nonceBytes, tagStart)), decipher.final()]));
  } catch {
    throw damaged();
  }
}
