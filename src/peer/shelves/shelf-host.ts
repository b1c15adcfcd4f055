/**
 * This peer's part in the shelves: owner of some, another link of others, nothing of the rest.
 *
 * Which is which the list of members says, and it may change at any time; the parts in src/backup do the work. Writers
 * reach the shelves that this peer owns through here, from other peers and from this process alike.
 */
import { ShelfMirror } from "../../backup/replication/shelf-mirror.ts";
import type { LinkStatus } from "../../backup/replication/link-feed.ts";
import { ShelfOwner } from "../../backup/replication/shelf-owner.ts";
import type { ReplicationClock } from "../../backup/replication/ports.ts";
import type { StoredBytes } from "../../chunking/file-record.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { FileKey, LeaseId, PeerId, ShelfId, StoreId } from "../../core/ids.ts";
import { leaseSweepMs, leasesRememberedMax, recordsPerCallMax } from "../../core/limits.ts";
import type { ShelfChange } from "../../core/shelf.ts";
import type { ChunkStore } from "../../store/chunk-store.ts";
import type { CommandTarget } from "../command-session.ts";
import type { FailingLink } from "../coordination/failing-links.ts";
import type { Log } from "../log.ts";
import type { Members } from "../members.ts";
import type { PeerLinks } from "../peer-links.ts";
import { randomId, randomNumber } from "../random-ids.ts";
import { CatalogueChain } from "./catalogue-chain.ts";
import type { OwnShelves } from "./network-shelf.ts";
import type { OwnedShelf } from "./shelf-methods.ts";
import type { Confirmation } from "./shelf-port.ts";
import { storingPeers } from "../safety.ts";
import type { UserPacer } from "./user-pacer.ts";
import { WireLink } from "./wire-link.ts";

export interface ShelfHostOptions {
  readonly self: PeerId;
  readonly store: ChunkStore;
  /** The id of that store. */
  readonly storeId: StoreId;
  readonly members: Members;
  readonly links: PeerLinks;
  /** Commits as this peer. */
  readonly commands: CommandTarget;
  readonly clock: ReplicationClock;
  readonly pacer: UserPacer;
  /** Tells the finger table what is here, and what no longer is. */
  readonly announce: (fileKeys: readonly FileKey[]) => void;
  readonly withdraw: (fileKeys: readonly FileKey[]) => void;
  /** Runs what adds records to a shelf, so that collection does not drop them meanwhile. */
  readonly touching: <Result>(
    shelf: ShelfId,
    fileKeys: readonly FileKey[],
    work: () => Promise<Result>,
  ) => Promise<Result>;
  /** See FeedSettings in src/backup/replication/feed-context.ts. */
  readonly releasable: (
    shelf: ShelfId,
    owner: () => ShelfOwner,
    fileKeys: readonly FileKey[],
    signal: AbortSignal,
  ) => Promise<readonly FileKey[]>;
  /** A shelf has become this peer's own. */
  readonly onOwned: (shelf: ShelfId) => void;
  /** Asks the coordinators for the list of members. */
  readonly refresh: (signal?: AbortSignal) => Promise<void>;
  readonly leaseMs: number;
  readonly log: Log;
}

export class ShelfHost implements OwnShelves {
  readonly mirror: ShelfMirror;
  readonly #options: ShelfHostOptions;
  readonly #owners = new Map<ShelfId, ShelfOwner>();
  readonly #stopping = new AbortController();
  /** Whose upload each lease is, for the shelves that this peer owns; the one that rested longest first. */
  readonly #leases = new Map<LeaseId, ShelfId>();
  #timer: NodeJS.Timeout | undefined;
  #background: Promise<void> = Promise.resolve();
  #withdrawing: Promise<void> = Promise.resolve();

  constructor(options: ShelfHostOptions) {
    this.#options = options;
    this.mirror = new ShelfMirror({
      self: options.self,
      store: options.store,
      chainOf: (shelf) => options.members.shelf(shelf),
      refresh: options.refresh,
      nowMs: () => options.clock.nowMs(),
      leaseMs: options.leaseMs,
      randomNumber,
      onChanged: (changes) => this.#tellFingers(changes),
    });
  }

