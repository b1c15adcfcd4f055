/** A clock that tests advance, and waiting for conditions by it. */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import type { ReplicationClock } from "../../src/backup/replication/ports.ts";
import { toDfsError } from "../../src/core/errors.ts";

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

export class TestClock implements ReplicationClock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return this.#nowMs;
  }

  delay(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(toDfsError(signal.reason));
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#timers.delete(timer);
        reject(toDfsError(signal.reason));
      };
      const fire = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const timer = { dueMs: this.#nowMs + ms, fire };
      this.#timers.add(timer);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Fires what comes next; lets a second pass where nothing waits. */
  skip(): void {
    const [next] = [...this.#timers].sort((left, right) => left.dueMs - right.dueMs);
    if (next === undefined) this.#nowMs += 1_000;
    if (next === undefined) return;
    this.#timers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.fire();
  }

  /** Lets everything run that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 40; turn += 1) await turnOfEvents();
  }

  /** Waits until `condition` holds, letting time pass as far as needed, up to `maxMs` of this clock. */
  async until(condition: () => boolean | Promise<boolean>, what: string, maxMs = 600_000): Promise<void> {
    const endMs = this.#nowMs + maxMs;
    for (;;) {
      for (let turn = 0; turn < 40; turn += 1) {
        if (await condition()) return;
        await turnOfEvents();
      }
      if (this.#nowMs > endMs) throw new Error(`not within ${maxMs} ms: ${what}`);
      this.skip();
    }
  }

  /** Waits until `condition` holds without letting time pass, for work that needs many turns. */
  async soon(condition: () => boolean, what: string): Promise<void> {
    for (let turn = 0; !condition(); turn += 1) {
      if (turn > 1_000_000) throw new Error(`not soon: ${what}`);
      await turnOfEvents();
    }
  }

  /** The outcome of `promise`, letting time pass as far as it needs. */
  async outcome<Result>(promise: Promise<Result>, maxMs = 600_000): Promise<Result> {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => undefined);
    await this.until(() => isSettled, "the call ends", maxMs);
    return settled;
  }
}
