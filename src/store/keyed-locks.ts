/**
 * One holder at a time for each key; whoever comes later waits in line.
 *
 * A call lines up for all its keys in one go, so that of two calls one is first in every line: they never wait for each other.
 */
export class KeyedLocks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` while holding all of `keys`; passes its outcome through. */
  async holding<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result> {
    let unlock = (): void => undefined;
    const tail = new Promise<void>((resolve) => (unlock = resolve));
    const lines = new Set(keys);
    const before = [...lines].flatMap((key) => this.#tails.get(key) ?? []);
    for (const key of lines) this.#tails.set(key, tail);
    await Promise.all(before);
    try {
      return await work();
    } finally {
      for (const key of lines) if (this.#tails.get(key) === tail) this.#tails.delete(key);
      unlock();
    }
  }
}
