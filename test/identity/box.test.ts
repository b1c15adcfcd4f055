import { createDecipheriv, diffieHellman, createPublicKey, createPrivateKey, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { boxOverheadBytes, openBox, sealBox } from "../../src/identity/box.ts";
import { deriveUser } from "../../src/identity/user-keys.ts";
import { agreementKeyOf } from "../../src/identity/x25519.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const alicePrivate = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
const bobPrivate = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
const integrity = expect.objectContaining({ kind: "integrity" });
const plain = new TextEncoder().encode("a keyring");
const associatedData = new TextEncoder().encode("a node");

describe("X25519", () => {
  it("LOGIN-1 gives the keys and the shared secret of RFC 7748, section 6.1", () => {
    const alice = agreementKeyOf(alicePrivate);
    const bob = agreementKeyOf(bobPrivate);
    expect(alice.publicKey).toEqual(hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
    expect(bob.publicKey).toEqual(hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
    const shared = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    expect(alice.agree(bob.publicKey)).toEqual(shared);
    expect(bob.agree(alice.publicKey)).toEqual(shared);
  });

  it("LOGIN-1 refuses points of small order and keys of another length", () => {
    const alice = agreementKeyOf(alicePrivate);
    const smallOrder = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
    for (const key of [new Uint8Array(32), hex(`01${"00".repeat(31)}`), hex(smallOrder), alice.publicKey.subarray(1)])
      expect(() => alice.agree(key)).toThrow(integrity);
  });
});

describe("boxes", () => {
  it("LOGIN-2 open for their owner alone, with their own associated data, and never look the same twice", () => {
    const bob = agreementKeyOf(bobPrivate);
    const sealed = sealBox(bob.publicKey, plain, associatedData);
    expect(sealed).toHaveLength(plain.length + boxOverheadBytes);
    expect(openBox(bob, sealed, associatedData)).toEqual(plain);
    expect(sealBox(bob.publicKey, plain, associatedData)).not.toEqual(sealed);
    expect(() => openBox(agreementKeyOf(alicePrivate), sealed, associatedData)).toThrow(integrity);
    expect(() => openBox(bob, sealed, plain)).toThrow(integrity);
  });

  it("LOGIN-2 open with no bit changed and no byte missing", () => {
    const bob = agreementKeyOf(bobPrivate);
    const sealed = sealBox(bob.publicKey, plain, associatedData);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Uint8Array.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 0x04;
      expect(() => openBox(bob, changed, associatedData)).toThrow(integrity);
      expect(() => openBox(bob, sealed.subarray(0, index), associatedData)).toThrow(integrity);
    }
  });

  it("LOGIN-2 are the bytes that FORMATS.md says", () => {
    const bob = agreementKeyOf(bobPrivate);
    const sealed = sealBox(bob.publicKey, plain, associatedData);
    const der = (prefix: string, key: Uint8Array) => Buffer.concat([Buffer.from(prefix, "hex"), key]);
    const privateKey = createPrivateKey({
      key: der("302e020100300506032b656e04220420", bobPrivate),
      format: "der",
      type: "pkcs8",
    });
    const ephemeral = sealed.subarray(0, 32);
    const publicKey = createPublicKey({ key: der("302a300506032b656e032100", ephemeral), format: "der", type: "spki" });
    const shared = diffieHellman({ privateKey, publicKey });
    const salt = Buffer.concat([ephemeral, bob.publicKey]);
    const key = new Uint8Array(hkdfSync("sha256", shared, salt, "dfs-shell/1/box", 32));
    const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(32, 44));
    decipher.setAAD(associatedData);
    decipher.setAuthTag(sealed.subarray(-16));
    expect(new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(44, -16)), decipher.final()]))).toEqual(plain);
  });

  it("LOGIN-2 are sealed for a user's box key, which stays the same from version to version", () => {
    const user = deriveUser(new Uint8Array(32).map((_, index) => index));
    expect(Buffer.from(user.boxPublicKey).toString("hex")).toMatchInlineSnapshot(
      `"3d6d4c92dc9a180bac974c5ee52bad55cff205cde0bf58d1e0604d1f46f6936e"`,
    );
    expect(user.openBox(sealBox(user.boxPublicKey, plain, associatedData), associatedData)).toEqual(plain);
  });
});
