/**
 * Identity: who is who, and what only they can do.
 *
 * A peer is an Ed25519 key in libp2p's form. A network is a 32-byte secret, from which every member derives the
 * network's key pair and the keys of the shared user. A user is a 32-byte root key, from which everything that the
 * user needs is derived: the signing key, the box key, the dedup secret that seals chunks, and the keyring of the root
 * directory, from which all names, attributes and contents of the user's tree can be opened. An invite hands the network
 * secret to a new machine. Nothing here touches
 * a disk or the network, and no message contains a key.
 */
import { createHash } from "node:crypto";
import { DfsError } from "../core/errors.ts";
import { type NodeId, randomIdBytes, type UserId } from "../core/ids.ts";
import { Keyring, nodeKeyBytes } from "./keyring.ts";
import { openBox } from "./box.ts";
import { signingKeyOf, verifySignature } from "./ed25519.ts";
import { deriveKey, secretBytes } from "./key-derivation.ts";
import { agreementKeyOf, x25519Bytes } from "./x25519.ts";

export interface UserKeys {
  /** First 16 bytes of the SHA-256 of the public key, in hexadecimal. */
  readonly userId: UserId;
  /** 32 bytes, raw Ed25519. */
  readonly publicKey: Uint8Array;
  /** 32 bytes, raw X25519: others seal boxes for this user with it. */
  readonly boxPublicKey: Uint8Array;
  /** 32 bytes: keys the chunks, so that equal chunks of one user, and of nobody else, are equal. */
  readonly dedupSecret: Uint8Array;
  /** The directory that every path of this user starts from. */
  readonly rootDirectory: NodeId;
  /** Its one key, which is never replaced and never shared. */
  readonly rootKeyring: Keyring;
  /** 32 bytes: seals the index of this user's names on a peer's disk. */
  readonly namesKey: Uint8Array;
  /** 32 bytes: seals once more what is kept of the wraps in this user's tree. */
  readonly pastKey: Uint8Array;
  /** The 64-byte Ed25519 signature of `bytes`. */
  sign(bytes: Uint8Array): Uint8Array;
  /** What is in a box for this user. Fails with `integrity` when it is another's, or the associated data differ. */
  openBox(sealed: Uint8Array, associatedData: Uint8Array): Uint8Array;
  /** Overwrites the secrets: every later use of one of them fails with `not-logged-in`. */
  wipe(): void;
}

/** The keys of the user with this 32-byte root key; the same root key gives the same keys. Fails with `integrity` on another length. */
export function deriveUser(rootKey: Uint8Array): UserKeys {
  const key = signingKeyOf(deriveKey(rootKey, "userSigning", 32));
  const box = agreementKeyOf(deriveKey(rootKey, "userBox", x25519Bytes));
  const dedupSecret = deriveKey(rootKey, "userDedupSecret", 32);
  const rootKeyring = new Keyring(deriveKey(rootKey, "userRootKeyring", nodeKeyBytes));
  const namesKey = deriveKey(rootKey, "userNamesIndex", 32);
  const pastKey = deriveKey(rootKey, "userPast", 32);
  let isWiped = false;
  const kept = <Secret>(secret: Secret): Secret => {
    if (isWiped) throw new DfsError("not-logged-in", "this user has logged out, and its keys are gone");
    return secret;
  };
  return {
    userId: userIdOf(key.publicKey),
    publicKey: key.publicKey,
    boxPublicKey: box.publicKey,
    get dedupSecret() {
      return kept(dedupSecret);
    },
    get rootKeyring() {
      return kept(rootKeyring);
    },
    get namesKey() {
      return kept(namesKey);
    },
    get pastKey() {
      return kept(pastKey);
    },
    rootDirectory: Buffer.from(deriveKey(rootKey, "userRootDirectory", randomIdBytes)).toString("hex") as NodeId,
    sign: (bytes) => kept(key).sign(bytes),
    openBox: (sealed, associatedData) => openBox(kept(box), sealed, associatedData),
    wipe: () => {
      isWiped = true;
      dedupSecret.fill(0);
      namesKey.fill(0);
      pastKey.fill(0);
      rootKeyring.wipe();
    },
  };
}

/** The keys of `shared`, the user without a password, whom every member of the network can be. Fails with `integrity` when the secret does not have 32 bytes. */
export function sharedUserKeys(networkSecret: Uint8Array): UserKeys {
  return deriveUser(deriveKey(networkSecret, "sharedUser", secretBytes));
}

/** The id of the user with this raw 32-byte public key. */
export function userIdOf(publicKey: Uint8Array): UserId {
  return createHash("sha256")
    .update(publicKey)
    .digest("hex")
    .slice(0, 2 * randomIdBytes) as UserId;
}

/** Whether `signature` is the signature of `bytes` by the owner of the raw 32-byte `publicKey`. */
export function verifyUserSignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verifySignature(publicKey, bytes, signature);
}
