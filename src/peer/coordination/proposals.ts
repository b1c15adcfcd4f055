/** Commands on their way at a leader: those that wait for a turn of its driver, and those in the log that wait to be applied. */
import type { Command } from "../../catalogue/command.ts";
import type { Committed } from "../../catalogue/replicated-log.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import {
  commandBytesMax,
  groupCommandBytesMax,
  groupCommandsMax,
  waitingCommandBytesMax,
  waitingCommandsMax,
} from "../../core/limits.ts";

/** A command whose caller still waits, unless `isGone`. */
export interface PendingCommand {
  readonly command: Uint8Array;
  /** What it decodes to, where that is known. */
  readonly decoded: Command | undefined;
  readonly isGone: boolean;
}

interface Pending extends PendingCommand {
  isGone: boolean;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: DfsError) => void;
}

interface Placed {
  readonly term: number;
  readonly pending: Pending;
}

/** When a full queue is worth another try. */
const busyRetryMs = 50;

export class Proposals {
  #waiting: Pending[] = [];
  #waitingBytes = 0;
  readonly #placed = new Map<number, Placed>();

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Commands in the log whose outcome is open. */
  get placedCount(): number {
    return this.#placed.size;
  }

  /** Resolves when the command is applied. Fails with `usage`, `busy`, and as `signal` or the log says. */
  add(command: Uint8Array, decoded: Command | undefined, signal: AbortSignal): Promise<Committed> {
    if (command.length === 0 || command.length > commandBytesMax)
      return Promise.reject(
        new DfsError("usage", `a command has 1 to ${commandBytesMax} bytes, not ${command.length}`),
      );
    if (signal.aborted) return Promise.reject(toDfsError(signal.reason));
    const isFull =
      this.#waiting.length >= waitingCommandsMax || this.#waitingBytes + command.length > waitingCommandBytesMax;
    if (isFull)
      return Promise.reject(
        new DfsError("busy", "the catalogue has too many commands to commit: try again shortly", {
          retryAfterMs: busyRetryMs,
        }),
      );
    return new Promise((resolve, reject) => {
      const leave = (): void => signal.removeEventListener("abort", abandon);
      const pending: Pending = {
        command,
        decoded,
        isGone: false,
        resolve: (committed) => (leave(), resolve(committed)),
        reject: (error) => (leave(), reject(error)),
      };
      const abandon = (): void => {
        pending.isGone = true;
        pending.reject(toDfsError(signal.reason));
      };
      signal.addEventListener("abort", abandon, { once: true });
      this.#waiting.push(pending);
      this.#waitingBytes += command.length;
    });
  }

  /** Takes out the commands that have waited longest, as many as one turn may place, without the abandoned ones. */
  take(): readonly PendingCommand[] {
    let size = 0;
    let bytes = 0;
    for (const { command } of this.#waiting) {
      bytes += command.length;
      if (size === groupCommandsMax || (size > 0 && bytes > groupCommandBytesMax)) break;
      size += 1;
    }
    const taken = this.#waiting.slice(0, size);
    this.#waiting = this.#waiting.slice(size);
    for (const { command } of taken) this.#waitingBytes -= command.length;
    return taken.filter((pending) => !pending.isGone);
  }

  /** Notes where in the log a taken command is. */
  place(pending: PendingCommand, index: number, term: number): void {
    // What was here in an earlier term can no longer happen: this leader's log has another entry in its place.
    this.settle(index, term, undefined);
    this.#placed.set(index, { term, pending: pending as Pending });
  }

  /** Ends the wait of a taken command that found no place. */
  refuse(pending: PendingCommand, error: DfsError): void {
    (pending as Pending).reject(error);
  }

  /** What the command in entry `index` decodes to, where that is known. */
  decodedAt(index: number, term: number): Command | undefined {
    const placed = this.#placed.get(index);
    return placed?.term === term ? placed.pending.decoded : undefined;
  }

  /** Tells whoever waits for entry `index` what became of it: its result, or that another entry is there. */
  settle(index: number, term: number, result: Uint8Array | undefined): void {
    const placed = this.#placed.get(index);
    if (placed === undefined) return;
    this.#placed.delete(index);
    if (placed.term === term && result !== undefined) placed.pending.resolve({ index, result });
    else placed.pending.reject(lostSight());
  }

  /** The outcome of what is placed will not be learned here: a leader that is none any more, or a log that ends. */
  releasePlaced(error: DfsError = lostSight()): void {
    for (const { pending } of this.#placed.values()) pending.reject(error);
    this.#placed.clear();
  }

  /** Refuses everything that waits for a turn. */
  releaseWaiting(error: DfsError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { reject } of waiting) reject(error);
  }
}

function lostSight(): DfsError {
  return new DfsError(
    "unreachable",
    "the coordinators changed their leader in mid-command: it may have happened; repeated in its session it happens once",
  );
}
