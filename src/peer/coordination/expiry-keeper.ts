/** Has the leader end the files whose time is over. */
import { toDfsError } from "../../core/errors.ts";
import { expiryReviewMs } from "../../core/limits.ts";
import type { CommandSession } from "../command-session.ts";
import type { Log } from "../log.ts";
import type { Coordinator } from "./coordinator.ts";

export interface ExpiryKeeperOptions {
  /** This peer's own coordinator; undefined while it is none. */
  readonly own: () => Coordinator | undefined;
  /** Commits as this peer. */
  readonly commands: Pick<CommandSession, "execute">;
  readonly nowMs: () => number;
  readonly log: Log;
}

export class ExpiryKeeper {
  readonly #options: ExpiryKeeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #ending: Promise<void> | undefined;

  constructor(options: ExpiryKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.#review(), expiryReviewMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ending;
  }

  #review(): void {
    const { log, nowMs, own } = this.#options;
    const dueMs = own()?.nextExpiryMs();
    if (dueMs === undefined || dueMs > nowMs()) return;
    this.#ending ??= this.#endDue()
      .catch((error: unknown) => log.warn(`files whose time is over were not ended: ${toDfsError(error).message}`))
      .finally(() => {
        this.#ending = undefined;
      });
  }

  /** One command ends a bounded number of files. */
  async #endDue(): Promise<void> {
    for (;;) {
      const [result] = await this.#options.commands.execute([{ op: "expire" }]);
      if (result?.op !== "expire" || !result.isMoreDue) return;
    }
  }
}
