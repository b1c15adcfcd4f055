import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  baseName,
  checkName,
  childPath,
  isWithin,
  nameFault,
  parentPath,
  pathParts,
  printable,
  printableBytes,
  resolvePath,
  rootPath,
} from "../../src/core/names.ts";

describe("names", () => {
  it.each(["a", "späße", "日本語", "a b", "-dash", "...", "🎉", "x".repeat(255), "C:", "a\\b", "~"])(
    "CORE-1 %j is a name",
    (name) => {
      expect(checkName(name)).toBe(name);
    },
  );

  it.each([
    "",
    ".",
    "..",
    "a/b",
    "/",
    "a\0b",
    "a\nb",
    "\u001b[2J",
    "\u007f",
    "\u0085",
    "x".repeat(256),
    "é".repeat(128),
    "\ud800",
  ])("CORE-1 %j is none, and the reason is said", (name) => {
    expect(nameFault(name)).toMatch(/^(a name|".*") /);
    expect(() => checkName(name)).toThrowError(expect.objectContaining({ kind: "invalid-name" }));
  });

  it.each([
    ["/", "/", "/"],
    ["", "/a", "/a"],
    ["b", "/a", "/a/b"],
    ["./b//c/.", "/a", "/a/b/c"],
    ["..", "/a/b", "/a"],
    ["../../../x", "/a", "/x"],
    ["/x/../y", "/a", "/y"],
  ])("CORE-2 %j below %j is %j", (text, base, expected) => {
    expect(resolvePath(text, resolvePath(base))).toBe(expected);
  });

  it("CORE-3 whatever resolves is normal: no part is empty, a dot, or two", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", ".", "/", "b", "é") }), (text) => {
        const path = resolvePath(text, resolvePath("/base"));
        expect(path.startsWith("/")).toBe(true);
        for (const part of pathParts(path)) expect(nameFault(part)).toBeUndefined();
        expect(resolvePath(path)).toBe(path);
      }),
    );
  });

  it("CORE-4 parent, base name and child belong together", () => {
    const path = childPath(childPath(rootPath, "a"), "b");
    expect([path, parentPath(path), baseName(path), parentPath(rootPath), baseName(rootPath)]).toEqual([
      "/a/b",
      "/a",
      "b",
      "/",
      "/",
    ]);
    expect([
      isWithin(path, rootPath),
      isWithin(path, path),
      isWithin(path, resolvePath("/a/bc")),
      isWithin(resolvePath("/ab"), resolvePath("/a")),
    ]).toEqual([true, true, false, false]);
  });

  it("CORE-5 a hostile name cannot drive a terminal", () => {
    expect(printable("a\u001b[2J\u009bb\nc")).toBe(String.raw`a\x1b[2J\x9bb\x0ac`);
  });

  it.each([
    ["exe.\u202egpj", String.raw`exe.\u{202e}gpj`],
    ["a\u2066b\u2069", String.raw`a\u{2066}b\u{2069}`],
    ["go\u200bod\u00ad", String.raw`go\u{200b}od\xad`],
    ["\ufeffa\u2028b", String.raw`\u{feff}a\u{2028}b`],
    ["a\u200db", String.raw`a\u{200d}b`],
    ["\u{e0041}", String.raw`\u{e0041}`],
    ["👩‍👧", "👩‍👧"],
    ["نامه‌ها", "نامه‌ها"],
    ["späße 日本語 ❤️", "späße 日本語 ❤️"],
  ])("CORE-14 what hides in %j or turns it is shown", (name, shown) => {
    expect(printable(name)).toBe(shown);
  });

  it("CORE-14 bytes that are no text are shown one by one", () => {
    expect(printableBytes(Buffer.from([0x63, 0xe9, 0x1b, 0x7e]))).toBe(String.raw`c\xe9\x1b~`);
  });

  it("CORE-6 a path has a bounded depth", () => {
    expect(() => resolvePath("/a".repeat(129))).toThrowError(expect.objectContaining({ kind: "invalid-name" }));
  });
});
