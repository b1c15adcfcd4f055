/** Watches whether somebody sets the system's clock while the peer runs: times in the catalogue follow it. */
import { clockJumpMs, clockJumpToldMs, clockLookMs } from "../../core/limits.ts";
import { type Finding, fine, warning } from "./check.ts";
import { spanText } from "./check-texts.ts";

export interface ClockWatchOptions {
  /** Milliseconds since 1970, by the clock that people can set. */
  readonly nowMs: () => number;
  /** Milliseconds by a clock that nobody can set. */
  readonly steadyMs: () => number;
}

interface Jump {
  readonly atSteadyMs: number;
  /** Positive where the clock was set forward. */
  readonly byMs: number;
}

export class ClockWatch {
  readonly #options: ClockWatchOptions;
  #aheadMs: number;
  #last: Jump | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#aheadMs = options.nowMs() - options.steadyMs();
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), clockLookMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Compares both clocks with what they were at the last look. */
  look(): void {
    const { nowMs, steadyMs } = this.#options;
    const atSteadyMs = steadyMs();
    const aheadMs = nowMs() - atSteadyMs;
    const byMs = aheadMs - this.#aheadMs;
    this.#aheadMs = aheadMs;
    if (Math.abs(byMs) >= clockJumpMs) this.#last = { atSteadyMs, byMs };
  }

  find(): Finding {
    this.look();
    const last = this.#last;
    const agoMs = last === undefined ? 0 : this.#options.steadyMs() - last.atSteadyMs;
    if (last === undefined || agoMs > clockJumpToldMs) return fine("the system clock has not jumped");
    const way = last.byMs > 0 ? "forward" : "back";
    return warning(
      `the system clock jumped ${way} by ${spanText(last.byMs)}, ${spanText(agoMs)} ago`,
      "let a time service set it (timedatectl set-ntp true); a machine that slept shows this too, and then it is no fault",
    );
  }
}
