import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../src/core/ids.ts";
import { nameFault } from "../../src/core/names.ts";
import { Keyring } from "../../src/identity/keyring.ts";
import { openName, sealName } from "../../src/identity/name-token.ts";

const keyBytes = new Uint8Array(32).map((_, index) => index);
const keyring = new Keyring(keyBytes);
const parent = "00112233445566778899aabbccddeeff" as NodeId;
const other = "00112233445566778899aabbccddeefe" as NodeId;

describe("name tokens", () => {
  it("ID-3 a name comes back from its token, and the token is the same every time", () => {
    const names = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
      .filter((name) => nameFault(name) === undefined);
    fc.assert(
      fc.property(names, (name) => {
        const token = sealName(keyring, parent, name);
        expect(openName(keyring, parent, token)).toBe(name);
        expect(sealName(new Keyring(keyBytes), parent, name)).toEqual(token);
      }),
    );
  });

  it("ID-3 the same name in another directory or of another user is another token, and does not open there", () => {
    const token = sealName(keyring, parent, "report.txt");
    expect(sealName(keyring, other, "report.txt")).not.toEqual(token);
    expect(() => openName(keyring, other, token)).toThrow(expect.objectContaining({ kind: "integrity" }));
    const strangers = new Keyring(keyBytes.map((byte) => byte ^ 1));
    expect(() => openName(strangers, parent, token)).toThrow(expect.objectContaining({ kind: "integrity" }));
  });

  it("ID-3 the token of a name stays the same from version to version", () => {
    const token = sealName(keyring, parent, "report.txt");
    expect(Buffer.from(token).toString("hex")).toBe("682942da5d9a2cfd0b50fca95dfcaa68b9f8d9018490dcfd593a");
  });

  it("ID-3 a byte order mark is part of a name", () => {
    expect(openName(keyring, parent, sealName(keyring, parent, "\ufeffnotes"))).toBe("\ufeffnotes");
  });

  it("ID-4 a valid seal around an invalid name does not open", () => {
    const associated = Buffer.from(parent, "hex");
    for (const bytes of [Buffer.from(".."), Buffer.from("a/b"), Buffer.of(0xff, 0xfe), Buffer.alloc(0)]) {
      const token = keyring.nameCipher(0).seal(bytes, associated);
      expect(() => openName(keyring, parent, token)).toThrow(expect.objectContaining({ kind: "invalid-name" }));
    }
    const tooLong = keyring.nameCipher(0).seal(Buffer.alloc(256, 97), associated);
    expect(() => openName(keyring, parent, tooLong)).toThrow(expect.objectContaining({ kind: "integrity" }));
  });

  it("ID-4 an invalid name is not sealed", () => {
    expect(() => sealName(keyring, parent, "a/b")).toThrow(expect.objectContaining({ kind: "invalid-name" }));
  });
});
