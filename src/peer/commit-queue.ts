/**
 * Commits of one transfer: directories and finished files, many to a command, in the order in which they were added.
 *
 * A file is committed only after its record, and with it all its chunks, is durable on its shelf. When one operation of
 * a command is refused, it alone fails, and the rest is committed without it. What was sealed by keys that were replaced
 * meanwhile is sealed again; its content stays where it is.
 */
import { setImmediate as turnOfEvents, setTimeout as delay } from "node:timers/promises";
import type { Operation, OperationOf } from "../catalogue/operation.ts";
import type { OperationResult } from "../catalogue/result.ts";
import { assert, toDfsError } from "../core/errors.ts";
import type { FileKey } from "../core/ids.ts";
import {
  batchOperationsMax,
  commitPauseMsMax,
  commitPauseMsMin,
  commitTriesMax,
  rekeyTriesMax,
  transferCommitsWaitingMax,
} from "../core/limits.ts";
import { CommandRefused, type CommandTarget } from "./command-session.ts";
import type { Confirmation } from "./shelves/shelf-port.ts";
import type { UploadSession } from "./upload-session.ts";

/** A change that is sealed by the keys of now. */
export interface Change {
  operation(): Operation;
  /** Looks the keys up again, because those that the operation was sealed by were replaced. What it fails with the change fails with. */
  refresh(): Promise<void>;
}

/** A file that is committed once its record is durable, with what the shelf then says of it. */
export interface FileToCommit extends Pick<Change, "refresh"> {
  readonly session: UploadSession;
  readonly fileKey: FileKey;
  operation(): Omit<OperationOf<"putFile">, keyof Confirmation>;
}

/** What became of a commit: `copies` of a file, on so many disks. */
export interface Committed {
  readonly result: OperationResult;
  readonly copies: number;
}

interface Waiting {
  readonly item: Change | FileToCommit;
  confirmation: Confirmation | undefined;
  tries: number;
  readonly resolve: (committed: Committed) => void;
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

  /** Resolves once the operation is committed. A file fails with `changed` when its shelf has lost chunks of it. */
  add(item: Change | FileToCommit): Promise<Committed> {
    const committed = new Promise<Committed>((resolve, reject) =>
      this.#waiting.push({ item, confirmation: undefined, tries: 0, resolve, reject }),
    );
    void this.#run();
    return committed;
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    await turnOfEvents(); // whatever is added in the same turn goes along
    let confirmed = this.#nextConfirmed();
    while (confirmed !== undefined) {
      const batch = await confirmed;
      confirmed = this.#nextConfirmed(); // while this one is committed
      await this.#commit(batch);
      confirmed ??= this.#nextConfirmed();
    }
    this.#isRunning = false;
  }

  /** The next batch, once its records are durable; undefined while nothing waits. */
  #nextConfirmed(): Promise<Waiting[]> | undefined {
    const batch = this.#waiting.splice(0, batchOperationsMax);
    for (const wake of this.#room.splice(0)) wake();
    return batch.length === 0 ? undefined : this.#confirm(batch);
  }

  /** Makes the records of a batch durable, shelf by shelf; what fails there is not committed. */
  async #confirm(batch: readonly Waiting[]): Promise<Waiting[]> {
    const failed = new Set<Waiting>();
    const confirm = async (session: UploadSession, files: readonly FileWaiting[]): Promise<void> => {
      try {
        const confirmation = await session.addRecords(files.map(({ file }) => file.fileKey));
        for (const { waiting } of files) waiting.confirmation = confirmation;
      } catch (error) {
        // The shelf lacks chunks of one of them: the others need not be stored again.
        if (files.length > 1 && toDfsError(error).kind === "changed")
          for (const file of files) await confirm(session, [file]);
        else
          for (const { waiting } of files) {
            failed.add(waiting);
            waiting.reject(error);
          }
      }
    };
    await Promise.all(Array.from(bySession(batch), ([session, files]) => confirm(session, files)));
    return batch.filter((item) => !failed.has(item));
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    let rest = [...batch];
    while (rest.length > 0) {
      try {
        const results = await this.#commands.execute(rest.map(operationOf), this.#signal);
        rest.forEach((item, index) =>
          item.resolve({ result: results[index] as OperationResult, copies: item.confirmation?.copies ?? 0 }),
        );
        return;
      } catch (error) {
        const refused =
          error instanceof CommandRefused && error.operation !== undefined ? rest[error.operation] : undefined;
        const again = refused === undefined ? undefined : await this.#again(rest, refused, error as CommandRefused);
        if (again !== undefined) {
          rest = again;
          continue;
        }
        for (const item of refused === undefined ? rest : [refused]) item.reject(error);
        rest = refused === undefined ? [] : rest.filter((item) => item !== refused);
      }
    }
  }

  /** What is tried again after a refusal that another try may help with; undefined where none does. */
  async #again(batch: Waiting[], refused: Waiting, { kind }: CommandRefused): Promise<Waiting[] | undefined> {
    if (kind === "moved" && refused.tries < commitTriesMax) return this.#confirmAgain(batch, refused);
    if (kind !== "rekeyed" || refused.tries >= rekeyTriesMax) return undefined;
    refused.tries += 1;
    try {
      await refused.item.refresh();
      return batch;
    } catch (error) {
      refused.reject(error);
      return batch.filter((item) => item !== refused);
    }
  }

  /**
   * The chain of the refused file's shelf has changed: its present owner must confirm all files of that shelf. It may take
   * the owner a moment to hear of the change itself.
   */
  async #confirmAgain(batch: readonly Waiting[], refused: Waiting): Promise<Waiting[]> {
    await pauseBeforeConfirming(refused.tries, this.#signal);
    const shelf = fileOf(refused)?.session.port.shelf;
    const again = batch.filter((item) => fileOf(item)?.session.port.shelf === shelf);
    for (const item of again) item.tries += 1;
    const confirmed = new Set(await this.#confirm(again));
    return batch.filter((item) => !again.includes(item) || confirmed.has(item));
  }
}

/** Waits longer from try to try; all tries together outlast some heartbeats. */
export async function pauseBeforeConfirming(tries: number, signal: AbortSignal | undefined): Promise<void> {
  const pauseMs = Math.min(commitPauseMsMax, commitPauseMsMin * 2 ** tries);
  await delay(pauseMs, undefined, { signal }).catch(() => undefined); // whatever comes next tells of the interruption
}

function fileOf({ item }: Waiting): FileToCommit | undefined {
  return "session" in item ? item : undefined;
}

function operationOf(waiting: Waiting): Operation {
  const { item, confirmation } = waiting;
  if (!("session" in item)) return item.operation();
  assert(confirmation !== undefined, "a file is confirmed before it is committed");
  return { ...item.operation(), ...confirmation };
}

interface FileWaiting {
  readonly waiting: Waiting;
  readonly file: FileToCommit;
}

function bySession(batch: readonly Waiting[]): Map<UploadSession, FileWaiting[]> {
  const groups = new Map<UploadSession, FileWaiting[]>();
  for (const waiting of batch) {
    const file = fileOf(waiting);
    if (file === undefined) continue;
    const group = groups.get(file.session);
    if (group === undefined) groups.set(file.session, [{ waiting, file }]);
    else group.push({ waiting, file });
  }
  return groups;
}
