/**
 * What waits to be sent to one link, in the order in which it has to arrive.
 *
 * Live batches are the owner's new changes; fill changes are what the link lacks of older ones; a check asks whether
 * the link now has everything up to a number. One parcel is under way at a time, so nothing ever overtakes.
 */
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { LeaseId } from "../../core/ids.ts";
import { recordsPerCallMax } from "../../core/limits.ts";
import type { Savepoint, ShelfChange } from "../../core/shelf.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import { isSameDigest } from "./digests.ts";
import type { ChangesToApply } from "./ports.ts";

/** What became of a batch at one link: it is on its disk; the link is away; or a chunk that it lacks is lost at the owner too. */
export type Delivery = "there" | "away" | "lost";

/** Changes that the owner made in one go, as numbers (after, sequence]. */
export interface LiveBatch {
  readonly after: number;
  readonly sequence: number;
  readonly changes: readonly ShelfChange[];
  /** Whose put it is; undefined for what is dropped. */
  readonly lease: LeaseId | undefined;
}

interface LiveEntry {
  readonly kind: "live";
  readonly batch: LiveBatch;
  /** Whether a put waits for it: then it outlives the session. */
  readonly isAwaited: boolean;
  readonly settle: (delivery: Delivery) => void;
}

interface FillEntry {
  readonly kind: "fill";
  readonly changes: readonly ShelfChange[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface CheckEntry {
  readonly kind: "check";
  readonly sequence: number;
  readonly digest: Uint8Array;
  readonly resolve: (isEqual: boolean) => void;
  readonly reject: (error: unknown) => void;
}

type Entry = LiveEntry | FillEntry | CheckEntry;

/** What goes to the link in one call. */
export interface Parcel {
  readonly kind: Entry["kind"];
  readonly changes: Omit<ChangesToApply, "epoch">;
  /** The put that all of it belongs to, where it is one. */
  readonly lease: LeaseId | undefined;
  readonly entries: readonly Entry[];
}

export class FeedQueue {
  #entries: Entry[] = [];
  /** Taken from `#entries`, and not delivered yet. */
  #underWay: readonly Entry[] = [];
  #onOverflow: ((queued: number) => void) | undefined;
  #entriesMax = 0;
  #wake: (() => void) | undefined;

  /** Changes that wait or are under way. */
  get changes(): number {
    return [...this.#underWay, ...this.#entries].reduce((sum, entry) => sum + changesOf(entry).length, 0);
  }

  /** From now on every batch is taken; until then those that a put waits for. More than `entriesMax` others are too many. */
  listen(entriesMax: number, onOverflow: (queued: number) => void): void {
    this.#entriesMax = entriesMax;
    this.#onOverflow = onOverflow;
  }

  /** Takes a batch; one that no put waits for is of use only while somebody listens. */
  live(batch: LiveBatch, isAwaited: boolean): Promise<Delivery> {
    if (!isAwaited && this.#onOverflow === undefined) return Promise.resolve("away");
    return new Promise((settle) => {
      this.#push({ kind: "live", batch, isAwaited, settle });
      if (this.#entries.length > this.#entriesMax) this.#onOverflow?.(this.#entries.length);
    });
  }

  /** Resolves when these changes of the past are on the link's disk; fails when the session is over before. */
  fill(changes: readonly ShelfChange[]): Promise<void> {
    if (this.#onOverflow === undefined) return Promise.reject(sessionIsOver());
    return new Promise((resolve, reject) => this.#push({ kind: "fill", changes, resolve, reject }));
  }

  /** Asks, in its turn or, with `isFirst`, before everything else, whether the link has `digest` and takes `sequence`; fails as `fill` does. */
  check(sequence: number, digest: Uint8Array, isFirst = false): Promise<boolean> {
    const answer = new Promise<boolean>((resolve, reject) => {
      const entry: CheckEntry = { kind: "check", sequence, digest, resolve, reject };
      if (this.#onOverflow === undefined) reject(sessionIsOver());
      else if (isFirst) this.#entries.unshift(entry);
      else this.#entries.push(entry);
    });
    answer.catch(() => undefined); // who asked may be gone with the session
    this.#wake?.();
    return answer;
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.#wake?.();
  }

  /** The next parcel, as soon as there is one. One call at a time, and only after the last parcel was delivered. Fails when the signal aborts. */
  async next(signal: AbortSignal): Promise<Parcel> {
    while (this.#entries.length === 0)
      await untilAborted(signal, new Promise<void>((resolve) => (this.#wake = resolve)));
    if (signal.aborted) throw toDfsError(signal.reason);
    const entries = this.#entries.splice(0, mergeable(this.#entries));
    this.#underWay = entries;
    const [first] = entries;
    return first?.kind === "check" ? checkParcel(first) : changesParcel(entries);
  }

  /** The parcel is on the link's disk, which is at `savepoint`. Returns whether a check found it equal; undefined for others. */
  delivered({ entries }: Parcel, savepoint: Savepoint): boolean | undefined {
    this.#underWay = [];
    let isEqual: boolean | undefined;
    for (const entry of entries) {
      if (entry.kind === "live") entry.settle("there");
      else if (entry.kind === "fill") entry.resolve();
      else {
        isEqual = entry.sequence === savepoint.sequence && isSameDigest(entry.digest, savepoint.digest);
        if (isEqual) this.settleUpTo(entry.sequence);
        entry.resolve(isEqual);
      }
    }
    return isEqual;
  }

  /** The link has everything up to `sequence`, so what waits of that need not go. */
  settleUpTo(sequence: number): void {
    this.#settle((entry) => (entry.batch.sequence <= sequence ? "there" : undefined));
  }

  /** A chunk that these batches need is neither at the link nor at the owner any more. */
  lose(isLost: (batch: LiveBatch) => boolean): void {
    this.#settle((entry) => (isLost(entry.batch) ? "lost" : undefined));
  }

  /** Nobody waits for this link any more. */
  giveUp(): void {
    this.#settle(() => "away");
  }

  #settle(outcome: (entry: LiveEntry) => Delivery | undefined): void {
    const keep = (entry: Entry): boolean => {
      const delivery = entry.kind === "live" ? outcome(entry) : undefined;
      if (delivery !== undefined && entry.kind === "live") entry.settle(delivery);
      return delivery === undefined;
    };
    this.#underWay = this.#underWay.filter(keep);
    this.#entries = this.#entries.filter(keep);
  }

  /** The session is over: only what puts wait for stays, in order, for the next one. */
  broken(error: unknown): void {
    const all = [...this.#underWay, ...this.#entries];
    this.#underWay = [];
    this.#entries = [];
    this.#onOverflow = undefined;
    for (const entry of all) {
      if (entry.kind !== "live") entry.reject(error);
      else if (entry.isAwaited) this.#entries.push(entry);
      else entry.settle("away");
    }
  }
}

function sessionIsOver(): DfsError {
  return new DfsError("interrupted", "the session with the link is over");
}

function changesOf(entry: Entry): readonly ShelfChange[] {
  if (entry.kind === "check") return [];
  return entry.kind === "fill" ? entry.changes : entry.batch.changes;
}

/** How many of the first entries go together: live batches, or fill changes, up to a call's worth. */
function mergeable(entries: readonly Entry[]): number {
  const kind = entries[0]?.kind;
  let [count, changes] = [0, 0];
  for (const entry of entries) {
    changes += changesOf(entry).length;
    if (entry.kind !== kind || (count > 0 && (kind === "check" || changes > recordsPerCallMax))) break;
    count += 1;
  }
  return count;
}

function checkParcel(entry: CheckEntry): Parcel {
  const { sequence, digest } = entry;
  return {
    kind: "check",
    changes: { after: sequence, sequence, changes: [], digest },
    lease: undefined,
    entries: [entry],
  };
}

function changesParcel(entries: readonly Entry[]): Parcel {
  const live = entries.flatMap((entry) => (entry.kind === "live" ? [entry.batch] : []));
  const [first] = live;
  const isOnePut = live.every(({ lease }) => lease === first?.lease);
  return {
    kind: first === undefined ? "fill" : "live",
    changes: {
      after: first?.after ?? 0,
      sequence: live.at(-1)?.sequence ?? 0,
      changes: entries.flatMap(changesOf),
    },
    lease: isOnePut ? first?.lease : undefined,
    entries,
  };
}
