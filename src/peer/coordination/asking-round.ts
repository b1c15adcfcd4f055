/**
 * One question to the coordinators: who is most likely to answer is asked first, and all others at once when that one
 * takes long or cannot answer. The first answer counts; questions that are still open are given up.
 */
import { DfsError, type ErrorKind, toDfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import { askNextAfterMs, noQuorumCheckMs } from "../../core/limits.ts";

export interface AskingRoundOptions<Result> {
  readonly first: PeerId | undefined;
  readonly others: readonly PeerId[];
  readonly call: (peer: PeerId, signal: AbortSignal) => Promise<Result>;
  readonly signal: AbortSignal | undefined;
}

export interface Answer<Result> {
  readonly result: Result;
  /** Who answered. */
  readonly peer: PeerId;
}

/** Nobody could answer. */
export interface NoAnswer {
  readonly failures: readonly DfsError[];
  readonly asked: ReadonlySet<PeerId>;
}

/** Failures of one coordinator that another may not have. */
const passingKinds: ReadonlySet<ErrorKind> = new Set(["not-leader", "unreachable", "timeout", "no-quorum", "busy"]);

export class AskingRound<Result> {
  readonly #options: AskingRoundOptions<Result>;
  readonly #asked = new Set<PeerId>();
  readonly #open = new Set<PeerId>();
  readonly #failures: DfsError[] = [];
  readonly #giveUp = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #settle: (outcome: Answer<Result> | NoAnswer) => void = () => undefined;
  #fail: (error: DfsError) => void = () => undefined;

  constructor(options: AskingRoundOptions<Result>) {
    this.#options = options;
  }

  /** The first answer, or why there is none. Fails with what a coordinator refused for good, and as the signal says. */
  async run(): Promise<Answer<Result> | NoAnswer> {
    const { first, signal } = this.#options;
    if (signal?.aborted === true) throw toDfsError(signal.reason);
    const abort = (): void => this.#fail(toDfsError(signal?.reason));
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#settle = resolve;
        this.#fail = reject;
        if (first === undefined) this.#askOthers();
        else {
          this.#ask(first);
          this.#timers.push(setTimeout(() => this.#askOthers(), askNextAfterMs));
        }
        this.#endIfDone();
      });
    } finally {
      signal?.removeEventListener("abort", abort);
      for (const timer of this.#timers) clearTimeout(timer);
      if (this.#open.size > 0) this.#giveUp.abort(new DfsError("interrupted", "another coordinator has answered"));
    }
  }

  #ask(peer: PeerId): void {
    this.#asked.add(peer);
    this.#open.add(peer);
    this.#options.call(peer, this.#giveUp.signal).then(
      (result) => {
        this.#open.delete(peer);
        this.#settle({ result, peer });
      },
      (error: unknown) => this.#failed(peer, toDfsError(error)),
    );
  }

  #askOthers(): void {
    for (const peer of this.#options.others) if (!this.#asked.has(peer)) this.#ask(peer);
  }

  #failed(peer: PeerId, error: DfsError): void {
    this.#open.delete(peer);
    if (!passingKinds.has(error.kind)) {
      this.#fail(error);
      return;
    }
    this.#failures.push(error);
    const hint = error.kind === "not-leader" ? (error.peer as PeerId | undefined) : undefined;
    if (hint !== undefined && !this.#asked.has(hint)) this.#ask(hint);
    else if (hint === undefined || !this.#open.has(hint)) this.#askOthers();
    // Where one coordinator misses the majority, another that has it answers fast.
    if (error.kind === "no-quorum") this.#timers.push(setTimeout(() => this.#end(), noQuorumCheckMs));
    this.#endIfDone();
  }

  /** Ends when nobody is left who might answer. One that is silent, and that nobody calls the leader, is not waited for. */
  #endIfDone(): void {
    const isAllAsked = this.#options.others.every((peer) => this.#asked.has(peer));
    const isElecting = this.#failures.some(({ kind, peer }) => kind === "not-leader" && peer === undefined);
    const isLeaderOpen = this.#failures.some(
      ({ kind, peer }) => kind === "not-leader" && this.#open.has(peer as PeerId),
    );
    const isStuck = this.#open.size === 1 && isElecting && !isLeaderOpen && this.#asked.size > 1;
    if (this.#open.size === 0 ? isAllAsked : isAllAsked && isStuck) this.#end();
  }

  #end(): void {
    this.#settle({ failures: this.#failures, asked: this.#asked });
  }
}
