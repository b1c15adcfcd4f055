/** The log of a group of one: every command is applied where it is proposed. */
import { DfsError, assert, toDfsError } from "../core/errors.ts";
import {
  commandBytesMax,
  groupCommandBytesMax,
  groupCommandsMax,
  waitingCommandBytesMax,
  waitingCommandsMax,
} from "../core/limits.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Committed, LogCallOptions, ReplicatedLog } from "./replicated-log.ts";

interface WaitingCommand {
  readonly command: Uint8Array;
  /** Looked at when the command's turn comes, which is at once: committing holds the thread. */
  readonly signal: AbortSignal;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: DfsError) => void;
}

/** When a full queue is worth another try. */
const busyRetryMs = 50;

/**
 * Commands that wait at the same time are committed in one transaction and share its flush to disk. After a failure of
 * the disk nothing is accepted any more: what the disk holds is only known once the catalogue is opened again.
 */
export class SingleLog implements ReplicatedLog {
  readonly #catalogue: Pick<Catalogue, "applyBatch" | "appliedIndex" | "lastTimeMs">;
  readonly #nowMs: () => number;
  #waiting: WaitingCommand[] = [];
  #waitingBytes = 0;
  #isScheduled = false;
  #isRunning = false;
  /** What the disk failed with: for good. */
  #diskFault: DfsError | undefined;

  /** `nowMs` is the clock, in milliseconds since 1970; where it goes back, the log's time stands still. */
  constructor(catalogue: Pick<Catalogue, "applyBatch" | "appliedIndex" | "lastTimeMs">, nowMs: () => number) {
    this.#catalogue = catalogue;
    this.#nowMs = nowMs;
  }

  /** Fails with the kind of an earlier failure of the disk. */
  start(): Promise<void> {
    if (this.#diskFault !== undefined) return Promise.reject(this.#diskFault);
    this.#isRunning = true;
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#isRunning = false;
    this.#rejectWaiting(notRunning());
    return Promise.resolve();
  }

  propose(command: Uint8Array, { signal }: LogCallOptions): Promise<Committed> {
    const refusal = this.#refusal(command, signal);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, signal, resolve, reject });
      this.#waitingBytes += command.length;
      this.#schedule();
    });
  }

  readBarrier({ signal }: LogCallOptions): Promise<number> {
    // An acknowledged command is applied before its caller knows, so that there is nothing to wait for.
    const fault = this.#fault() ?? (signal.aborted ? abortError(signal) : undefined);
    return fault === undefined ? Promise.resolve(this.#catalogue.appliedIndex()) : Promise.reject(fault);
  }

  /** Why no call can succeed; undefined while the log runs. */
  #fault(): DfsError | undefined {
    return this.#diskFault ?? (this.#isRunning ? undefined : notRunning());
  }

  #refusal(command: Uint8Array, signal: AbortSignal): DfsError | undefined {
    const fault = this.#fault();
    if (fault !== undefined) return fault;
    if (signal.aborted) return abortError(signal);
    if (command.length === 0 || command.length > commandBytesMax)
      return new DfsError("usage", `a command has 1 to ${commandBytesMax} bytes, not ${command.length}`);
    const isFull =
      this.#waiting.length >= waitingCommandsMax || this.#waitingBytes + command.length > waitingCommandBytesMax;
    if (!isFull) return undefined;
    return new DfsError("busy", "the catalogue has too many commands to commit: try again shortly", {
      retryAfterMs: busyRetryMs,
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#commitGroup();
      this.#schedule();
    });
  }

  #commitGroup(): void {
    const group = this.#takeGroup();
    if (group.length === 0) return;
    const timeMs = Math.max(Math.floor(this.#nowMs()), this.#catalogue.lastTimeMs());
    const firstIndex = this.#catalogue.appliedIndex() + 1;
    const entries = group.map(({ command }, place) => ({ index: firstIndex + place, timeMs, command }));
    try {
      const results = this.#catalogue.applyBatch(entries);
      for (const [place, waiting] of group.entries()) {
        const result = results[place];
        assert(result !== undefined, "every entry has a result");
        waiting.resolve({ index: firstIndex + place, result });
      }
    } catch (error) {
      this.#diskFault = toDfsError(error, { op: "catalogue.commit" });
      for (const waiting of group) waiting.reject(this.#diskFault);
      this.#rejectWaiting(this.#diskFault);
    }
  }

  /** The commands that have waited longest, up to the size of one transaction, without the abandoned ones. */
  #takeGroup(): WaitingCommand[] {
    let groupBytes = 0;
    let size = 0;
    for (const { command } of this.#waiting) {
      groupBytes += command.length;
      if (size === groupCommandsMax || (size > 0 && groupBytes > groupCommandBytesMax)) break;
      size += 1;
    }
    const taken = this.#waiting.slice(0, size);
    this.#waiting = this.#waiting.slice(size);
    for (const { command } of taken) this.#waitingBytes -= command.length;
    return taken.filter(({ signal, reject }) => {
      if (signal.aborted) reject(abortError(signal));
      return !signal.aborted;
    });
  }

  #rejectWaiting(fault: DfsError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { reject } of waiting) reject(fault);
  }
}

function notRunning(): DfsError {
  return new DfsError("unreachable", "the catalogue of this peer is not running: start the peer");
}

function abortError(signal: AbortSignal): DfsError {
  return toDfsError(signal.reason);
}
