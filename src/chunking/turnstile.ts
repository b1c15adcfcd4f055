/** A turnstile lets a fixed number through at once; the others wait in line, and the line has an end. */
import { DfsError, toDfsError } from "../core/errors.ts";

/** Holds `insideMax` at once and lets `waitingMax` wait. Every `enter` that resolved needs one `leave`. */
export class Turnstile {
  readonly #insideMax: number;
  readonly #waitingMax: number;
  /** What each of those in line is called with when it is their turn; the first came first. */
  readonly #line = new Set<() => void>();
  #inside = 0;

  constructor(insideMax: number, waitingMax: number) {
    this.#insideMax = insideMax;
    this.#waitingMax = waitingMax;
  }

  /** Resolves when it is the caller's turn. Fails with `busy` when the line is full, and as `interruption` says when `signal` aborts. */
  async enter(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw interruption(signal);
    if (this.#inside < this.#insideMax) {
      this.#inside += 1;
      return;
    }
    if (this.#line.size >= this.#waitingMax) {
      throw new DfsError("busy", "too many chunks wait to be worked on; try again in a moment", { retryAfterMs: 1000 });
    }
    await this.#waitInLine(signal);
  }

  /** Makes room for the next in line. */
  leave(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#inside -= 1;
      return;
    }
    this.#line.delete(next);
    next();
  }

  #waitInLine(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#line.delete(enter);
        reject(interruption(signal));
      };
      this.#line.add(enter);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }
}

/** The error for an aborted signal: the DfsError that it was aborted with, `timeout` for a timeout signal, else `interrupted`. */
export function interruption(signal: AbortSignal | undefined): DfsError {
  const reason: unknown = signal?.reason;
  if (reason instanceof DfsError || (reason instanceof Error && reason.name === "TimeoutError"))
    return toDfsError(reason);
  return new DfsError("interrupted", "interrupted", { cause: reason });
}
