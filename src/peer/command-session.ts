/**
 * A numbered stream of commands of one author: what makes retries exactly-once.
 *
 * One command is under way at a time. When the answer does not come, the same bytes are sent again; the catalogue
 * recognises them by session and sequence and answers what it answered before.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Author, encodeCommand } from "../catalogue/command.ts";
import type { Operation } from "../catalogue/operation.ts";
import { type AppliedCommand, type CommandFault, type OperationResult, decodeResult } from "../catalogue/result.ts";
import { withDeadline } from "../core/deadline.ts";
import { DfsError, type ErrorKind, toDfsError } from "../core/errors.ts";
import type { NetworkId, SessionId } from "../core/ids.ts";
import { commandRetryMsMax, commandRetryMsMin, commandTimeoutMs } from "../core/limits.ts";
import { withoutLeader } from "./coordination/catalogue-client.ts";
import { randomId } from "./random-ids.ts";

export interface CommandAuthor {
  readonly network: NetworkId;
  readonly author: Author;
  sign(bytes: Uint8Array): Uint8Array;
}

/**
 * Takes a command to the coordinators, once. Resolves with the encoded result when it is committed. Fails with
 * `no-quorum` when there has been no leader for long; after `unreachable`, `timeout`, `busy` and `not-leader` (while one is
 * elected) another try may succeed.
 */
