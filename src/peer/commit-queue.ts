/**
 * Commits of one transfer: directories and finished files, many to a command, in the order in which they were added.
 *
 * A file is committed only after its record, and with it all its chunks, is durable on its shelf. When one operation of
 * a command is refused, it alone fails, and the rest is committed without it.
 */
import type { Operation } from "../catalogue/operation.ts";
import type { OperationResult } from "../catalogue/result.ts";
import type { FileKey } from "../core/ids.ts";
import { batchOperationsMax, transferCommitsWaitingMax } from "../core/limits.ts";
import { CommandRefused, type CommandTarget } from "./command-session.ts";
import type { UploadSession } from "./upload-session.ts";

/** The record that must be durable before the operation is committed. */
export interface RecordToAdd {
  readonly session: UploadSession;
  readonly fileKey: FileKey;
}

interface Waiting {
  readonly operation: Operation;
  readonly record: RecordToAdd | undefined;
  readonly resolve: (result: OperationResult) => void;
  readonly reject: (error: unknown) => void;
}

export class CommitQueue {
  readonly #commands: CommandTarget;
  readonly #signal: AbortSignal;
  readonly #waiting: Waiting[] = [];
  readonly #room: (() => void)[] = [];
  #isRunning = false;

  constructor(commands: CommandTarget, signal: AbortSignal) {
    this.#commands = commands;
    this.#signal = signal;
  }

  /** Resolves when there is room for one more operation to wait. */
  async room(): Promise<void> {
    while (this.#waiting.length >= transferCommitsWaitingMax) {
      await new Promise<void>((resolve) => this.#room.push(resolve));
    }
  }

  /** Resolves with the operation's result once it is committed. */
  add(operation: Operation, record?: RecordToAdd): Promise<OperationResult> {
    const committed = new Promise<OperationResult>((resolve, reject) =>
      this.#waiting.push({ operation, record, resolve, reject }),
    );
    void this.#run();
    return committed;
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    await Promise.resolve(); // whatever is added in the same turn goes along
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchOperationsMax);
      for (const wake of this.#room.splice(0)) wake();
      await this.#commit(await this.#addRecords(batch));
    }
    this.#isRunning = false;
  }

  /** Makes the records of a batch durable, shelf by shelf; what fails there is not committed. */
  async #addRecords(batch: readonly Waiting[]): Promise<Waiting[]> {
    const bySession = new Map<UploadSession, Waiting[]>();
    for (const item of batch) {
      if (item.record === undefined) continue;
      const items = bySession.get(item.record.session);
      if (items === undefined) bySession.set(item.record.session, [item]);
      else items.push(item);
    }
    const failed = new Set<Waiting>();
    await Promise.all(
      Array.from(bySession, async ([session, items]) => {
        const fileKeys = items.map((item) => item.record?.fileKey as FileKey);
        await session.addRecords(fileKeys).catch((error: unknown) => {
          for (const item of items) {
            failed.add(item);
            item.reject(error);
          }
        });
      }),
    );
    return batch.filter((item) => !failed.has(item));
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    let rest = [...batch];
    while (rest.length > 0) {
      try {
        const results = await this.#commands.execute(
          rest.map((item) => item.operation),
          this.#signal,
        );
        rest.forEach((item, index) => item.resolve(results[index] as OperationResult));
        return;
      } catch (error) {
        const refused =
          error instanceof CommandRefused && error.operation !== undefined ? rest[error.operation] : undefined;
        for (const item of refused === undefined ? rest : [refused]) item.reject(error);
        rest = refused === undefined ? [] : rest.filter((item) => item !== refused);
      }
    }
  }
}
