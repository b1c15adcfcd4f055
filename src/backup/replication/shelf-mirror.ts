/**
 * The other end of a feed: carries out what the owner of a shelf sends, on this peer's disk.
 *
 * It obeys only the peer that the chain of the caller's epoch names as the owner, and within an epoch only the newest feed:
 * a call that was sent before and arrives late could undo what came after it.
 */
import pLimit from "p-limit";
import type { LimitFunction } from "p-limit";
import { DfsError } from "../../core/errors.ts";
import type { FileKey, LeaseId, PeerId, ShelfId } from "../../core/ids.ts";
import { recordsPerCallMax } from "../../core/limits.ts";
import type { Savepoint, ShelfChange } from "../../core/shelf.ts";
import { isLongOver, leasesThat } from "./expired-leases.ts";
import type { LeaseTime } from "./expired-leases.ts";
import type { ChangesToApply, FeedStart, KnownChain, ShelfBucket, ShelfStore } from "./ports.ts";

export interface ShelfMirrorOptions {
  readonly self: PeerId;
  readonly store: ShelfStore;
  /** The chain as this peer knows it now; undefined for a shelf that it does not know. */
  readonly chainOf: (shelf: ShelfId) => KnownChain | undefined;
  /** Resolves once the list of members was asked for anew. */
  readonly refresh: (signal: AbortSignal) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** How long a lease runs from its last sign of life. */
  readonly leaseMs: number;
  /** A random number, 0 to 2^48 - 1. */
  readonly randomNumber: () => number;
  /** Hears of every change of a set on this disk, once it is durable: to announce and withdraw. */
  readonly onChanged?: (changes: readonly ShelfChange[]) => void;
}

/** The feed of one shelf that is served, and the line of its calls. */
interface ServedShelf {
  readonly line: LimitFunction;
  /** 0 before the first one. */
  feed: number;
  epoch: number;
}

/**
 * One for all shelves of which this peer is a link and not the owner. `sender` is the peer that calls.
 *
 * Every call fails with `moved` when the epoch is over or its chain does not name the sender as owner and this peer as a
 * link, with `busy` when this peer has not heard of the epoch yet, and besides as the store does.
 */
export class ShelfMirror {
  readonly #options: ShelfMirrorOptions;
  readonly #served = new Map<ShelfId, ServedShelf>();

  constructor(options: ShelfMirrorOptions) {
    this.#options = options;
  }

