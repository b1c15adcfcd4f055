/**
 * An index of one user's names, on this peer's own disk, so that they can be searched.
 *
 *   catalogue ──changes──> index ──opens names──> thread ──owns──> file, sealed by the user's key
 *
 * It is brought up to the catalogue before each answer: what was acknowledged before a search began is in it.
 */
import type { ChangedRow, ChangePage } from "../../catalogue/rows.ts";
import { setTimeout as delay, setImmediate as turnOfEvents } from "node:timers/promises";
import { DfsError } from "../../core/errors.ts";
import type { UserId } from "../../core/ids.ts";
import { changePagesAhead, namesPatienceMs, namesRebuildsMax } from "../../core/limits.ts";
import type { ReadCallOptions, UserReader } from "../coordination/catalogue-access.ts";
import {
  type Followed,
  type HitPage,
  type NameChange,
  type NamesIn,
  type NamesInRequest,
  type SearchRequest,
  packChanges,
} from "./names-messages.ts";
import type { NamesThread } from "./names-thread.ts";

export interface NamesIndexOptions {
  readonly user: UserId;
  readonly thread: NamesThread;
  readonly catalogue: Pick<UserReader, "changes">;
  /** Id of the coordinators' group whose log numbers the changes. */
  readonly group: () => string;
}

export interface CatchUpOptions extends ReadCallOptions {
  /** Nobody waits for it. */
  readonly isBackground?: boolean | undefined;
}

/** Why an index has to be made anew: somebody else's history is in it, or a part of its own is missing. */
class Outdated extends Error {}

const noBytes = new Uint8Array(0);

export class NamesIndex {
  readonly #options: NamesIndexOptions;
  readonly #closing = new AbortController();
  /** Catching up that has not begun yet, for everybody who asks meanwhile: fresh, and stale. */
  readonly #next = new Map<boolean, Promise<void>>();
  #last: Promise<void> = Promise.resolve();
  #isReady = false;
  /** Whether somebody has waited in vain until it is ready. */
  #isLate = false;
  /** Callers who wait for it. */
  #waiting = 0;

  constructor(options: NamesIndexOptions) {
    this.#options = options;
  }

  get isAlive(): boolean {
    return this.#options.thread.isAlive;
  }

  /** Whether it was up to date once, so that it will soon be again. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Resolves when every change is in the index that was acknowledged before the call, or, with `stale`, what some
   * coordinator has. Fails as reading the catalogue does, and `no-space` where the index does not fit onto the disk.
   */
  async catchUp({ signal, stale = false, isBackground = false }: CatchUpOptions): Promise<void> {
    if (!isBackground) this.#waiting += 1;
    try {
      await until(this.#nextFollow(stale), signal);
    } finally {
      if (!isBackground) this.#waiting -= 1;
    }
  }

  /**
   * Brings it up to date, and says whether that is so within the time that somebody may wait for it; it goes on meanwhile
   * and after. Who waits once in vain is not made to wait again. Fails with the reason of the signal.
   */
  async isSoonReady({ signal, stale }: ReadCallOptions): Promise<boolean> {
    if (this.#isLate && !this.#isReady) return false;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), namesPatienceMs);
    try {
      await this.catchUp({
        stale,
        signal: AbortSignal.any([patience.signal, ...(signal === undefined ? [] : [signal])]),
      });
      return true;
    } catch {
      signal?.throwIfAborted();
      this.#isLate = patience.signal.aborted;
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  #nextFollow(stale: boolean): Promise<void> {
    let next = this.#next.get(stale);
    if (next === undefined) {
      next = this.#last.then(() => {
        this.#next.delete(stale);
        return this.#follow(stale);
      });
      this.#next.set(stale, next);
      this.#last = next.catch(() => undefined);
    }
    return next;
  }

  /** One page of what is below a directory and passes a query, times apart. */
  search(request: SearchRequest): Promise<HitPage> {
    return this.#options.thread.call({ type: "search", request });
  }

  /** Names in a directory; null where the index does not know it. */
  namesIn(request: NamesInRequest): Promise<NamesIn | null> {
    return this.#options.thread.call({ type: "namesIn", request });
  }

  /** Closes the file, which stays. */
  async close(): Promise<void> {
    this.#closing.abort(new DfsError("interrupted", "the index of names was closed"));
    await this.#options.thread.stop();
  }

  async #follow(stale: boolean): Promise<void> {
    const { thread } = this.#options;
    let rebuilds = namesRebuildsMax;
    for (;;) {
      const group = this.#options.group();
      try {
        const followed = await thread.call({ type: "followed" });
        const isOurs = followed !== null && followed.group === group && followed.index > 0;
        if (!isOurs) await thread.call({ type: "clear" });
        const reached = await this.#pass({ group, index: isOurs ? followed.index : 0 }, stale);
        // What ended and was forgotten while the whole was read shows in what follows.
        if (isOurs || reached === 0) {
          this.#isReady = true;
          return;
        }
      } catch (error) {
        const isDamaged = error instanceof DfsError && error.kind === "integrity" && rebuilds > 0;
        if (!isDamaged && !(error instanceof Outdated)) throw error;
        rebuilds -= 1;
        await thread.call({ type: "clear" });
      }
    }
  }

