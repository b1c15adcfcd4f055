/** A peer that has one core, in simulated time: its line of work is the real one, what is in it only takes its time. */
import type { DfsError } from "../../../src/core/errors.ts";
import { BusyGate } from "../../../src/peer/load/busy-gate.ts";
import { type WorkLimits, WorkQueue } from "../../../src/peer/load/work-queue.ts";

export interface ServingOptions extends WorkLimits {
  readonly msPerWork: number;
  /** What it costs to refuse a piece of work. */
  readonly refusalMs?: number;
}

interface Load {
  /** Pieces that come each millisecond, evenly. */
  readonly perMs: number;
  readonly callers: readonly string[];
  /** For how long a caller can use the answer. */
  readonly patienceMs: number;
  /** Whether callers that were told to come back later send nothing until then. */
  readonly isPolite?: boolean;
}

interface Asked {
  readonly caller: string;
  refusal: DfsError | undefined;
}

interface Answered {
  readonly caller: string;
  readonly waitedMs: number;
  readonly isInTime: boolean;
}

interface Outcome {
  readonly answered: Answered[];
  readonly refused: Asked[];
}

export class ServingPeer {
  readonly #options: ServingOptions;
  readonly #queue: WorkQueue<string>;
  readonly #running: { leftMs: number; readonly end: () => void }[] = [];
  readonly #turns: (() => void)[] = [];
  /** What each caller was told. */
  readonly #gates = new BusyGate<string>({ nowMs: () => this.#nowMs, random: () => 0.5 });
  #nowMs = 0;
  /** Time that refusals have taken from the work. */
  #owedMs = 0;
  #outcome: Outcome = { answered: [], refused: [] };

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#queue = new WorkQueue(options, {
      nowMs: () => this.#nowMs,
      later: (callback) => void this.#turns.push(callback),
    });
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  ask(caller: string, patienceMs?: number, size?: number): Asked {
    const asked: Asked = { caller, refusal: undefined };
    const sinceMs = this.#nowMs;
    const deadlineMs = patienceMs === undefined ? undefined : sinceMs + patienceMs;
    this.#queue.enter({
      caller,
      deadlineMs,
      ...(size === undefined ? {} : { size }),
      start: (end) => this.#work(caller, sinceMs, deadlineMs ?? Number.POSITIVE_INFINITY, end),
      refuse: (error) => {
        asked.refusal = error;
        this.#owedMs += this.#options.refusalMs ?? 0;
        this.#gates.note(caller, error);
        this.#outcome.refused.push(asked);
      },
    });
    return asked;
  }

  offer({ forMs, ...load }: Load & { readonly forMs: number }): Outcome {
    return this.offerAll([load], forMs);
  }

  /** Several loads side by side, for so many milliseconds, from now on. */
  offerAll(loads: readonly Load[], forMs: number): Outcome {
    this.#outcome = { answered: [], refused: [] };
    const stepMs = 0.05;
    const due = loads.map(() => 0);
    for (let step = 0; step < forMs / stepMs; step += 1) {
      loads.forEach(({ perMs, callers, patienceMs, isPolite = false }, index) => {
        due[index] = (due[index] ?? 0) + perMs * stepMs;
        for (; (due[index] ?? 0) >= 1; due[index] = (due[index] ?? 0) - 1) {
          const caller = callers[Math.floor(this.#nowMs * 7) % callers.length] as string;
          if (!isPolite || this.#gates.waitMs(caller) === 0) this.ask(caller, patienceMs);
        }
      });
      this.advance(stepMs);
    }
    return this.#outcome;
  }

  /** Lets time pass: the core does what runs, a part of each. */
  advance(ms: number): void {
    const stepMs = 0.05;
    for (let left = ms; left > 0; left -= stepMs) {
      this.#nowMs += Math.min(stepMs, left);
      this.#spend(Math.min(stepMs, left));
      for (const turn of this.#turns.splice(0)) turn();
    }
  }

  #spend(ms: number): void {
    const refusing = Math.min(ms, this.#owedMs);
    this.#owedMs -= refusing;
    let left = ms - refusing;
    while (left > 1e-9 && this.#running.length > 0) {
      const part = left / this.#running.length;
      const least = Math.min(part, ...this.#running.map(({ leftMs }) => leftMs));
      for (const running of this.#running) running.leftMs -= least;
      left -= least * this.#running.length;
      for (const done of this.#running.filter(({ leftMs }) => leftMs <= 1e-9)) {
        this.#running.splice(this.#running.indexOf(done), 1);
        done.end();
      }
    }
  }

  #work(caller: string, sinceMs: number, deadlineMs: number, end: () => void): void {
    const { answered } = this.#outcome;
    this.#running.push({
      leftMs: this.#options.msPerWork,
      end: () => {
        answered.push({ caller, waitedMs: this.#nowMs - sinceMs, isInTime: this.#nowMs <= deadlineMs });
        end();
      },
    });
  }
}
