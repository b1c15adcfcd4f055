/**
 * Deadlines for calls that leave this process.
 *
 * `AbortSignal.any` is not used: on Node 20 a combined signal may be collected as garbage before it fires, and its
 * deadline with it. Here the timer itself holds the signal until the work has ended.
 */
import { DfsError, toDfsError } from "./errors.ts";

/** What deadlines need of a clock, so that a test can advance it by hand. */
export interface DeadlineClock {
  /** Calls `callback` once after `delayMs`, unless the returned function was called before. */
  after(delayMs: number, callback: () => void): () => void;
}

const realClock: DeadlineClock = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * Runs `work` for at most `deadlineMs`, with a signal that aborts at the deadline or with `parent`.
 *
 * Ends in time even when `work` ignores its signal. Fails with what `work` fails with, with `timeout` at the deadline,
 * and with the parent's reason (as a DfsError) when the parent aborts.
 */
export async function withDeadline<Result>(
  deadlineMs: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
  clock: DeadlineClock = realClock,
): Promise<Result> {
  if (parent?.aborted === true) throw toDfsError(parent.reason);
  const controller = new AbortController();
  const onParentAbort = (): void => controller.abort(toDfsError(parent?.reason));
  parent?.addEventListener("abort", onParentAbort, { once: true });
  const cancelTimer = clock.after(deadlineMs, () => {
    controller.abort(new DfsError("timeout", `no answer within ${deadlineMs / 1000} s`));
  });
  try {
    return await Promise.race([work(controller.signal), rejectOnAbort(controller.signal)]);
  } finally {
    cancelTimer();
    parent?.removeEventListener("abort", onParentAbort);
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(toDfsError(signal.reason)), { once: true });
  });
}
