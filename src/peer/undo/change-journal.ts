/**
 * The journal of changes: which entries of the log came from this machine, change by change, so that they can be taken
 * back.
 *
 * It holds numbers, random ids and the names of commands: no name of a file, no key. Each change has *rounds*: the entries
 * that made it, those that took it back, those that made it again, and so on; a change is done in the even ones. Writing
 * needs no flush: a power cut may take the last lines away, never tear them.
 */
import type { Operation } from "../../catalogue/operation.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { SessionId, UserId } from "../../core/ids.ts";
import { undoChangesInAllMax, undoChangesMax, undoCommitsMax } from "../../core/limits.ts";
import { SqlDatabase, type SqlRow } from "../../core/sqlite.ts";
import type { ChangeTag, RecordedChange } from "../../core/undo.ts";
import type { ChangeRecorder, SentCommand } from "../command-session.ts";
import type { Log } from "../log.ts";

/** One command of a change, and how many rows it left behind: what the catalogue still has is compared with that. */
export interface JournalCommit {
  readonly index: number;
  readonly timeMs: number;
  readonly rows: number;
}

/** A command of a change whose outcome this machine does not know. */
export interface UnansweredCommand extends SentCommand {
  readonly rows: number;
  readonly entries: number;
}

/** A change with its number in the journal; of a user, a later change has a larger one. */
export interface JournalChange extends RecordedChange {
  readonly row: number;
  readonly round: number;
  /** Commands of its present round. */
  readonly commits: number;
}

/** Records the calls of one change, until the last of them ends. */
export interface OpenChange extends ChangeRecorder {
  end(): void;
}

export interface ChangeJournalOptions {
  /** Of the journal's file. */
  readonly path: string;
  readonly nowMs: () => number;
  readonly log: Pick<Log, "warn">;
}

const formatVersion = 1;
const tables = `
CREATE TABLE changes (
  id INTEGER PRIMARY KEY, user TEXT NOT NULL, tag TEXT NOT NULL, command TEXT NOT NULL, started_ms INTEGER NOT NULL,
  round INTEGER NOT NULL, commits INTEGER NOT NULL, is_running INTEGER NOT NULL, is_whole INTEGER NOT NULL, is_past_redo INTEGER NOT NULL,
  entries INTEGER NOT NULL, UNIQUE (user, tag));
CREATE TABLE commits (
  change_id INTEGER NOT NULL, round INTEGER NOT NULL, log_index INTEGER NOT NULL, time_ms INTEGER NOT NULL,
  row_count INTEGER NOT NULL, PRIMARY KEY (change_id, round, log_index)) WITHOUT ROWID;
CREATE TABLE sent (
  change_id INTEGER NOT NULL, round INTEGER NOT NULL, session TEXT NOT NULL, sequence INTEGER NOT NULL,
  row_count INTEGER NOT NULL, entries INTEGER NOT NULL, PRIMARY KEY (session, sequence)) WITHOUT ROWID;
PRAGMA user_version = ${formatVersion};
`;

/** What ran when the last process ended is over: it is not known whole where a command had no answer yet. */
const endOfLastProcess = `
UPDATE changes SET is_running = 0,
  is_whole = is_whole AND NOT EXISTS (SELECT 1 FROM sent WHERE change_id = changes.id) WHERE is_running = 1;
DELETE FROM changes WHERE NOT EXISTS (SELECT 1 FROM commits WHERE change_id = changes.id)
  AND NOT EXISTS (SELECT 1 FROM sent WHERE change_id = changes.id);
`;

export class ChangeJournal {
  readonly #options: ChangeJournalOptions;
  #database: SqlDatabase | undefined;
  /** Calls under way, by the number of their change. */
  readonly #running = new Map<number, number>();
  readonly #undoing = new Set<UserId>();

  constructor(options: ChangeJournalOptions) {
    this.#options = options;
  }

