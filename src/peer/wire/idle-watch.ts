/** Notices that nothing goes over a channel any more. */
import { DfsError } from "../../core/errors.ts";
import { channelIdleMs } from "../../core/limits.ts";

export class IdleWatch {
  readonly #onIdle: (error: DfsError) => void;
  #usedMs = performance.now();
  #timer: NodeJS.Timeout;

  constructor(onIdle: (error: DfsError) => void) {
    this.#onIdle = onIdle;
    this.#timer = this.#wait(channelIdleMs);
  }

  /** Something was sent, or has arrived. */
  note(): void {
    this.#usedMs = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** One timer goes on however often the channel is used. */
  #wait(ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      const leftMs = this.#usedMs + channelIdleMs - performance.now();
      if (leftMs > 0) this.#timer = this.#wait(leftMs);
      else
        this.#onIdle(new DfsError("unreachable", "the stream was idle for too long; the next call opens another one"));
    }, ms);
    timer.unref();
    return timer;
  }
}
