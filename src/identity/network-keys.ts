/** The network's own key pair, which every member derives from the one secret that an invite hands over. */
import { createHash, randomBytes } from "node:crypto";
import type { NetworkId } from "../core/ids.ts";
import { signingKeyOf, verifySignature } from "./ed25519.ts";
import { deriveKey, secretBytes } from "./key-derivation.ts";

export interface NetworkKeys {
  /** SHA-256 of the public key, in hexadecimal. */
  readonly networkId: NetworkId;
  /** 32 bytes, raw Ed25519. */
  readonly publicKey: Uint8Array;
  /** The 64-byte Ed25519 signature of `bytes`. */
  sign(bytes: Uint8Array): Uint8Array;
  /** Whether `signature` is this network's signature of `bytes`. */
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** A new network secret: 32 random bytes. */
export function generateNetworkSecret(): Uint8Array {
  return new Uint8Array(randomBytes(secretBytes));
}

/** The keys of the network with this 32-byte secret; the same secret gives the same keys. Fails with `integrity` on another length. */
export function deriveNetwork(secret: Uint8Array): NetworkKeys {
  const key = signingKeyOf(deriveKey(secret, "networkSigning", 32));
  return {
    networkId: networkIdOf(key.publicKey),
    publicKey: key.publicKey,
    sign: (bytes) => key.sign(bytes),
    verify: (bytes, signature) => verifySignature(key.publicKey, bytes, signature),
  };
}

/** The id of the network with this raw 32-byte public key. */
export function networkIdOf(publicKey: Uint8Array): NetworkId {
  return createHash("sha256").update(publicKey).digest("hex") as NetworkId;
}