  /** Starts ending leases that ran out, and announcing what is here. */
  start(): void {
    this.#background = this.#announceAll().catch((error: unknown) => this.#warn("announcing", error));
    this.#timer = setInterval(() => void this.#sweepLeases(), Math.min(leaseSweepMs, this.#options.leaseMs));
    this.#timer.unref();
    this.review();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    await Promise.all(Array.from(this.#owners.values(), (owner) => owner.stop()));
    await this.#background;
    await this.#withdrawing;
  }

  /** The shelves that this peer owns. */
  get owned(): ReadonlyMap<ShelfId, ShelfOwner> {
    return this.#owners;
  }

  /**
   * Takes up and gives up shelves as the list of members says. A disk that the catalogue does not know yet owns
   * nothing: what the list says is of the disk before it.
   */
  review(): void {
    const { members, self, storeId } = this.#options;
    if (this.#stopping.signal.aborted || members.peer(self)?.store !== storeId) return;
    for (const { shelf, epoch, links } of members.shelves) {
      const isOwn = links[0]?.peer === self;
      const owner = this.#owners.get(shelf) ?? (isOwn ? this.#takeUp(shelf) : undefined);
      owner?.setChain({ epoch, links }, this.#minCopies());
    }
    for (const [shelf, owner] of this.#owners) {
      if (members.ownerOf(shelf) === self) continue;
      this.#owners.delete(shelf);
      void owner.stop().catch((error: unknown) => this.#warn("giving up a shelf", error));
    }
  }

  async holdLease(shelf: ShelfId, lease: LeaseId, copies: number, signal: AbortSignal): Promise<number> {
    const leaseMs = await this.#owner(shelf).holdLease(lease, this.#wanted(copies), signal);
    this.#leases.delete(lease);
    this.#leases.set(lease, shelf);
    const [oldest] = this.#leases.keys();
    if (this.#leases.size > leasesRememberedMax && oldest !== undefined) this.#leases.delete(oldest);
    return leaseMs;
  }

  /** Also for uploads that another peer, as the owner, passes on to this one. */
  pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]> {
    const owner = this.#ownerOfLease(lease);
    return owner === undefined
      ? this.#options.store.pin(lease, digests, { signal })
      : owner.pin(lease, digests, signal);
  }

  /** As `pin`. */
  putChunks(lease: LeaseId, chunks: readonly StoredBytes[], signal: AbortSignal): Promise<void> {
    const owner = this.#ownerOfLease(lease);
    if (owner === undefined) return this.#options.store.put(lease, chunks, { signal });
    this.#options.pacer.noteUse();
    return owner.putChunks(lease, chunks, signal);
  }

  addRecords(
    shelf: ShelfId,
    lease: LeaseId,
    fileKeys: readonly FileKey[],
    copies: number,
    signal: AbortSignal,
  ): Promise<Confirmation> {
    return this.#owner(shelf).addRecords(lease, fileKeys, this.#wanted(copies), signal);
  }

  async endLease(shelf: ShelfId, lease: LeaseId, signal: AbortSignal): Promise<void> {
    await this.#owner(shelf).endLease(lease, signal);
    this.#leases.delete(lease);
  }

  /** What this peer knows of the links of the shelves that it owns. */
  status(): OwnedShelf[] {
    return Array.from(this.#owners, ([shelf, owner]) => {
      const { epoch, sequence, links } = owner.status();
      return { shelf, epoch, sequence, links: links.map(accountOf) };
    });
  }

  /** Links of the shelves that this peer owns which puts do without, for they fail. */
  failing(): FailingLink[] {
    return Array.from(this.#owners).flatMap(([shelf, owner]) => {
      const links = owner.status().links.filter(({ isGivenUp }) => isGivenUp);
      return links.map(({ peer }) => ({ shelf, peer }));
    });
  }

  #owner(shelf: ShelfId): ShelfOwner {
    const owner = this.#owners.get(shelf);
    if (owner === undefined) throw new DfsError("moved", "this peer does not own the shelf: look again who does");
    return owner;
  }

  #ownerOfLease(lease: LeaseId): ShelfOwner | undefined {
    const shelf = this.#leases.get(lease);
    return shelf === undefined ? undefined : this.#owners.get(shelf);
  }

  /** Copies that a put wants; 0 leaves that to the network. */
  #wanted(copies: number): number {
    return copies === 0 ? (this.#options.members.policy?.copies ?? 1) : copies;
  }

  /** Disks that a put needs: no more than there are peers that store files and are to stay. */
  #minCopies(): number {
    const { members } = this.#options;
    return Math.min(members.policy?.minCopies ?? 1, storingPeers(members).length || 1);
  }

