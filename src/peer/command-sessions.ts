/**
 * Commands of one author that need not wait for each other: each takes a session that is at rest, so that many can be
 * under way at once and share a flush of the coordinator's disk.
 */
import type { Operation } from "../catalogue/operation.ts";
import type { OperationResult } from "../catalogue/result.ts";
import { restingSessionsMax } from "../core/limits.ts";
import type { CommandTarget } from "./command-session.ts";

export class CommandSessions implements CommandTarget {
  readonly #open: () => CommandTarget;
  readonly #resting: CommandTarget[] = [];

  /** `open` makes one more session. */
  constructor(open: () => CommandTarget) {
    this.#open = open;
  }

  /** Commands that are under way at the same time happen in any order. */
  async execute(operations: readonly Operation[], signal?: AbortSignal): Promise<readonly OperationResult[]> {
    const session = this.#resting.pop() ?? this.#open();
    try {
      return await session.execute(operations, signal);
    } finally {
      if (this.#resting.length < restingSessionsMax) this.#resting.push(session);
    }
  }
}
