/** Something that only the leader does, again and again, one round at a time. */
import { toDfsError } from "../../core/errors.ts";
import type { CommandSession } from "../command-session.ts";
import type { Log } from "../log.ts";
import type { Coordinator } from "./coordinator.ts";

/** What every duty of the leader works with. */
export interface LeaderDutyOptions {
  /** This peer's own coordinator; undefined while it is none. */
  readonly own: () => Coordinator | undefined;
  /** Commits as this peer. */
  readonly commands: Pick<CommandSession, "execute">;
  readonly log: Log;
}

interface Duty {
  readonly own: LeaderDutyOptions["own"];
  readonly log: Log;
  readonly everyMs: number;
  /** What is said not to have worked when a round fails. */
  readonly what: string;
  /** One round, as the leader; fails as soon as `signal` aborts. */
  readonly round: (coordinator: Coordinator, signal: AbortSignal) => Promise<void>;
}

export class LeaderDuty {
  readonly #duty: Duty;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(duty: Duty) {
    this.#duty = duty;
  }

  start(): void {
    this.#timer = setInterval(() => this.#begin(), this.#duty.everyMs);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    await this.#running;
  }

  #begin(): void {
    const { own, round, what, log } = this.#duty;
    const { signal } = this.#stopping;
    const coordinator = own();
    if (coordinator?.log.isLeader !== true || coordinator.isUnfounded) return;
    this.#running ??= round(coordinator, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) log.debug(`${what}: ${toDfsError(error).message}; it is tried again`);
      })
      .finally(() => {
        this.#running = undefined;
      });
  }
}
