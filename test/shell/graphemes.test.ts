import * as fc from "fast-check";
import { expect, it } from "vitest";
import { graphemesOf } from "../../src/shell/graphemes.ts";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

it("SHELL-41 graphemes are those of Unicode, plain texts included", () => {
  const units = fc.constantFrom(
    "a",
    "~",
    " ",
    "\r",
    "\n",
    "e",
    "\u0301",
    "\u{1f468}",
    "\u200d",
    "\u{1f469}",
    "한",
    "ᄒ",
    "ᅡ",
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: units })), (text) => {
      const expected = Array.from(segmenter.segment(text), ({ segment, index }) => ({ segment, index }));
      expect(Array.from(graphemesOf(text), ({ segment, index }) => ({ segment, index }))).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
