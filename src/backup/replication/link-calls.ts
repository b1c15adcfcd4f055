/** The calls under way to one link, and what their silence means: a link that owes answers and gives none is not there. */
import { DfsError, toDfsError } from "../../core/errors.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import type { ReplicationClock } from "./ports.ts";

export interface LinkCallsOptions {
  readonly clock: ReplicationClock;
  /** A link that owes answers and gives none for this long fails. */
  readonly silenceMs: number;
  /** The epoch by which calls are made. */
  readonly epoch: () => number;
}

/** The beginning of a call that failed. */
export interface CallBeginning {
  readonly startedMs: number;
  readonly epoch: number;
}

/** Serves one session with a link. */
export class LinkCalls {
  readonly #options: LinkCallsOptions;
  readonly #signal: AbortSignal;
  /** Each call under way, with its beginning. */
  readonly #open = new Map<AbortController, number>();
  readonly #failed = new WeakMap<DfsError, CallBeginning>();
  #heardMs = 0;
  #isWatching = false;

  /** No call outlives `signal`. */
  constructor(options: LinkCallsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** The beginning of the call that failed with this error; undefined for any other error. */
  beginningOf(error: DfsError): CallBeginning | undefined {
    return this.#failed.get(error);
  }

  /**
   * The outcome of `work`. Fails with `timeout` once the link was silent for too long, even when `work` ignores its
   * signal, and with the session's reason when that ends.
   */
  async run<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    if (this.#signal.aborted) throw toDfsError(this.#signal.reason);
    const { clock } = this.#options;
    const controller = new AbortController();
    const beginning = { startedMs: clock.nowMs(), epoch: this.#options.epoch() };
    const onEnd = (): void => controller.abort(this.#signal.reason);
    this.#signal.addEventListener("abort", onEnd, { once: true });
    this.#open.set(controller, beginning.startedMs);
    void this.#watch();
    try {
      return await untilAborted(controller.signal, work(controller.signal));
    } catch (thrown) {
      const error = toDfsError(thrown);
      if (!this.#failed.has(error)) this.#failed.set(error, beginning); // others end with the same error later
      throw error;
    } finally {
      this.#heardMs = clock.nowMs();
      this.#open.delete(controller);
      this.#signal.removeEventListener("abort", onEnd);
    }
  }

  async #watch(): Promise<void> {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const { clock, silenceMs } = this.#options;
    let waitMs = silenceMs;
    while (this.#open.size > 0 && !this.#signal.aborted) {
      await clock.delay(waitMs, this.#signal).catch(() => undefined); // then the session is over
      const silentMs = clock.nowMs() - Math.max(this.#heardMs, Math.min(...this.#open.values()));
      if (this.#open.size > 0 && silentMs >= silenceMs) this.#giveUp(silenceMs);
      waitMs = Math.max(1, silenceMs - Math.max(0, silentMs));
    }
    this.#isWatching = false;
  }

  #giveUp(silenceMs: number): void {
    const reason = new DfsError("timeout", `no sign of life for ${silenceMs / 1000} s`);
    for (const controller of this.#open.keys()) controller.abort(reason);
  }
}
