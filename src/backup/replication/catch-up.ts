/**
 * Makes a link's set equal to what it has to be, while new changes go to it at the same time.
 *
 * What it lacks is found in the owner's log of changes behind the link's savepoint, or, where that does not reach back, by
 * comparing the sets bucket by bucket. Steps of some hundred records run side by side, and their changes go out in order.
 */
import { toDfsError } from "../../core/errors.ts";
import type { FileKey } from "../../core/ids.ts";
import { fillRetryMsMax, fillRetryMsMin, fillStepsAtOnceMax } from "../../core/limits.ts";
import type { ChainLink, ShelfChange } from "../../core/shelf.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import { loggedChanges } from "./change-log.ts";
import type { LogRange } from "./change-log.ts";
import type { ChunkGiver, Given } from "./chunk-giver.ts";
import type { SessionContext } from "./feed-context.ts";
import type { ReadGuard } from "./read-guards.ts";
import { differences, differingBuckets } from "./set-comparison.ts";
import type { FillStep } from "./set-comparison.ts";

export interface CatchUpOptions {
  readonly context: SessionContext;
  readonly giver: ChunkGiver;
  /** Asks the link whether it is equal by now. */
  readonly check: () => Promise<boolean>;
}

export class CatchUp {
  readonly #context: SessionContext;
  readonly #giver: ChunkGiver;
  readonly #check: () => Promise<boolean>;
  #filledBytes = 0;
  #recordsLeft = 0;
  #recordBytes = 0;
  /** Whether everything could be given. */
  #isWhole = true;
  /** Resolves when the step before has its changes in the queue. */
  #turn: Promise<void> = Promise.resolve();

  constructor({ context, giver, check }: CatchUpOptions) {
    this.#context = context;
    this.#giver = giver;
    this.#check = check;
  }

  /** Bytes that are through, and about how many records and bytes there are still to look at. */
  get progress(): { readonly filledBytes: number; readonly recordsLeft: number; readonly bytesLeft: number } {
    const recordsLeft = Math.max(0, this.#recordsLeft);
    return { filledBytes: this.#filledBytes, recordsLeft, bytesLeft: recordsLeft * this.#recordBytes };
  }

  /**
   * Resolves when the link is equal. `range`: where it is on the owner's history, if it is. `mayLack`: it may have lost
   * what it claims; when it lacks something then, the claim is taken back first.
   */
  async run(range: LogRange | undefined, mayLack: boolean): Promise<void> {
    if (range !== undefined && (await this.#fill(this.#logSteps(range)))) return;
    let isSuspect = mayLack || (range !== undefined && this.#isWhole);
    for (let pauseMs = fillRetryMsMin; ; pauseMs = Math.min(2 * pauseMs, fillRetryMsMax)) {
      if (await this.#fill(this.#bucketSteps(isSuspect))) return;
      isSuspect = mayLack;
      await this.#context.clock.delay(pauseMs, this.#context.signal);
    }
  }

  /** Whether the link is equal after these steps. */
  async #fill(steps: AsyncIterable<FillStep>): Promise<boolean> {
    this.#isWhole = true;
    const underWay = new Set<Promise<void>>();
    const failures: unknown[] = [];
    try {
      for await (const step of steps) {
        const done = this.#carryOut(step)
          .catch((error: unknown) => void failures.push(error))
          .finally(() => underWay.delete(done));
        underWay.add(done);
        if (underWay.size >= fillStepsAtOnceMax) await Promise.race(underWay);
        if (failures.length > 0) break;
      }
    } finally {
      await Promise.all(underWay);
    }
    if (failures.length > 0) throw toDfsError(failures[0]);
    return this.#isWhole && (await this.#check());
  }

  async *#logSteps(range: LogRange): AsyncGenerator<FillStep, void> {
    await this.#estimate(range.until - range.sequence);
    yield* loggedChanges(this.#context, range);
  }

  async *#bucketSteps(isSuspect: boolean): AsyncGenerator<FillStep, void> {
    const differing = await differingBuckets(this.#context);
    await this.#estimate(differing.reduce((sum, { own, theirs }) => sum + Math.max(1, own.count - theirs.count), 0));
    for (const bucket of differing) {
      for await (const step of differences(this.#context, bucket)) {
        if (isSuspect && isClaimFalse(this.#context.link(), step.changes)) await this.#disclaim();
        yield step;
      }
    }
  }

  async #disclaim(): Promise<void> {
    const { host, log, peer, signal } = this.#context;
    log.warn(`${peer} has lost files that it should have; they are given to it again`);
    // Where it fails, the next step tries it again.
    await untilAborted(signal, host.disclaim(peer)).catch((error: unknown) => log.warn(toDfsError(error).message));
  }

  async #estimate(records: number): Promise<void> {
    const { shelf, store } = this.#context;
    const here = (await store.shelves()).find(({ savepoint }) => savepoint.shelf === shelf);
    this.#recordsLeft = records;
    this.#recordBytes = here === undefined || here.records === 0 ? 0 : here.bytes / here.records;
  }

  async #carryOut({ changes, guard }: FillStep): Promise<void> {
    const before = this.#turn;
    let leaveQueue = (): void => undefined;
    this.#turn = new Promise((resolve) => (leaveQueue = resolve));
    const added = changes.filter(({ copies }) => copies > 0).map(({ fileKey }) => fileKey);
    let given: Given | undefined;
    try {
      if (added.length > 0) given = await this.#giver.give(added, this.#context.pacer);
      const kept = await this.#keptThere(changes);
      await before;
      const applied = this.#apply(
        changes.filter(({ fileKey }) => !kept.has(fileKey)),
        guard,
        given,
      );
      leaveQueue();
      await applied;
      this.#filledBytes += given?.bytes ?? 0;
      this.#recordsLeft -= added.length;
    } finally {
      leaveQueue();
      guard.close();
      given?.release();
    }
  }

  /** Records that would leave the link and must not yet. */
  async #keptThere(changes: readonly ShelfChange[]): Promise<ReadonlySet<FileKey>> {
    const { log, releasable, signal } = this.#context;
    const leaving = changes.filter(({ copies }) => copies === 0).map(({ fileKey }) => fileKey);
    if (releasable === undefined || leaving.length === 0) return new Set();
    const answer = await untilAborted(signal, releasable(leaving, signal)).catch((error: unknown) => {
      if (signal.aborted) throw error;
      log.warn(`nothing is dropped that nobody could be asked for: ${toDfsError(error).message}`);
      return [];
    });
    const free = new Set(answer);
    const kept = leaving.filter((fileKey) => !free.has(fileKey));
    if (kept.length > 0) this.#isWhole = false;
    return new Set(kept);
  }

  /** Queues, before it returns, what is still so and could be given. */
  async #apply(changes: readonly ShelfChange[], guard: ReadGuard, given: Given | undefined): Promise<void> {
    if (given !== undefined && given.damaged.size > 0) this.#isWhole = false;
    const isLeftOut = (key: FileKey): boolean =>
      guard.has(key) || given?.gone.has(key) === true || given?.damaged.has(key) === true;
    const current = changes.filter(({ fileKey }) => !isLeftOut(fileKey));
    if (current.length > 0) await this.#context.queue.fill(current);
  }
}

/** Whether the link claims to have one of the records that it lacks. */
function isClaimFalse({ hasFrom }: ChainLink, changes: readonly ShelfChange[]): boolean {
  return hasFrom > 0 && changes.some(({ copies }) => copies >= hasFrom);
}
