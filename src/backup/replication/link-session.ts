/**
 * One session with a link: from its greeting until a call to it fails.
 *
 * Two things run side by side. One sends what is in the queue, a parcel at a time. The other makes the link equal:
 * it compares, fills, has the catalogue say that the link has everything, and compares again now and then.
 */
import { setMaxListeners } from "node:events";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { digestBytes } from "../../core/ids.ts";
import { claimRetryMs, linkQueueMax } from "../../core/limits.ts";
import { isFullLink } from "../../core/shelf.ts";
import type { Savepoint } from "../../core/shelf.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import { CatchUp } from "./catch-up.ts";
import type { LogRange } from "./change-log.ts";
import { ChunkForwarder } from "./chunk-forwarder.ts";
import { ChunkGiver } from "./chunk-giver.ts";
import { isSameDigest } from "./digests.ts";
import type { FeedContext, SessionContext } from "./feed-context.ts";
import { LinkCalls } from "./link-calls.ts";
import { ParcelSender } from "./parcel-sender.ts";

/** How far a link is: not reached yet; reached; gets only what is new; is being given what it lacks; has everything. */
export type SessionState = "away" | "behind" | "new files only" | "filling" | "in sync";

/** What the beginning of a session found. */
interface Beginning {
  /** Where the link is on the owner's history, if it is. */
  readonly range: LogRange | undefined;
  /** Whether it may lack what it claims. */
  readonly mayLack: boolean;
  /** Whether it is equal, where that was asked. */
  readonly check: Promise<boolean> | undefined;
}

export interface SessionEvents {
  /** The link has greeted. */
  readonly onBegun: () => void;
  /** It has taken changes. */
  readonly onTaken: () => void;
  /** It was found equal. */
  readonly onVerified: () => void;
}

export class LinkSession {
  readonly #context: SessionContext;
  readonly #events: SessionEvents;
  readonly #ending = new AbortController();
  readonly #sender: ParcelSender;
  readonly #catchUp: CatchUp;
  readonly calls: LinkCalls;
  readonly forwarder: ChunkForwarder;
  #waking = new AbortController();
  #state: SessionState = "away";

