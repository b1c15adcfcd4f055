/** One thread of the simulator: takes orders of consecutive seeds, or of a mistake, and answers each. */
import type { Catch } from "./gate.ts";
import { catchMistake } from "./gate.ts";
import type { Mistake } from "./mistakes.ts";
import { parentPort } from "node:worker_threads";
import { runSeed } from "./run.ts";

export type Order =
  | { readonly kind: "seeds"; readonly first: number; readonly count: number }
  | { readonly kind: "mistake"; readonly mistake: Mistake; readonly seedsMax: number };

export type Answer =
  | {
      readonly kind: "seeds";
      readonly seedsRun: number;
      readonly counts: ReadonlyMap<string, number>;
      /** The first seed that failed, if any. */
      readonly failedSeed: number | undefined;
    }
  | { readonly kind: "mistake"; readonly mistake: Mistake; readonly caught: Catch | undefined };

function runSeeds(first: number, count: number): Answer {
  const counts = new Map<string, number>();
  for (let seed = first; seed < first + count; seed++) {
    const outcome = runSeed(seed);
    for (const [name, value] of outcome.counts) counts.set(name, (counts.get(name) ?? 0) + value);
    if (outcome.invariant !== undefined) return { kind: "seeds", seedsRun: seed - first + 1, counts, failedSeed: seed };
  }
  return { kind: "seeds", seedsRun: count, counts, failedSeed: undefined };
}

function carryOut(order: Order): Answer {
  if (order.kind === "seeds") return runSeeds(order.first, order.count);
  const { mistake, seedsMax } = order;
  return { kind: "mistake", mistake, caught: catchMistake(mistake, seedsMax) };
}

parentPort?.on("message", (order: Order) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(carryOut(order));
});
