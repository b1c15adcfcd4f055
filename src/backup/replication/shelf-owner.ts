/**
 * Replication: how a shelf comes to be on several disks, and stays equal on all of them.
 *
 * The **owner** of a shelf is the first link of its chain. It numbers the changes of the shelf's set, carries them out on
 * its own disk, and sends them itself to every other link, its **mirrors**, each through a **feed**. A feed runs
 * **sessions**: while calls to the link succeed, it sends what is new, in order, and gives the link what it lacks of the
 * rest (a **filling**), until both sets are equal. What a mirror does with what it is sent is in shelf-mirror.ts.
 *
 *     writer ── chunks, records ──► ShelfOwner ─┬─► its own disk
 *                                    │  Reign   ├─► LinkFeed ─► LinkPort ── … ──► ShelfMirror ─► disk
 *                                    ▼          └─► LinkFeed ─► LinkPort ── … ──► ShelfMirror ─► disk
 *                                 catalogue
 *
 * The peer starts one owner for each shelf that it leads, and one mirror for all others. Replication knows no clock, no
 * network and no catalogue but by its ports.
 */
import pLimit from "p-limit";
import type { StoredBytes } from "../../chunking/file-record.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { FileKey, LeaseId, PeerId, ShelfId } from "../../core/ids.ts";
import { copiesMax, fillWindowBytes, linkPatienceMs, linkSilenceMs, verifyMs } from "../../core/limits.ts";
import type { ShelfChange } from "../../core/shelf.ts";
import { acknowledge } from "./acknowledgement.ts";
import type { Acknowledgement } from "./acknowledgement.ts";
import { copiesInSet } from "./copies-in-set.ts";
import type { FeedSettings } from "./feed-context.ts";
import type { LiveBatch } from "./feed-queue.ts";
import { Feeds } from "./feeds.ts";
import { isLongOver, leasesThat } from "./expired-leases.ts";
import type { LeaseTime } from "./expired-leases.ts";
import { LeaseEndings } from "./lease-endings.ts";
import type { LinkStatus } from "./link-feed.ts";
import type {
  ChainPort,
  KnownChain,
  LinkPort,
  ReplicationClock,
  ReplicationLog,
  ReplicationPacer,
  ShelfStore,
} from "./ports.ts";
import { Reign } from "./reign.ts";
import type { Acting } from "./reign.ts";

export interface ShelfOwnerOptions {
  readonly shelf: ShelfId;
  readonly self: PeerId;
  readonly store: ShelfStore;
  readonly chain: ChainPort;
  /** How another link is reached. */
  readonly linkTo: (peer: PeerId) => LinkPort;
  readonly clock: ReplicationClock;
  readonly pacer: ReplicationPacer;
  readonly log: ReplicationLog;
  /** A fresh random id. */
  readonly newLease: () => LeaseId;
  /** How long a lease runs from its last sign of life. */
  readonly leaseMs: number;
  /** The chain has changed: asks for the list of members anew, which ends in `setChain`. */
  readonly refresh: () => void;
  /** Runs what adds these records, so that collection does not drop them meanwhile (see `Collector.touching`). */
  readonly touching?: <Result>(fileKeys: readonly FileKey[], work: () => Promise<Result>) => Promise<Result>;
  /** See FeedSettings. */
  readonly releasable?: FeedSettings["releasable"];
  /** Hears of every change of the set on this disk, once it is durable: to announce and withdraw. */
  readonly onChanged?: (changes: readonly ShelfChange[]) => void;
  /** Defaults in limits.ts. */
  readonly linkPatienceMs?: number;
  readonly linkSilenceMs?: number;
  readonly verifyMs?: number;
  readonly fillWindowBytes?: number;
}

export interface ShelfOwnerStatus {
  /** Undefined while this peer does not own the shelf. */
  readonly epoch: number | undefined;
  /** Number of the last change; 0 before the first. */
  readonly sequence: number;
  /** All other links of the chain. */
  readonly links: readonly LinkStatus[];
}

/**
 * One shelf, on the peer that owns it. Calls fail with `moved` while it does not own the shelf, or not any more;
 * besides that and the kinds named, as the store does.
 */
