/** Tasks of which a bounded number runs at once. */

export class TaskGroup {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  readonly #watched = new Set<Promise<void>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many more tasks would be started at once. */
  get room(): number {
    return Math.max(0, this.#limit - this.#running.size);
  }

  /** Starts a task once fewer than the limit run; resolves when it has started. Tasks report their own failures. */
  async add(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
    track(this.#running, task());
  }

  /** Waits for `work` at the end, without counting it among the running tasks. */
  watch(work: Promise<void>): void {
    track(this.#watched, work);
  }

  /** Resolves when everything that was added or watched has ended. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
    while (this.#watched.size > 0) await Promise.race(this.#watched);
  }
}

function track(set: Set<Promise<void>>, work: Promise<void>): void {
  const tracked = work.finally(() => set.delete(tracked));
  set.add(tracked);
}
