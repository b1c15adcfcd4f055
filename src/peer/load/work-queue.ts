/**
 * The line of one kind of work at a peer: little runs at once, what waits is served in turn among its callers, and what
 * would wait too long is refused at once with when to come back.
 *
 * How long something would wait follows from what waits before it and from how fast work was done lately, so that the
 * line is short in time whatever a piece of work costs. A refusal costs next to nothing; work that is done for nobody
 * costs as much as any other: so what its caller has given up, or cannot use any more, is dropped before it is begun.
 */
import { DfsError, type ErrorKind, toDfsError } from "../../core/errors.ts";
import { busyRetryMsMax, busyRetryMsMin } from "../../core/limits.ts";
import { WorkRate } from "./work-rate.ts";

export interface WorkLimits {
  /** What is asked for, as a message names it: "chunks to read". */
  readonly name: string;
  /** Pieces that run at once; while several callers want more, each has an equal share of them. */
  readonly runningMax: number;
  /** What runs at once should be done in so many milliseconds: fewer pieces run where each takes longer. */
  readonly runMsMax: number;
  /** Work that would wait longer is refused, in milliseconds. */
  readonly waitMsMax: number;
  /** The sizes of all that waits: in bytes, or pieces. */
  readonly waitingMax: number;
}

/** A piece of work. */
export interface Work<Caller> {
  readonly caller: Caller;
  /** What it counts for while it waits; 1 without it. */
  readonly size?: number;
  /** When its caller stops waiting for it, by the queue's clock. */
  readonly deadlineMs?: number | undefined;
  /** Does it, and calls `end` when its answer has left, or that nobody got one; further calls of `end` are for nothing. */
  readonly start: (end: (isInVain?: boolean) => void) => void;
  /** Called instead, with `busy` and when to come back, or `timeout` when nobody waits for it any more. */
  readonly refuse: (error: DfsError) => void;
}

/** Work that is a promise. */
export interface PromisedWork<Caller> extends Pick<Work<Caller>, "caller" | "deadlineMs"> {
  readonly signal: AbortSignal | undefined;
  /** It keeps its place until then, once it is done. */
  readonly until?: Promise<void> | undefined;
}

export interface WorkQueueOptions {
  /** Milliseconds that never go back. */
  readonly nowMs?: () => number;
  /** Calls back when the peer has looked at what arrived meanwhile. */
  readonly later?: (callback: () => void) => void;
}

interface Waiting<Caller> extends Work<Caller> {
  readonly sinceMs: number;
}

class CallerLine<Caller> {
  readonly waiting = new Set<Waiting<Caller>>();
  waitingSize = 0;
  running = 0;
}

/** Work that ends like this took time, and nothing was done. */
const vainKinds: ReadonlySet<ErrorKind> = new Set(["busy", "timeout", "interrupted", "unreachable"]);
/** So many pieces run at once whatever they take: while one waits for a disk or another peer, another one goes on. */
const runningMin = 4;
/** Waiting work is dropped, should the forecast have been wrong, at so many times the wait for which it was let in. */
const lateWaits = 2;

export class WorkQueue<Caller> {
  readonly #limits: WorkLimits;
  readonly #nowMs: () => number;
  readonly #later: (callback: () => void) => void;
  /** Callers with anything waiting or running; those whose turn it is first. */
  readonly #lines = new Map<Caller, CallerLine<Caller>>();
  readonly #rate: WorkRate;
  #running = 0;
  #waiting = 0;
  #waitingSize = 0;
  #isTurnSet = false;
  /** Something could not be begun at once since a piece of work ended. */
  #isPressed = false;

  constructor(limits: WorkLimits, options: WorkQueueOptions = {}) {
    this.#limits = limits;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#later = options.later ?? setImmediate;
    this.#rate = new WorkRate(this.#nowMs);
  }

