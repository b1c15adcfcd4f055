/** The mutation gate: puts one mistake back and looks for the first seed whose run notices. This is the evidence that the simulator can fail. */
import type { Mistake } from "./mistakes.ts";
import { runSeed } from "./run.ts";

/** How a mistake was caught. */
export interface Catch {
  readonly mistake: Mistake;
  readonly seed: number;
  /** Seeds that were run, this one included. */
  readonly seedsRun: number;
  readonly invariant: string;
}

/** Runs `firstGuess`, if there is one, then seeds from 1, until one notices `mistake`; undefined after `seedsMax` seeds. */
export function catchMistake(mistake: Mistake, seedsMax: number, firstGuess?: number): Catch | undefined {
  const mistakes = new Set([mistake]);
  for (let seedsRun = 1; seedsRun <= seedsMax; seedsRun++) {
    const seed = seedsRun === 1 && firstGuess !== undefined ? firstGuess : seedsRun;
    const { invariant } = runSeed(seed, mistakes);
    // A seed that fails without the mistake is a bug of ours, and no evidence.
    if (invariant !== undefined && runSeed(seed).invariant === undefined) return { mistake, seed, seedsRun, invariant };
  }
  return undefined;
}
