/** Counts the calls under way for each key, so that somebody can wait until there are none. */
export class InFlight {
  readonly #calls = new Map<string, { count: number; readonly onIdle: (() => void)[] }>();

  /** Runs `work` as one call for `key`; passes its outcome through. */
  async during<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const calls = this.#calls.get(key) ?? { count: 0, onIdle: [] };
    this.#calls.set(key, calls);
    calls.count += 1;
    try {
      return await work();
    } finally {
      calls.count -= 1;
      if (calls.count === 0) {
        this.#calls.delete(key);
        for (const tell of calls.onIdle) tell();
      }
    }
  }

  /** Resolves once no call for `key` is under way. */
  async idle(key: string): Promise<void> {
    const calls = this.#calls.get(key);
    if (calls !== undefined) await new Promise<void>((resolve) => calls.onIdle.push(resolve));
  }
}