  /** Does `work`, unless another undo of this user is under way. Fails with `busy`. */
  async alone<Result>(user: UserId, work: () => Promise<Result>): Promise<Result> {
    if (this.#undoing.has(user)) throw new DfsError("busy", "another undo is under way: wait for it");
    this.#undoing.add(user);
    try {
      return await work();
    } finally {
      this.#undoing.delete(user);
    }
  }

  stop(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  /** Records a call of a change until its end. A journal that cannot be written costs the undo, never the call. */
  begin(user: UserId, tag: ChangeTag): OpenChange {
    const row = this.#orWarned(() => this.#begun(user, tag));
    if (row === undefined) return { ...deaf, end: () => undefined };
    this.#running.set(row, (this.#running.get(row) ?? 0) + 1);
    return {
      ...this.#recorder(row, 0),
      end: () => {
        const left = (this.#running.get(row) ?? 1) - 1;
        if (left > 0) this.#running.set(row, left);
        else {
          this.#running.delete(row);
          this.#orWarned(() => this.#ended(row));
        }
      },
    };
  }

  /** Records what takes a change back, or makes it again: the round after its present one. */
  nextRound({ row, round }: JournalChange): ChangeRecorder {
    return this.#recorder(row, round + 1);
  }

  /** The next round has become the present one. */
  turn({ row, round }: JournalChange): void {
    const sql = this.#open();
    sql.transaction(() => {
      // Earlier rounds say no more than the present one does.
      sql.prepare("DELETE FROM commits WHERE change_id = ? AND round <= ?").run(row, round);
      sql.prepare("DELETE FROM sent WHERE change_id = ? AND round <= ?").run(row, round);
      sql
        .prepare(
          `UPDATE changes SET round = ?, is_whole = 1,
             commits = (SELECT count(*) FROM commits WHERE change_id = changes.id) WHERE id = ?`,
        )
        .run(round + 1, row);
    });
  }

  /** Commands of a change's present round whose outcome is to be asked for. */
  unanswered({ row, round }: JournalChange): readonly UnansweredCommand[] {
    return this.#open()
      .prepare("SELECT * FROM sent WHERE change_id = ? AND round = ? LIMIT ?")
      .all(row, round, undoCommitsMax)
      .map((sent) => ({
        session: String(sent["session"]) as SessionId,
        sequence: Number(sent["sequence"]),
        rows: Number(sent["row_count"]),
        entries: Number(sent["entries"]),
      }));
  }

  /** A command of a change did happen after all, or, without an entry of the log, did not. */
  answer(
    { row, round }: JournalChange,
    { session, sequence, rows, entries }: UnansweredCommand,
    entry: Pick<JournalCommit, "index" | "timeMs"> | undefined,
  ): void {
    const sql = this.#open();
    sql.transaction(() => {
      sql.prepare("DELETE FROM sent WHERE session = ? AND sequence = ?").run(session, sequence);
      if (entry !== undefined) addCommit(sql, row, round, { ...entry, rows }, entries);
      sql
        .prepare(
          "UPDATE changes SET is_whole = 1 WHERE id = ? AND NOT EXISTS (SELECT 1 FROM sent WHERE change_id = changes.id)",
        )
        .run(row);
    });
  }

  /** Nothing can be done with a change any more. */
  forget({ row }: JournalChange): void {
    const sql = this.#open();
    sql.transaction(() => {
      sql.prepare("DELETE FROM commits WHERE change_id = ?").run(row);
      sql.prepare("DELETE FROM sent WHERE change_id = ?").run(row);
      sql.prepare("DELETE FROM changes WHERE id = ?").run(row);
    });
  }

  /** The changes of a user that can be taken back or made again, the newest first; those that run too. */
  changes(user: UserId): readonly JournalChange[] {
    return this.#open()
      .prepare("SELECT * FROM changes WHERE user = ? AND (is_past_redo = 0 OR round % 2 = 0) ORDER BY id DESC LIMIT ?")
      .all(user, undoChangesMax)
      .map(changeOf);
  }

  /** The change that `undo` takes back now, or that a redo makes again. */
  next(user: UserId, isRedo: boolean): JournalChange | undefined {
    const changes = this.changes(user);
    if (isRedo) return changes.findLast(({ state }) => state === "undone");
    return changes.find(({ state }) => state === "done");
  }

  /** The commands of a change in its present round, in the order of the log. */
  commits({ row, round }: JournalChange): readonly JournalCommit[] {
    return this.#open()
      .prepare(
        "SELECT log_index, time_ms, row_count FROM commits WHERE change_id = ? AND round = ? ORDER BY log_index LIMIT ?",
      )
      .all(row, round, undoCommitsMax)
      .map((commit) => ({
        index: Number(commit["log_index"]),
        timeMs: Number(commit["time_ms"]),
        rows: Number(commit["row_count"]),
      }));
  }

  #begun(user: UserId, { id, command }: ChangeTag): number {
    const sql = this.#open();
    return sql.transaction(() => {
      const known = sql
        .prepare("UPDATE changes SET is_running = 1 WHERE user = ? AND tag = ? RETURNING id")
        .get(user, id);
      if (known !== undefined) return Number(known["id"]);
      prune(sql, user);
      const made = sql
        .prepare(
          `INSERT INTO changes (user, tag, command, started_ms, round, commits, is_running, is_whole, is_past_redo, entries)
           VALUES (?, ?, ?, ?, 0, 0, 1, 1, 0, 0) RETURNING id`,
        )
        .get(user, id, command, this.#options.nowMs());
      return Number(made?.["id"]);
    });
  }

  /** A change that changed nothing is forgotten. */
  #ended(row: number): void {
    const sql = this.#open();
    sql.transaction(() => {
      sql
        .prepare(
          `DELETE FROM changes WHERE id = ? AND is_whole = 1
           AND NOT EXISTS (SELECT 1 FROM commits WHERE change_id = changes.id)
           AND NOT EXISTS (SELECT 1 FROM sent WHERE change_id = changes.id)`,
        )
        .run(row);
      sql.prepare("UPDATE changes SET is_running = 0 WHERE id = ?").run(row);
    });
  }

  #recorder(row: number, round: number): ChangeRecorder {
    return {
      noteSent: (command, operations) => this.#orWarned(() => this.#noteSent(row, round, command, operations)),
      noteSettled: ({ session, sequence }) =>
        void this.#orWarned(() =>
          this.#open().prepare("DELETE FROM sent WHERE session = ? AND sequence = ?").run(session, sequence),
        ),
      noteCommitted: (entry, operations) => this.#orWarned(() => this.#note(row, round, entry, operations)),
      noteUnknown: () =>
        void this.#orWarned(() => this.#open().prepare("UPDATE changes SET is_whole = 0 WHERE id = ?").run(row)),
    };
  }

