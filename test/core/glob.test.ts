import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob, escapeGlob, hasGlob, literalParts, literalPrefix, unescapeGlob } from "../../src/core/glob.ts";

describe("globs", () => {
  it.each<[string, string, boolean]>([
    ["*", "a", true],
    ["*", ".a", false],
    [".*", ".a", true],
    ["?", "猫", true],
    ["?", "\u{1f600}", true],
    ["?", "ab", false],
    ["a*c", "abbc", true],
    ["a*c", "abcd", false],
    ["*.jp*g", "x.y.jpeg", true],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[^a-c]x", "dx", true],
    ["[]]", "]", true],
    ["[a-]", "-", true],
    ["[a\\]b]", "]", true],
    ["[", "[", true],
    ["[a", "[a", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["(a|b)+", "a", false],
    ["(a|b)+", "(a|b)+", true],
    ["{a,b}", "a", false],
    ["!a", "b", false],
    ["", "", true],
  ])("SHELL-4 %j on %j: %s", (pattern, name, expected) => {
    expect(compileGlob(pattern)(name)).toBe(expected);
  });

  it.each<[string, string]>([
    ["img_2*.jpg", "img_2"],
    ["*", ""],
    ["?a", ""],
    ["[ab]c", ""],
    ["a[b", "a[b"],
    ["a\\*b*", "a*b"],
    ["猫\u{1f600}?", "猫\u{1f600}"],
    ["plain", "plain"],
  ])("DIR-9 names that match %j begin with %j", (pattern, prefix) => {
    expect(literalPrefix(pattern)).toBe(prefix);
  });

  it("DIR-9 whatever matches begins with what stands before the first wildcard", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "[", "]", "\\", ".", "猫"), maxLength: 6 });
    let matches = 0;
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        if (!compileGlob(pattern, { matchHidden: true })(name)) return;
        matches += 1;
        expect(name.startsWith(literalPrefix(pattern))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect(matches).toBeGreaterThan(10);
  });

  it("SHELL-4 quoted text matches itself and nothing else", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, other) => {
        const pattern = escapeGlob(text);
        expect(hasGlob(pattern)).toBe(false);
        expect(unescapeGlob(pattern)).toBe(text);
        expect(compileGlob(pattern, { matchHidden: true })(text)).toBe(true);
        expect(compileGlob(pattern, { matchHidden: true })(other)).toBe(text === other);
      }),
    );
  });

  it("SHELL-4 agrees with a matcher that tries every way", () => {
    const letters = fc.constantFrom("a", "b", "*", "?");
    const naive = (pattern: string, name: string): boolean => {
      if (pattern === "") return name === "";
      if (pattern[0] === "*") return naive(pattern.slice(1), name) || (name !== "" && naive(pattern, name.slice(1)));
      return name !== "" && (pattern[0] === "?" || pattern[0] === name[0]) && naive(pattern.slice(1), name.slice(1));
    };
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 8 }).map((parts) => parts.join("")),
        fc.array(fc.constantFrom("a", "b"), { maxLength: 8 }).map((parts) => parts.join("")),
        (pattern, name) => {
          expect(compileGlob(pattern)(name)).toBe(naive(pattern, name));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("SHELL-4 no pattern takes long", () => {
    const started = performance.now();
    expect(compileGlob("a*".repeat(40) + "b")("a".repeat(2000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

it.each([
  ["*i*", "kİ", []],
  ["K*", "\u212aelvin", []],
  ["*Holiday-?.JPG", "HOLIDAY-1.jpg", ["hol", "day-", ".jpg"]],
])("FIND-1 what a scan by %j looks for is in %j, whatever the case", (pattern, name, parts) => {
  expect(compileGlob(pattern, { ignoreCase: true })(name)).toBe(true);
  expect(literalParts(pattern, { ignoreCase: true })).toEqual(parts);
  for (const part of parts) expect(name.toLowerCase()).toContain(part);
});

it("FIND-1 what a scan looks for is in every name that matches", () => {
  expect(literalParts(String.raw`a\*b*[xy]c?d`)).toEqual(["a*b", "c", "d"]);
  expect(literalParts("[]")).toEqual(["[]"]);
  expect(literalParts("***")).toEqual([]);
});
