/**
 * Reads that wait for their leader to prove that it still leads (paper, section 8; dissertation, 6.4).
 *
 * Reads gather until the next heartbeats leave. These carry a round number; when a majority has acknowledged that
 * round, every read in it may be served at the commit index of the moment when the round began. A round begins after
 * its reads were asked, and its number is never used again in the term, so no earlier acknowledgement can confirm it.
 */
import type { MemberId } from "./types.ts";

/** Who asked: this member under the caller's context, or a follower under its read id. */
export interface PendingRead {
  readonly from: MemberId;
  readonly id: number;
}

/** Reads that may be served once `index` is applied. */
export interface ConfirmedReads {
  readonly index: number;
  readonly reads: readonly PendingRead[];
}

export class ReadQueue {
  #round = 0;
  #size = 0;
  #gathering: PendingRead[] = [];
  #rounds: (ConfirmedReads & { readonly round: number })[] = [];

  /** The last round that began; 0 before the first. */
  get round(): number {
    return this.#round;
  }

  /** Reads in the queue. */
  get size(): number {
    return this.#size;
  }

  get isGathering(): boolean {
    return this.#gathering.length > 0;
  }

  add(read: PendingRead): void {
    this.#gathering.push(read);
    this.#size++;
  }

  /** Begins a round with everything gathered, to be served at `index`. */
  beginRound(index: number): void {
    this.#round++;
    this.#rounds.push({ round: this.#round, index, reads: this.#gathering });
    this.#gathering = [];
  }

  /** Takes out what is confirmed when a majority has acknowledged `round`. */
  confirm(round: number): readonly ConfirmedReads[] {
    const count = this.#rounds.findIndex((pending) => pending.round > round);
    const confirmed = this.#rounds.splice(0, count < 0 ? this.#rounds.length : count);
    for (const { reads } of confirmed) this.#size -= reads.length;
    return confirmed;
  }

  /** Takes out everything, because the leader is none any more. */
  drop(): readonly PendingRead[] {
    const dropped = [...this.#rounds.flatMap((pending) => pending.reads), ...this.#gathering];
    this.#rounds = [];
    this.#gathering = [];
    this.#size = 0;
    return dropped;
  }
}
