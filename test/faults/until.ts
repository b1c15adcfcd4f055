/** Waiting for what can be observed: no test sleeps for a time that it hopes is enough. */
import { setTimeout as delay } from "node:timers/promises";

const lookEveryMs = 50;

/**
 * Looks until `look` gives something, for at most `withinMs`; a look that fails is one that gives nothing. Fails with
 * what was waited for and why the last look failed.
 */
export async function until<Result>(
  what: string,
  withinMs: number,
  look: () => Promise<Result | undefined> | Result | undefined,
): Promise<Result> {
  const deadline = performance.now() + withinMs;
  let failure: unknown;
  for (;;) {
    try {
      const result = await look();
      if (result !== undefined) return result;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) throw new Error(`not within ${withinMs} ms: ${what}`, { cause: failure });
    await delay(lookEveryMs);
  }
}
