/** Tells the coordinator every second that this peer is up and how much room it has; learns when the members changed. */
import { withDeadline } from "../core/deadline.ts";
import { toDfsError } from "../core/errors.ts";
import { failingLinksMax, heartbeatMs, heartbeatTimeoutMs } from "../core/limits.ts";
import type { ChunkStore } from "../store/chunk-store.ts";
import type { CatalogueAccess } from "./coordination/catalogue-access.ts";
import type { FailingLink } from "./coordination/failing-links.ts";
import type { Log } from "./log.ts";
import type { Members } from "./members.ts";

export interface HeartbeatSenderOptions {
  readonly catalogue: CatalogueAccess;
  readonly members: Members;
  readonly store: ChunkStore;
  readonly shelves: {
    /** Links of this peer's own shelves that fail. */
    failing(): readonly FailingLink[];
  };
  readonly log: Log;
}

export class HeartbeatSender {
  readonly #options: HeartbeatSenderOptions;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #isHeard = true;

  constructor(options: HeartbeatSenderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.beat(), heartbeatMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
  }

  /** Sends one heartbeat, unless one is under way. Never fails: the next one tries again. */
  beat(): Promise<void> {
    this.#beating ??= this.#send().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #send(): Promise<void> {
    const { catalogue, shelves, log, members, store } = this.#options;
    try {
      const { diskBytes, freeBytes } = await store.stats();
      await withDeadline(heartbeatTimeoutMs, undefined, async (signal) => {
        const version = await catalogue.heartbeat(
          { usedBytes: diskBytes, freeBytes, failing: shelves.failing().slice(0, failingLinksMax) },
          signal,
        );
        if (version !== members.version) await members.refresh(signal);
      });
      if (!this.#isHeard) log.info("the coordinator answers again");
      this.#isHeard = true;
    } catch (error) {
      if (this.#isHeard) log.warn(`the coordinator does not answer: ${toDfsError(error).message}`);
      this.#isHeard = false;
    }
  }
}