  /** Takes in every change after `from`; returns the entry of the log up to which they are all there now. */
  async #pass(from: Followed, stale: boolean): Promise<number> {
    const { thread } = this.#options;
    const applying: Promise<unknown>[] = [];
    let reached = Number.POSITIVE_INFINITY;
    let after: ChangePage["next"] = null;
    do {
      const startedMs = performance.now();
      const page: ChangePage = await this.#page(from.index, after, stale);
      if (page.isReset || (!stale && page.appliedIndex < from.index)) throw new Outdated();
      reached = Math.min(reached, page.appliedIndex);
      // While the whole is read, what changes anew is left to the pass that follows: each node then comes once.
      const rows = from.index > 0 ? page.rows : page.rows.filter(({ changedIndex }) => changedIndex <= reached);
      if (rows.length > 0) applying.push(this.#apply(rows));
      if (applying.length >= changePagesAhead) await applying.shift();
      await this.#pause(performance.now() - startedMs);
      after = rows.length < page.rows.length ? null : page.next;
    } while (after !== null);
    await Promise.all(applying);
    const index = Math.max(from.index, reached);
    if (index !== from.index) await thread.call({ type: "reached", followed: { group: from.group, index } });
    return index;
  }

  /** Work that nobody waits for leaves as much time to others as it takes. */
  async #pause(workedMs: number): Promise<void> {
    if (this.#waiting > 0) await turnOfEvents();
    else await delay(workedMs, undefined, { signal: this.#closing.signal });
  }

  #page(sinceIndex: number, after: ChangePage["next"], stale: boolean): Promise<ChangePage> {
    const query = { sinceIndex, after: after ?? undefined, isBrief: true };
    return this.#options.catalogue.changes(this.#options.user, query, { stale, signal: this.#closing.signal });
  }

  async #apply(rows: readonly ChangedRow[]): Promise<void> {
    const packed = packChanges(rows.map(nameChangeOf));
    await this.#options.thread.call({ type: "apply", rows: packed }, [packed.bytes.buffer]);
  }
}

function nameChangeOf({ node, kind, sizeBytes, generation, parent, token, wrap, endedIndex }: ChangedRow): NameChange {
  const hasEnded = endedIndex !== null || token === null;
  return {
    node,
    kind,
    sizeBytes,
    generation,
    parent: hasEnded ? null : parent,
    token: token ?? noBytes,
    wrap: kind === "file" ? noBytes : wrap,
  };
}

/** Waits for work that others wait for too; only the waiting ends with the signal. */
function until(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
