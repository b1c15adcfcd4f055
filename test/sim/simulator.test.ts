import { describe, expect, it } from "vitest";
import { allMistakes } from "./mistakes.ts";
import { catchMistake } from "./gate.ts";
import { corpus } from "./corpus.ts";
import { runSeed } from "./run.ts";

const seeds = 10_000;
const seedsPerMistakeMax = 20_000;

describe("the simulator", () => {
  it("RAFT-1 no seed of the corpus breaks an invariant", () => {
    const failed = corpus.bugs.map(({ seed }) => runSeed(seed)).filter(({ invariant }) => invariant !== undefined);
    expect(failed).toEqual([]);
  });

  it(
    `RAFT-1 none of ${seeds} seeds breaks an invariant, and every kind of fault is injected`,
    { timeout: 120_000 },
    () => {
      const counts = new Map<string, number>();
      for (let seed = 1; seed <= seeds; seed++) {
        const outcome = runSeed(seed);
        expect(
          outcome.invariant,
          `seed ${seed}: ${outcome.message}; npm run sim -- --seed ${seed} --trace`,
        ).toBeUndefined();
        for (const [name, count] of outcome.counts) counts.set(name, (counts.get(name) ?? 0) + count);
      }
      expect(Math.min(...counts.values())).toBeGreaterThan(5);
      expect([...counts.keys()].toSorted()).toEqual([
        "changes proposed",
        "changes: add-learner",
        "changes: promote",
        "changes: remove",
        "damaged logs refused",
        "disk stalls",
        "disks lost",
        "leaders elected",
        "logs compacted",
        "members retired",
        "messages cut off",
        "messages delivered",
        "messages doubled",
        "messages dropped",
        "one-way partitions",
        "operations repeated",
        "partitions",
        "pauses",
        "power cuts",
        "processes killed",
        "reads served",
        "records rotted",
        "records torn or lost",
        "restarts",
        "snapshots installed",
        "snapshots made",
        "ticks",
        "transfers",
        "writes acknowledged",
      ]);
    },
  );

  it("RAFT-2 the same seed gives the same run", () => {
    for (const seed of [1, 2, 3, 4, 5, 99]) {
      const [first, second]: [string[], string[]] = [[], []];
      runSeed(seed, undefined, (text) => first.push(text));
      runSeed(seed, undefined, (text) => second.push(text));
      expect(first.length).toBeGreaterThan(100);
      expect(second).toEqual(first);
    }
  });
});

describe("the mutation gate", () => {
  it.each(allMistakes)("RAFT-3 notices the mistake %s", { timeout: 300_000 }, (mistake) => {
    expect(catchMistake(mistake, seedsPerMistakeMax, corpus.mistakes[mistake])).toBeDefined();
  });
});
