/** Runs one seed and says what came of it. */
import type { Mistake } from "./mistakes.ts";
import { Violation } from "./violation.ts";
import { World } from "./world.ts";
import { mix } from "./machine.ts";

export interface Outcome {
  readonly seed: number;
  /** The invariant that broke, or undefined. */
  readonly invariant: string | undefined;
  readonly message: string;
  readonly counts: ReadonlyMap<string, number>;
  /** Equal for equal runs. */
  readonly fingerprint: number;
}

const noMistakes: ReadonlySet<Mistake> = new Set<Mistake>();

/** Runs `seed`, with mistakes if any; `note` receives every operation as a line. Same arguments, same outcome. */
export function runSeed(
  seed: number,
  mistakes: ReadonlySet<Mistake> = noMistakes,
  note?: (text: string) => void,
): Outcome {
  const world = new World(seed, mistakes, note);
  let invariant: string | undefined;
  let message = "";
  try {
    world.run();
  } catch (error) {
    invariant = error instanceof Violation ? error.invariant : "core assertion";
    message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof Violation)) note?.(error instanceof Error ? (error.stack ?? "") : message);
    note?.(message);
  }
  const { counts } = world.observer;
  let fingerprint = 0;
  for (const [name, count] of counts) fingerprint = mix(mix(fingerprint, name.length), count);
  for (const node of world.cluster.nodes)
    fingerprint = mix(mix(fingerprint, node.machine.digest()), node.raft.status().term);
  return { seed, invariant, message, counts, fingerprint };
}
