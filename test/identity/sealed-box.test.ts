import { createHmac, webcrypto } from "node:crypto";
import { describe, expect, it } from "vitest";
import { attributesBytesMax } from "../../src/core/limits.ts";
import { Keyring } from "../../src/identity/keyring.ts";
import { openAttributes, sealAttributes, sealedAttributesOverheadBytes } from "../../src/identity/sealed-box.ts";

const keyBytes = new Uint8Array(32).fill(7);
const keyring = new Keyring(keyBytes);
const associated = Buffer.from("what it is about");
const plain = new TextEncoder().encode("mode 0644");
const integrity = expect.objectContaining({ kind: "integrity" });

describe("sealed attributes", () => {
  it("ID-5 come back with their own associated data, and never look the same twice", () => {
    const sealed = sealAttributes(keyring, associated, plain);
    expect(Buffer.from(openAttributes(keyring, associated, sealed).plain)).toEqual(Buffer.from(plain));
    expect(sealed).toHaveLength(plain.length + sealedAttributesOverheadBytes);
    expect(sealAttributes(keyring, associated, plain)).not.toEqual(sealed);
  });

  it("ID-5 do not open with other associated data, by another key, or with a changed bit", () => {
    const sealed = sealAttributes(keyring, associated, plain);
    expect(() => openAttributes(keyring, Buffer.from("what it is about."), sealed)).toThrow(integrity);
    expect(() => openAttributes(Keyring.generate(), associated, sealed)).toThrow(integrity);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Uint8Array.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 0x10;
      expect(() => openAttributes(keyring, associated, changed)).toThrow(integrity);
    }
    expect(() => openAttributes(keyring, associated, sealed.subarray(0, 27))).toThrow(integrity);
  });

  it("ID-5 are nonce, AES-256-GCM ciphertext and tag by the key that HKDF-Expand makes of the node's", async () => {
    const raw = createHmac("sha256", keyBytes).update("dfs-shell/2/node/attribute-key\u0001").digest();
    const gcmKey = await webcrypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
    const iv = new Uint8Array(12).fill(5);
    const body = await webcrypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: associated }, gcmKey, plain);
    const opened = openAttributes(keyring, associated, Uint8Array.of(...iv, ...new Uint8Array(body)));
    expect(Buffer.from(opened.plain)).toEqual(Buffer.from(plain));
  });

  it("cannot be longer than the catalogue takes", () => {
    const fitting = new Uint8Array(attributesBytesMax - sealedAttributesOverheadBytes);
    expect(sealAttributes(keyring, associated, fitting)).toHaveLength(attributesBytesMax);
    expect(() => sealAttributes(keyring, associated, new Uint8Array(fitting.length + 1))).toThrow(
      expect.objectContaining({ kind: "usage" }),
    );
  });
});
