/** Ed25519 (RFC 8032) over raw 32-byte seeds and public keys, by node:crypto. */
import { type KeyObject, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { publicKeysReadyMax } from "../core/limits.ts";

/** DER in front of a 32-byte seed (RFC 8410, section 7) and of a 32-byte public key (section 4). */
const privateKeyPrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const publicKeyPrefix = Buffer.from("302a300506032b6570032100", "hex");
const seedBytes = 32;
const publicKeyBytes = 32;
const signatureBytes = 64;

export interface SigningKey {
  /** 32 bytes, raw. */
  readonly publicKey: Uint8Array;
  /** The 64-byte signature of `bytes`. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** The key pair that a 32-byte seed stands for. */
export function signingKeyOf(seed: Uint8Array): SigningKey {
  const der = Buffer.concat([privateKeyPrefix, seed.subarray(0, seedBytes)]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { publicKey: rawPublicKey(privateKey), sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)) };
}

/** Whether `signature` is the signature of `bytes` by the owner of the raw 32-byte `publicKey`; false for keys and signatures of a wrong size. */
export function verifySignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== publicKeyBytes || signature.length !== signatureBytes) return false;
  return verify(null, bytes, readyKey(publicKey), signature);
}

/** Making a key object costs as much as using it, and the same few authors sign command after command. */
const readyKeys = new Map<string, KeyObject>();

function readyKey(publicKey: Uint8Array): KeyObject {
  const text = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString("latin1");
  const ready = readyKeys.get(text);
  if (ready !== undefined) return ready;
  const der = Buffer.concat([publicKeyPrefix, publicKey]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  if (readyKeys.size >= publicKeysReadyMax) readyKeys.clear();
  readyKeys.set(text, key);
  return key;
}

function rawPublicKey(privateKey: KeyObject): Uint8Array {
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return new Uint8Array(der.subarray(publicKeyPrefix.length));
}
