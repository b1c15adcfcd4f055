import { withDeadline } from "../core/deadline.ts";
import { setMaxListeners } from "node:events";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { FileKey, PeerId } from "../core/ids.ts";
import {
  fingersPerBucketMax,
  holderAskMs,
  holderDiscoveriesMax,
  holderHedgeMs,
  holderKeysPerMessageMax,
  holderLookupMs,
} from "../core/limits.ts";
import type { HolderCache } from "./holder-cache.ts";
import { HolderSearch } from "./holder-search.ts";
import type { Clock, FingerTable, HolderTransport } from "./ports.ts";
import { RestingPeers } from "./resting-peers.ts";

/** What a lookup found out about one key. */
export interface HoldersFound {
  readonly key: FileKey;
  /** At most 8, best guess first; a hint: each holder has still to prove what it has. Empty when none was found. */
  readonly holders: readonly PeerId[];
  /** Where that was learned: lately, from the records kept here, or by asking other peers. */
  readonly from: "cache" | "records" | "network";
  /** Peers that the question went over until the first holder was named: 0 where it was known here. */
  readonly hops: number;
  /** Questions that were asked because of this key; one question may be about many keys. */
  readonly messages: number;
  /** Why there are none. */
  readonly reason?: string;
}

export interface HolderLookupOptions {
  readonly self: PeerId;
  readonly cache: HolderCache;
  readonly table: FingerTable;
  readonly transport: HolderTransport;
  readonly clock: Clock;
  /** The holders that this peer knows of by itself, for each digest in order. */
  readonly localHolders: (digests: readonly Uint8Array[]) => readonly (readonly PeerId[])[];
}

/** What a search costs that asks nobody. */
const free = { hops: 0, messages: 0 };

/** One question under way. */
interface Ask {
  readonly peer: PeerId;
  readonly sinceMs: number;
  readonly done: Promise<void>;
}

/**
 * Finds the holders of file keys: in the cache, in the records kept here, or from the peers closest to each key.
 *
 * Peers are asked 3 at a time, many keys a message. A key is done with its third holder, or with its first when the
 * peers asked so far have answered or have been silent for 300 ms; silence brings the next peers in, and makes a peer
 * one to ask last for a while. The whole lookup ends after 5 s.
 */
export class HolderLookup {
  readonly #options: HolderLookupOptions;
  readonly #resting = new RestingPeers();

  constructor(options: HolderLookupOptions) {
    this.#options = options;
  }

  /**
   * Looks up at most 500 keys; resolves with one result for each, in their order, also when nothing was found.
   * Fails with `usage` for more keys, and with `interrupted` or `timeout` when the caller's signal aborts.
   */
  async find(keys: readonly FileKey[], signal?: AbortSignal): Promise<HoldersFound[]> {
    if (keys.length > holderKeysPerMessageMax) {
      throw new DfsError("usage", `look up at most ${holderKeysPerMessageMax} file keys at once, not ${keys.length}`);
    }
    if (signal?.aborted === true) throw toDfsError(signal.reason);
    const found = this.#findHere(keys);
    const searches = new Map<FileKey, HolderSearch>();
    for (const key of keys) if (!found.has(key)) searches.set(key, new HolderSearch(key));
    await this.#search([...searches.values()], signal);
    return keys.map((key) => found.get(key) ?? this.#foundBy(searches.get(key) ?? new HolderSearch(key)));
  }

  /** What cache and own records answer. A key that only this peer itself holds is left to the network. */
  #findHere(keys: readonly FileKey[]): Map<FileKey, HoldersFound> {
    const { cache, clock, localHolders, self } = this.#options;
    const found = new Map<FileKey, HoldersFound>();
    const unknown: HolderSearch[] = [];
    for (const key of keys) {
      const holders = cache.get(key, clock.nowMs());
      if (holders === undefined) unknown.push(new HolderSearch(key));
      else found.set(key, { key, holders, from: "cache", ...free });
    }
    const lists = localHolders(unknown.map(({ digest }) => digest));
    for (const [index, { key }] of unknown.entries()) {
      const holders = lists[index] ?? [];
      if (holders.some((holder) => holder !== self)) found.set(key, { key, holders, from: "records", ...free });
    }
    return found;
  }

