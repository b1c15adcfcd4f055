import { webcrypto } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../src/core/ids.ts";
import { attributesBytesMax } from "../../src/core/limits.ts";
import { openAttributes, sealAttributes, sealedAttributesOverheadBytes } from "../../src/identity/sealed-box.ts";

const key = new Uint8Array(32).fill(7);
const node = "00112233445566778899aabbccddeeff" as NodeId;
const other = "00112233445566778899aabbccddeefe" as NodeId;
const plain = new TextEncoder().encode("mode 0644");
const integrity = expect.objectContaining({ kind: "integrity" });

describe("sealed attributes", () => {
  it("ID-5 come back for their own node, and never look the same twice", () => {
    const sealed = sealAttributes(key, node, plain);
    expect(openAttributes(key, node, sealed)).toEqual(plain);
    expect(sealed).toHaveLength(plain.length + sealedAttributesOverheadBytes);
    expect(sealAttributes(key, node, plain)).not.toEqual(sealed);
  });

  it("ID-5 do not open for another node, by another key, or with a changed bit", () => {
    const sealed = sealAttributes(key, node, plain);
    expect(() => openAttributes(key, other, sealed)).toThrow(integrity);
    expect(() => openAttributes(new Uint8Array(32).fill(8), node, sealed)).toThrow(integrity);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Uint8Array.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 0x10;
      expect(() => openAttributes(key, node, changed)).toThrow(integrity);
    }
    expect(() => openAttributes(key, node, sealed.subarray(0, 27))).toThrow(integrity);
  });

  it("ID-5 are nonce, AES-256-GCM ciphertext and tag, with version and node as associated data", async () => {
    const gcmKey = await webcrypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
    const iv = new Uint8Array(12).fill(5);
    const additionalData = Uint8Array.of(1, ...Buffer.from(node, "hex"));
    const body = await webcrypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, gcmKey, plain);
    expect(openAttributes(key, node, Uint8Array.of(...iv, ...new Uint8Array(body)))).toEqual(plain);
  });

  it("cannot be longer than the catalogue takes", () => {
    const fitting = new Uint8Array(attributesBytesMax - sealedAttributesOverheadBytes);
    expect(sealAttributes(key, node, fitting)).toHaveLength(attributesBytesMax);
    expect(() => sealAttributes(key, node, new Uint8Array(fitting.length + 1))).toThrow(
      expect.objectContaining({ kind: "usage" }),
    );
  });
});
