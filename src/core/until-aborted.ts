/** Waiting that a signal can end. */
import { toDfsError } from "./errors.ts";

/** The outcome of `promise`, or the signal's reason as soon as it aborts; what then becomes of `promise` is of no interest. */
export async function untilAborted<Result>(signal: AbortSignal, promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  if (signal.aborted) throw toDfsError(signal.reason);
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(toDfsError(signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
