/** Boxes: bytes sealed for the owner of an X25519 public key, who alone can open them. Who sealed one is not told. */
import { hkdfSync } from "node:crypto";
import { DfsError } from "../core/errors.ts";
import { aeadOverheadBytes, openBytes, sealBytes } from "./aead.ts";
import { type AgreementKey, ephemeralAgreementKey, x25519Bytes } from "./x25519.ts";

const purpose = "dfs-shell/1/box";
const keyBytes = 32;
/** Bytes that a box adds to what is in it. */
export const boxOverheadBytes = x25519Bytes + aeadOverheadBytes;

/**
 * `plain` for the owner of the raw 32-byte `publicKey`: a public key that is used once, and AES-256-GCM under the key
 * that HKDF-SHA-256 makes of what both have in common. Fails with `integrity` when `publicKey` is no key.
 */
export function sealBox(publicKey: Uint8Array, plain: Uint8Array, associatedData: Uint8Array): Uint8Array {
  const { ephemeral, key } = agreed(publicKey);
  const sealed = sealBytes(key, plain, associatedData);
  key.fill(0);
  return new Uint8Array(Buffer.concat([ephemeral, sealed]));
}

/** Makes boxes for the owner of a key, as sealBox does, all with one ephemeral key: agreeing takes a hundred times as long as sealing. */
export function boxSealer(publicKey: Uint8Array): (plain: Uint8Array, associatedData: Uint8Array) => Uint8Array {
  const { ephemeral, key } = agreed(publicKey);
  return (plain, associatedData) => new Uint8Array(Buffer.concat([ephemeral, sealBytes(key, plain, associatedData)]));
}

/** A new public key, and the key that it and the owner of `publicKey` have in common. */
function agreed(publicKey: Uint8Array): { readonly ephemeral: Uint8Array; readonly key: Uint8Array } {
  const ephemeral = ephemeralAgreementKey();
  return {
    ephemeral: ephemeral.publicKey,
    key: boxKey(ephemeral.agree(publicKey), ephemeral.publicKey, publicKey),
  };
}

/** What is in a box for this key. Fails with `integrity` when key, associated data and bytes do not belong together. */
export function openBox(key: AgreementKey, sealed: Uint8Array, associatedData: Uint8Array): Uint8Array {
  if (sealed.length < boxOverheadBytes) throw new DfsError("integrity", "a sealed box is too short");
  const ephemeral = sealed.subarray(0, x25519Bytes);
  const opening = boxKey(key.agree(ephemeral), ephemeral, key.publicKey);
  try {
    return openBytes(opening, sealed.subarray(x25519Bytes), associatedData, "a sealed box");
  } finally {
    opening.fill(0);
  }
}

function boxKey(shared: Uint8Array, ephemeral: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const salt = Buffer.concat([ephemeral, publicKey]);
  const key = new Uint8Array(hkdfSync("sha256", shared, salt, purpose, keyBytes));
  shared.fill(0);
  return key;
}
