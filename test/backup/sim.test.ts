import { catchMistake, runSeed } from "./sim-run.ts";
import { describe, expect, it } from "vitest";
import { allMistakes } from "./sim-mistakes.ts";

const seeds = 10_000;
const seedsPerMistakeMax = 3_000;

describe("chains and repair, simulated", () => {
  it(
    `PLAN-18 in ${seeds} histories every claim is true, copies are lost by failures only, and repair ends without a storm`,
    { timeout: 240_000 },
    () => {
      const counts = new Map<string, number>();
      for (let seed = 1; seed <= seeds; seed++) {
        const { broken, message, counts: found } = runSeed(seed);
        expect(broken, `${message}; npx tsx test/backup/sim-main.ts --seed ${seed}`).toBeUndefined();
        for (const [name, count] of found) counts.set(name, (counts.get(name) ?? 0) + count);
      }
      expect(Math.min(...counts.values())).toBeGreaterThan(100);
      expect([...counts.keys()].toSorted()).toEqual([
        "events: abandon",
        "events: cut",
        "events: die",
        "events: disk full",
        "events: drain",
        "events: mute",
        "events: new leader",
        "events: remove",
        "events: restart",
        "events: restore",
        "events: undrain",
        "events: zone loss",
        "files committed",
        "files filled",
        "files given up",
        "files with one copy given up",
        "fillings for a lost link",
        "fillings to come home",
        "hand-overs",
        "links demoted",
        "links dropped",
        "moves",
        "orders that came too late",
        "orders: drop a link that is given up",
        "orders: drop a link that is not needed",
        "orders: fill a link: copies are short",
        "orders: fill a link: in another zone",
        "orders: fill a link: on a peer that has fewer",
        "orders: fill a link: the shelf comes home",
        "orders: lead: back home",
        "orders: lead: the owner shall go",
        "orders: settle who keeps what",
        "orders: stand in: a link is away",
        "orders: take over: the owner is away",
        "orders: what is left leads: all that had everything are given up",
        "peers removed",
        "plans",
        "take-overs",
        "ticks",
      ]);
    },
  );

  it("PLAN-19 the same seed gives the same history", () => {
    for (const seed of [1, 2, 3, 99]) {
      const [first, second]: [string[], string[]] = [[], []];
      runSeed(seed, undefined, (text) => first.push(text));
      runSeed(seed, undefined, (text) => second.push(text));
      expect(first.length).toBeGreaterThan(20);
      expect(second).toEqual(first);
    }
  });

  it.each(allMistakes)("PLAN-20 the simulator notices the mistake %s", { timeout: 60_000 }, (mistake) => {
    expect(catchMistake(mistake, seedsPerMistakeMax)).toBeDefined();
  });
});