  #takeUp(shelf: ShelfId): ShelfOwner {
    const { clock, commands, leaseMs, links, log, pacer, refresh, releasable, self, store, touching } = this.#options;
    const owner: ShelfOwner = new ShelfOwner({
      shelf,
      self,
      store,
      chain: new CatalogueChain(shelf, commands),
      linkTo: (peer) => new WireLink(peer, links),
      clock,
      pacer,
      log,
      newLease: () => randomId<LeaseId>(),
      leaseMs,
      refresh: () => void refresh().catch((error: unknown) => this.#warn("the list of members", error)),
      touching: (fileKeys, work) => touching(shelf, fileKeys, work),
      releasable: (fileKeys, signal) => releasable(shelf, () => owner, fileKeys, signal),
      onChanged: (changes) => this.#tellFingers(changes),
    });
    this.#owners.set(shelf, owner);
    this.#options.onOwned(shelf);
    return owner;
  }

  #tellFingers(changes: readonly ShelfChange[]): void {
    const { announce, store, withdraw } = this.#options;
    announce(changes.filter(({ copies }) => copies > 0).map(({ fileKey }) => fileKey));
    const dropped = changes.filter(({ copies }) => copies === 0).map(({ fileKey }) => fileKey);
    if (dropped.length === 0) return;
    // A record may be here for another shelf still.
    this.#withdrawing = this.#withdrawing
      .then(() => store.hasRecords(dropped))
      .then((present) => withdraw(dropped.filter((_, index) => present[index] !== true)))
      .catch((error: unknown) => this.#warn("withdrawing", error));
  }

  async #sweepLeases(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      const nowMs = this.#options.clock.nowMs();
      for (const owner of this.#owners.values()) await owner.endExpiredLeases(nowMs, signal);
      await this.mirror.endExpiredLeases(nowMs, signal);
    } catch (error) {
      this.#warn("ending leases", error);
    }
  }

  /** Whatever ended the last run, the finger table hears of everything that this peer holds. */
  async #announceAll(): Promise<void> {
    let after: FileKey | undefined;
    do {
      const page: readonly FileKey[] = await this.#options.store.recordsPage(after, recordsPerCallMax);
      this.#options.announce(page);
      after = page.length < recordsPerCallMax || this.#stopping.signal.aborted ? undefined : page.at(-1);
    } while (after !== undefined);
  }

  #warn(what: string, error: unknown): void {
    if (!this.#stopping.signal.aborted)
      this.#options.log.warn(`${what}: ${toDfsError(error).message}; it is tried again`);
  }
}

/** What an owner tells others of a link. */
function accountOf(link: LinkStatus): OwnedShelf["links"][number] {
  const { peer, epoch, sequence, lagChanges, lastVerifiedMs } = link;
  const whole = (bytes: number | undefined): number | undefined =>
    bytes === undefined ? undefined : Math.max(0, Math.round(bytes));
  return {
    peer,
    epoch,
    sequence,
    lagChanges,
    lagBytes: whole(link.lagBytes),
    filledBytes: whole(link.filledBytes),
    fillBytes: whole(link.fillBytes),
    lastVerifiedMs,
  };
}
