import type { PeerId } from "../core/ids.ts";
import { announceRetryMsMax, announceRetryMsMin, peersRestingMax } from "../core/limits.ts";

interface Rest {
  readonly failures: number;
  readonly untilMs: number;
}

/** Pause before the next try after `failures` failures in a row (1 or more): doubles from 1 s to 10 min. */
export function retryDelayMs(failures: number): number {
  return Math.min(announceRetryMsMin * 2 ** Math.min(failures - 1, 30), announceRetryMsMax);
}

/** Peers that failed lately and are left alone for a while, longer after each failure. Remembers a bounded number. */
export class RestingPeers {
  readonly #rests = new Map<PeerId, Rest>();

  /** Notes that `peer` failed; it rests at least `retryAfterMs`, when it said so itself. */
  failed(peer: PeerId, nowMs: number, retryAfterMs = 0): void {
    const failures = (this.#rests.get(peer)?.failures ?? 0) + 1;
    const pauseMs = Math.min(Math.max(retryDelayMs(failures), retryAfterMs), announceRetryMsMax);
    this.#rests.delete(peer);
    this.#rests.set(peer, { failures, untilMs: nowMs + pauseMs });
    if (this.#rests.size > peersRestingMax) this.#rests.delete(this.#rests.keys().next().value as PeerId);
  }

  /** Notes that `peer` answered: its failures are forgotten. */
  succeeded(peer: PeerId): void {
    this.#rests.delete(peer);
  }

  /** Whether `peer` should be left alone now. */
  isResting(peer: PeerId, nowMs: number): boolean {
    const untilMs = this.#rests.get(peer)?.untilMs ?? 0;
    // A rest that ends later than any rest can: the clock was set back.
    return untilMs > nowMs && untilMs <= nowMs + announceRetryMsMax;
  }

  /** When the next of the resting peers may be tried again; undefined when none rests. */
  nextEndMs(nowMs: number): number | undefined {
    let earliestMs: number | undefined;
    for (const [peer, { untilMs }] of this.#rests) {
      if (this.isResting(peer, nowMs) && untilMs < (earliestMs ?? Infinity)) earliestMs = untilMs;
    }
    return earliestMs;
  }
}
