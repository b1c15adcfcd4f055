/** What an operator may set of a peer's timing and bounds; the rest is in core/limits.ts. */
import type { PeerState } from "../core/client.ts";
import {
  compactAfterEntries,
  downAfterMs,
  leaseMs,
  outAfterMs,
  scrubIntervalMs,
  suspectAfterMs,
} from "../core/limits.ts";

/** How long a peer has been silent, in milliseconds, when it is suspect, down and out; each longer than the one before. */
export interface StandingTimes {
  readonly suspectAfterMs: number;
  /** Others take its place. */
  readonly downAfterMs: number;
  /** What it had is copied anew. */
  readonly outAfterMs: number;
}

export interface PeerSettings extends StandingTimes {
  /** How long an upload's chunks wait for its next sign of life, in milliseconds. */
  readonly leaseMs: number;
  /** Entries that a coordinator's log may hold before its older half is compacted. */
  readonly compactAfterEntries: number;
  /** How long one check of all chunks on the disk takes, in milliseconds. */
  readonly scrubIntervalMs: number;
}

export const usualSettings: PeerSettings = {
  leaseMs,
  suspectAfterMs,
  downAfterMs,
  outAfterMs,
  compactAfterEntries,
  scrubIntervalMs,
};

/** How a peer stands that was last heard of so long ago. */
export function standingOf(
  ageMs: number,
  { suspectAfterMs: suspect, downAfterMs: down, outAfterMs: out }: StandingTimes,
): PeerState {
  if (ageMs >= out) return "out";
  if (ageMs >= down) return "down";
  return ageMs >= suspect ? "suspect" : "up";
}
