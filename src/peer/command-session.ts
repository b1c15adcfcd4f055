/**
 * A numbered stream of commands of one author: what makes retries exactly-once.
 *
 * One command is under way at a time. When the answer does not come, the same bytes are sent again; the catalogue
 * recognises them by session and sequence and answers what it answered before.
 */
import { type Author, encodeCommand } from "../catalogue/command.ts";
import type { Operation } from "../catalogue/operation.ts";
import { type CommandFault, type OperationResult, decodeResult } from "../catalogue/result.ts";
import { withDeadline } from "../core/deadline.ts";
import { DfsError } from "../core/errors.ts";
import type { NetworkId, SessionId } from "../core/ids.ts";
import { commandRetryMs, commandTimeoutMs, commandTriesMax } from "../core/limits.ts";
import { randomId } from "./random-ids.ts";
import { withRetries } from "./retry.ts";

export interface CommandAuthor {
  readonly network: NetworkId;
  readonly author: Author;
  sign(bytes: Uint8Array): Uint8Array;
}

/** Takes a command to the coordinator. Resolves with the encoded result once it is committed. */
export type Propose = (command: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

/** A command that the catalogue refused as a whole; nothing of it happened. */
export class CommandRefused extends DfsError {
  /** Place of the refused operation, from 0; undefined when the command itself was refused. */
  readonly operation: number | undefined;

  constructor(fault: CommandFault) {
    super(fault.kind, fault.message);
    this.operation = fault.operation ?? undefined;
  }
}

export class CommandSession {
  readonly #author: CommandAuthor;
  readonly #propose: Propose;
  #session = randomId<SessionId>();
  #sequence = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(author: CommandAuthor, propose: Propose) {
    this.#author = author;
    this.#propose = propose;
  }

  /**
   * Commits the operations as one: all of them, or none. Resolves with a result for each. Fails with CommandRefused,
   * or `unreachable`, `no-quorum`, `timeout`, `interrupted` when it is not known whether they happened.
   */
  execute(operations: readonly Operation[], signal?: AbortSignal): Promise<readonly OperationResult[]> {
    const result = this.#tail.then(() => this.#run(operations, signal));
    this.#tail = result.catch(() => undefined); // each caller learns of its own failure
    return result;
  }

  async #run(operations: readonly Operation[], signal: AbortSignal | undefined): Promise<readonly OperationResult[]> {
    signal?.throwIfAborted();
    this.#sequence += 1;
    const command = encodeCommand(
      {
        network: this.#author.network,
        author: this.#author.author,
        session: this.#session,
        sequence: this.#sequence,
        operations,
      },
      (bytes) => this.#author.sign(bytes),
    );
    try {
      const result = decodeResult(
        await withDeadline(commandTimeoutMs, signal, (bounded) => this.#send(command, bounded)),
      );
      if ("ok" in result) return result.ok;
      throw new CommandRefused(result.error);
    } catch (error) {
      if (!(error instanceof CommandRefused) || error.operation === undefined) this.#startAnew();
      throw error;
    }
  }

  /** After an unknown outcome the next command must not be taken for a retry of this one. */
  #startAnew(): void {
    this.#session = randomId<SessionId>();
    this.#sequence = 0;
  }

  #send(command: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return withRetries({ attempts: commandTriesMax, pauseMs: commandRetryMs, signal }, () =>
      this.#propose(command, signal),
    );
  }
}
