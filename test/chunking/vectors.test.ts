import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { knownAnswers } from "./known-answers.ts";

it("CHUNK-23 cuts, seals, pages, keys and references are byte for byte those of docs/FORMATS.md", () => {
  const vectors: unknown = JSON.parse(readFileSync(new URL("./vectors.json", import.meta.url), "utf8"));
  expect(knownAnswers()).toEqual(vectors);
});
