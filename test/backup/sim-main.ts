/**
 * `npx tsx test/backup/sim-main.ts`: runs the simulator of chains and repair.
 *
 * `--seeds N` runs N seeds from `--seed S` (default 1); `--seed S` alone prints everything that happens in one;
 * `--mutations` puts every mistake back, with at most N seeds each. Ends with 1 when a seed failed or a mistake went unnoticed.
 */
import { catchMistake, runSeed } from "./sim-run.ts";
import { allMistakes } from "./sim-mistakes.ts";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string", default: "1" },
    mutations: { type: "boolean", default: false },
  },
});

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

function traceSeed(seed: number): boolean {
  const { broken, message } = runSeed(seed, undefined, print);
  print(broken === undefined ? `seed ${seed}: nothing broke` : `seed ${seed} FAILED: ${message}`);
  return broken === undefined;
}

function runSeeds(first: number, count: number): boolean {
  const totals = new Map<string, number>();
  const startedMs = performance.now();
  for (let seed = first; seed < first + count; seed++) {
    const outcome = runSeed(seed);
    for (const [name, value] of outcome.counts) totals.set(name, (totals.get(name) ?? 0) + value);
    if (outcome.broken !== undefined) return traceSeed(seed);
  }
  print(`${count} seeds in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  for (const [name, value] of [...totals].toSorted(([left], [right]) => left.localeCompare(right)))
    print(`${String(value).padStart(12)}  ${name}`);
  return true;
}

function runMutations(seedsMax: number): boolean {
  const found = allMistakes.map((mistake) => ({ mistake, caught: catchMistake(mistake, seedsMax) }));
  print("| mistake put back | caught by | seeds needed |\n| --- | --- | --- |");
  for (const { mistake, caught } of found)
    print(`| \`${mistake}\` | ${caught?.broken ?? "NOT CAUGHT"} | ${caught?.seed ?? `over ${seedsMax}`} |`);
  return found.every(({ caught }) => caught !== undefined);
}

const first = Number(values.seed);
const count = values.seeds === undefined ? undefined : Number(values.seeds);
const isFine = values.mutations
  ? runMutations(count ?? 5_000)
  : count === undefined
    ? traceSeed(first)
    : runSeeds(first, count);
process.exitCode = isFine ? 0 : 1;