  #foundBy(search: HolderSearch): HoldersFound {
    const { cache, clock, localHolders, self } = this.#options;
    const { key, holders, digest, hops, messages } = search;
    const cost = { hops, messages };
    cache.set(key, holders, clock.nowMs());
    if (holders.length > 0) return { key, holders, from: "network", ...cost };
    if (localHolders([digest])[0]?.includes(self) === true) return { key, holders: [self], from: "records", ...cost };
    return { key, holders, from: "network", ...cost, reason: search.reason };
  }

  /** Asks the network until every search is done or the deadline has passed. */
  async #search(searches: readonly HolderSearch[], signal: AbortSignal | undefined): Promise<void> {
    const peers = this.#options.table.peers();
    if (searches.length === 0 || peers.length === 0) return;
    try {
      await withDeadline(
        holderLookupMs,
        signal,
        async (within) => {
          const isResting = this.#isResting();
          for (const search of searches) search.consider(peers, isResting);
          await this.#askRounds(searches, within);
          const missing = searches.filter(({ holders }) => holders.length === 0);
          if (peers.length >= fingersPerBucketMax) await this.#askDiscovered(missing, within);
        },
        this.#options.clock,
      );
    } catch (error) {
      // Our own deadline only ends the search: what was found by then counts.
      if (signal?.aborted === true || toDfsError(error).kind !== "timeout") throw toDfsError(error);
    }
  }

  /** Who rests at this moment. */
  #isResting(): (peer: PeerId) => boolean {
    const nowMs = this.#options.clock.nowMs();
    return (peer) => this.#resting.isResting(peer, nowMs);
  }

  /** Walks the network for some keys that nobody in the finger table knew, and asks whom it finds. */
  async #askDiscovered(missing: readonly HolderSearch[], signal: AbortSignal): Promise<void> {
    const walked = missing.slice(0, holderDiscoveriesMax);
    const discoveries = walked.map(async (search) => {
      // A walk that fails finds nobody new, which is all that can be done about it.
      const walk = await this.#options.table.discover(search.digest, { signal }).catch(() => undefined);
      if (walk !== undefined) search.considerWalk(walk, this.#isResting());
    });
    await Promise.all(discoveries);
    await this.#askRounds(walked, signal);
  }

  /** Asks round by round, each round the next peers of every key that has no holder yet. */
  async #askRounds(searches: readonly HolderSearch[], signal: AbortSignal): Promise<void> {
    const asks = new AbortController();
    // One listener a question; by default more than ten are taken for a leak.
    setMaxListeners(0, asks.signal);
    const abort = () => asks.abort(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    const underWay = new Set<Ask>();
    try {
      while (!signal.aborted) {
        const open = searches.filter(({ holders }) => holders.length === 0);
        this.#askNext(open, underWay, asks.signal);
        if (open.length === 0 || underWay.size === 0) return;
        await this.#waitForRound(searches, underWay, signal);
      }
    } finally {
      this.#leave(underWay);
      asks.abort(new DfsError("interrupted", "another peer answered first"));
      signal.removeEventListener("abort", abort);
    }
  }

  /** Sends each open search's next peers their question: one message a peer for all of its keys. */
  #askNext(open: readonly HolderSearch[], underWay: Set<Ask>, signal: AbortSignal): void {
    const byPeer = new Map<PeerId, HolderSearch[]>();
    for (const search of open) {
      for (const peer of search.nextPeers()) {
        const forPeer = byPeer.get(peer);
        if (forPeer === undefined) byPeer.set(peer, [search]);
        else forPeer.push(search);
      }
    }
    for (const [peer, searches] of byPeer) {
      const done = this.#ask(peer, searches, signal).finally(() => underWay.delete(ask));
      const ask: Ask = { peer, sinceMs: this.#options.clock.nowMs(), done };
      underWay.add(ask);
    }
  }

  async #ask(peer: PeerId, searches: readonly HolderSearch[], signal: AbortSignal): Promise<void> {
    const { clock, transport } = this.#options;
    const digests = searches.map(({ digest }) => digest);
    try {
      const lists = await withDeadline(
        holderAskMs,
        signal,
        (within) => transport.lookup(peer, digests, { signal: within }),
        clock,
      );
      if (lists.length !== digests.length) throw new DfsError("protocol", "an answer to another question", { peer });
      for (const [index, search] of searches.entries()) search.answered(peer, lists[index] ?? []);
      this.#resting.succeeded(peer);
    } catch (error) {
      // Who was left because others answered first did not fail: see #leave.
      if (!signal.aborted) this.#resting.failed(peer, clock.nowMs(), toDfsError(error).retryAfterMs);
    }
  }

  /** Waits until all questions are answered, every search is content, or the round has lasted 300 ms. */
  async #waitForRound(searches: readonly HolderSearch[], underWay: Set<Ask>, signal: AbortSignal): Promise<void> {
    const round = new AbortController();
    const over = new Promise<void>((resolve) => round.signal.addEventListener("abort", () => resolve()));
    const end = () => round.abort();
    const cancelTimer = this.#options.clock.after(holderHedgeMs, end);
    signal.addEventListener("abort", end, { once: true });
    while (!round.signal.aborted && underWay.size > 0 && !searches.every(({ isContent }) => isContent)) {
      await Promise.race([over, ...[...underWay].map(({ done }) => done)]);
    }
    signal.removeEventListener("abort", end);
    cancelTimer();
  }

  /** Stops waiting for the questions under way; a peer that was silent for long will be asked last for a while. */
  #leave(underWay: ReadonlySet<Ask>): void {
    const nowMs = this.#options.clock.nowMs();
    for (const { peer, sinceMs } of underWay) {
      if (nowMs - sinceMs >= holderHedgeMs) this.#resting.failed(peer, nowMs);
    }
  }
}
