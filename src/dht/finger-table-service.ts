/**
 * The finger table: how any peer finds the holders of a file, without asking a server.
 *
 * A *finger* is a peer that the Kademlia routing table knows. A *file key* has a place in the same key space as the
 * peers, so each key has its *closest peers*. A *holder* is a peer that has all chunks of a file key; it announces
 * the key to the 8 closest peers, each of which keeps a *holder record* (key, holder, expiry) for a day, and the
 * holder renews it in time. Whoever looks for holders asks those same peers. All of it is a hint that saves the
 * catalogue work: records may be missing, old or lies, and a holder has still to prove each chunk.
 *
 * libp2p's kad-dht keeps the routing table; the records, the announcing and the lookup are ours, because batches of
 * 500 keys to a peer are a hundred times faster than its own provider records. Members only: the peer checks that.
 */
import { withDeadline } from "../core/deadline.ts";
import { setMaxListeners } from "node:events";
import type { FingersReport } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { fileKeyOf } from "../core/ids.ts";
import type { FileKey, PeerId } from "../core/ids.ts";
import {
  fingersTendMs,
  holderRecordMs,
  holderLookupMs,
  holderSampleMax,
  holderSweepMs,
  holderSweepRowsMax,
  holdersPerKeyMax,
} from "../core/limits.ts";
import type { SqlDatabase } from "../core/sqlite.ts";
import { AnnounceQueue } from "./announce-queue.ts";
import { Announcer } from "./announcer.ts";
import { openFingerDatabase } from "./finger-database.ts";
import { HolderCache } from "./holder-cache.ts";
import { HolderLookup } from "./holder-lookup.ts";
import type { HoldersFound } from "./holder-lookup.ts";
import { HolderRecords } from "./holder-records.ts";
import { kadPeer } from "./kad-id.ts";
import { parseAnnounceRequest, parseLookupRequest } from "./messages.ts";
import type { AnnounceReply, LookupReply } from "./messages.ts";
import type { Clock, FingerTable, HolderTransport } from "./ports.ts";

export interface FingerTableServiceOptions {
  /** The SQLite file; made when it is not there. */
  readonly path: string;
  readonly self: PeerId;
  readonly table: FingerTable;
  readonly transport: HolderTransport;
  readonly clock: Clock;
  /** A number from 0 up to, not including, 1: Math.random, or a seeded one. */
  readonly random: () => number;
  /** Told of failures of the local database that no caller sees. */
  readonly onError: (error: DfsError) => void;
}

/** The finger table of one peer: announces what it holds, finds who holds what, and keeps records for others. */
export class FingerTableService {
  readonly #options: FingerTableServiceOptions;
  readonly #database: SqlDatabase;
  readonly #records: HolderRecords;
  readonly #queue: AnnounceQueue;
  readonly #announcer: Announcer;
  readonly #cache = new HolderCache();
  readonly #lookup: HolderLookup;
  readonly #stopping = new AbortController();
  #cancelSweep = () => {};
  #cancelTending = () => {};
  #stopListening = () => {};

