/**
 * The owner's side of one other link: sessions, one after the other, for as long as the chain names the link.
 *
 * A link that fails is tried again, ever less often. Puts wait for it for a while; then it is given up, which means that
 * they go on without it, until it answers again.
 */
import type { StoredBytes } from "../../chunking/file-record.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { LeaseId, PeerId } from "../../core/ids.ts";
import { linkRetryMsMax, linkRetryMsMin } from "../../core/limits.ts";
import type { ChainLink, Savepoint } from "../../core/shelf.ts";
import type { FeedContext, FeedHost, FeedSettings } from "./feed-context.ts";
import { FeedQueue } from "./feed-queue.ts";
import type { Delivery, LiveBatch } from "./feed-queue.ts";
import { LinkSession } from "./link-session.ts";
import type { SessionState } from "./link-session.ts";
import type { LinkPort } from "./ports.ts";
import { ReadGuards } from "./read-guards.ts";

/** How far a link is, as the owner knows. */
export interface LinkStatus {
  readonly peer: PeerId;
  readonly keepsFrom: number;
  readonly state: SessionState;
  /** What it last said that it has. */
  readonly epoch: number | undefined;
  readonly sequence: number | undefined;
  /** Changes, and about how many bytes, that it still lacks; undefined while that is not known. */
  readonly lagChanges: number | undefined;
  readonly lagBytes: number | undefined;
  /** Of a filling: bytes that are through, of about how many. */
  readonly filledBytes: number | undefined;
  readonly fillBytes: number | undefined;
  /** When its set was last found equal to the owner's, in milliseconds since 1970. */
  readonly lastVerifiedMs: number | undefined;
  /** Why the last call to it failed, unless it has answered since. */
  readonly reason: string | undefined;
  /** Whether puts do without it, for it has failed for longer than they wait. */
  readonly isGivenUp: boolean;
}

export interface LinkFeedOptions {
  readonly settings: FeedSettings;
  readonly host: FeedHost;
  readonly link: ChainLink;
  readonly port: LinkPort;
}

export class LinkFeed {
  readonly #context: FeedContext;
  readonly #stopping = new AbortController();
  readonly #deliveries = new WeakMap<LiveBatch, Promise<Delivery>>();
  readonly #running: Promise<void>;
  #link: ChainLink;
  #session: LinkSession;
  #pauseMs = linkRetryMsMin;
  #failing: { readonly sinceMs: number; readonly error: DfsError } | undefined;
  #isGivenUp = false;
  #isGivingUp = false;
  #verifiedMs: number | undefined;
  #savepoint: Savepoint | undefined;

