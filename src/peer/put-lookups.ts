/** The files that a put's walk has found, in groups of one directory, so that what is there is looked up in one question. */
import { lookedUpAtOnce } from "../core/limits.ts";
import type { FileTarget, PutTargets, Seen } from "./put-targets.ts";

/** Does what is to be done with a file; `seen` is what is at its name, where that was found out. */
type Next<Job extends FileTarget> = (job: Job, seen: Seen | undefined) => Promise<void>;

/** Gives back those files for which there may be something to do, which cannot be told without looking. */
type Settle<Job extends FileTarget> = (jobs: readonly Job[]) => Promise<readonly Job[]>;

export class PutLookups<Job extends FileTarget> {
  readonly #targets: Pick<PutTargets, "seen">;
  readonly #next: Next<Job>;
  readonly #settle: Settle<Job>;
  #group: Job[] = [];

  constructor(targets: Pick<PutTargets, "seen">, settle: Settle<Job>, next: Next<Job>) {
    this.#targets = targets;
    this.#settle = settle;
    this.#next = next;
  }

  /** Takes a file; the group that it does not go into any more is put first. */
  async add(job: Job): Promise<void> {
    if (this.#group.length >= lookedUpAtOnce || (this.#group[0] ?? job).folder !== job.folder) await this.flush();
    this.#group.push(job);
  }

  /** Puts what waits. */
  async flush(): Promise<void> {
    const waiting = this.#group;
    this.#group = [];
    const group = await this.#settle(waiting);
    const [first] = group;
    if (first === undefined) return;
    const seen = await this.#targets.seen(
      first.folder,
      group.map(({ name }) => name),
    );
    for (const job of group) await this.#next(job, seen.get(job.name));
  }
}