  /** Pieces that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Starts work, lets it wait, or refuses it at once. Whoever gives it up calls what this returns. */
  enter(work: Work<Caller>): () => void {
    const line = this.#lineOf(work.caller);
    const places = this.#places();
    const isFree = this.#waiting === 0 && this.#running < places && line.running < this.#share(places);
    if (isFree && this.#isInTime(work, 0)) {
      this.#start(work, line);
      return () => undefined;
    }
    this.#isPressed = true;
    const refusal = this.#refusalOf(work, line);
    if (refusal !== undefined) {
      this.#forgetUnused(work.caller, line);
      work.refuse(refusal);
      return () => undefined;
    }
    const entry: Waiting<Caller> = { ...work, sinceMs: this.#nowMs() };
    this.#add(entry, line);
    return () => {
      if (this.#remove(entry, line)) this.#forgetUnused(work.caller, line);
    };
  }

  /** The outcome of `work`, once it was begun. Fails with `busy` or `timeout` when it is refused, and with what it fails with. */
  run<Result>(
    { caller, deadlineMs, signal, until }: PromisedWork<Caller>,
    work: () => Promise<Result>,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        leave();
        reject(signal?.reason);
      };
      const leave = this.enter({
        caller,
        deadlineMs,
        start: (end) => {
          signal?.removeEventListener("abort", onAbort);
          const outcome = work();
          outcome.then(resolve, reject);
          const isInVain = outcome.then(
            () => false,
            (error: unknown) => signal?.aborted === true || vainKinds.has(toDfsError(error).kind),
          );
          void Promise.all([isInVain, until]).then(([inVain]) => end(inVain));
        },
        refuse: (error) => {
          signal?.removeEventListener("abort", onAbort);
          reject(error);
        },
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Why work is not let in; undefined where it is. */
  #refusalOf(work: Work<Caller>, line: CallerLine<Caller>): DfsError | undefined {
    const waitMs = this.#waitMs(line);
    const isTaken =
      this.#isInTime(work, waitMs) && waitMs <= this.#limits.waitMsMax && this.#makeRoom(sizeOf(work), line);
    return isTaken ? undefined : this.#busy(waitMs);
  }

  /** Whether there is room for more of a caller; where there is not, whoever has more waiting gives some up. */
  #makeRoom(size: number, line: CallerLine<Caller>): boolean {
    while (this.#waiting > 0 && this.#waitingSize + size > this.#limits.waitingMax) {
      let largest = line;
      for (const other of this.#lines.values()) if (other.waitingSize > largest.waitingSize) largest = other;
      const [oldest] = largest.waiting;
      if (oldest === undefined || largest.waitingSize <= line.waitingSize + size) return false;
      this.#remove(oldest, largest);
      oldest.refuse(this.#busy(this.#waitMs(largest)));
    }
    return true;
  }

  /** How long a further piece of work of a caller would wait: a piece of every other caller goes before each of its own. */
  #waitMs(line: CallerLine<Caller>): number {
    let ahead = 1;
    for (const other of this.#lines.values())
      ahead += other === line ? line.waiting.size : Math.min(other.waiting.size, line.waiting.size + 1);
    return ahead * this.#rate.msPerWork;
  }

  /** Whether work that is begun in so many milliseconds will be done in its caller's time: it shares the peer with what runs then. */
  #isInTime({ deadlineMs }: Work<Caller>, waitMs: number): boolean {
    return deadlineMs === undefined || this.#nowMs() + waitMs + this.#running * this.#rate.msPerWork <= deadlineMs;
  }

  #busy(waitMs: number): DfsError {
    const { name, waitMsMax } = this.#limits;
    // Half of what may wait is done by then, and there is work until whoever was refused is back.
    const retryAfterMs = Math.ceil(Math.min(busyRetryMsMax, Math.max(busyRetryMsMin, waitMs - waitMsMax / 2)));
    return new DfsError("busy", `too many ${name} wait here: try again in ${retryAfterMs} ms`, { retryAfterMs });
  }

  #start({ start }: Work<Caller>, line: CallerLine<Caller>): void {
    if (this.#running === 0) this.#rate.begin();
    line.running += 1;
    this.#running += 1;
    let hasEnded = false;
    start((isInVain = false) => {
      if (hasEnded) return;
      hasEnded = true;
      line.running -= 1;
      this.#running -= 1;
      this.#rate.ended(this.#isPressed, isInVain);
      this.#isPressed = this.#waiting > 0;
      this.#setTurn();
    });
  }

  /** What arrived in this turn of the events is seen before more is begun. */
  #setTurn(): void {
    if (this.#isTurnSet) return;
    this.#isTurnSet = true;
    this.#later(() => {
      this.#isTurnSet = false;
      this.#turn();
    });
  }

  #turn(): void {
    for (const [caller, line] of this.#lines) this.#forgetUnused(caller, line);
    const places = this.#places();
    const share = this.#share(places);
    // Whoever was served goes to the end, and the loop comes to it again.
    for (const [caller, line] of this.#lines) {
      if (this.#running >= places || this.#waiting === 0) return;
      if (line.waiting.size === 0 || line.running >= share) continue;
      const [next] = line.waiting;
      if (next === undefined) continue;
      this.#remove(next, line);
      const refusal = this.#lateness(next);
      if (refusal === undefined) this.#start(next, line);
      else next.refuse(refusal);
      this.#lines.delete(caller);
      this.#lines.set(caller, line);
    }
  }

  /** Why work that has waited is not begun; undefined where it is. */
  #lateness(work: Waiting<Caller>): DfsError | undefined {
    if (!this.#isInTime(work, 0)) return new DfsError("timeout", "its time was over before it could be done");
    const { waitMsMax } = this.#limits;
    return this.#nowMs() - work.sinceMs > lateWaits * waitMsMax ? this.#busy(waitMsMax) : undefined;
  }

  /** Pieces that may run at once now. */
  #places(): number {
    const { runMsMax, runningMax } = this.#limits;
    return Math.min(runningMax, Math.max(runningMin, Math.floor(runMsMax / this.#rate.msPerWork)));
  }

  /** Running pieces for each caller. */
  #share(places: number): number {
    return Math.max(1, Math.floor(places / this.#lines.size));
  }

  #lineOf(caller: Caller): CallerLine<Caller> {
    const present = this.#lines.get(caller);
    if (present !== undefined) return present;
    const line = new CallerLine<Caller>();
    this.#lines.set(caller, line);
    return line;
  }

  #add(entry: Waiting<Caller>, line: CallerLine<Caller>): void {
    line.waiting.add(entry);
    line.waitingSize += sizeOf(entry);
    this.#waiting += 1;
    this.#waitingSize += sizeOf(entry);
  }

  #remove(entry: Waiting<Caller>, line: CallerLine<Caller>): boolean {
    if (!line.waiting.delete(entry)) return false;
    line.waitingSize -= sizeOf(entry);
    this.#waiting -= 1;
    this.#waitingSize -= sizeOf(entry);
    return true;
  }

  #forgetUnused(caller: Caller, line: CallerLine<Caller>): void {
    if (line.running === 0 && line.waiting.size === 0 && this.#lines.get(caller) === line) this.#lines.delete(caller);
  }
}

function sizeOf({ size = 1 }: Pick<Work<unknown>, "size">): number {
  return size;
}