  /** Opens the database. Fails with `version`, `integrity`, `locked`, `no-space` or `io`. */
  constructor(options: FingerTableServiceOptions) {
    const { clock, self, table, transport } = options;
    this.#options = options;
    // One listener a lookup; by default more than ten are taken for a leak.
    setMaxListeners(0, this.#stopping.signal);
    this.#database = openFingerDatabase(options.path);
    this.#records = new HolderRecords(this.#database);
    this.#queue = new AnnounceQueue(this.#database);
    this.#announcer = new Announcer({ ...options, self: kadPeer(self), queue: this.#queue });
    this.#lookup = new HolderLookup({
      self,
      table,
      transport,
      clock,
      cache: this.#cache,
      localHolders: (digests) => this.#localHolders(digests),
    });
  }

  /** Starts announcing, sweeping expired records and tending the table. Once: after a stop a new service is made. */
  start(): void {
    this.#stopListening = this.#options.table.onChange(() => this.#announcer.peersChanged());
    this.#announcer.start();
    this.#sweepAfter(holderSweepMs);
    this.#tendLater();
  }

  /** Stops everything and closes the database; what waits to be announced is announced after the next start. */
  async stop(): Promise<void> {
    this.#stopListening();
    this.#cancelSweep();
    this.#cancelTending();
    this.#stopping.abort(new DfsError("interrupted", "the peer stops"));
    await this.#announcer.stop();
    this.#database.close();
  }

  /**
   * Queues file keys that this peer holds now; durable when it returns, announced in the background.
   * Announcing a key again is harmless, so a peer may announce everything that it holds at each start.
   * Takes some 5 ms for 1,000 keys: callers with more page. Fails with `no-space` or `io`.
   */
  announce(keys: readonly FileKey[]): void {
    this.#announcer.announce(keys);
  }

  /** Queues that this peer no longer holds these file keys. Fails with `no-space` or `io`. */
  withdraw(keys: readonly FileKey[]): void {
    this.#announcer.withdraw(keys);
  }

  /**
   * Finds the holders of at most 500 keys within 5 s; one result for each key, in their order.
   * Fails with `usage` for more keys, with `interrupted` or `timeout` when the signal aborts, and with `interrupted`
   * when the service stops.
   */
  async findHolders(
    keys: readonly FileKey[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<HoldersFound[]> {
    // The lookup has its own deadline: this one only ends it when the service stops.
    return await withDeadline(
      2 * holderLookupMs,
      this.#stopping.signal,
      () => this.#lookup.find(keys, options.signal),
      this.#options.clock,
    );
  }

  /** Forgets what lookups found about `peer`, because it is gone. */
  forgetHolder(peer: PeerId): void {
    this.#cache.forgetHolder(peer);
  }

  /** Drops `peer`, which has left the network for good, from the finger table, with all that it announced. Fails as the database does. */
  async dropPeer(peer: PeerId): Promise<void> {
    this.#cache.forgetHolder(peer);
    await this.#options.table.drop(peer);
    const { clock } = this.#options;
    while (!this.#stopping.signal.aborted && this.#records.forget(peer) === holderSweepRowsMax)
      await new Promise<void>((resolve) => void clock.after(0, resolve));
  }

  /** Forgets what lookups found about `key`, because it was wrong. */
  forgetKey(key: FileKey): void {
    this.#cache.forgetKey(key);
  }

  /** Answers an announcement of member `from`, which speaks only for itself. Fails with `protocol`, `no-space` or `io`. */
  onAnnounce(from: PeerId, message: unknown): AnnounceReply {
    const { keys, lifetimeMs } = parseAnnounceRequest(message);
    return { stored: this.#records.announce(from, keys, lifetimeMs, this.#options.clock.nowMs()) };
  }

  /** Answers a member's question for holders from what is known here, without asking further. Fails with `protocol` or `io`. */
  onLookup(message: unknown): LookupReply {
    return { holders: this.#localHolders(parseLookupRequest(message).keys) };
  }

  /** File keys that wait to be announced. */
  announceQueue(): number {
    return this.#queue.waiting(this.#options.clock.nowMs());
  }

  /** What the finger table knows, for people; the peers' names are left to the caller. */
  async report(): Promise<FingersReport> {
    const { self, table } = this.#options;
    return {
      self,
      fingers: await table.fingers(),
      records: this.#records.count() + this.#queue.count(),
      announceQueue: this.announceQueue(),
      cachedKeys: this.#cache.size,
      sample: this.#sample(),
    };
  }

  #sample(): FingersReport["sample"] {
    const own = this.#queue.sample(holderSampleMax).map(({ key, announcedMs }) => ({
      key,
      announcedMs,
      holder: this.#options.self,
      expiresMs: announcedMs + holderRecordMs,
    }));
    const others = this.#records.sample(holderSampleMax, this.#options.clock.nowMs());
    return [...own, ...others]
      .sort((a, b) => b.announcedMs - a.announcedMs)
      .slice(0, holderSampleMax)
      .map(({ key, holder, expiresMs }) => ({ fileKey: fileKeyOf(key), holder, expiresMs }));
  }

  /** Holders by this peer's own knowledge: itself where it holds the key, then the records that it keeps. */
  #localHolders(digests: readonly Uint8Array[]): PeerId[][] {
    const { clock, self } = this.#options;
    return this.#records.holdersOf(digests, clock.nowMs()).map((holders, index) => {
      const digest = digests[index];
      const isOwn = digest !== undefined && this.#queue.has(digest);
      return isOwn ? [self, ...holders.filter((holder) => holder !== self)].slice(0, holdersPerKeyMax) : holders;
    });
  }

  #tendLater(): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancelTending = this.#options.clock.after(fingersTendMs, () => void this.#tend());
  }

  async #tend(): Promise<void> {
    const { clock, table } = this.#options;
    try {
      await withDeadline(fingersTendMs, this.#stopping.signal, (signal) => table.tend({ signal }), clock);
    } catch {
      // Too slow, or stopped: whom it did not reach the next round does.
    }
    this.#tendLater();
  }

  #sweepAfter(delayMs: number): void {
    this.#cancelSweep = this.#options.clock.after(delayMs, () => this.#sweep());
  }

  /** Sweeps one step, and the next one at once while there is more. */
  #sweep(): void {
    try {
      const dropped = this.#records.sweep(this.#options.clock.nowMs());
      this.#sweepAfter(dropped < holderSweepRowsMax ? holderSweepMs : 0);
    } catch (error) {
      this.#options.onError(toDfsError(error, { op: "sweep-holder-records" }));
      this.#sweepAfter(holderSweepMs);
    }
  }
}
