/**
 * `npm run sim`: runs the simulator in threads.
 *
 * `--seeds N` runs N seeds from `--seed S` (default 1), after those of the corpus; `--workers W` sets the threads;
 * `--seed S --trace` prints every operation of one seed; `--mutations` runs the gate, with at most N seeds a mistake.
 * Ends with 1 when a seed failed or a mistake went unnoticed, with 2 on a wrong option.
 */
import { allMistakes, pitfallOf } from "./mistakes.ts";
import type { Answer, Order } from "./worker.ts";
import type { Catch } from "./gate.ts";
import type { Mistake } from "./mistakes.ts";
import { Worker } from "node:worker_threads";
import { availableParallelism } from "node:os";
import { corpus } from "./corpus.ts";
import { parseArgs } from "node:util";
import { runSeed } from "./run.ts";

const seedsPerOrder = 200;
const progressMs = 5_000;
const mutationSeedsMax = 20_000;

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    trace: { type: "boolean", default: false },
    mutations: { type: "boolean", default: false },
  },
});

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Hands `orders` to threads, one after the other; `onAnswer` returns false to stop. */
async function runOrders(orders: Iterator<Order>, onAnswer: (answer: Answer) => boolean): Promise<void> {
  const workers = Array.from({ length: wholeNumber("workers", values.workers) }, () => newWorker());
  let isOver = false;
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          const next = (): void => {
            const order = isOver ? undefined : orders.next().value;
            if (order === undefined) resolve();
            // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
            else worker.postMessage(order);
          };
          worker.on("error", reject);
          worker.on("message", (answer: Answer) => {
            isOver ||= !onAnswer(answer);
            next();
          });
          next();
        }),
    ),
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
}

/** A thread does not inherit the loader that reads TypeScript: it has to register it first. */
function newWorker(): Worker {
  const loader = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const program = JSON.stringify(new URL("worker.ts", import.meta.url).href);
  return new Worker(`import(${loader}).then((api) => { api.register(); return import(${program}); });`, { eval: true });
}

function* seedOrders(first: number, count: number): Generator<Order, undefined> {
  for (const { seed } of corpus.bugs) yield { kind: "seeds", first: seed, count: 1 };
  for (let done = 0; done < count; done += seedsPerOrder)
    yield { kind: "seeds", first: first + done, count: Math.min(seedsPerOrder, count - done) };
  return undefined;
}

function* mistakeOrders(seedsMax: number): Generator<Order, undefined> {
  for (const mistake of allMistakes) yield { kind: "mistake", mistake, seedsMax };
  return undefined;
}

/** Runs seeds; returns whether all went well. */
async function runSeeds(first: number, count: number): Promise<boolean> {
  const totals = new Map<string, number>();
  const startedMs = performance.now();
  let [seedsRun, printedMs] = [0, startedMs];
  let failedSeed: number | undefined;
  await runOrders(seedOrders(first, count), (answer) => {
    if (answer.kind !== "seeds") return false;
    seedsRun += answer.seedsRun;
    for (const [name, value] of answer.counts) totals.set(name, (totals.get(name) ?? 0) + value);
    failedSeed ??= answer.failedSeed;
    const nowMs = performance.now();
    if (nowMs - printedMs > progressMs) {
      print(`${seedsRun} seeds, ${rate(seedsRun, nowMs - startedMs)} a second`);
      printedMs = nowMs;
    }
    return failedSeed === undefined;
  });
  print(`${seedsRun} seeds, ${rate(seedsRun, performance.now() - startedMs)} a second`);
  for (const [name, value] of [...totals].toSorted(([left], [right]) => left.localeCompare(right)))
    print(`${String(value).padStart(12)}  ${name}`);
  if (failedSeed !== undefined) traceSeed(failedSeed);
  return failedSeed === undefined;
}

/** Runs one seed with every operation printed; returns whether it went well. */
function traceSeed(seed: number): boolean {
  const { invariant, message } = runSeed(seed, undefined, print);
  print(invariant === undefined ? `seed ${seed}: no violation` : `seed ${seed} FAILED: ${message}`);
  if (invariant !== undefined) print(`replay it with: npm run sim -- --seed ${seed} --trace`);
  return invariant === undefined;
}

/** Runs the gate and prints its table; returns whether every mistake was caught. */
async function runMutations(seedsMax: number): Promise<boolean> {
  const caught = new Map<Mistake, Catch | undefined>();
  await runOrders(mistakeOrders(seedsMax), (answer) => {
    if (answer.kind === "mistake") caught.set(answer.mistake, answer.caught);
    return true;
  });
  print("| pitfall | mistake put back | caught by | seeds needed |\n| --- | --- | --- | --- |");
  for (const mistake of allMistakes) {
    const found = caught.get(mistake);
    const result = found === undefined ? `NOT CAUGHT | over ${seedsMax}` : `${found.invariant} | ${found.seedsRun}`;
    print(`| ${pitfallOf[mistake]} | \`${mistake}\` | ${result} |`);
  }
  return [...caught.values()].every((found) => found !== undefined);
}

function rate(count: number, elapsedMs: number): number {
  return Math.round((count * 1000) / elapsedMs);
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    process.stderr.write(`--${option} takes a whole number from 1, not ${JSON.stringify(text)}\n`);
    process.exit(2);
  }
  return value;
}

const first = wholeNumber("seed", values.seed);
const count = values.seeds === undefined ? undefined : wholeNumber("seeds", values.seeds);
let isFine: boolean;
if (values.mutations) isFine = await runMutations(count ?? mutationSeedsMax);
else if (values.trace || count === undefined) isFine = traceSeed(first);
else isFine = await runSeeds(first, count);
process.exitCode = isFine ? 0 : 1;
