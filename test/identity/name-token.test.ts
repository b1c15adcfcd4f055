import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../src/core/ids.ts";
import { nameFault } from "../../src/core/names.ts";
import { AesSiv } from "../../src/identity/aes-siv.ts";
import { openName, sealName } from "../../src/identity/name-token.ts";

const nameKey = new Uint8Array(64).map((_, index) => index);
const parent = "00112233445566778899aabbccddeeff" as NodeId;
const other = "00112233445566778899aabbccddeefe" as NodeId;

describe("name tokens", () => {
  it("ID-3 a name comes back from its token, and the token is the same every time", () => {
    const names = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
      .filter((name) => nameFault(name) === undefined);
    fc.assert(
      fc.property(names, (name) => {
        const token = sealName(nameKey, parent, name);
        expect(openName(nameKey, parent, token)).toBe(name);
        expect(sealName(Uint8Array.from(nameKey), parent, name)).toEqual(token);
      }),
    );
  });

  it("ID-3 the same name in another directory or of another user is another token, and does not open there", () => {
    const token = sealName(nameKey, parent, "report.txt");
    expect(sealName(nameKey, other, "report.txt")).not.toEqual(token);
    expect(() => openName(nameKey, other, token)).toThrow(expect.objectContaining({ kind: "integrity" }));
    const strangersKey = nameKey.map((byte) => byte ^ 1);
    expect(() => openName(strangersKey, parent, token)).toThrow(expect.objectContaining({ kind: "integrity" }));
  });

  it("ID-3 the token of a name stays the same from version to version", () => {
    const token = sealName(nameKey, parent, "report.txt");
    expect(Buffer.from(token).toString("hex")).toBe("f642ffbdad8edf9f42b5a5afa2a75727cf0ab7bd61b746ed3de2");
  });

  it("ID-3 a byte order mark is part of a name", () => {
    expect(openName(nameKey, parent, sealName(nameKey, parent, "\ufeffnotes"))).toBe("\ufeffnotes");
  });

  it("ID-4 a valid seal around an invalid name does not open", () => {
    const associated = Buffer.from(parent, "hex");
    for (const bytes of [Buffer.from(".."), Buffer.from("a/b"), Buffer.of(0xff, 0xfe), Buffer.alloc(0)]) {
      const token = new AesSiv(nameKey).seal(bytes, associated);
      expect(() => openName(nameKey, parent, token)).toThrow(expect.objectContaining({ kind: "invalid-name" }));
    }
    const tooLong = new AesSiv(nameKey).seal(Buffer.alloc(256, 97), associated);
    expect(() => openName(nameKey, parent, tooLong)).toThrow(expect.objectContaining({ kind: "integrity" }));
  });

  it("ID-4 an invalid name is not sealed", () => {
    expect(() => sealName(nameKey, parent, "a/b")).toThrow(expect.objectContaining({ kind: "invalid-name" }));
  });
});