  /** Begins at once. */
  constructor({ settings, host, link, port }: LinkFeedOptions) {
    this.#link = link;
    this.#context = {
      ...settings,
      host,
      port,
      peer: link.peer,
      position: link.keepsFrom - 1,
      link: () => this.#link,
      queue: new FeedQueue(),
      guards: new ReadGuards(),
    };
    this.#session = this.#newSession();
    this.#running = this.#run();
  }

  get link(): ChainLink {
    return this.#link;
  }

  /** The chain has changed, and with it perhaps what is said of the link; what it keeps is as before. */
  setLink(link: ChainLink): void {
    this.#link = link;
    this.#session.wake();
  }

  /** Passes on a change that is made now. Call it for each in order, as soon as it is numbered. */
  publish(batch: LiveBatch, isAwaited: boolean): void {
    this.#context.guards.note(batch.changes);
    const delivery = this.#context.queue.live(batch, isAwaited && !this.#isGivenUp);
    if (isAwaited) this.#deliveries.set(batch, this.#isGivenUp ? Promise.resolve("away") : delivery);
  }

  /** What becomes of a batch here; one that was not published is sent now. */
  delivered(batch: LiveBatch): Promise<Delivery> {
    if (!this.#deliveries.has(batch)) this.publish(batch, true);
    return this.#deliveries.get(batch) ?? Promise.resolve("away");
  }

  /** Sends chunks on while they are stored. Resolves when they are durable there, or could not be sent. */
  forward(lease: LeaseId, chunks: readonly StoredBytes[]): Promise<void> {
    return this.#session.state === "away" ? Promise.resolve() : this.#session.forwarder.forward(lease, chunks);
  }

  renewLease(lease: LeaseId): void {
    this.#session.forwarder.renewLease(lease);
  }

  endLease(lease: LeaseId): void {
    this.#session.forwarder.endLease(lease);
  }

  /** Ends everything under way; whoever waits for the link learns that it is away. */
  async stop(): Promise<void> {
    const reason = new DfsError(
      "moved",
      "this peer no longer sends changes to the link; look up the shelf's chain again",
    );
    this.#stopping.abort(reason);
    this.#session.end(reason);
    this.#context.queue.giveUp();
    this.#isGivenUp = true;
    await this.#running;
  }

  status(): LinkStatus {
    const { state, progress, forwarder } = this.#session;
    const { queue } = this.#context;
    const savepoint = this.#session.savepoint ?? this.#savepoint;
    const isBehind = state !== "in sync";
    const onTheWayBytes = forwarder.bytes;
    return {
      peer: this.#link.peer,
      keepsFrom: this.#link.keepsFrom,
      state,
      epoch: savepoint?.epoch,
      sequence: savepoint?.sequence,
      lagChanges: isBehind ? progress?.recordsLeft : queue.changes,
      lagBytes: isBehind ? progress && progress.bytesLeft + onTheWayBytes : onTheWayBytes,
      filledBytes: progress?.filledBytes,
      fillBytes: progress && progress.filledBytes + progress.bytesLeft,
      lastVerifiedMs: this.#verifiedMs,
      reason: this.#failing?.error.message,
      isGivenUp: this.#isGivenUp && this.#failing !== undefined,
    };
  }

  #newSession(): LinkSession {
    return new LinkSession(this.#context, {
      onBegun: () => this.#onBegun(),
      onTaken: () => this.#answers(),
      onVerified: () => {
        this.#verifiedMs = this.#context.clock.nowMs();
      },
    });
  }

  async #run(): Promise<void> {
    const { clock } = this.#context;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#session.run().catch((error: unknown) => this.#onFailure(toDfsError(error)));
      if (signal.aborted) return;
      await clock.delay(this.#pauseMs, signal).catch(() => undefined); // stopped meanwhile
      this.#pauseMs = Math.min(2 * this.#pauseMs, linkRetryMsMax);
      this.#savepoint = this.#session.savepoint ?? this.#savepoint;
      if (!signal.aborted) this.#session = this.#newSession();
    }
  }

  /** A greeting shows that a link is there, but not that it can take what it had no room for, say. */
  #onBegun(): void {
    if (this.#failing?.error.retryHelps === true) this.#answers();
  }

  #answers(): void {
    this.#failing = undefined;
    this.#isGivenUp = false;
    this.#pauseMs = linkRetryMsMin;
  }

  #onFailure(error: DfsError): void {
    const { clock, host } = this.#context;
    if (this.#stopping.signal.aborted) return;
    const beginning = this.#session.calls.beginningOf(error);
    if (error.kind === "moved" && beginning !== undefined) host.moved(beginning.epoch);
    this.#failing = { sinceMs: this.#failing?.sinceMs ?? beginning?.startedMs ?? clock.nowMs(), error };
    void this.#giveUpInTime();
  }

  /** Lets puts go on without the link once it has failed for too long. */
  async #giveUpInTime(): Promise<void> {
    if (this.#isGivingUp) return;
    this.#isGivingUp = true;
    const { clock, linkPatienceMs, log, peer, queue } = this.#context;
    while (this.#failing !== undefined && !this.#stopping.signal.aborted) {
      const leftMs = this.#failing.sinceMs + linkPatienceMs - clock.nowMs();
      if (leftMs <= 0) {
        if (!this.#isGivenUp) log.warn(`${peer} is not waited for any more: ${this.#failing.error.message}`);
        this.#isGivenUp = true;
        queue.giveUp();
        break;
      }
      await clock.delay(leftMs, this.#stopping.signal).catch(() => undefined); // stopped meanwhile
    }
    this.#isGivingUp = false;
  }
}