  constructor(feed: FeedContext, events: SessionEvents) {
    const { signal } = this.#ending;
    setMaxListeners(0, signal); // every call under way listens; the windows bound them
    const { clock, host, linkSilenceMs } = feed;
    this.calls = new LinkCalls({ clock, silenceMs: linkSilenceMs, epoch: () => host.epoch() }, signal);
    const context = { ...feed, calls: this.calls, signal };
    const giver = new ChunkGiver(context);
    this.#context = context;
    this.#events = events;
    this.forwarder = new ChunkForwarder(context, (error) => this.end(error));
    this.#catchUp = new CatchUp({ context, giver, check: () => this.#check() });
    this.#sender = new ParcelSender({
      context,
      giver,
      forwarder: this.forwarder,
      onTaken: events.onTaken,
      onUnsure: () => this.wake(),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  /** What the link last said that it has. */
  get savepoint(): Savepoint | undefined {
    return this.#sender.savepoint;
  }

  /** How far the filling is; undefined while there is none. */
  get progress(): CatchUp["progress"] | undefined {
    return this.#state === "filling" ? this.#catchUp.progress : undefined;
  }

  /** Runs until a call fails or `end` is called; fails with the reason. Nothing of it is under way afterwards. */
  async run(): Promise<never> {
    const { calls, host, port, queue, shelf, signal } = this.#context;
    const working: Promise<never>[] = [];
    try {
      const start = await calls.run((callSignal) => port.begin(shelf, host.epoch(), callSignal));
      this.#events.onBegun();
      this.#state = "behind";
      const beginning = await host.still(() => this.#look(start.savepoint));
      working.push(this.#sender.run(start.feed, start.savepoint), this.#tend(beginning));
      return await Promise.race(working);
    } catch (error) {
      this.end(toDfsError(error));
      throw toDfsError(signal.reason);
    } finally {
      this.#state = "away";
      queue.broken(signal.reason);
      await Promise.allSettled(working);
    }
  }

  /** Ends the session, for this reason unless it has ended already. */
  end(reason: DfsError): void {
    this.#ending.abort(reason);
    this.wake();
  }

  /** The chain has changed: looks what there is to do. */
  wake(): void {
    this.#waking.abort();
  }

  /** Listens for new changes from here on, and finds out what the link has of the others. */
  async #look(savepoint: Savepoint | undefined): Promise<Beginning> {
    const { position, queue, shelf, store } = this.#context;
    queue.listen(linkQueueMax, (queued) =>
      this.end(new DfsError("busy", `${queued} batches of changes wait for it; it is begun with anew`)),
    );
    const until = (await store.savepoint(shelf))?.sequence ?? 0;
    const digest = await store.setDigest(shelf, position);
    const isClaimed = savepoint !== undefined && savepoint.sequence > 0;
    const isEqual = isSameDigest(savepoint?.digest ?? new Uint8Array(digestBytes), digest);
    const isOnHistory = isClaimed && (await store.changesSince(shelf, savepoint, 1)) !== undefined;
    // A link that is on another owner's history stops claiming a point of that before its set is changed.
    const isToBeAsked = isEqual || (isClaimed && !isOnHistory);
    return {
      range: isOnHistory ? { epoch: savepoint.epoch, sequence: savepoint.sequence, until } : undefined,
      mayLack: !isClaimed,
      check: isToBeAsked ? queue.check(until, digest, true) : undefined,
    };
  }

  async #tend({ range, mayLack, check }: Beginning): Promise<never> {
    let isEqual = (await check) === true;
    let isFirst = true;
    for (;;) {
      if (isEqual) {
        await this.#keepEqual();
        isEqual = false;
        isFirst = false;
      } else if (this.#isToBeFilled()) {
        this.#state = "filling";
        await this.#catchUp.run(isFirst ? range : undefined, mayLack || !isFirst);
        isEqual = true;
      } else {
        this.#state = "new files only";
        await this.#rest(this.#context.verifyMs);
      }
    }
  }

  #isToBeFilled(): boolean {
    const { hasFrom, isFilled } = this.#context.link();
    return isFilled || hasFrom > 0;
  }

  /** Resolves when the link is no longer equal, which only damage or a mistake can bring about. */
  async #keepEqual(): Promise<void> {
    const { verifyMs } = this.#context;
    do {
      this.#state = "in sync";
      this.#events.onVerified();
      const isClaimed = await this.#claim();
      await this.#rest(isClaimed ? verifyMs : Math.min(claimRetryMs, verifyMs));
    } while (await this.#check());
    this.#state = "behind";
  }

  /** Whether the chain says that the link has everything. */
  async #claim(): Promise<boolean> {
    const { host, link, log, peer, signal } = this.#context;
    if (isFullLink(link())) return true;
    try {
      const isEqual = (): boolean => this.#state === "in sync" && !signal.aborted;
      await untilAborted(signal, host.claim(peer, isEqual));
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn(`${peer} has the whole shelf, which could not be told: ${toDfsError(error).message}; it is tried again`);
    }
    return isFullLink(link());
  }

  /** Whether the link has exactly what the owner has for it, at a moment at which no change is being made. */
  async #check(): Promise<boolean> {
    const { host, position, queue, shelf, store } = this.#context;
    const { answer } = await host.still(async () => {
      const sequence = (await store.savepoint(shelf))?.sequence ?? 0;
      const digest = await store.setDigest(shelf, position);
      return { answer: queue.check(sequence, digest) };
    });
    return answer;
  }

  /** Waits, until woken at the most. */
  async #rest(ms: number): Promise<void> {
    const { clock, signal } = this.#context;
    if (!this.#waking.signal.aborted) await clock.delay(ms, this.#waking.signal).catch(() => undefined); // cut short
    if (signal.aborted) throw toDfsError(signal.reason);
    this.#waking = new AbortController();
  }
}
