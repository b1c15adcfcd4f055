/** The gate that a transfer passes before each piece of work: shut while the transfer is paused. */
import { setMaxListeners } from "node:events";
import type { TransferOptions } from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";

/** Options of a transfer that can be paused. */
export interface PausableOptions extends TransferOptions {
  readonly gate?: PauseGate | undefined;
}

const paused = new DfsError("interrupted", "paused");

export class PauseGate {
  #isShut = false;
  readonly #waiting = new Set<() => void>();
  readonly #working = new Set<() => void>();

  get isShut(): boolean {
    return this.#isShut;
  }

  shut(): void {
    this.#isShut = true;
    for (const stop of this.#working) stop();
  }

  open(): void {
    this.#isShut = false;
    for (const enter of this.#waiting) enter();
    this.#waiting.clear();
  }

  /** Resolves when the gate is open. Fails when the signal aborts first. */
  async pass(signal: AbortSignal): Promise<void> {
    while (this.isShut) await this.#opened(signal);
  }

  /**
   * Waits until the gate is open, then does `work` with a signal that aborts with `signal` and when the gate is shut;
   * work that failed for that is done again from its beginning. Fails otherwise as `work` does.
   */
  async during<Result>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    for (;;) {
      await this.pass(signal);
      const attempt = new AbortController();
      const onAbort = (): void => attempt.abort(signal.reason);
      const onShut = (): void => attempt.abort(paused);
      setMaxListeners(0, attempt.signal);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#working.add(onShut);
      try {
        return await work(attempt.signal);
      } catch (error) {
        if (attempt.signal.reason !== paused || signal.aborted) throw error;
      } finally {
        signal.removeEventListener("abort", onAbort);
        this.#working.delete(onShut);
      }
    }
  }

  #opened(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(toDfsError(signal.reason));
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.delete(enter);
        reject(toDfsError(signal.reason));
      };
      this.#waiting.add(enter);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }
}
