/** Notices a frame that was begun and does not end: its bytes would lie in memory for as long as its sender likes. */
import { DfsError } from "../../core/errors.ts";
import { frameStallMs } from "../../core/limits.ts";

export class StallWatch {
  readonly #onStall: (error: DfsError) => void;
  #begunMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(onStall: (error: DfsError) => void) {
    this.#onStall = onStall;
  }

  /** Called after bytes have arrived: `hasEnded` when they ended a frame, `isBetween` when they end between two. */
  note(hasEnded: boolean, isBetween: boolean): void {
    if (isBetween) this.#begunMs = undefined;
    else if (hasEnded || this.#begunMs === undefined) this.#begunMs = performance.now();
    if (this.#begunMs !== undefined) this.#timer ??= this.#wait(frameStallMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#begunMs = undefined;
  }

  /** One timer goes on over many frames, so that a busy channel does not make one for each. */
  #wait(ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#begunMs === undefined) return;
      const leftMs = this.#begunMs + frameStallMs - performance.now();
      if (leftMs > 0) this.#timer = this.#wait(leftMs);
      else this.#onStall(new DfsError("timeout", `a message did not end within ${frameStallMs / 1_000} s`));
    }, ms);
    timer.unref();
    return timer;
  }
}
