/** A check: one look at one thing, which ends in a finding; and how many of them are made. */
import { setMaxListeners } from "node:events";
import type { CheckArea, CheckResult } from "../../core/checks.ts";
import { withDeadline } from "../../core/deadline.ts";
import { toDfsError } from "../../core/errors.ts";
import { checkMs } from "../../core/limits.ts";

export type Finding = Pick<CheckResult, "outcome" | "found" | "advice">;

export interface Check {
  readonly area: CheckArea;
  readonly name: string;
  readonly find: (signal: AbortSignal) => Promise<Finding> | Finding;
}

export function fine(found: string): Finding {
  return { outcome: "ok", found };
}

export function warning(found: string, advice: string): Finding {
  return { outcome: "warning", found, advice };
}

export function fault(found: string, advice: string): Finding {
  return { outcome: "fault", found, advice };
}

/**
 * Makes all checks at once; yields their results in the order given. One that fails, or takes longer than `deadlineMs`, is
 * a warning that says so. Ends them all when nobody listens any more. Fails only as `signal` says.
 */
export async function* makeChecks(
  checks: readonly Check[],
  signal: AbortSignal | undefined,
  deadlineMs = checkMs,
): AsyncGenerator<CheckResult> {
  const ending = new AbortController();
  // One listener a check and more; by default more than ten are taken for a leak.
  setMaxListeners(0, ending.signal);
  const onAbort = (): void => ending.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    const running = checks.map((check) => made(check, ending.signal, deadlineMs));
    // Whoever stops listening leaves some of them behind.
    for (const result of running) result.catch(() => undefined);
    for (const result of running) yield await result;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    ending.abort();
  }
}

async function made({ area, name, find }: Check, signal: AbortSignal, deadlineMs: number): Promise<CheckResult> {
  try {
    const finding = await withDeadline(deadlineMs, signal, async (bounded) => find(bounded));
    return { area, name, ...finding };
  } catch (error) {
    signal.throwIfAborted();
    const { message } = toDfsError(error);
    return { area, name, ...warning(`could not be checked: ${message}`, "try again; see the other results") };
  }
}
