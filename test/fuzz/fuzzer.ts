/**
 * The engine: mutates inputs of the corpus, keeps those that reach code which none before has reached, and shrinks those
 * with which something is wrong. Everything follows from the seed, as far as coverage and time do.
 *
 * Inputs run in batches, between two readings of the coverage. A batch with something new is run again in halves, until
 * the inputs are found that bring it.
 */
import { Prng } from "../sim/prng.ts";
import type { Coverage } from "./coverage.ts";
import { examine, faultKey } from "./examine.ts";
import { Mutator } from "./mutate.ts";
import { shrink } from "./shrink.ts";
import type { FuzzTarget } from "./target.ts";

/** Long enough that a reading of the coverage costs little beside it. */
const batchMs = 25;
const batchInputsMax = 2_000;
/** Of the inputs to change, so many are among the latest. */
const latestShare = 0.2;

export interface Finding {
  /** What tells it from other findings. */
  readonly key: string;
  /** Shrunk. */
  readonly input: Uint8Array;
  readonly fault: Error;
}

/** What a fuzzer tells while it runs. */
export interface FuzzerEvents {
  /** An input is about to run: should it never end, this is the one. */
  readonly onInput?: (input: Uint8Array) => void;
  /** An input reached something new. */
  readonly onInteresting?: (input: Uint8Array) => void;
  readonly onFinding?: (finding: Finding) => void;
}

export interface FuzzFigures {
  readonly executions: number;
  /** Inputs that each reach something new. */
  readonly corpus: number;
  /** Blocks of code that were reached. */
  readonly blocks: number;
  /** Different findings. */
  readonly findings: number;
}

export class Fuzzer {
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;
  readonly #events: FuzzerEvents;
  readonly #random: Prng;
  readonly #mutator: Mutator;
  readonly #corpus: Uint8Array[] = [];
  readonly #findings = new Set<string>();
  #executions = 0;
  #batchInputs = 16;

  constructor(target: FuzzTarget, seed: number, coverage: Coverage, events: FuzzerEvents = {}) {
    this.#target = target;
    this.#coverage = coverage;
    this.#events = events;
    this.#random = new Prng(seed);
    this.#mutator = new Mutator(this.#random, target.tokens ?? [], target.bytesMax);
    coverage.add(coverage.take());
  }

  get figures(): FuzzFigures {
    const [corpus, findings] = [this.#corpus.length, this.#findings.size];
    return { executions: this.#executions, corpus, blocks: this.#coverage.blocks, findings };
  }

  /** Runs inputs that are known, the shortest first. Returns those that are worth keeping. */
  async load(inputs: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    for (const input of inputs.toSorted((one, other) => one.length - other.length)) {
      await this.#execute(input);
      this.#keepIfNew(input);
    }
    if (this.#corpus.length === 0) this.#corpus.push(Uint8Array.of(0));
    return this.#corpus;
  }

  /** Looks for new inputs until `performance.now()` is `endMs`. */
  async run(endMs: number): Promise<void> {
    while (performance.now() < endMs) {
      const batch = Array.from({ length: this.#batchInputs }, () => this.#newInput());
      const startedMs = performance.now();
      for (const input of batch) await this.#execute(input);
      const elapsedMs = Math.max(0.1, performance.now() - startedMs);
      this.#batchInputs = Math.ceil(
        Math.min(batchInputsMax, (this.#batchInputs * 2 * batchMs) / (elapsedMs + batchMs)),
      );
      if (this.#coverage.hasNew(this.#coverage.take())) await this.#search(batch);
    }
  }

  #newInput(): Uint8Array {
    const input = this.#mutator.mutate(this.#parent(), this.#random.pick(this.#corpus));
    if (this.#target.repair !== undefined && this.#random.chance(0.5)) this.#target.repair(input);
    return input;
  }

  #parent(): Uint8Array {
    const latest = Math.ceil(this.#corpus.length * latestShare);
    const at = this.#random.chance(0.5)
      ? this.#corpus.length - 1 - this.#random.below(latest)
      : this.#random.below(this.#corpus.length);
    return this.#corpus[at] as Uint8Array;
  }

  /** Finds the inputs of a batch that bring something new. */
  async #search(batch: readonly Uint8Array[]): Promise<void> {
    for (const input of batch) await this.#execute(input);
    const reading = this.#coverage.take();
    if (!this.#coverage.hasNew(reading)) return;
    if (batch.length === 1) return this.#keep(batch[0] as Uint8Array, reading);
    const half = batch.length >> 1;
    await this.#search(batch.slice(0, half));
    await this.#search(batch.slice(half));
  }

  #keepIfNew(input: Uint8Array): void {
    const reading = this.#coverage.take();
    if (!this.#coverage.hasNew(reading)) return;
    this.#coverage.add(reading);
    this.#corpus.push(input);
  }

  #keep(input: Uint8Array, reading: ReturnType<Coverage["take"]>): void {
    this.#coverage.add(reading);
    this.#corpus.push(input);
    this.#events.onInteresting?.(input);
  }

  async #execute(input: Uint8Array): Promise<void> {
    const fault = await this.#examine(input);
    if (fault !== undefined) await this.#found(input, fault);
  }

  #examine(input: Uint8Array): Promise<Error | undefined> {
    this.#executions += 1;
    this.#events.onInput?.(input);
    return examine(this.#target, input);
  }

  async #found(input: Uint8Array, fault: Error): Promise<void> {
    const key = faultKey(fault);
    if (this.#findings.has(key)) return;
    this.#findings.add(key);
    let shrunkFault = fault;
    const isSame = async (candidate: Uint8Array): Promise<boolean> => {
      const other = await this.#examine(candidate);
      if (other === undefined || faultKey(other) !== key) return false;
      shrunkFault = other;
      return true;
    };
    this.#events.onFinding?.({ key, input: await shrink(input, isSame), fault: shrunkFault });
  }
}
