/** What trees hold, as `du` and `ncdu` sum it up. */
import type { Entry } from "../core/client.ts";

/** What a tree holds, in bytes. */
export interface Sums {
  /** Plaintext, as `ls` shows it. */
  logical: number;
  /** Sealed bytes that the newest revisions added: after deduplication. */
  unique: number;
  /** The same, of earlier revisions. */
  history: number;
  /** Both, times the disks that they are on. */
  replicated: number;
}

/** The sums of nothing. */
export function noBytes(): Sums {
  return { logical: 0, unique: 0, history: 0, replicated: 0 };
}

/** What one entry holds by itself. */
export function sumsOf({ sizeBytes, addedBytes, historyBytes, copies }: Entry): Sums {
  return {
    logical: sizeBytes,
    unique: addedBytes,
    history: historyBytes,
    replicated: (addedBytes + historyBytes) * copies,
  };
}

/** Adds `from` to `to`. */
export function addSums(to: Sums, from: Sums): void {
  to.logical += from.logical;
  to.unique += from.unique;
  to.history += from.history;
  to.replicated += from.replicated;
}
