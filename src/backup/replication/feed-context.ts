/** What the parts of one link's feed share. */
import type { FileKey, LeaseId, PeerId, ShelfId } from "../../core/ids.ts";
import type { ChainLink } from "../../core/shelf.ts";
import type { FeedQueue } from "./feed-queue.ts";
import type { LinkCalls } from "./link-calls.ts";
import type { LinkPort, ReplicationClock, ReplicationLog, ReplicationPacer, ShelfStore } from "./ports.ts";
import type { ReadGuards } from "./read-guards.ts";

/** The owner, as a feed needs it. */
export interface FeedHost {
  /** The epoch by which this peer owns the shelf. Fails with `moved` when it does not. */
  epoch(): number;
  /** Runs `work` while no change is being made. It must not wait for a link. */
  still<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Says in the catalogue that the link has everything, if `isEqual` still holds when it is its turn. */
  claim(peer: PeerId, isEqual: () => boolean): Promise<void>;
  /** Says in the catalogue that the link has nothing that could be relied upon. */
  disclaim(peer: PeerId): Promise<void>;
  /** A link knows that this epoch is over. */
  moved(epoch: number): void;
}

/** What does not change from feed to feed. */
export interface FeedSettings {
  readonly shelf: ShelfId;
  readonly store: ShelfStore;
  readonly clock: ReplicationClock;
  readonly pacer: ReplicationPacer;
  readonly log: ReplicationLog;
  readonly newLease: () => LeaseId;
  readonly leaseMs: number;
  readonly linkPatienceMs: number;
  readonly linkSilenceMs: number;
  readonly verifyMs: number;
  readonly fillWindowBytes: number;
  /**
   * Of records that a link has and the owner has not, those that may go there. What a revision still names may not: it has
   * to come to the owner first, for nobody else may have it. Without it all may go.
   */
  readonly releasable?:
    | ((fileKeys: readonly FileKey[], signal: AbortSignal) => Promise<readonly FileKey[]>)
    | undefined;
}

export interface FeedContext extends FeedSettings {
  readonly host: FeedHost;
  readonly peer: PeerId;
  /** The link keeps the records with more copies than this. */
  readonly position: number;
  readonly port: LinkPort;
  /** The link as the chain has it now. */
  readonly link: () => ChainLink;
  readonly queue: FeedQueue;
  readonly guards: ReadGuards;
}

/** What the parts of one session with a link share. */
export interface SessionContext extends FeedContext {
  readonly calls: LinkCalls;
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
}