  #noteSent(row: number, round: number, command: SentCommand, operations: readonly Operation[]): void {
    const { session, sequence } = command;
    this.#open()
      .prepare("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?)")
      .run(row, round, session, sequence, rowsOf(operations), entriesOf(operations));
  }

  #note(
    row: number,
    round: number,
    { index, timeMs }: { readonly index: number; readonly timeMs: number },
    operations: readonly Operation[],
  ): void {
    const sql = this.#open();
    sql.transaction(() => {
      addCommit(sql, row, round, { index, timeMs, rows: rowsOf(operations) }, entriesOf(operations));
      if (round > 0) return;
      // Who changes something new goes another way: what was taken back before stays so.
      sql
        .prepare(
          `UPDATE changes SET is_past_redo = 1
           WHERE user = (SELECT user FROM changes WHERE id = ?) AND round % 2 = 1 AND is_past_redo = 0`,
        )
        .run(row);
    });
  }

  #orWarned<Result>(work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      this.#options.log.warn(`a change cannot be noted, and not be undone: ${toDfsError(error).message}`);
      return undefined;
    }
  }

  #open(): SqlDatabase {
    this.#database ??= opened(this.#options.path);
    return this.#database;
  }
}

/** Who hears nothing. */
const deaf: ChangeRecorder = {
  noteSent: () => undefined,
  noteSettled: () => undefined,
  noteCommitted: () => undefined,
  noteUnknown: () => undefined,
};

function addCommit(sql: SqlDatabase, row: number, round: number, commit: JournalCommit, entries: number): void {
  const change = sql
    .prepare("UPDATE changes SET entries = entries + ?, commits = commits + 1 WHERE id = ? RETURNING commits")
    .get(round === 0 ? entries : 0, row);
  if (Number(change?.["commits"]) > undoCommitsMax) return;
  const { index, timeMs, rows } = commit;
  sql.prepare("INSERT OR REPLACE INTO commits VALUES (?, ?, ?, ?, ?)").run(row, round, index, timeMs, rows);
}

/** Files and directories that a command changes; keys are none. */
function entriesOf(operations: readonly Operation[]): number {
  return operations.filter(({ op }) => op !== "rekey").length;
}

/** How many rows the catalogue gives of a command: names that ended, and revisions. What a name begins, it keeps as long as it lasts. */
function rowsOf(operations: readonly Operation[]): number {
  let rows = 0;
  for (const operation of operations) {
    if (operation.op === "removeEntry" || operation.op === "putFile" || operation.op === "copyFile") rows += 1;
    if (operation.op !== "move") continue;
    const { fromParent, toParent, fromToken, toToken, replace } = operation;
    if (fromParent === toParent && Buffer.compare(fromToken, toToken) === 0) continue;
    rows += replace === null ? 1 : 2;
  }
  return rows;
}

function changeOf(row: SqlRow): JournalChange {
  const round = Number(row["round"]);
  const isRunning = row["is_running"] === 1;
  return {
    row: Number(row["id"]),
    round,
    commits: Number(row["commits"]),
    command: String(row["command"]),
    startedMs: Number(row["started_ms"]),
    entries: Number(row["entries"]),
    state: isRunning ? "running" : round % 2 === 0 ? "done" : "undone",
    isWhole: row["is_whole"] === 1,
  };
}

/** Makes room for one more change, of this user and of all. */
function prune(sql: SqlDatabase, user: UserId): void {
  const gone = sql
    .prepare(
      `DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE user = ? ORDER BY id DESC LIMIT -1 OFFSET ?)
       OR id IN (SELECT id FROM changes ORDER BY id DESC LIMIT -1 OFFSET ?)`,
    )
    .run(user, undoChangesMax - 1, undoChangesInAllMax - 1);
  if (gone === 0) return;
  for (const table of ["commits", "sent"] as const)
    sql.prepare(`DELETE FROM ${table} WHERE change_id NOT IN (SELECT id FROM changes)`).run();
}

function opened(path: string): SqlDatabase {
  const sql = new SqlDatabase(path, { durability: "normal" });
  try {
    const version = Number(sql.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version === 0) sql.transaction(() => sql.exec(tables));
    else if (version !== formatVersion)
      throw new DfsError(
        "version",
        `the journal ${path} has version ${version}, and this program knows ${formatVersion}`,
      );
    sql.exec(endOfLastProcess);
    return sql;
  } catch (error) {
    sql.close();
    throw error;
  }
}
