/** What a user signs of itself, so that no coordinator can put another key in the place of its own. */
import { createHash } from "node:crypto";
import type { NetworkId, NodeId, UserName } from "../core/ids.ts";
import { verifySignature } from "./ed25519.ts";
import type { UserKeys } from "./user-keys.ts";

/** What a user's row in the catalogue says about its keys. */
export interface UserStatement {
  readonly network: NetworkId;
  readonly name: UserName;
  /** 32 bytes, raw Ed25519: whose signature the proof is. */
  readonly publicKey: Uint8Array;
  /** 32 bytes, raw X25519: for whom boxes are sealed. */
  readonly boxPublicKey: Uint8Array;
  readonly rootDirectory: NodeId;
}

/** In front of what is signed: no command and no invite begins so. */
const purpose = "dfs-shell/1/user/proof\0";
const fingerprintDigits = 16;

/** The user's own 64-byte signature of its name, box key and root directory in this network. */
export function signUserProof(keys: UserKeys, network: NetworkId, name: UserName): Uint8Array {
  const { publicKey, boxPublicKey, rootDirectory } = keys;
  return keys.sign(statementBytes({ network, name, publicKey, boxPublicKey, rootDirectory }));
}

/** Whether `proof` is the user's own signature of this statement. */
export function verifyUserProof(statement: UserStatement, proof: Uint8Array): boolean {
  return verifySignature(statement.publicKey, statementBytes(statement), proof);
}

/** First 16 hexadecimal digits of the SHA-256 of a user's public keys, for two people to compare. */
export function userFingerprint({
  publicKey,
  boxPublicKey,
}: Pick<UserStatement, "publicKey" | "boxPublicKey">): string {
  return createHash("sha256").update(publicKey).update(boxPublicKey).digest("hex").slice(0, fingerprintDigits);
}

/** All parts but the last, the name, have a fixed length. */
function statementBytes({ network, name, publicKey, boxPublicKey, rootDirectory }: UserStatement): Uint8Array {
  const ids = [Buffer.from(network, "hex"), Buffer.from(rootDirectory, "hex")];
  return Buffer.concat([Buffer.from(purpose, "latin1"), ...ids, publicKey, boxPublicKey, Buffer.from(name, "utf8")]);
}
