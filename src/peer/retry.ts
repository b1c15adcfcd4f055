/** Trying again what may succeed the next time: with pauses that grow and differ, and an end. */
import { setTimeout as delay } from "node:timers/promises";
import { type DfsError, toDfsError } from "../core/errors.ts";
import { busyRetryMsMax, busyRetryMsMin } from "../core/limits.ts";

export interface RetryOptions {
  /** Tries in all, at the most; without it, as many as there is time for. */
  readonly attempts?: number | undefined;
  /** No try begins later than so many milliseconds after the first; without it, whenever. */
  readonly forMs?: number | undefined;
  /** First pause in milliseconds; each further one is twice as long, give or take a half. */
  readonly pauseMs: number;
  /** The longest pause, give or take a half. */
  readonly pauseMsMax?: number | undefined;
  /** Whether an error is worth another try, besides that a retry can help with its kind. */
  readonly mayPass?: ((error: DfsError) => boolean) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * The result of `work`, which is called again while it fails with an error of which a retry can help (but for a
 * conflict, which only a new decision can solve). Fails with the last error, or at once when the signal aborts.
 */
export async function withRetries<Result>(
  options: RetryOptions,
  work: (attempt: number) => Promise<Result>,
): Promise<Result> {
  const { mayPass = () => true } = options;
  const {
    attempts = Number.POSITIVE_INFINITY,
    forMs = Number.POSITIVE_INFINITY,
    pauseMs,
    pauseMsMax,
    signal,
  } = options;
  const endMs = performance.now() + forMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (thrown) {
      const error = toDfsError(thrown);
      if (signal?.aborted === true || attempt >= attempts || !isWorthRetrying(error) || !mayPass(error)) throw error;
      const growingMs = Math.min(pauseMs * 2 ** (attempt - 1), pauseMsMax ?? Number.POSITIVE_INFINITY);
      // Who was told when to come back does not come sooner, and later from time to time.
      const { retryAfterMs } = error;
      const nextMs =
        retryAfterMs === undefined
          ? growingMs * (0.5 + Math.random())
          : Math.max(retryAfterMs, growingMs) * (1 + Math.random() / 2);
      if (performance.now() + nextMs > endMs) throw error;
      await delay(nextMs, undefined, signal && { signal }).catch(() => {
        throw error;
      });
    }
  }
}

/** For work that is tried again only while whoever should do it is busy. */
export const whileBusy = {
  pauseMs: busyRetryMsMin,
  pauseMsMax: busyRetryMsMax,
  mayPass: ({ kind }: DfsError): boolean => kind === "busy",
} as const;

function isWorthRetrying({ kind, retryHelps }: DfsError): boolean {
  return retryHelps && kind !== "conflict" && kind !== "interrupted";
}
