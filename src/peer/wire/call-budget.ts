/** How many calls one caller may make, over however many channels: so many a second after a burst, and so many at once. */
import { DfsError } from "../../core/errors.ts";

export interface CallLimits {
  /** Without it only those that are under way count. */
  readonly rate?: CallRate;
  readonly inFlightMax: number;
}

interface CallRate {
  readonly perSecond: number;
  /** Calls that may come at once after a pause. */
  readonly burst: number;
}

/** A call that found too many under way comes back after this. */
const inFlightRetryMs = 100;

export class CallBudget {
  readonly #inFlightMax: number;
  readonly #tokens: Tokens | undefined;
  #inFlight = 0;

  /** `nowMs` never goes back. */
  constructor(limits: CallLimits, nowMs: () => number = () => performance.now()) {
    this.#inFlightMax = limits.inFlightMax;
    this.#tokens = limits.rate && new Tokens(limits.rate, nowMs);
  }

  /** Whether nothing would be lost by forgetting this budget: nothing is under way, and all of the burst is there. */
  get isUnused(): boolean {
    return this.#inFlight === 0 && (this.#tokens?.isFull ?? true);
  }

  /** Counts a call in. Fails with `busy`, and when to come back, where there are too many; then it does not count. */
  take(): void {
    if (this.#inFlight >= this.#inFlightMax)
      throw new DfsError("busy", `${this.#inFlightMax} calls are under way here already`, {
        retryAfterMs: inFlightRetryMs,
      });
    this.#tokens?.take();
    this.#inFlight += 1;
  }

  /** A call that was counted in has ended. */
  done(): void {
    this.#inFlight -= 1;
  }
}

/** A bucket that is filled by so many tokens a second, up to the burst. */
class Tokens {
  readonly #rate: CallRate;
  readonly #nowMs: () => number;
  #count: number;
  #filledMs: number;

  constructor(rate: CallRate, nowMs: () => number) {
    this.#rate = rate;
    this.#nowMs = nowMs;
    this.#count = rate.burst;
    this.#filledMs = nowMs();
  }

  get isFull(): boolean {
    this.#fill();
    return this.#count >= this.#rate.burst;
  }

  take(): void {
    this.#fill();
    const { perSecond } = this.#rate;
    if (this.#count < 1)
      throw new DfsError("busy", `more than ${perSecond} calls a second`, {
        retryAfterMs: Math.ceil(((1 - this.#count) / perSecond) * 1_000),
      });
    this.#count -= 1;
  }

  #fill(): void {
    const nowMs = this.#nowMs();
    const { burst, perSecond } = this.#rate;
    this.#count = Math.min(burst, this.#count + ((nowMs - this.#filledMs) / 1_000) * perSecond);
    this.#filledMs = nowMs;
  }
}

/** A budget for each caller; those that need not be remembered are forgotten. */
export class CallBudgets<Caller> {
  readonly #limits: CallLimits;
  readonly #callersMax: number;
  readonly #budgets = new Map<Caller, CallBudget>();

  /** At more than `callersMax` callers, unused budgets are forgotten; only as many callers as can connect are ever here. */
  constructor(limits: CallLimits, callersMax: number) {
    this.#limits = limits;
    this.#callersMax = callersMax;
  }

  of(caller: Caller): CallBudget {
    const present = this.#budgets.get(caller);
    if (present !== undefined) return present;
    if (this.#budgets.size >= this.#callersMax)
      for (const [other, budget] of this.#budgets) if (budget.isUnused) this.#budgets.delete(other);
    const budget = new CallBudget(this.#limits);
    this.#budgets.set(caller, budget);
    return budget;
  }
}
