/**
 * Undo: taking back what one user changed from this machine, change by change, the newest first.
 *
 *   journal ──entries of the log──> effects in the catalogue ──plan──> operations ──one command──> the next round
 *
 * Nothing of how things were is kept for it: the catalogue keeps names that have ended and earlier revisions as long as the
 * policy says, and the owner of a tree has the keys to them. To make a change again is to take back what took it back.
 */
import { setMaxListeners } from "node:events";
import { operationBytes } from "../../catalogue/command.ts";
import { decodeResult } from "../../catalogue/result.ts";
import { DfsError } from "../../core/errors.ts";
import {
  batchOperationsMax,
  commandBytesMax,
  commandFrameBytes,
  rekeyTriesMax,
  undoCommitsMax,
  undoEntriesMax,
} from "../../core/limits.ts";
import type { ChangeTag, RecordedChange, UndoOptions, UndoReport } from "../../core/undo.ts";
import type { ChangeRecorder, CommandTarget } from "../command-session.ts";
import { CommandRefused } from "../command-session.ts";
import type { CatalogueReader, UserReader } from "../coordination/catalogue-access.ts";
import { KeyRenewal, isRekeyed } from "../key-renewal.ts";
import { touchedBy, tooMuch } from "./change-effects.ts";
import type { ChangeJournal, JournalChange } from "./change-journal.ts";
import { UndoPlaces, type UndoPlacesOptions } from "./undo-places.ts";
import { ChangedSince, type Undoing, planUndo } from "./undo-plan.ts";
import { type ScriptStep, type UndoScript, UndoScriptWriter } from "./undo-script.ts";
import { UndoTasks } from "./undo-tasks.ts";

export interface UndoParts extends Pick<UndoPlacesOptions, "namespace" | "user" | "shared"> {
  readonly journal: ChangeJournal;
  readonly catalogue: CatalogueReader & Pick<UserReader, "effects" | "outcome">;
  /** Commits as the user. */
  readonly commands: CommandTarget;
}

export class Undo {
  readonly #parts: UndoParts;

  constructor(parts: UndoParts) {
    this.#parts = parts;
  }

  /** Does `work`, whose commands are recorded as part of a change where there is a tag. */
  async recorded<Result>(
    tag: ChangeTag | undefined,
    work: (recorder: ChangeRecorder | undefined) => Promise<Result>,
  ): Promise<Result> {
    if (tag === undefined) return work(undefined);
    const { journal, user } = this.#parts;
    const open = journal.begin(user.userId, tag);
    try {
      return await work(open);
    } finally {
      open.end();
    }
  }

  changes(): readonly RecordedChange[] {
    return this.#parts.journal.changes(this.#parts.user.userId).map(recordedChange);
  }

  undo({ redo = false, dryRun = false, skip = false, signal }: UndoOptions): Promise<UndoReport> {
    const { journal, user } = this.#parts;
    if (signal !== undefined) setMaxListeners(0, signal); // every look at the catalogue listens; their number is bounded
    return journal.alone(user.userId, async () => {
      const change = journal.next(user.userId, redo);
      if (change === undefined) throw nothingToDo(redo);
      if (skip) {
        if (!dryRun) journal.forget(change);
        return { change: recordedChange(change), steps: 0, shown: [] };
      }
      if (change.entries > undoEntriesMax || change.commits > undoCommitsMax) throw tooMuch();
      const { steps, shown } = await this.#takeBack(change, dryRun, signal);
      if (!dryRun) journal.turn(change);
      const state = redo === dryRun ? "undone" : "done";
      const told = new Set(steps.map(({ task }) => task)).size;
      return { change: { ...recordedChange(change), state }, steps: told, shown };
    });
  }

