/** The corpus on disk: `corpus/TARGET/*.bin`, and what fuzzing finds: `findings/TARGET/*.bin` with a text beside each. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const corpusFolder = join(import.meta.dirname, "corpus");
const findingsFolder = join(import.meta.dirname, "findings");
/** Inputs that once showed a fault; they stay, whatever else reaches the same code. */
const keptPrefix = "fixed-";

export interface CorpusInput {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The inputs of a target, in the order of their names. */
export function readCorpus(target: string): readonly CorpusInput[] {
  const folder = join(corpusFolder, target);
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder)
    .filter((name) => name.endsWith(".bin"))
    .toSorted()
    .map((name) => readInput(join(folder, name)));
}

export function readInput(path: string): CorpusInput {
  return { path, bytes: new Uint8Array(readFileSync(path)) };
}

export function addToCorpus(target: string, input: Uint8Array): void {
  writeFileSync(join(corpusFolder, target, nameOf(input)), input);
}

/** Leaves only `kept` inputs in the corpus, and those that once showed a fault. */
export function replaceCorpus(target: string, kept: readonly Uint8Array[]): void {
  for (const { path } of readCorpus(target)) if (!path.includes(`/${keptPrefix}`)) rmSync(path);
  for (const input of kept) addToCorpus(target, input);
}

/** Writes a finding and how to look at it. Returns the path of the input. */
export function writeFinding(target: string, input: Uint8Array, what: string): string {
  const folder = join(findingsFolder, target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, nameOf(input));
  writeFileSync(path, input);
  writeFileSync(path.replace(/\.bin$/, ".txt"), `${what}\n\nnpm run fuzz -- ${target} --replay ${path}\n`);
  return path;
}

function nameOf(input: Uint8Array): string {
  return `${createHash("sha256").update(input).digest("hex").slice(0, 16)}.bin`;
}
