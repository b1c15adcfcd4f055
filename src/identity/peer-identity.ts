/** The peer's Ed25519 key, as libp2p keeps it. */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { peerIdFromPrivateKey, peerIdFromString } from "@libp2p/peer-id";
import { DfsError } from "../core/errors.ts";
import type { PeerId } from "../core/ids.ts";
import { type SigningKey, signingKeyOf, verifySignature } from "./ed25519.ts";

/** A new random key. */
export function generatePeerKey(): Promise<Ed25519PrivateKey> {
  return generateKeyPair("Ed25519");
}

/** The key as bytes to keep: libp2p's PrivateKey protobuf. */
export function encodePeerKey(key: Ed25519PrivateKey): Uint8Array {
  return privateKeyToProtobuf(key);
}

/** The key in `bytes`. Fails with `integrity` when they are not the protobuf of an Ed25519 private key. */
export function decodePeerKey(bytes: Uint8Array): Ed25519PrivateKey {
  const key = parsedKey(bytes);
  if (key?.type !== "Ed25519")
    throw new DfsError("integrity", "the peer key is damaged: restore it, or join again as a new peer");
  return key;
}

/** The peer id of the owner of `key`. */
export function peerIdOf(key: Ed25519PrivateKey): PeerId {
  return peerIdFromPrivateKey(key).toString() as PeerId;
}

/** The 64-byte Ed25519 signature of `bytes` by the peer that owns `key`. */
export function signAsPeer(key: Ed25519PrivateKey, bytes: Uint8Array): Uint8Array {
  const ready = signingKeys.get(key) ?? signingKeyOf(key.raw);
  signingKeys.set(key, ready);
  return ready.sign(bytes);
}

/** Making a key ready costs thirty times as much as signing with it. */
const signingKeys = new WeakMap<Ed25519PrivateKey, SigningKey>();

/** The raw 32-byte Ed25519 public key inside a peer id; undefined when the id holds none. */
export function peerPublicKey(peer: PeerId): Uint8Array | undefined {
  try {
    const id = peerIdFromString(peer);
    return id.type === "Ed25519" ? id.publicKey.raw : undefined;
  } catch {
    return undefined;
  }
}

/** Whether `signature` is the signature of `bytes` by `peer`; false for a peer id without an Ed25519 key. */
export function verifyPeerSignature(peer: PeerId, bytes: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = peerPublicKey(peer);
  return publicKey !== undefined && verifySignature(publicKey, bytes, signature);
}

function parsedKey(bytes: Uint8Array): ReturnType<typeof privateKeyFromProtobuf> | undefined {
  try {
    return privateKeyFromProtobuf(bytes);
  } catch {
    // The cause is dropped on purpose: its message could quote key bytes.
    return undefined;
  }
}
