/** The network's health for the prompt: asked in the background from time to time. */
import type { DfsClient } from "../core/client.ts";
import { toDfsError } from "../core/errors.ts";
import { healthCallMs, healthRefreshMs } from "../core/limits.ts";
import type { PromptHealth } from "./prompt-text.ts";

export class HealthWatch {
  readonly #client: () => Promise<DfsClient> | undefined;
  readonly #changed: () => void;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #health: PromptHealth | undefined;
  #isAsking = false;

  /** `client` gives the one that was opened, if any; `changed` hears when the word is another. */
  constructor(client: () => Promise<DfsClient> | undefined, changed: () => void) {
    this.#client = client;
    this.#changed = changed;
  }

  /** Absent while all is well, or while nothing is known. */
  get health(): PromptHealth | undefined {
    return this.#health;
  }

  /** Asks now, and from then on again and again until `stop`. */
  refresh(): void {
    clearTimeout(this.#timer);
    if (!this.#isAsking) void this.#ask();
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    const before = this.#health;
    this.#isAsking = true;
    this.#health = await this.#word();
    this.#isAsking = false;
    if (this.#stopped.signal.aborted) return;
    if (this.#health !== before) this.#changed();
    this.#timer = setTimeout(() => void this.#ask(), healthRefreshMs);
    this.#timer.unref();
  }

  async #word(): Promise<PromptHealth | undefined> {
    try {
      const client = await this.#client();
      const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(healthCallMs)]);
      const health = (await client?.status({ signal }))?.health;
      return health === "healthy" ? undefined : health;
    } catch (error) {
      // Other failures are not the network's, and the next command tells them.
      const { kind } = toDfsError(error);
      return kind === "unreachable" || kind === "timeout" ? "unreachable" : this.#health;
    }
  }
}