  /** Begins a feed, which ends every earlier one of the shelf. Waits for what that has under way here. */
  async begin(sender: PeerId, shelf: ShelfId, epoch: number, signal: AbortSignal): Promise<FeedStart> {
    await this.#check(sender, shelf, epoch, signal);
    const served = this.#serve(shelf);
    return served.line(async () => {
      if (epoch < served.epoch) throw isOver(shelf, epoch);
      served.epoch = epoch;
      served.feed = this.#options.randomNumber();
      return { feed: served.feed, savepoint: await this.#options.store.savepoint(shelf) };
    });
  }

  /** Opens or renews a lease, which pins chunks until the owner ends it or it runs out. */
  async holdLease(sender: PeerId, shelf: ShelfId, epoch: number, lease: LeaseId, signal: AbortSignal): Promise<void> {
    await this.#check(sender, shelf, epoch, signal);
    const { leaseMs, nowMs, store } = this.#options;
    await store.openLease(lease, shelf, nowMs() + leaseMs);
  }

  /** Lets go of a lease's pins and holds. */
  async endLease(sender: PeerId, shelf: ShelfId, epoch: number, lease: LeaseId, signal: AbortSignal): Promise<void> {
    await this.#check(sender, shelf, epoch, signal);
    await this.#options.store.endLease(lease, { signal });
  }

  /**
   * Carries changes out and resolves with the savepoint once they are durable. Fails with `conflict` when there is a newer
   * feed, `not-found` when chunks are missing or the lease is not open.
   */
  async apply(
    sender: PeerId,
    shelf: ShelfId,
    feed: number,
    changes: ChangesToApply,
    lease: LeaseId | undefined,
    signal: AbortSignal,
  ): Promise<Savepoint> {
    await this.#check(sender, shelf, changes.epoch, signal);
    const served = this.#served.get(shelf);
    if (served === undefined) throw isNotServed(shelf);
    const { store, onChanged } = this.#options;
    return served.line(async () => {
      if (served.feed !== feed) throw isNotServed(shelf);
      const savepoint = await store.applyChanges(shelf, changes, { lease });
      if (changes.changes.length > 0) onChanged?.(changes.changes);
      return savepoint;
    });
  }

  /** What is here of the shelf, by the first byte of the keys' digests: 256 rows. */
  async buckets(sender: PeerId, shelf: ShelfId, epoch: number, signal: AbortSignal): Promise<readonly ShelfBucket[]> {
    await this.#check(sender, shelf, epoch, signal);
    return this.#options.store.buckets(shelf, 0);
  }

  /** Up to `limit` (at most `recordsPerCallMax`) records of one bucket after `after`, in order of digest. */
  async keys(
    sender: PeerId,
    shelf: ShelfId,
    epoch: number,
    bucket: number,
    after: FileKey | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly ShelfChange[]> {
    await this.#check(sender, shelf, epoch, signal);
    const page = { position: 0, bucket, limit: Math.min(limit, recordsPerCallMax), ...(after && { after }) };
    const entries = await this.#options.store.shelfPage(shelf, page);
    return entries.map(({ fileKey, copies }) => ({ fileKey, copies }));
  }

  /**
   * Forgets up to `limit` records of a shelf of whose chain this peer is no link, and with the last of them the shelf;
   * returns how many. 0 when there is nothing left, and, whatever is left, when this peer is a link again.
   */
  async forgetSome(shelf: ShelfId, limit: number, signal: AbortSignal): Promise<number> {
    return this.#serve(shelf).line(async () => {
      const { chainOf, self, store } = this.#options;
      const chain = chainOf(shelf);
      const epochHere = (await store.savepoint(shelf))?.epoch ?? 0;
      if (chain === undefined || chain.epoch < epochHere) return 0; // what is here is newer than the list
      if (chain.links.some(({ peer }) => peer === self)) return 0;
      return store.forgetShelf(shelf, limit, { signal });
    });
  }

  #serve(shelf: ShelfId): ServedShelf {
    const served = this.#served.get(shelf) ?? { line: pLimit(1), feed: 0, epoch: 0 };
    this.#served.set(shelf, served);
    return served;
  }

  /** Lets go of the leases that ran out a while ago, of shelves that this peer does not own; records stay. */
  async endExpiredLeases(nowMs: number, signal: AbortSignal): Promise<void> {
    const { chainOf, leaseMs, self, store } = this.#options;
    const isOver = (status: LeaseTime): boolean =>
      chainOf(status.shelf)?.links[0]?.peer !== self && isLongOver(status, nowMs, leaseMs);
    for await (const lease of leasesThat(isOver, store)) await store.endLease(lease, { signal });
  }

  async #check(sender: PeerId, shelf: ShelfId, epoch: number, signal: AbortSignal): Promise<void> {
    const { chainOf, refresh, self } = this.#options;
    if ((chainOf(shelf)?.epoch ?? 0) < epoch) await refresh(signal);
    const chain = chainOf(shelf);
    if (chain === undefined || chain.epoch < epoch)
      throw new DfsError("busy", `this peer has not heard of epoch ${epoch} of shelf ${shelf} yet; try again`, {
        path: shelf,
      });
    const [owner, ...others] = chain.links;
    const isLink = others.some(({ peer }) => peer === self);
    if (chain.epoch > epoch || owner?.peer !== sender || !isLink) throw isOver(shelf, epoch);
  }
}

function isOver(shelf: ShelfId, epoch: number): DfsError {
  return new DfsError("moved", `epoch ${epoch} of shelf ${shelf} is over, or its chain is another; look it up again`, {
    path: shelf,
  });
}

function isNotServed(shelf: ShelfId): DfsError {
  return new DfsError("conflict", `shelf ${shelf} is served by another feed, or by none yet; begin a feed`, {
    path: shelf,
  });
}
