/**
 * Keeps one index of names up to date before anybody asks: that of the user for whom sessions on this peer begin. So the
 * first `ls` or Tab in a large directory need not wait until it is made, nor for what thousands of puts have changed.
 *
 * While changes pour in it waits for them to end, within bounds: whoever asks meanwhile has it brought up to date at once.
 */
import type { Log } from "../log.ts";
import { toDfsError } from "../../core/errors.ts";
import type { UserId } from "../../core/ids.ts";
import { namesBehindChangesMax, namesBusyChanges, namesFollowMs, namesKeptFromEntries } from "../../core/limits.ts";
import { type UserKeys, deriveUser } from "../../identity/user-keys.ts";
import type { RememberedLogin } from "../accounts/remembered-login.ts";
import type { CatalogueTotals } from "../coordination/catalogue-access.ts";
import type { CatalogueClient } from "../coordination/catalogue-client.ts";
import type { NamesIndex } from "./names-index.ts";
import type { NamesIndexes } from "./names-indexes.ts";

export interface NamesKeeperOptions {
  readonly indexes: Pick<NamesIndexes, "acquire" | "release">;
  readonly catalogue: Pick<CatalogueClient, "totals">;
  readonly remembered: Pick<RememberedLogin, "present">;
  readonly shared: UserKeys;
  readonly log: Log;
}

export class NamesKeeper {
  readonly #options: NamesKeeperOptions;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #held: UserId | undefined;
  /** How far changes had come at the last look, if there was one, and when the index was last brought up to date. */
  #seen: number | undefined;
  #followed = 0;
  #isTold = false;

  constructor(options: NamesKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.follow(), namesFollowMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#working;
    await this.#letGo();
  }

  /** Brings the index up to what some coordinator has, unless that is under way. Never fails: the next time it tries again. */
  follow(): Promise<void> {
    this.#working ??= this.#follow().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      const totals = await this.#options.catalogue.totals({ signal, stale: true });
      const changes = changesOf(totals);
      const isBusy = changes - (this.#seen ?? changes) > namesBusyChanges;
      this.#seen = changes;
      if (isBusy && changes - this.#followed <= namesBehindChangesMax) return;
      const index = await this.#index(totals);
      await index?.catchUp({ signal, stale: true, isBackground: true });
      this.#followed = changes;
      this.#isTold = false;
    } catch (error) {
      const { kind, message } = toDfsError(error);
      if (kind !== "interrupted" && !this.#isTold)
        this.#options.log.warn(`the index of names is not kept up to date: ${message}; it is tried again`);
      this.#isTold ||= kind !== "interrupted";
    }
  }

  /** The index of whom sessions begin for now; undefined while there are so few names that none is needed. */
  async #index({ counts }: CatalogueTotals): Promise<NamesIndex | undefined> {
    const { indexes, remembered, shared } = this.#options;
    const { present } = remembered;
    const keys = present === undefined ? shared : deriveUser(present.rootKey);
    try {
      if (this.#held !== keys.userId) {
        await this.#letGo();
        if (counts.files + counts.directories < namesKeptFromEntries) return undefined;
        this.#held = keys.userId;
        // With the login goes whatever holds its keys.
        present?.ended.addEventListener("abort", () => void this.#letGo(), { once: true });
      }
      return await indexes.acquire(keys, this);
    } finally {
      if (keys !== shared) keys.wipe();
    }
  }

  async #letGo(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#seen = undefined;
    await this.#options.indexes.release(held, this);
  }
}

/** Grows with each entry of the log, and with each name that one of them makes: a batch makes hundreds. */
function changesOf({ counts, appliedIndex }: CatalogueTotals): number {
  return appliedIndex + counts.files + counts.directories;
}
