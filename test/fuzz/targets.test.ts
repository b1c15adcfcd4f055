/** Every target on its corpus, and a little further from there: what `npm run fuzz` does for hours, for a second each. */
import { randomInt } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { readCorpus } from "./corpus.ts";
import { examine } from "./examine.ts";
import { targets } from "./targets.ts";
import { FuzzThread } from "./thread.ts";

const seconds = 1;
const corpusInputsMax = 200;
const corpusBytesMax = 300 * 1024;

describe("the corpus", () => {
  it.each(targets)("FUZZ-1 $name: nothing is wrong with any input, and they are few and small", async (target) => {
    const corpus = readCorpus(target.name);
    for (const { path, bytes } of corpus) expect(await examine(target, bytes), path).toBeUndefined();
    for (const input of await target.seeds())
      expect(await examine(target, input), Buffer.from(input).toString("hex")).toBeUndefined();
    expect(corpus.length).toBeLessThanOrEqual(corpusInputsMax);
    expect(corpus.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(corpusBytesMax);
  });
});

describe("fuzzing", () => {
  const thread = new FuzzThread();
  afterAll(() => thread.stop());

  it.each(targets)("FUZZ-2 $name: a second of new inputs finds nothing", async ({ name, bytesMax }) => {
    const seed = randomInt(2 ** 31);
    const found: string[] = [];
    let executions = 0;
    const corpus = readCorpus(name).map(({ bytes }) => bytes);
    const hasEnded = await thread.run({ target: name, seed, seconds, corpus }, bytesMax, (news) => {
      if (news.kind === "finding") found.push(`${Buffer.from(news.input).toString("hex")}: ${news.what}`);
      if (news.kind === "done") ({ executions } = news.figures);
    });
    expect(found, `seed ${seed}: npm run fuzz -- ${name} --seconds 60 --seed ${seed}`).toEqual([]);
    expect(hasEnded).toBe(true);
    expect(executions).toBeGreaterThan(corpus.length);
  });
});
