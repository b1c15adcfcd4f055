/** What chains are planned from, and what comes of it. */
import type { PeerId, ShelfId } from "../core/ids.ts";
import { fillsAtOnceMin, peersPerFill } from "../core/limits.ts";
import type { ChainLink } from "../core/shelf.ts";
import type { PlannerFault } from "./planner-faults.ts";

/**
 * How lately the leader has heard of a peer: `down` may come back at any moment, of `out` nobody expects it. One of which
 * a new leader has not heard yet is `suspect`: it is not replaced, and nothing is built on it.
 */
export type PeerStanding = "up" | "suspect" | "down" | "out";

/** What was ordered for a peer's storage: move it off; move it off for good; or give up what only it had. */
export type StorageOrder = "drain" | "remove" | "abandon";

/** One member, as the leader sees it. */
export interface PlanPeer {
  readonly id: PeerId;
  readonly zone: string;
  readonly standing: PeerStanding;
  /** Whether it has a store for others' files; without one it becomes no link. */
  readonly storesFiles: boolean;
  /** Bytes that its store would still take; counts only while it is `up`. */
  readonly freeBytes: number;
  readonly order: StorageOrder | null;
}

/** One shelf, as the catalogue knows it. */
export interface PlanShelf {
  readonly shelf: ShelfId;
  /** The peer that the shelf was made with, and to which it returns. */
  readonly home: PeerId | null;
  readonly epoch: number;
  readonly links: readonly ChainLink[];
  /** The most copies that any of its files asks for. */
  readonly copiesMax: number;
  readonly bytes: number;
  /**
   * Links without a claim of which the owner says that they fail, though they are up: lately, which is as if they were down, or
   * for so long that they are not expected to answer again.
   */
  readonly failing?: ReadonlyMap<PeerId, "away" | "lost">;
}

/** Everything that the plan depends on. The order of the lists does not matter. */
export interface PlanInput {
  readonly peers: readonly PlanPeer[];
  readonly shelves: readonly PlanShelf[];
  /** The network's policy. */
  readonly copies: number;
  /** Shelves that may be copied to new links at the same time. */
  readonly fillsAtOnceMax: number;
  /** For tests only: mistakes to make. */
  readonly faults?: ReadonlySet<PlannerFault>;
}

/** A chain to be committed in the place of that of `epoch`. */
export interface ChainOrder {
  readonly shelf: ShelfId;
  readonly epoch: number;
  readonly links: readonly ChainLink[];
  /** One short phrase for the log. */
  readonly reason: string;
}

/** How many shelves may be copied to new links at the same time in a network of so many peers. */
export function fillsAtOnceFor(peers: number): number {
  return Math.max(fillsAtOnceMin, Math.floor(peers / peersPerFill));
}