export class ShelfOwner {
  readonly #options: ShelfOwnerOptions;
  readonly #reign: Reign;
  readonly #feeds: Feeds;
  readonly #endings: LeaseEndings;
  /** One change of the set at a time, and nothing else that wants the set to stand still. */
  readonly #line = pLimit(1);
  /** For how many copies the puts of each lease are, so that chunks go to no more links. */
  readonly #leaseCopies = new Map<LeaseId, number>();
  #sequence = 0;

  constructor(options: ShelfOwnerOptions) {
    this.#options = options;
    const { shelf, self, store, chain, log, refresh } = options;
    const still = <Result>(work: () => Promise<Result>): Promise<Result> => this.#line(work);
    this.#reign = new Reign({
      shelf,
      self,
      store,
      chain,
      log,
      refresh,
      still,
      onChain: ({ links }, begun, disclaimed) => {
        this.#sequence = begun.sequence;
        this.#feeds.serve(links.slice(1), disclaimed);
      },
      onEnd: () => this.#feeds.serve([], undefined),
    });
    this.#feeds = new Feeds({
      settings: { linkPatienceMs, linkSilenceMs, verifyMs, fillWindowBytes, ...options },
      linkTo: options.linkTo,
      host: {
        epoch: () => this.#reign.acting().epoch,
        still,
        claim: (peer, isEqual) => this.#reign.claim(peer, isEqual),
        disclaim: (peer) => this.#reign.disclaim(peer),
        moved: (epoch) => this.#reign.moved(epoch),
      },
    });
    this.#endings = new LeaseEndings({
      store,
      chain,
      reign: this.#reign,
      feeds: this.#feeds,
      drop: (reign, choose, signal) => this.#drop((acting) => acting.reign === reign, choose, signal),
    });
  }

  /**
   * What the catalogue says of the chain, and how many disks a put needs at the least (no more than there are members
   * that store files). Whatever is older than what is known already is ignored. When this peer is the first link, it
   * owns the shelf a moment later; when it is not, everything that waits fails with `moved`.
   */
  setChain(chain: KnownChain, minCopies: number): void {
    this.#reign.setChain(chain, minCopies);
  }

  /** The epoch at which this peer owns the shelf; undefined while it does not. */
  epoch(): number | undefined {
    return this.#reign.epoch;
  }

  /** Opens or renews a lease whose puts want so many copies; resolves with how long it runs from now, in milliseconds. */
  async holdLease(lease: LeaseId, copies: number, signal: AbortSignal): Promise<number> {
    const { clock, leaseMs, shelf, store } = this.#options;
    this.#reign.acting();
    if (signal.aborted) throw toDfsError(signal.reason);
    await store.openLease(lease, shelf, clock.nowMs() + leaseMs);
    this.#leaseCopies.set(lease, copies);
    this.#feeds.renewLease(lease);
    return leaseMs;
  }

  /** Which of the chunks are on this disk; those are pinned from now on. Other links are given what they lack later. */
  async pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]> {
    this.#reign.acting();
    return this.#options.store.pin(lease, digests, { signal });
  }

  /**
   * Resolves when the chunks are durable here and on the links that can be reached. The bytes may be used for something else
   * once it has settled. Fails with `not-found` when there is no such lease, and with `no-space`.
   */
  async putChunks(lease: LeaseId, chunks: readonly StoredBytes[], signal: AbortSignal): Promise<void> {
    this.#reign.acting();
    const copies = this.#leaseCopies.get(lease) ?? copiesMax;
    const stored = this.#options.store.put(lease, chunks, { signal });
    const [outcome] = await Promise.allSettled([stored, this.#feeds.forward(lease, chunks, copies)]);
    if (outcome.status === "rejected") throw outcome.reason;
  }

  /**
   * Adds at most `recordsPerCallMax` records for so many copies; one that is there for more stays so. Resolves by the full
   * rule (see `acknowledge`, with its errors); fails with `not-found` when chunks are missing here or there is no such lease.
   */
  async addRecords(
    lease: LeaseId,
    fileKeys: readonly FileKey[],
    copiesWanted: number,
    signal: AbortSignal,
  ): Promise<Acknowledgement> {
    const copies = Math.min(Math.max(1, copiesWanted), copiesMax);
    const keys = [...new Set(fileKeys)];
    const touching = this.#options.touching ?? ((_keys, work) => work());
    const batch = await touching(keys, () =>
      this.#line(async () => {
        this.#reign.acting();
        return this.#change(await this.#additions(keys, copies), copies, lease);
      }),
    );
    return acknowledge({ reign: this.#reign, feeds: this.#feeds }, batch, copies, signal);
  }

  /** What adds the records without taking copies from any that is there. */
  async #additions(fileKeys: readonly FileKey[], copies: number): Promise<readonly ShelfChange[]> {
    const { shelf, store } = this.#options;
    const areHere = await store.hasRecords(fileKeys);
    return Promise.all(
      fileKeys.map(async (fileKey, index) => {
        const before = areHere[index] === true ? await copiesInSet(store, shelf, fileKey) : 0;
        return { fileKey, copies: Math.max(before, copies) };
      }),
    );
  }

  /** Numbers changes and carries them out, here and on all links. To be called in line. */
  async #change(changes: readonly ShelfChange[], copies: number, lease: LeaseId | undefined): Promise<LiveBatch> {
    const { onChanged, shelf, store } = this.#options;
    const { epoch } = this.#reign.acting();
    const { after, savepoint } = await store.appendChanges(shelf, epoch, changes, { lease }).catch((error: unknown) => {
      if (toDfsError(error).kind === "moved") this.#reign.moved(epoch);
      throw error;
    });
    this.#sequence = savepoint.sequence;
    const batch = { after, sequence: savepoint.sequence, changes, lease };
    this.#feeds.publish(batch, copies);
    onChanged?.(changes);
    return batch;
  }

  /**
   * Ends a lease: in the catalogue first, then on all links. Records of it that no revision names, that no other lease
   * holds and that no other put has added since are dropped. Without the catalogue's answer nothing is.
   */
  async endLease(lease: LeaseId, signal: AbortSignal): Promise<void> {
    await this.#endings.end(lease, signal);
    this.#leaseCopies.delete(lease);
  }

  /**
   * Drops at most `recordsPerCallMax` records, but for those that a lease holds. Resolves once it is done here; the links
   * follow. Fails with `moved`, and drops nothing, unless this peer owns the shelf at `epoch` when the changes are numbered.
   */
  drop(epoch: number, fileKeys: readonly FileKey[], signal: AbortSignal): Promise<void> {
    return this.#drop(
      (acting) => acting.epoch === epoch,
      () => fileKeys,
      signal,
    );
  }

  async #drop(
    isStill: (acting: Acting) => boolean,
    choose: () => readonly FileKey[],
    signal: AbortSignal,
  ): Promise<void> {
    const { shelf, store } = this.#options;
    await this.#line(async () => {
      if (signal.aborted) throw toDfsError(signal.reason);
      if (!isStill(this.#reign.acting()))
        throw new DfsError("moved", `the chain of shelf ${shelf} has changed meanwhile; ask again`, { path: shelf });
      const fileKeys = choose();
      const areHeld = await store.isHeld(fileKeys);
      const free = fileKeys.filter((_, index) => areHeld[index] === false);
      const changes = free.map((fileKey) => ({ fileKey, copies: 0 }));
      if (changes.length > 0) await this.#change(changes, 0, undefined);
    });
  }

  /** Ends this shelf's leases whose time was up a while ago. */
  async endExpiredLeases(nowMs: number, signal: AbortSignal): Promise<void> {
    if (this.#reign.epoch === undefined) return;
    const { leaseMs, shelf, store } = this.#options;
    const isOver = (status: LeaseTime): boolean => status.shelf === shelf && isLongOver(status, nowMs, leaseMs);
    for await (const lease of leasesThat(isOver, store)) await this.endLease(lease, signal);
  }

  /** How far every link is. */
  status(): ShelfOwnerStatus {
    const sequence = this.#sequence;
    const links = this.#feeds.status().map((link) => {
      const behind = link.sequence === undefined || link.sequence === 0 ? undefined : sequence - link.sequence;
      return { ...link, lagChanges: link.lagChanges ?? (behind === undefined ? undefined : Math.max(0, behind)) };
    });
    return { epoch: this.#reign.epoch, sequence, links };
  }

  /** Gives the shelf up: what waits fails with `moved`, and nothing is sent any more. */
  async stop(): Promise<void> {
    this.#reign.stop();
    await this.#feeds.stop();
    await this.#line(async () => undefined);
  }
}
