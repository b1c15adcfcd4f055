/**
 * `npm run fuzz`: every target for a minute each, in turn, for ever. `npm run fuzz -- TARGET…` only these;
 * `--seconds N` each for so long, and once; `--seed S` (random unless told); `--jobs J` so many at a time (1 or 2);
 * `--replay FILE` runs one input of one target; `--minimise` drops from the corpus what reaches nothing of its own.
 * Ends with 1 when something was found, with 2 on a wrong option.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { addToCorpus, readCorpus, readInput, replaceCorpus, writeFinding } from "./corpus.ts";
import { examine } from "./examine.ts";
import type { FuzzFigures } from "./fuzzer.ts";
import type { FuzzTarget } from "./target.ts";
import { targetNamed, targets } from "./targets.ts";
import { FuzzThread } from "./thread.ts";

const secondsInTurn = 60;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    seed: { type: "string" },
    jobs: { type: "string", default: "1" },
    replay: { type: "string" },
    minimise: { type: "boolean", default: false },
  },
});

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
let findings = 0;

/** Fuzzes one target; what it finds goes to the disk. */
async function fuzz(thread: FuzzThread, target: FuzzTarget, seed: number, seconds: number): Promise<void> {
  const { name, bytesMax } = target;
  const order = { target: name, seed, seconds, corpus: readCorpus(name).map(({ bytes }) => bytes) };
  let last = "";
  await thread.run(order, bytesMax, (news) => {
    if (news.kind === "interesting" && !values.minimise) addToCorpus(name, news.input);
    if (news.kind === "loaded" && values.minimise) replaceCorpus(name, news.kept);
    if (news.kind === "progress" || news.kind === "done") last = figuresLine(name, seed, news.figures, news.elapsedMs);
    if (news.kind === "progress" && process.stdout.isTTY) process.stdout.write(`${last}\r`);
    if (news.kind !== "finding") return;
    findings += 1;
    print(`${name}: ${news.what}\n${writeFinding(name, news.input, news.what)}`);
  });
  print(last);
}

function figuresLine(name: string, seed: number, figures: FuzzFigures, elapsedMs: number): string {
  const { executions, corpus, blocks } = figures;
  const rate = Math.round((executions * 1000) / Math.max(1, elapsedMs));
  const seconds = Math.round(elapsedMs / 1000);
  return `${name.padEnd(14)} ${executions} executions in ${seconds} s, ${rate}/s, corpus ${corpus}, blocks ${blocks}, findings ${figures.findings}, seed ${seed}`;
}

/** Runs one input as often as it takes to see whether something is wrong with it. */
async function replay(target: FuzzTarget, path: string): Promise<void> {
  const fault = await examine(target, readInput(path).bytes);
  if (fault !== undefined) findings += 1;
  print(fault === undefined ? `${target.name}: nothing is wrong with ${path}` : String(fault.stack));
}

/** Takes targets one after the other, as several of these do together. */
async function work(queue: Iterator<FuzzTarget>, seconds: number): Promise<void> {
  const thread = new FuzzThread();
  for (let next = queue.next(); next.done !== true; next = queue.next()) {
    const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber("seed", values.seed, 0, 2 ** 53 - 1);
    await fuzz(thread, next.value, seed, seconds);
  }
  await thread.stop();
}

function* inTurn(chosen: readonly FuzzTarget[], isOnce: boolean): Generator<FuzzTarget, undefined> {
  yield* chosen;
  if (!isOnce) for (;;) yield* chosen;
  return undefined;
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  return refuse(`--${option} takes a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}

function chosenTargets(): readonly FuzzTarget[] {
  const unknown = positionals.find((name) => !targets.some((target) => target.name === name));
  if (unknown === undefined) return positionals.length === 0 ? targets : positionals.map(targetNamed);
  return refuse(`no target ${unknown}; there are ${targets.map(({ name }) => name).join(", ")}`);
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

const chosen = chosenTargets();
if (values.replay !== undefined) {
  for (const target of chosen) await replay(target, values.replay);
} else {
  const seconds = values.minimise ? 0 : wholeNumber("seconds", values.seconds ?? String(secondsInTurn), 1, 1e9);
  const queue = inTurn(chosen, values.seconds !== undefined || values.minimise);
  const jobs = wholeNumber("jobs", values.jobs, 1, 2);
  await Promise.all(Array.from({ length: jobs }, () => work(queue, seconds)));
}
process.exitCode = findings === 0 ? 0 : 1;
