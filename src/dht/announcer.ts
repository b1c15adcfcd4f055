import { withDeadline } from "../core/deadline.ts";
import pLimit from "p-limit";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { FileKey, PeerId } from "../core/ids.ts";
import { digestOf } from "../core/ids.ts";
import {
  announceBatchKeysMax,
  announceGatherMs,
  announceRetryMsMax,
  announceRetryMsMin,
  announceSendMs,
  announceSendsMax,
  fingersKnownMax,
  fingersSettleMs,
  holderRecordMs,
  holderRenewBeforeMs,
} from "../core/limits.ts";
import type { AnnounceQueue } from "./announce-queue.ts";
import { planDeliveries } from "./delivery-plan.ts";
import type { Delivery, Parcel } from "./delivery-plan.ts";
import type { Clock, FingerTable, HolderTransport, KadPeer } from "./ports.ts";
import { RestingPeers, retryDelayMs } from "./resting-peers.ts";

export interface AnnouncerOptions {
  readonly self: KadPeer;
  readonly queue: AnnounceQueue;
  readonly table: FingerTable;
  readonly transport: HolderTransport;
  readonly clock: Clock;
  /** A number from 0 up to, not including, 1. */
  readonly random: () => number;
  /** Told of failures of the local database; announcing goes on after a pause. */
  readonly onError: (error: DfsError) => void;
}

/** A tour through all own keys, for peers that have not been told of them. */
interface Introduction {
  /** Loses each peer that fails or goes, so that at the end only those are left that were told of everything. */
  readonly newcomers: Set<PeerId>;
  afterKey: Uint8Array;
}

/** Renewals are spread over this part of their interval, so that peers that started together drift apart. */
const renewalJitter = 0.1;

