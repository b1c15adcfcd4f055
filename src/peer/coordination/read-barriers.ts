/** Linearizable reads on their way: each waits until everything that was acknowledged before it is applied here. */
import { DfsError, toDfsError } from "../../core/errors.ts";
import { raftReadsPendingMax } from "../../core/limits.ts";

interface Waiter {
  isGone: boolean;
  readonly resolve: (appliedIndex: number) => void;
  readonly reject: (error: DfsError) => void;
}

/** When a full queue is worth another try. */
const busyRetryMs = 50;

/** All reads that gather between two turns of the driver share one question to the leader. */
export class ReadBarriers {
  #gathering: Waiter[] = [];
  readonly #asked = new Map<number, Waiter[]>();
  #confirmed: { readonly index: number; readonly waiters: readonly Waiter[] }[] = [];
  #size = 0;
  #nextContext = 1;

  get isGathering(): boolean {
    return this.#gathering.length > 0;
  }

  /** Resolves with the applied index once a read may be served. Fails with `busy`, and as `signal` or the log says. */
  add(signal: AbortSignal): Promise<number> {
    if (signal.aborted) return Promise.reject(toDfsError(signal.reason));
    if (this.#size >= raftReadsPendingMax)
      return Promise.reject(
        new DfsError("busy", "the catalogue has too many reads to answer: try again shortly", {
          retryAfterMs: busyRetryMs,
        }),
      );
    this.#size += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener("abort", abandon);
        this.#size -= 1;
      };
      const waiter: Waiter = {
        isGone: false,
        resolve: (index) => (leave(), resolve(index)),
        reject: (error) => (leave(), reject(error)),
      };
      const abandon = (): void => {
        waiter.isGone = true;
        waiter.reject(toDfsError(signal.reason));
      };
      signal.addEventListener("abort", abandon, { once: true });
      this.#gathering.push(waiter);
    });
  }

  /** Asks for all that have gathered by `readIndex`, which says whether the question was taken. */
  ask(readIndex: (context: number) => boolean): void {
    this.#gathering = this.#gathering.filter((waiter) => !waiter.isGone);
    if (this.#gathering.length === 0) return;
    const context = this.#nextContext++;
    if (!readIndex(context)) return;
    this.#asked.set(context, this.#gathering);
    this.#gathering = [];
  }

  /** The answer to a question: the index to wait for, or that it must be asked again. */
  answered(context: number, index: number | undefined): void {
    const waiters = this.#asked.get(context) ?? [];
    this.#asked.delete(context);
    if (index === undefined) this.#gathering.push(...waiters);
    else this.#confirmed.push({ index, waiters });
  }

  /** Whether reads wait for entries to be applied. */
  get isWaiting(): boolean {
    return this.#confirmed.length > 0;
  }

  /** Serves the reads for which enough is applied. */
  serve(appliedIndex: number): void {
    const ready = this.#confirmed.filter(({ index }) => index <= appliedIndex);
    if (ready.length === 0) return;
    this.#confirmed = this.#confirmed.filter(({ index }) => index > appliedIndex);
    for (const { waiters } of ready) for (const waiter of waiters) if (!waiter.isGone) waiter.resolve(appliedIndex);
  }

  /** Refuses the reads that found nobody to ask. */
  releaseGathering(error: DfsError): void {
    const waiters = this.#gathering;
    this.#gathering = [];
    for (const waiter of waiters) if (!waiter.isGone) waiter.reject(error);
  }

  /** Refuses all. */
  release(error: DfsError): void {
    const waiters = [...this.#asked.values(), ...this.#confirmed.map((confirmed) => confirmed.waiters)].flat();
    this.#asked.clear();
    this.#confirmed = [];
    this.releaseGathering(error);
    for (const waiter of waiters) if (!waiter.isGone) waiter.reject(error);
  }
}
