import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type NetworkId, type NodeId, parseUserName } from "../../src/core/ids.ts";
import {
  type CredentialOwner,
  decoySalt,
  decoySaltKey,
  generateRootKey,
  isProofOf,
  makeCredential,
  openRootKey,
  passwordKeys,
} from "../../src/identity/credentials.ts";
import { deriveUser, userIdOf } from "../../src/identity/user-keys.ts";
import { signUserProof, userFingerprint, verifyUserProof } from "../../src/identity/user-proof.ts";

const network = "ab".repeat(32) as NetworkId;
const ann: CredentialOwner = { network, name: parseUserName("ann") };
const rootKey = generateRootKey();
const password = "correct horse";
const integrity = expect.objectContaining({ kind: "integrity" });

describe("credentials", () => {
  it("LOGIN-6 the password gives back the root key, and a coordinator keeps neither it nor the proof", async () => {
    const { salt, verifier, wrappedKey } = await makeCredential(ann, rootKey, password);
    const { proof, wrapKey } = await passwordKeys(password, salt);
    expect(openRootKey(ann, wrapKey, wrappedKey)).toEqual(rootKey);
    expect(verifier).toEqual(new Uint8Array(createHash("sha256").update(proof).digest()));
    expect(isProofOf(verifier, proof)).toBe(true);
    for (const kept of [verifier, wrappedKey, salt])
      for (const secret of [proof, wrapKey, rootKey])
        expect(Buffer.from(kept).includes(Buffer.from(secret).subarray(0, 16))).toBe(false);
    expect([salt.length, verifier.length, wrappedKey.length]).toEqual([16, 32, 60]);
  });

  it("LOGIN-6 another password, another user, another network or a changed bit opens nothing", async () => {
    const { salt, verifier, wrappedKey } = await makeCredential(ann, rootKey, password);
    const { wrapKey } = await passwordKeys(password, salt);
    const wrong = await passwordKeys("correct house", salt);
    expect(isProofOf(verifier, wrong.proof)).toBe(false);
    expect(isProofOf(verifier, wrong.proof.subarray(1))).toBe(false);
    expect(() => openRootKey(ann, wrong.wrapKey, wrappedKey)).toThrow(integrity);
    expect(() => openRootKey({ ...ann, name: parseUserName("bob") }, wrapKey, wrappedKey)).toThrow(integrity);
    expect(() => openRootKey({ ...ann, network: "ac".repeat(32) as NetworkId }, wrapKey, wrappedKey)).toThrow(
      integrity,
    );
    const changed = Uint8Array.from(wrappedKey);
    changed[30] = (changed[30] ?? 0) ^ 1;
    expect(() => openRootKey(ann, wrapKey, changed)).toThrow(integrity);
  });

  it("LOGIN-6 two credentials of one password have nothing in common", async () => {
    const [one, other] = [await makeCredential(ann, rootKey, password), await makeCredential(ann, rootKey, password)];
    expect(one.salt).not.toEqual(other.salt);
    expect(one.verifier).not.toEqual(other.verifier);
  });

  it("LOGIN-7 a name that no user has, has one salt in one network, and another one everywhere else", () => {
    const key = decoySaltKey(new Uint8Array(32).fill(1));
    const elsewhere = decoySaltKey(new Uint8Array(32).fill(2));
    const nobody = parseUserName("nobody");
    expect(decoySalt(key, nobody)).toHaveLength(16);
    expect(decoySalt(key, nobody)).toEqual(decoySalt(key, nobody));
    expect(decoySalt(key, nobody)).not.toEqual(decoySalt(key, ann.name));
    expect(decoySalt(key, nobody)).not.toEqual(decoySalt(elsewhere, nobody));
  });
});

describe("what a user signs of itself", () => {
  const user = deriveUser(rootKey);
  const { publicKey, boxPublicKey, rootDirectory } = user;
  const statement = { network, name: ann.name, publicKey, boxPublicKey, rootDirectory };
  const proof = signUserProof(user, network, ann.name);

  it("LOGIN-8 holds for its own network, name, keys and root directory only", () => {
    expect(verifyUserProof(statement, proof)).toBe(true);
    const other = deriveUser(generateRootKey());
    for (const change of [
      { network: "ac".repeat(32) as NetworkId },
      { name: parseUserName("bob") },
      { name: parseUserName("anna") },
      { publicKey: other.publicKey },
      { boxPublicKey: other.boxPublicKey },
      { rootDirectory: "00".repeat(16) as NodeId },
    ])
      expect(verifyUserProof({ ...statement, ...change }, proof)).toBe(false);
  });

  it("LOGIN-8 a fingerprint tells users apart by both their keys", () => {
    const other = deriveUser(generateRootKey());
    expect(userFingerprint(statement)).toMatch(/^[0-9a-f]{16}$/);
    expect(userFingerprint({ publicKey, boxPublicKey: other.boxPublicKey })).not.toBe(userFingerprint(statement));
    expect(userFingerprint({ publicKey: other.publicKey, boxPublicKey })).not.toBe(userFingerprint(statement));
    expect(userFingerprint(statement).startsWith(userIdOf(publicKey).slice(0, 16))).toBe(false);
  });
});
