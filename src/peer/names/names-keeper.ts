/**
 * Keeps one index of names up to date before anybody asks: that of the user for whom sessions on this peer begin. So the
 * first `ls` or Tab in a large directory need not wait until it is made, nor for what thousands of puts have changed.
 */
import type { Log } from "../log.ts";
import { toDfsError } from "../../core/errors.ts";
import type { UserId } from "../../core/ids.ts";
import { namesFollowMs, namesKeptFromEntries } from "../../core/limits.ts";
import { type UserKeys, deriveUser } from "../../identity/user-keys.ts";
import type { RememberedLogin } from "../accounts/remembered-login.ts";
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
      const index = await this.#index(signal);
      await index?.catchUp({ signal, stale: true, isBackground: true });
      this.#isTold = false;
    } catch (error) {
      const { kind, message } = toDfsError(error);
      if (kind !== "interrupted" && !this.#isTold)
        this.#options.log.warn(`the index of names is not kept up to date: ${message}; it is tried again`);
      this.#isTold ||= kind !== "interrupted";
    }
  }

  /** The index of whom sessions begin for now; undefined while there are so few names that none is needed. */
  async #index(signal: AbortSignal): Promise<NamesIndex | undefined> {
    const { catalogue, indexes, remembered, shared } = this.#options;
    const { present } = remembered;
    const keys = present === undefined ? shared : deriveUser(present.rootKey);
    try {
      if (this.#held !== keys.userId) {
        await this.#letGo();
        const { counts } = await catalogue.totals({ signal, stale: true });
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
    this.#held = undefined;
    if (held !== undefined) await this.#options.indexes.release(held, this);
  }
}
