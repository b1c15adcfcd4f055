/** X25519 (RFC 7748) over raw 32-byte keys, by node:crypto. */
import { type KeyObject, createPrivateKey, createPublicKey, diffieHellman, randomBytes } from "node:crypto";
import { DfsError } from "../core/errors.ts";

/** DER in front of a 32-byte private key (RFC 8410, section 7) and of a 32-byte public key (section 4). */
const privateKeyPrefix = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicKeyPrefix = Buffer.from("302a300506032b656e032100", "hex");
/** Bytes of a private key, of a public key, and of what two of them agree on. */
export const x25519Bytes = 32;

export interface AgreementKey {
  /** 32 bytes, raw. */
  readonly publicKey: Uint8Array;
  /** The 32 bytes that this key and the other one's owner have in common. Fails with `integrity` for a key that is none. */
  agree(otherPublicKey: Uint8Array): Uint8Array;
}

/** The key pair with this 32-byte private key. */
export function agreementKeyOf(privateKey: Uint8Array): AgreementKey {
  const der = Buffer.concat([privateKeyPrefix, privateKey.subarray(0, x25519Bytes)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  der.fill(0);
  const publicDer = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(publicDer.subarray(publicKeyPrefix.length)),
    agree: (otherPublicKey) => agree(key, otherPublicKey),
  };
}

/** A key pair that is used once. */
export function ephemeralAgreementKey(): AgreementKey {
  const privateKey = randomBytes(x25519Bytes);
  const key = agreementKeyOf(privateKey);
  privateKey.fill(0);
  return key;
}

/** OpenSSL refuses the points of small order, whose shared secret would be zero whoever asks. */
function agree(privateKey: KeyObject, otherPublicKey: Uint8Array): Uint8Array {
  if (otherPublicKey.length !== x25519Bytes) throw notAKey();
  const der = Buffer.concat([publicKeyPrefix, otherPublicKey]);
  try {
    const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
    return new Uint8Array(diffieHellman({ privateKey, publicKey }));
  } catch {
    throw notAKey();
  }
}

function notAKey(): DfsError {
  return new DfsError("integrity", "a key for sealed boxes is not an X25519 public key");
}
