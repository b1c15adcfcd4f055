/** Where the changes of a transaction go: kept in order for its commit, each answered with the outcome that it will have. */
import { operationBytes } from "../../catalogue/command.ts";
import type { Operation } from "../../catalogue/operation.ts";
import { Refusal } from "../../catalogue/refusal.ts";
import type { OperationResult } from "../../catalogue/result.ts";
import { DfsError } from "../../core/errors.ts";
import type { UserId } from "../../core/ids.ts";
import { batchOperationsMax, commandBytesMax, commandFrameBytes } from "../../core/limits.ts";
import { CommandRefused, type CommandTarget } from "../command-session.ts";
import type { OverlayCatalogue } from "./overlay-catalogue.ts";
import { type PredictionContext, predict } from "./prediction.ts";

export interface TransactionCommandsOptions {
  readonly user: UserId;
  readonly overlay: OverlayCatalogue;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Throws once the transaction is over. */
  readonly requireOpen: () => void;
}

export class TransactionCommands implements CommandTarget {
  readonly #options: TransactionCommandsOptions;
  readonly #operations: Operation[] = [];
  #bytes = commandFrameBytes;
  #tail: Promise<unknown> = Promise.resolve();
  /** A call that did not fit may have been cut in half, and half of it must not be committed. */
  #overflow: DfsError | undefined;

  constructor(options: TransactionCommandsOptions) {
    this.#options = options;
  }

  /**
   * Keeps the operations, after those of the calls before, when they are possible as the transaction sees the network.
   * Fails with CommandRefused when one is not, and then keeps none of them; with `usage` when the transaction grows too
   * large, from then on always; and as reading fails.
   */
  execute(operations: readonly Operation[], signal?: AbortSignal): Promise<readonly OperationResult[]> {
    const result = this.#tail.then(() => this.#keep(operations, signal));
    this.#tail = result.catch(() => undefined); // each caller learns of its own failure
    return result;
  }

  /** Fails with `usage` when the transaction has grown too large or is over. */
  requireRoom(): void {
    this.#options.requireOpen();
    if (this.#overflow !== undefined) throw this.#overflow;
  }

  /** Everything that is to be committed, in order. Fails with `usage` when the transaction has grown too large. */
  operations(): readonly Operation[] {
    if (this.#overflow !== undefined) throw this.#overflow;
    return this.#operations;
  }

  async #keep(operations: readonly Operation[], signal: AbortSignal | undefined): Promise<readonly OperationResult[]> {
    const { user, overlay, nowMs, requireOpen } = this.#options;
    signal?.throwIfAborted();
    this.requireRoom();
    const bytes = this.#bytes + this.#checkedBytes(operations);
    const base = await overlay.facts(user, operations, { signal });
    requireOpen();
    const tree = overlay.tree.copy();
    const context = { tree, base, nowMs: nowMs() };
    const results = operations.map((operation, place) => predictAt(context, operation, place));
    overlay.tree = tree;
    this.#operations.push(...operations);
    this.#bytes = bytes;
    return results;
  }

  /** Bytes of the operations in the command, where they have room in it. */
  #checkedBytes(operations: readonly Operation[]): number {
    let bytes = 0;
    for (const operation of operations) bytes += operationBytes(operation);
    const isTooLarge =
      this.#operations.length + operations.length > batchOperationsMax || this.#bytes + bytes > commandBytesMax;
    if (!isTooLarge) return bytes;
    this.#overflow = new DfsError(
      "usage",
      `a transaction has room for ${batchOperationsMax} changes of ${commandBytesMax / 1024} KiB together, and this is more; nothing of it will be committed: use several smaller ones`,
    );
    throw this.#overflow;
  }
}

function predictAt(context: PredictionContext, operation: Operation, place: number): OperationResult {
  try {
    return predict(context, operation);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { kind, message, revision } = error;
    throw new CommandRefused({ kind, message, operation: place, revision });
  }
}
