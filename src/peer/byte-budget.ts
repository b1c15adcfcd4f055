/** A bound on bytes held in memory at once: whoever would exceed it waits its turn. */
import { toDfsError } from "../core/errors.ts";

export class ByteBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;
  readonly #waiting: { bytes: number; enter: () => void }[] = [];

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Resolves when `bytes` more may be held; a single request above the limit passes alone. Fails when the signal aborts first. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw toDfsError(signal.reason);
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#usedBytes += bytes;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(toDfsError(signal.reason));
        this.#admit();
      };
      const waiter = {
        bytes,
        enter: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      this.#waiting.push(waiter);
      signal.addEventListener("abort", onAbort);
    });
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#admit();
  }

  #fits(bytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= this.#limitBytes;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#usedBytes += next.bytes;
      next.enter();
    }
  }
}
