/** Trying again what may succeed the next time: with pauses that grow and differ, and an end. */
import { setTimeout as delay } from "node:timers/promises";
import { type DfsError, toDfsError } from "../core/errors.ts";

export interface RetryOptions {
  /** Tries in all, at the most. */
  readonly attempts: number;
  /** First pause in milliseconds; each further one is twice as long, give or take a half. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

/**
 * The result of `work`, which is called again while it fails with an error of which a retry can help (but for a
 * conflict, which only a new decision can solve). Fails with the last error, or at once when the signal aborts.
 */
export async function withRetries<Result>(
  options: RetryOptions,
  work: (attempt: number) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (thrown) {
      const error = toDfsError(thrown);
      if (options.signal.aborted || attempt >= options.attempts || !isWorthRetrying(error)) throw error;
      const pauseMs = error.retryAfterMs ?? options.pauseMs * 2 ** (attempt - 1);
      await delay(pauseMs * (0.5 + Math.random()), undefined, { signal: options.signal }).catch(() => {
        throw error;
      });
    }
  }
}

function isWorthRetrying({ kind, retryHelps }: DfsError): boolean {
  return retryHelps && kind !== "conflict" && kind !== "interrupted";
}