  /** Once more where keys were replaced meanwhile. */
  async #takeBack(change: JournalChange, dryRun: boolean, signal: AbortSignal | undefined): Promise<UndoScript> {
    for (let tries = 1; ; tries += 1) {
      try {
        const script = await this.#script(change, dryRun, signal);
        if (!dryRun) await this.#run(script, this.#parts.journal.nextRound(change), signal);
        return script;
      } catch (error) {
        if (!isRekeyed(error) || tries >= rekeyTriesMax) throw error;
      }
    }
  }

  async #script(change: JournalChange, dryRun: boolean, signal: AbortSignal | undefined): Promise<UndoScript> {
    const { journal, catalogue, commands, namespace, user, shared } = this.#parts;
    const reading = { signal };
    await this.#askUnanswered(change, signal);
    const commits = journal.commits(change);
    const touched = await touchedBy(catalogue, commits, reading);
    const places = new UndoPlaces({ namespace, catalogue, user, shared, reading }, touched);
    const renewal = new KeyRenewal(namespace, commands);
    const options = { namespace, catalogue, user, shared, reading, renewal, dryRun };
    let undoings: readonly Undoing[];
    try {
      undoings = planUndo(touched);
    } catch (error) {
      if (!(error instanceof ChangedSince)) throw error;
      const path = await new UndoTasks(options, places, []).pathOf(error.touched).catch(() => undefined);
      throw new DfsError("conflict", error.message, { path, cause: error });
    }
    const tasks = await new UndoTasks(options, places, undoings).all();
    return new UndoScriptWriter(places, renewal, signal).write(tasks);
  }

  /** What had no answer, or was under way when the peer was stopped, may have happened: the catalogue knows. */
  async #askUnanswered(change: JournalChange, signal: AbortSignal | undefined): Promise<void> {
    const { journal, catalogue } = this.#parts;
    for (const sent of journal.unanswered(change)) {
      const answer = await catalogue.outcome(sent.session, sent.sequence, { signal });
      const result = answer === undefined ? undefined : decodeResult(answer);
      journal.answer(change, sent, result !== undefined && "ok" in result ? result.ok : undefined);
    }
  }

  /** All of it as one command where that has room for it, else one after the other. */
  async #run({ steps }: UndoScript, recorder: ChangeRecorder, signal: AbortSignal | undefined): Promise<void> {
    let done = 0;
    for (const batch of batches(steps)) {
      try {
        const operations = batch.flatMap((step) => step.operations);
        await this.#parts.commands.execute(operations, signal, recorder);
      } catch (error) {
        if (isRekeyed(error)) throw error;
        throw failure(error, batch, done, steps.length);
      }
      done += batch.length;
    }
  }
}

/** Steps that go into one command each, in their order; what belongs to one step stays together. */
function* batches(steps: readonly ScriptStep[]): Generator<readonly ScriptStep[]> {
  let batch: ScriptStep[] = [];
  let count = 0;
  let bytes = commandFrameBytes;
  for (const step of steps) {
    const stepBytes = step.operations.reduce((sum, operation) => sum + operationBytes(operation), 0);
    const isFull = count + step.operations.length > batchOperationsMax || bytes + stepBytes > commandBytesMax;
    if (isFull && batch.length > 0) {
      yield batch;
      [batch, count, bytes] = [[], 0, commandFrameBytes];
    }
    batch.push(step);
    count += step.operations.length;
    bytes += stepBytes;
  }
  if (batch.length > 0) yield batch;
}

/** What somebody changed under the undo's feet is a conflict about that path; and it is said how far the undo came. */
function failure(error: unknown, batch: readonly ScriptStep[], done: number, all: number): unknown {
  const far = done === 0 ? "" : `; ${done} of ${all} steps were done, and undo goes on from there`;
  if (!(error instanceof CommandRefused)) {
    if (done === 0 || !(error instanceof DfsError)) return error;
    return new DfsError(error.kind, `${error.message}${far}`, { path: error.path, cause: error });
  }
  const path = pathOf(operationAt(batch, error.operation ?? 0));
  return new DfsError("conflict", `was changed just now: ${error.message}${far}`, { path, cause: error });
}

function operationAt(batch: readonly ScriptStep[], place: number): ScriptStep | undefined {
  let end = 0;
  return batch.find(({ operations }) => {
    end += operations.length;
    return place < end;
  });
}

function pathOf(step: ScriptStep | undefined): string | undefined {
  return step?.task.source?.path ?? step?.task.name;
}

function nothingToDo(isRedo: boolean): DfsError {
  const what = isRedo
    ? "nothing was undone that could be made again; a new change ends that"
    : "no change of yours from this machine is left to take back";
  return new DfsError("not-found", what);
}

function recordedChange({ command, startedMs, entries, state, isWhole }: JournalChange): RecordedChange {
  return { command, startedMs, entries, state, isWhole };
}
