/** What peers asked for when they had too much to do: until then nothing more of the kind is sent to them. */
import { DfsError } from "../../core/errors.ts";
import { busyHoldMsMax, peersMax } from "../../core/limits.ts";

export interface BusyGateOptions {
  /** Milliseconds that never go back. */
  readonly nowMs?: () => number;
  /** From 0 up to, not including, 1. */
  readonly random?: () => number;
}

/** Serves one kind of work, for all peers that are asked for it. */
export class BusyGate<Peer> {
  readonly #nowMs: () => number;
  readonly #random: () => number;
  readonly #untilMs = new Map<Peer, number>();

  constructor({ nowMs = () => performance.now(), random = Math.random }: BusyGateOptions = {}) {
    this.#nowMs = nowMs;
    this.#random = random;
  }

  /** Milliseconds for which nothing is sent to `peer`; 0 where something may be. */
  waitMs(peer: Peer): number {
    const leftMs = (this.#untilMs.get(peer) ?? 0) - this.#nowMs();
    if (leftMs > 0) return leftMs;
    this.#untilMs.delete(peer);
    return 0;
  }

  /** Fails with `busy` while nothing is sent to `peer`. */
  pass(peer: Peer): void {
    const waitMs = this.waitMs(peer);
    if (waitMs > 0)
      throw new DfsError("busy", `the peer has too much to do: try again in ${Math.ceil(waitMs)} ms`, {
        retryAfterMs: Math.ceil(waitMs),
      });
  }

  /** Looks at how a request ended: where it was `busy` with a time, that time is kept, and a part more that differs. */
  note(peer: Peer, error: unknown): void {
    if (!(error instanceof DfsError) || error.kind !== "busy" || error.retryAfterMs === undefined) return;
    const holdMs = Math.min(busyHoldMsMax, error.retryAfterMs) * (1 + this.#random() / 2);
    const untilMs = Math.max(this.#untilMs.get(peer) ?? 0, this.#nowMs() + holdMs);
    this.#untilMs.delete(peer);
    this.#untilMs.set(peer, untilMs);
    const [oldest] = this.#untilMs.keys();
    if (this.#untilMs.size > peersMax && oldest !== undefined) this.#untilMs.delete(oldest);
  }
}