export type Propose = (command: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

/** A command by its place in a session. */
export interface SentCommand {
  readonly session: SessionId;
  readonly sequence: number;
}

/** Hears what becomes of the commands of one change, so that it can be taken back. */
export interface ChangeRecorder {
  /** The operations are on their way, as this command: should nobody hear of it again, its outcome can be asked for. */
  noteSent(command: SentCommand, operations: readonly Operation[]): void;
  /** What became of the command is known. */
  noteSettled(command: SentCommand): void;
  /** The operations happened, by the entry of the log with this index and time. */
  noteCommitted(entry: Pick<AppliedCommand, "index" | "timeMs">, operations: readonly Operation[]): void;
  /** Nobody knows whether the operations happened. */
  noteUnknown(): void;
}

/** Commands whose recorder hears of each. */
export function recordedCommands(commands: CommandTarget, recorder: ChangeRecorder | undefined): CommandTarget {
  if (recorder === undefined) return commands;
  return { execute: (operations, signal) => commands.execute(operations, signal, recorder) };
}

/** Where changes of the catalogue go: to the network, or into a transaction. */
export interface CommandTarget {
  /**
   * Makes the operations happen as one: all of them, or none. Resolves with a result for each. Fails with
   * CommandRefused; over the network also with `unreachable`, `no-quorum`, `busy`, `timeout`, `interrupted`, and then
   * it is not known whether they happened.
   */
  execute(
    operations: readonly Operation[],
    signal?: AbortSignal,
    recorder?: ChangeRecorder,
  ): Promise<readonly OperationResult[]>;
}

/** A command that the catalogue refused as a whole; nothing of it happened. */
export class CommandRefused extends DfsError {
  /** Place of the refused operation, from 0; undefined when the command itself was refused. */
  readonly operation: number | undefined;

  constructor(fault: CommandFault) {
    super(fault.kind, fault.message);
    this.operation = fault.operation ?? undefined;
  }
}

/** How a session waits; tests bring their own. */
export interface CommandTiming {
  /** A command is given up after this. */
  readonly timeoutMs: number;
  /** Resolves after the pause; rejects when the signal aborts. */
  pause(pauseMs: number, signal: AbortSignal): Promise<unknown>;
}

const realTiming: CommandTiming = {
  timeoutMs: commandTimeoutMs,
  pause: (pauseMs, signal) => delay(pauseMs, undefined, { signal }),
};
/** After these the same bytes are sent again; an `interrupted` that is not our own says that a coordinator is stopping. */
const passing: ReadonlySet<ErrorKind> = new Set(["unreachable", "not-leader", "timeout", "busy", "interrupted"]);

export class CommandSession implements CommandTarget {
  readonly #author: CommandAuthor;
  readonly #propose: Propose;
  readonly #timing: CommandTiming;
  #session = randomId<SessionId>();
  #sequence = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(author: CommandAuthor, propose: Propose, timing: CommandTiming = realTiming) {
    this.#author = author;
    this.#propose = propose;
    this.#timing = timing;
  }

  /** Commits the operations after those of the calls before. Without a leader it tries on until its time limit or the signal's end. */
  execute(
    operations: readonly Operation[],
    signal?: AbortSignal,
    recorder?: ChangeRecorder,
  ): Promise<readonly OperationResult[]> {
    const result = this.#tail.then(() => this.#recorded(operations, signal, recorder));
    this.#tail = result.catch(() => undefined); // each caller learns of its own failure
    return result;
  }

  async #recorded(
    operations: readonly Operation[],
    signal: AbortSignal | undefined,
    recorder: ChangeRecorder | undefined,
  ): Promise<readonly OperationResult[]> {
    signal?.throwIfAborted();
    let sent: SentCommand | undefined;
    const settle = (): void => {
      if (sent !== undefined) recorder?.noteSettled(sent);
    };
    const onSend = (command: SentCommand): void => {
      settle();
      sent = command;
      recorder?.noteSent(command, operations);
    };
    try {
      const applied = await this.#run(operations, signal, onSend);
      recorder?.noteCommitted(applied, operations);
      settle();
      return applied.results;
    } catch (error) {
      const isKnown = error instanceof CommandRefused || toDfsError(error).kind === "usage";
      if (isKnown) settle();
      else recorder?.noteUnknown();
      throw error;
    }
  }

  async #run(
    operations: readonly Operation[],
    signal: AbortSignal | undefined,
    onSend: (command: SentCommand) => void,
  ): Promise<AppliedCommand> {
    const isNewSession = this.#sequence === 0;
    try {
      const { answer, tries } = await this.#send(this.#next(operations, onSend), signal);
      const result = decodeResult(answer);
      if ("ok" in result) return result.ok;
      if (!isNewSession && isForgotten(result.error)) return await this.#runAnew(operations, signal, tries, onSend);
      throw new CommandRefused(result.error);
    } catch (error) {
      if (!(error instanceof CommandRefused) || error.operation === undefined) this.#startAnew();
      throw error;
    }
  }

  /** The catalogue has forgotten a session that rested for long; a command that was sent once cannot have happened. */
  #runAnew(
    operations: readonly Operation[],
    signal: AbortSignal | undefined,
    tries: number,
    onSend: (command: SentCommand) => void,
  ): Promise<AppliedCommand> {
    if (tries > 1)
      throw new DfsError("timeout", "no answer came in time: look whether the change has happened, and try again");
    this.#startAnew();
    return this.#run(operations, signal, onSend);
  }

  /** The bytes of the session's next command. */
  #next(operations: readonly Operation[], onSend: (command: SentCommand) => void): Uint8Array {
    this.#sequence += 1;
    const { network, author } = this.#author;
    onSend({ session: this.#session, sequence: this.#sequence });
    return encodeCommand({ network, author, session: this.#session, sequence: this.#sequence, operations }, (bytes) =>
      this.#author.sign(bytes),
    );
  }

  /** After an unknown outcome the next command must not be taken for a retry of this one. */
  #startAnew(): void {
    this.#session = randomId<SessionId>();
    this.#sequence = 0;
  }

  /** Sends the same bytes until an answer comes. At the time limit it fails as the last try did, which says more than `timeout`. */
  async #send(command: Uint8Array, signal: AbortSignal | undefined): Promise<{ answer: Uint8Array; tries: number }> {
    let lastFailure: DfsError | undefined;
    try {
      return await withDeadline(this.#timing.timeoutMs, signal, async (bounded) => {
        for (let tries = 1; ; tries += 1) {
          try {
            return { answer: await this.#propose(command, bounded), tries };
          } catch (thrown) {
            const error = toDfsError(thrown);
            if (bounded.aborted || !passing.has(error.kind)) throw error;
            lastFailure = error;
            await this.#timing.pause(pauseMs(tries, error), bounded);
          }
        }
      });
    } catch (error) {
      if (lastFailure !== undefined && signal?.aborted !== true && toDfsError(error).kind === "timeout")
        throw withoutLeader(lastFailure);
      throw error;
    }
  }
}

/** Grows from try to try and differs between callers; never shorter than a busy peer asked for. */
function pauseMs(tries: number, { retryAfterMs }: DfsError): number {
  const spread = 0.5 + Math.random() / 2;
  const growing = Math.min(commandRetryMsMax, commandRetryMsMin * 2 ** (tries - 1)) * spread;
  return retryAfterMs === undefined ? growing : Math.max(growing, retryAfterMs * (0.5 + spread));
}

/** Whether a command was refused because of its session, and not because of what it asks for. */
function isForgotten({ kind, operation }: CommandFault): boolean {
  return kind === "conflict" && operation === null;
}
