/** One root secret, many keys: HKDF-SHA-256 (RFC 5869) with an empty salt and a purpose for each key. */
import { hkdfSync } from "node:crypto";
import { DfsError } from "../core/errors.ts";

/** Bytes of every root secret: a network's and a user's. */
export const secretBytes = 32;

/** The purposes, each the `info` of one derivation. They are part of the format: changing one loses every key made with it. */
const purposes = {
  networkSigning: "dfs-shell/1/network/signing",
  sharedUser: "dfs-shell/1/network/shared-user",
  decoySalt: "dfs-shell/1/network/decoy-salt",
  userSigning: "dfs-shell/1/user/signing",
  userBox: "dfs-shell/1/user/box",
  userDedupSecret: "dfs-shell/1/user/dedup-secret",
  userRootKeyring: "dfs-shell/2/user/root-keyring",
  userNamesIndex: "dfs-shell/1/user/names-index",
  userPast: "dfs-shell/1/user/past",
  knownFileIds: "dfs-shell/1/known-files/ids",
  knownFiles: "dfs-shell/1/known-files/contents",
  userRootDirectory: "dfs-shell/1/user/root-directory",
} as const;

/** `bytes` key bytes for one purpose. Fails with `integrity` when `secret` does not have 32 bytes. */
export function deriveKey(secret: Uint8Array, purpose: keyof typeof purposes, bytes: number): Uint8Array {
  if (secret.length !== secretBytes)
    throw new DfsError("integrity", `a root secret has ${secretBytes} bytes, not ${secret.length}`);
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), purposes[purpose], bytes));
}