/**
 * Tells the peers closest to each own file key that this peer holds it: in the background, in batches, again before
 * the records expire. What comes within a quarter of a second is told together.
 *
 * A key counts as announced once at least half of its closest reachable peers keep it; until then it is tried again,
 * after pauses that double. A peer that fails rests, others take its place, and when it is back it is introduced: told
 * of every key that it is among the closest of. So is a peer that appears.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #resting = new RestingPeers();
  readonly #limitSends = pLimit(announceSendsMax);
  readonly #known: Set<PeerId>;
  #introduction: Introduction | undefined;
  #controller: AbortController | undefined;
  #round: Promise<void> | undefined;
  #wakeMs = Infinity;
  #cancelTimer = () => {};

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#known = new Set(options.queue.knownFingers());
  }

  /** Starts announcing: what is due, now; the rest in its time. */
  start(): void {
    this.#controller ??= new AbortController();
    this.#wakeAt(this.#options.clock.nowMs());
  }

  /** Stops announcing; messages under way are abandoned, and their keys stay due. */
  async stop(): Promise<void> {
    this.#controller?.abort(new DfsError("interrupted", "the peer stops"));
    this.#controller = undefined;
    this.#cancelTimer();
    this.#wakeMs = Infinity;
    await this.#round;
  }

  /** Queues file keys that this peer holds now, durably. Those that are queued already keep their time. */
  announce(keys: readonly FileKey[]): void {
    const dueMs = this.#nextGatheringMs();
    this.#options.queue.add(keys.map(digestOf), dueMs);
    this.#wakeAt(dueMs);
  }

  /** Queues that this peer no longer holds these file keys. Others are told once; where that fails, their records expire. */
  withdraw(keys: readonly FileKey[]): void {
    const dueMs = this.#nextGatheringMs();
    this.#options.queue.withdraw(keys.map(digestOf), dueMs);
    this.#wakeAt(dueMs);
  }

  /** Says that the finger table changed: newcomers are introduced a moment later, all at once. */
  peersChanged(): void {
    this.#wakeAt(this.#options.clock.nowMs() + fingersSettleMs);
  }

  /** When what comes now is due: moments that many calls share, so that a round finds the keys of all of them. */
  #nextGatheringMs(): number {
    return (Math.floor(this.#options.clock.nowMs() / announceGatherMs) + 1) * announceGatherMs;
  }

  #wakeAt(timeMs: number): void {
    if (this.#controller === undefined || this.#wakeMs <= timeMs) return;
    this.#cancelTimer();
    this.#wakeMs = timeMs;
    this.#cancelTimer = this.#options.clock.after(Math.max(0, timeMs - this.#options.clock.nowMs()), () => {
      this.#wakeMs = Infinity;
      this.#beginRound();
    });
  }

  #beginRound(): void {
    const signal = this.#controller?.signal;
    if (signal === undefined || this.#round !== undefined) return;
    this.#round = this.#runRound(signal).finally(() => (this.#round = undefined));
  }

  async #runRound(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    try {
      while (!signal.aborted && (await this.#step(signal)));
      if (!signal.aborted) this.#wakeAt(this.#nextWakeMs());
    } catch (error) {
      this.#options.onError(toDfsError(error, { op: "announce" }));
      this.#wakeAt(clock.nowMs() + announceRetryMsMin);
    }
  }

  /** Does one batch of work; resolves with whether there may be more. */
  async #step(signal: AbortSignal): Promise<boolean> {
    const { clock, queue, table } = this.#options;
    const peers = this.#reachablePeers();
    if (peers.length === 0 && table.peers().length > 0) return false;
    const due = queue.due(clock.nowMs(), announceBatchKeysMax);
    if (due.length === 0) return await this.#introduceNewcomers(peers, signal);
    const parcels = due.map((row) => ({ ...row, targets: 0, accepted: 0 }));
    const [withdrawn, held] = [parcels.filter((row) => row.withdrawn), parcels.filter((row) => !row.withdrawn)];
    await this.#send(planDeliveries(withdrawn, this.#options.self, peers), 0, signal);
    await this.#send(planDeliveries(held, this.#options.self, peers), holderRecordMs, signal);
    if (!signal.aborted) this.#record(withdrawn, held);
    return true;
  }

  #reachablePeers(): KadPeer[] {
    const nowMs = this.#options.clock.nowMs();
    return this.#options.table.peers().filter(({ id }) => !this.#resting.isResting(id, nowMs));
  }

  async #send(deliveries: readonly Delivery[], lifetimeMs: number, signal: AbortSignal): Promise<void> {
    await Promise.all(
      deliveries.map((delivery) => this.#limitSends(() => this.#deliver(delivery, lifetimeMs, signal))),
    );
  }

  async #deliver({ peer, parcels }: Delivery, lifetimeMs: number, signal: AbortSignal): Promise<void> {
    const { clock, transport } = this.#options;
    if (signal.aborted || this.#resting.isResting(peer, clock.nowMs())) return;
    try {
      const request = { keys: parcels.map(({ key }) => key), lifetimeMs };
      const { stored } = await withDeadline(
        announceSendMs,
        signal,
        (within) => transport.announce(peer, request, { signal: within }),
        clock,
      );
      if (stored < parcels.length) throw new DfsError("quota", "the peer keeps no more records", { peer });
      for (const parcel of parcels) parcel.accepted += 1;
      this.#resting.succeeded(peer);
    } catch (error) {
      if (signal.aborted) return;
      this.#resting.failed(peer, clock.nowMs(), toDfsError(error).retryAfterMs);
      this.#introduction?.newcomers.delete(peer);
      if (this.#known.delete(peer)) this.#options.queue.dropKnownFinger(peer);
    }
  }

  /** Writes down how a batch went. */
  #record(withdrawn: readonly Parcel[], held: readonly Parcel[]): void {
    const { clock, queue, random } = this.#options;
    const nowMs = clock.nowMs();
    const renewMs = (holderRecordMs - holderRenewBeforeMs) * (1 - renewalJitter * random());
    const isAnnounced = ({ accepted, targets }: Parcel) => accepted * 2 >= targets;
    queue.dropWithdrawn(withdrawn.map(({ key }) => key));
    queue.announced(keysOf(held.filter(isAnnounced)), nowMs, nowMs + renewMs);
    const failed = held.filter((parcel) => !isAnnounced(parcel));
    queue.failed(
      failed.map(({ key, failures }) => ({ key, nextMs: nowMs + (retryDelayMs(failures + 1) * (1 + random())) / 2 })),
    );
  }

  /** Tells peers that have not been told of our keys a further page of them; resolves with whether there may be more. */
  async #introduceNewcomers(peers: readonly KadPeer[], signal: AbortSignal): Promise<boolean> {
    const { queue, self } = this.#options;
    const newcomers = new Set(peers.map(({ id }) => id).filter((id) => !this.#known.has(id)));
    if (newcomers.size === 0) return false;
    const tour = (this.#introduction ??= { newcomers, afterKey: new Uint8Array() });
    for (const peer of tour.newcomers) if (!newcomers.has(peer)) tour.newcomers.delete(peer);
    const keys = tour.newcomers.size === 0 ? [] : queue.page(tour.afterKey, announceBatchKeysMax);
    const parcels = keys.map((key) => ({ key, failures: 0, targets: 0, accepted: 0 }));
    await this.#send(
      planDeliveries(parcels, self, peers, (id) => tour.newcomers.has(id)),
      holderRecordMs,
      signal,
    );
    if (signal.aborted) return false;
    tour.afterKey = keys.at(-1) ?? tour.afterKey;
    if (keys.length < announceBatchKeysMax) this.#endIntroduction(tour);
    return true;
  }

  #endIntroduction({ newcomers }: Introduction): void {
    const { queue } = this.#options;
    this.#introduction = undefined;
    if (this.#known.size + newcomers.size > fingersKnownMax) {
      this.#known.clear();
      queue.dropKnownFingers();
    }
    for (const peer of newcomers) {
      this.#known.add(peer);
      queue.addKnownFinger(peer);
    }
  }

  #nextWakeMs(): number {
    const { clock, queue } = this.#options;
    const nowMs = clock.nowMs();
    const restEndMs = this.#resting.nextEndMs(nowMs) ?? Infinity;
    const isAlone = this.#options.table.peers().length > 0 && this.#reachablePeers().length === 0;
    const dueMs = isAlone ? Infinity : (queue.nextDueMs() ?? Infinity);
    return Math.min(dueMs, restEndMs, nowMs + announceRetryMsMax);
  }
}

const keysOf = (parcels: readonly Parcel[]): Uint8Array[] => parcels.map(({ key }) => key);
