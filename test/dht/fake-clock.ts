import type { Clock } from "../../src/dht/ports.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Lets everything that is ready run: promises, and callbacks that wait for the event loop's next turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}

/** A clock that stands still until it is advanced. */
export class FakeClock implements Clock {
  #nowMs = 1_700_000_000_000;
  #timers: Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on, calling what becomes due in its order and letting its consequences run. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }

  /** Sets the clock without anything becoming due by it, as a person might. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}
