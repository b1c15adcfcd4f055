/** What an operator may set of a peer's timing and bounds; the rest is in core/limits.ts. */
import { compactAfterEntries, leaseMs, outAfterMs } from "../core/limits.ts";

export interface PeerSettings {
  /** How long an upload's chunks wait for its next sign of life, in milliseconds. */
  readonly leaseMs: number;
  /** Without a heartbeat for this long, in milliseconds, a peer's work is given to others. */
  readonly outAfterMs: number;
  /** Entries that a coordinator's log may hold before its older half is compacted. */
  readonly compactAfterEntries: number;
}

export const usualSettings: PeerSettings = { leaseMs, outAfterMs, compactAfterEntries };
