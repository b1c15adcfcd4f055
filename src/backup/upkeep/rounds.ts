/** Work that a part does again and again, one round at a time, until it is stopped. */
import { toDfsError } from "../../core/errors.ts";
import { upkeepRetryMs } from "../../core/limits.ts";
import type { UpkeepOptions } from "./ports.ts";

interface RoundsOptions extends UpkeepOptions {
  /** What is said not to have worked when a round fails: `the scrub`. */
  readonly what: string;
  /** The first round begins after this long. */
  readonly firstMs: number;
  /** After a round that failed the next one begins after this long, or after `upkeepRetryMs` if that is shorter. */
  readonly retryMs: number;
  /** One round; resolves with how long to wait before the next one. */
  readonly round: (signal: AbortSignal) => Promise<number>;
}

/** Runs rounds from `start` to `stop`. One that fails is said to the log, and tried again. */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #stopping = new AbortController();
  #waking = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Begins the next round now, or once the one under way has ended. */
  soon(): void {
    this.#waking.abort();
  }

  /** Aborts the round under way and waits for its end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waking.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let waitMs = this.#options.firstMs;
    for (;;) {
      await this.#wait(waitMs);
      if (this.#stopping.signal.aborted) return;
      waitMs = await this.#round();
    }
  }

  async #wait(ms: number): Promise<void> {
    // A delay fails only because it was cut short.
    if (!this.#waking.signal.aborted) await this.#options.clock.delay(ms, this.#waking.signal).catch(() => undefined);
    if (!this.#stopping.signal.aborted) this.#waking = new AbortController();
  }

  async #round(): Promise<number> {
    const { log, retryMs, round, what } = this.#options;
    try {
      return await round(this.#stopping.signal);
    } catch (error) {
      const { kind, message } = toDfsError(error);
      // A chain that has changed is no trouble: its new owner goes on.
      if (kind !== "moved" && !this.#stopping.signal.aborted)
        log.warn(`${what} was broken off: ${message}; it is tried again`);
      return Math.min(retryMs, upkeepRetryMs);
    }
  }
}
