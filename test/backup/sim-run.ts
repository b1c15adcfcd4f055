/** Runs one seed and says what came of it; puts one mistake back and looks for a seed that notices. */
import type { Mistake } from "./sim-mistakes.ts";
import { Violation } from "../sim/violation.ts";
import { World } from "./sim-world.ts";
import { noMistakes } from "./sim-mistakes.ts";

export interface Outcome {
  /** The promise that broke, or undefined. */
  readonly broken: string | undefined;
  readonly message: string;
  readonly counts: ReadonlyMap<string, number>;
}

/** Runs `seed`, with mistakes if any; `note` receives everything that happens as lines. Same arguments, same outcome. */
export function runSeed(
  seed: number,
  mistakes: ReadonlySet<Mistake> = noMistakes,
  note?: (text: string) => void,
): Outcome {
  const world = new World(seed, mistakes, note);
  const { counts } = world.observer;
  try {
    world.run();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    note?.(error.message);
    return { broken: error.invariant, message: error.message, counts };
  }
  return { broken: undefined, message: "", counts };
}

/** The first seed that notices `mistake`, and what it says; undefined when none of `seedsMax` does. */
export function catchMistake(
  mistake: Mistake,
  seedsMax: number,
): { readonly seed: number; readonly broken: string } | undefined {
  const mistakes = new Set([mistake]);
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { broken } = runSeed(seed, mistakes);
    // A seed that fails without the mistake is a bug of ours, and no evidence.
    if (broken !== undefined && runSeed(seed).broken === undefined) return { seed, broken };
  }
  return undefined;
}
