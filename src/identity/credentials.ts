/**
 * Credentials: what the coordinators keep of a user so that its password, and nothing else, gives back its root key.
 *
 * argon2id makes 64 bytes of password and salt. The first half, the proof, is shown to the coordinators, who keep only
 * its SHA-256, the verifier; the second half, the wrap key, never leaves the user's machine and seals the root key.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { NetworkId, UserName } from "../core/ids.ts";
import { openBytes, sealBytes } from "./aead.ts";
import { deriveKey, secretBytes } from "./key-derivation.ts";
import { hashPassword } from "./password-hash.ts";
import { passwordBytes } from "./password.ts";

const formatVersion = 1;
export const saltBytes = 16;
/** Bytes of a proof, and of the verifier that is kept of it. */
export const proofBytes = 32;

export interface Credential {
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  /** SHA-256 of the proof. */
  readonly verifier: Uint8Array;
  /** The root key under the wrap key, bound to network and name. */
  readonly wrappedKey: Uint8Array;
}

export interface PasswordKeys {
  /** 32 bytes that show a coordinator that the password is known. */
  readonly proof: Uint8Array;
  /** 32 bytes that open the root key. */
  readonly wrapKey: Uint8Array;
}

/** Whose credential it is: its wrapped key opens for no other. */
export interface CredentialOwner {
  readonly network: NetworkId;
  readonly name: UserName;
}

/** What a password and a salt give. Fails with `permission` for a password that nobody can have, `busy`, `interrupted`. */
export async function passwordKeys(password: string, salt: Uint8Array, signal?: AbortSignal): Promise<PasswordKeys> {
  const bytes = passwordBytes(password);
  try {
    const hash = await hashPassword(bytes, salt, { signal });
    return { proof: hash.subarray(0, proofBytes), wrapKey: hash.subarray(proofBytes) };
  } finally {
    bytes.fill(0);
  }
}

/** A credential with a new salt, by which `password` gives back `rootKey`. Does not look whether the password is a good one. Fails as passwordKeys. */
export async function makeCredential(
  owner: CredentialOwner,
  rootKey: Uint8Array,
  password: string,
  signal?: AbortSignal,
): Promise<Credential> {
  const salt = new Uint8Array(randomBytes(saltBytes));
  const { proof, wrapKey } = await passwordKeys(password, salt, signal);
  const credential = { salt, verifier: verifierOf(proof), wrappedKey: sealBytes(wrapKey, rootKey, bindingOf(owner)) };
  wipe(proof, wrapKey);
  return credential;
}

/** The root key in a credential. Fails with `integrity` when wrap key, owner and bytes do not belong together. */
export function openRootKey(owner: CredentialOwner, wrapKey: Uint8Array, wrappedKey: Uint8Array): Uint8Array {
  return openBytes(wrapKey, wrappedKey, bindingOf(owner), "the key of this user in the catalogue");
}

/** A new user's root key. */
export function generateRootKey(): Uint8Array {
  return new Uint8Array(randomBytes(secretBytes));
}

/** Whether `proof` is the one that `verifier` was made of; takes the same time for any. */
export function isProofOf(verifier: Uint8Array, proof: Uint8Array): boolean {
  const shown = verifierOf(proof);
  return verifier.length === shown.length && timingSafeEqual(verifier, shown);
}

/** The key of the salts that the members of a network answer for names that no user has. */
export function decoySaltKey(networkSecret: Uint8Array): Uint8Array {
  return deriveKey(networkSecret, "decoySalt", secretBytes);
}

/** The salt of a name that no user has: always the same one, as a user's is. */
export function decoySalt(key: Uint8Array, name: UserName): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(name).digest().subarray(0, saltBytes));
}

/** Overwrites secrets that are not needed any more. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}

function verifierOf(proof: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(proof).digest());
}

function bindingOf({ network, name }: CredentialOwner): Uint8Array {
  return Buffer.concat([Buffer.of(formatVersion), Buffer.from(network, "hex"), Buffer.from(name, "utf8")]);
}
