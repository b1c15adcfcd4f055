/** How long a command may take: until it is interrupted, or its time is up. */
import { setTimeout as delay } from "node:timers/promises";
import { DfsError } from "../core/errors.ts";
import { commandStopMs } from "../core/limits.ts";

/** Runs `work` under a signal that fires with `interrupt`, or with a `timeout` error after `timeoutMs`; see `unlessStuck`. */
export async function withinTime<Result>(
  interrupt: AbortSignal,
  timeoutMs: number | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  if (timeoutMs === undefined) return work(interrupt);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(timeoutError(timeoutMs)), timeoutMs);
  try {
    return await work(AbortSignal.any([interrupt, timeout.signal]));
  } finally {
    clearTimeout(timer);
  }
}

function timeoutError(timeoutMs: number): DfsError {
  return new DfsError("timeout", `did not end within ${timeoutMs / 1000} s (--timeout)`);
}

/**
 * What `work` gives. Work that goes on for long after `signal` fired is left alone: then `onStuck` is called and this
 * fails with the signal's reason.
 */
export async function unlessStuck<Result>(
  signal: AbortSignal,
  work: Promise<Result>,
  onStuck?: () => void,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => undefined;
  const stuck = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      timer = setTimeout(() => {
        onStuck?.();
        reject(signal.reason as Error);
      }, commandStopMs);
    };
  });
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, stuck]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Waits for `closing`, but at most `ms`: what is stuck then ends with the program. Fails as it does. */
export async function closed(closing: Promise<void>, ms: number): Promise<void> {
  const gaveUp = new AbortController();
  try {
    await Promise.race([closing, delay(ms, undefined, { signal: gaveUp.signal })]);
  } finally {
    gaveUp.abort();
  }
}
