/** The part of DfsClient that takes changes back. */
import type { CallOptions } from "./client.ts";
import type { DfsPath } from "./names.ts";

/** What makes several calls one change: whoever gives it to a call that changes files can have them all taken back at once. */
export interface ChangeTag {
  /** Random, for this change alone: 1 to 64 digits and small letters. */
  readonly id: string;
  /** What made the change, for lists: the name of a command, in small letters. */
  readonly command: string;
}

/** A change that this user made from this machine. */
export interface RecordedChange {
  readonly command: string;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** Files and directories that were made, changed, moved or removed, each as often as it was. */
  readonly entries: number;
  /** `running` while calls of it are under way; `undone` once it is taken back and can be made again. */
  readonly state: "done" | "running" | "undone";
  /** Whether all of it is known: not after an answer that never came, nor where the peer was stopped meanwhile. */
  readonly isWhole: boolean;
}

/** What became, or would become, of one file or directory. */
export interface UndoStep {
  /** What was made goes, what was removed comes back, what was moved goes back, a file gets the content of the revision before. */
  readonly action: "remove" | "bring-back" | "move-back" | "change-back";
  readonly kind: "file" | "directory";
  /** Where it is afterwards; of what goes, where it was. */
  readonly path: DfsPath;
  /** Of what is moved back: where it was. */
  readonly from?: DfsPath | undefined;
  /** Of a file that is changed back: the revision whose content it gets again. */
  readonly revision?: number | undefined;
}

export interface UndoReport {
  readonly change: RecordedChange;
  /** How many steps there are; none where everything was as before already. */
  readonly steps: number;
  /** The first of them, in the order in which they happen. */
  readonly shown: readonly UndoStep[];
}

export interface UndoOptions extends CallOptions {
  /** Makes the change again that was taken back last; a new change ends that. */
  readonly redo?: boolean | undefined;
  /** Nothing is changed; the report says what would be. */
  readonly dryRun?: boolean | undefined;
  /** The change is left as it is, and forgotten, so that the one before can be taken back. Not with `redo`. */
  readonly skip?: boolean | undefined;
}

export interface UndoClient {
  /** The changes of this user from this machine that can be taken back or made again, the newest first. */
  recordedChanges(options?: CallOptions): Promise<readonly RecordedChange[]>;
  /**
   * Takes back the newest change that is neither running nor taken back. All of it happens at once where one command has
   * room for it. Fails with `not-found` when there is no such change, or what it needs is no longer kept; `conflict`,
   * naming the path, when somebody else changed the same thing since, and then nothing has happened; `permission` for what
   * only the owner of a tree can bring back; `usage` for a change that is too large, and in a transaction; `busy` while
   * another undo is under way.
   */
  undo(options?: UndoOptions): Promise<UndoReport>;
}
