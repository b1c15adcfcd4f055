import { describe, expect, it } from "vitest";
import { deriveNetwork, generateNetworkSecret, networkIdOf } from "../../src/identity/network-keys.ts";
import {
  decodePeerKey,
  encodePeerKey,
  generatePeerKey,
  peerIdOf,
  peerPublicKey,
  signAsPeer,
  verifyPeerSignature,
} from "../../src/identity/peer-identity.ts";
import { deriveUser, sharedUserKeys, userIdOf, verifyUserSignature } from "../../src/identity/user-keys.ts";
import { parsePeerId, type PeerId } from "../../src/core/ids.ts";

const secret = new Uint8Array(32).map((_, index) => index);
const message = new TextEncoder().encode("a message");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("keys", () => {
  it("ID-6 everything derived from a secret stays the same from version to version", () => {
    const network = deriveNetwork(secret);
    const user = sharedUserKeys(secret);
    expect({
      networkId: network.networkId,
      userId: user.userId,
      rootDirectory: user.rootDirectory,
      dedupSecret: hex(user.dedupSecret),
      rootKeyring: hex(user.rootKeyring.bytes),
      publicKey: hex(user.publicKey),
      pastKey: hex(user.pastKey),
    }).toMatchInlineSnapshot(`
      {
        "dedupSecret": "4bc90d020df704d788afe05181e210718cd7bdf8d6f48e795525ae628838eae9",
        "networkId": "f30d249de8f78fcd5e9a6e7fa7542aec6f84572641a345aba33450fef56e5ef7",
        "pastKey": "7d0eeff0748d6843009aab4a540779524b4d8b1003a7a9c587cf5d3021b2d6e3",
        "publicKey": "665dfc564236aa8e4df2676b8289dc6460654f471794cdc6d970067a200e7cdb",
        "rootDirectory": "39d50a17805a15e689bcf8410c0edd04",
        "rootKeyring": "4098a2bf1e8e328c50698374b4c09e239da2d1e5def1bda26fec97e6eba0135a",
        "userId": "6c319a96203ee0296857335ff6953b3c",
      }
    `);
  });

  it("ID-6 no two purposes share a key, and no two secrets share anything", () => {
    const other = Uint8Array.from(secret).fill(9, 31);
    const all = [secret, other].flatMap((root) => {
      const user = deriveUser(root);
      const shared = sharedUserKeys(root);
      return [user, shared].flatMap((keys) => [
        keys.dedupSecret,
        keys.publicKey,
        keys.rootKeyring.bytes,
        keys.namesKey,
        keys.pastKey,
      ]);
    });
    expect(new Set(all.map(hex)).size).toBe(all.length);
  });

  it("ID-7 a signature of a network, a user or a peer verifies by its own key and bytes only", async () => {
    const network = deriveNetwork(secret);
    const user = deriveUser(secret);
    const peerKey = await generatePeerKey();
    const peer = peerIdOf(peerKey);
    expect(network.verify(message, network.sign(message))).toBe(true);
    expect(network.verify(message, user.sign(message))).toBe(false);
    expect(verifyUserSignature(user.publicKey, message, user.sign(message))).toBe(true);
    expect(verifyUserSignature(user.publicKey, message.subarray(1), user.sign(message))).toBe(false);
    expect(verifyUserSignature(user.publicKey, message, user.sign(message).subarray(1))).toBe(false);
    expect(verifyPeerSignature(peer, message, signAsPeer(peerKey, message))).toBe(true);
    expect(verifyPeerSignature(peer, message, user.sign(message))).toBe(false);
    expect(peerPublicKey(peer)).toEqual(peerKey.publicKey.raw);
  });

  it("ID-7 libp2p verifies what a peer signed, and the other way round", async () => {
    const key = await generatePeerKey();
    expect(await key.publicKey.verify(message, signAsPeer(key, message))).toBe(true);
    expect(verifyPeerSignature(peerIdOf(key), message, await key.sign(message))).toBe(true);
  });

  it("ID-7 a peer id without an Ed25519 key verifies nothing", () => {
    for (const text of ["QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "nonsense"])
      expect(verifyPeerSignature(text as PeerId, message, new Uint8Array(64))).toBe(false);
  });

  it("ID-8 a peer key comes back from its bytes; damaged bytes are refused without quoting them", async () => {
    const key = await generatePeerKey();
    const bytes = encodePeerKey(key);
    expect(peerIdOf(decodePeerKey(bytes))).toBe(parsePeerId(peerIdOf(key)));
    for (const damaged of [bytes.subarray(0, 20), new Uint8Array(0), new Uint8Array(68).fill(255)]) {
      const error = thrownBy(() => decodePeerKey(damaged));
      expect(error).toMatchObject({ kind: "integrity" });
      expect(error).not.toHaveProperty("cause");
    }
  });

  it("ids are the hashes of public keys, and secrets have 32 bytes", () => {
    const network = deriveNetwork(generateNetworkSecret());
    expect(networkIdOf(network.publicKey)).toBe(network.networkId);
    const user = deriveUser(secret);
    expect(userIdOf(user.publicKey)).toBe(user.userId);
    expect(() => deriveNetwork(secret.subarray(1))).toThrow(expect.objectContaining({ kind: "integrity" }));
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
