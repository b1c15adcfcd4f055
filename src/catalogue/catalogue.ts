/**
 * The catalogue: the state machine that all coordinators of a network run, each on its own disk.
 *
 * It knows the network, its peers (members) and their shelves, its users, and each user's tree: nodes (a directory or a
 * file, whatever it is called), entries (a name token in a directory that stands for a node) and revisions (one version
 * of a file). A shelf's chain says which peers keep it, the policy how many copies there are to be and how long what was
 * is kept. Sessions make retries exactly-once, invites admit peers, ended leases and epochs keep late uploads out. Rows
 * are versioned by the index of the commands that made and ended them, so that the past can be asked for as far as the
 * policy keeps it; what is older is collected, and the file keys that nothing names any more are the shelves' owners' to
 * drop. A log gives it entries in order; it changes by nothing else. It can read neither names nor attributes nor contents.
 */
import { assert } from "../core/errors.ts";
import { catalogueCacheBytesMax, logMarkBytesMax } from "../core/limits.ts";
import { SqlDatabase } from "../core/sqlite.ts";
import { type LogEntry, applyEntry } from "./apply.ts";
import type { ApplyState } from "./apply-context.ts";
import { CatalogueReader } from "./catalogue-reader.ts";
import { catalogueDigest } from "./digest.ts";
import { KnownRows } from "./known-rows.ts";
import type { CatalogueCounts } from "./rows.ts";
import { SummedDatabase } from "./page-sums/summed-database.ts";
import { type Totals, checkVersion, createTables, loadLogMark, loadTotals, saveLogMark, saveTotals } from "./schema.ts";
import { RowCounts } from "./row-counts.ts";
import { restoreSnapshot, salvageDatabase, writeSnapshot } from "./snapshot.ts";
import type { SnapshotState } from "./snapshot-thread.ts";

/** What the log wants kept together with the entries that it gives. */
export interface LogMark {
  /** The log's own: its term, its members. At most `logMarkBytesMax` bytes. */
  readonly bytes: Uint8Array;
  /** Whether the log's members changed, which counts as a change of the members. */
  readonly membersChanged: boolean;
}

export class Catalogue extends CatalogueReader {
  #totals: Totals;
  #logMark: Uint8Array;
  readonly #known: KnownRows;
  /** Totals and mark as of the last commit, while a transaction is open. */
  #committed: { readonly totals: Totals; readonly logMark: Uint8Array } | undefined;
  /** The database with its files; undefined for one in memory. */
  readonly #files: SummedDatabase | undefined;

  private constructor(database: SqlDatabase, files?: SummedDatabase) {
    super(database);
    this.#files = files;
    this.#totals = loadTotals(database);
    this.#logMark = loadLogMark(database);
    this.#known = new KnownRows(database);
  }

  /**
   * Opens the database file at `path` after checking every byte of it, or makes an empty one. A power cut may take the
   * last batches, whole, until they are made durable: the log gives them again. Fails with `integrity` when the files
   * are damaged beyond that, `version`, `locked`, `no-space`, `io`.
   */
  static open(path: string): Catalogue {
    if (path === ":memory:") return Catalogue.#inMemory();
    const files = SummedDatabase.open(path, { create: createTables, checkVersion });
    try {
      // A negative size is in KiB.
      files.sql.exec(`PRAGMA cache_size = ${-catalogueCacheBytesMax / 1024}; PRAGMA temp_store = MEMORY`);
      checkVersion(path, Number(files.sql.prepare("PRAGMA user_version").get()?.["user_version"]));
      return new Catalogue(files.sql, files);
    } catch (error) {
      files.close();
      throw error;
    }
  }

  static #inMemory(): Catalogue {
    const database = new SqlDatabase(":memory:", { durability: "normal" });
    createTables(database);
    return new Catalogue(database);
  }

  /** Makes the snapshot in `file` the database at `path`, which must not be open. Fails with `integrity`, `version`, `not-found`, `no-space`, `io`. */
  static restoreFrom(file: string, path: string): Promise<void> {
    return restoreSnapshot(file, path);
  }

  /**
   * Makes what can be read of the damaged database at `path` the database at `target`, which may be the same one; neither
   * may be open. What its bytes no longer say is lost or wrong in it: only for who has no other copy. Fails with
   * `integrity` when SQLite cannot make sense of it, `version`, `not-found`, `no-space`, `io`.
   */
  static salvage(path: string, target: string): Promise<void> {
    return salvageDatabase(path, target);
  }

  /** Commits what is open, and closes the files. What cannot be committed is lost to the catalogue, as in a crash. */
  close(): void {
    try {
      this.commit();
    } catch {
      // It was rolled back, and the log repeats it.
    }
    if (this.#files === undefined) this.database.close();
    else this.#files.close();
  }

  /**
   * To be called after a commit: folds what was applied lately into the database's own file when it has become much.
   * Nothing should be applied meanwhile, or the end of it is put off. Fails with `integrity` when the files are damaged,
   * `no-space`, `io`.
   */
  async tend(): Promise<void> {
    if (this.#committed !== undefined) return;
    await this.#files?.tend();
  }

  /** Index of the last entry that was applied; 0 for an empty catalogue. */
  appliedIndex(): number {
    return this.#totals.appliedIndex;
  }

  /** The latest time that an applied entry carried, in milliseconds since 1970; 0 for an empty catalogue. */
  lastTimeMs(): number {
    return this.#totals.lastTimeMs;
  }

  /** The mark of the last batch that had one and was applied; empty before the first. */
  logMark(): Uint8Array {
    return Uint8Array.from(this.#logMark);
  }

  /** Applies entries as `apply` does, and commits them with all that was applied before. */
  applyBatch(entries: readonly LogEntry[], mark?: LogMark): readonly Uint8Array[] {
    const results = this.apply(entries, mark);
    this.commit();
    return results;
  }

  /**
   * Applies entries and returns their encoded results, in the same order. Entries up to the applied index are skipped;
   * the others must follow it without a gap. A skipped entry, and one without a command, gives an empty result. The mark
   * is kept with them, unless all entries were skipped; without any entry it is kept by itself. Queries see them at
   * once; a crash takes away what was not committed, as a whole, and the log gives it again. Fails with `no-space`,
   * `io`, `integrity`, and then nothing has happened since the last commit.
   */
  apply(entries: readonly LogEntry[], mark?: LogMark): readonly Uint8Array[] {
    const last = entries.at(-1);
    const isRepeated = last !== undefined && last.index <= this.#totals.appliedIndex;
    if (isRepeated) return entries.map(() => new Uint8Array(0));
    return this.#orTakenBack(() => {
      this.#begin();
      const totals = { ...this.#totals };
      const rowCounts = new RowCounts();
      const state = { database: this.database, known: this.#known, totals, rowCounts };
      const results = entries.map((entry) => applyNext(state, entry));
      rowCounts.save(this.database);
      if (mark !== undefined) this.#takeMark(totals, mark);
      this.#totals = totals;
      return results;
    });
  }

  /** Commits what was applied since the last commit, with its mark: all of it, or none. Fails as `apply` does. */
  commit(): void {
    const before = this.#committed;
    if (before === undefined) return;
    this.#files?.noteChange();
    this.#orTakenBack(() => {
      if (Buffer.compare(before.logMark, this.#logMark) !== 0) saveLogMark(this.database, this.#logMark);
      saveTotals(this.database, this.#totals);
      this.database.commit();
      this.#committed = undefined;
    });
  }

  /** Index of the last entry that admitted a peer, changed or ordered something about one, or, by its mark, changed the log's members. */
  membersVersion(): number {
    return this.#totals.membersVersion;
  }

  protected collectedIndex(): number {
    return this.#totals.collectedIndex;
  }

  counts(): CatalogueCounts {
    const { files, directories, logicalBytes, storedBytes } = this.#totals;
    return { files, directories, logicalBytes, storedBytes };
  }

  /**
   * Makes everything applied so far survive a power cut, and resolves with the applied index of the call. It is folded
   * into the database's own file as well, unless something is applied meanwhile: no damage to SQLite's log can then take
   * it away. Fails with `integrity` when the files are damaged, `no-space`, `io`; what the disk holds is then only known
   * once the catalogue is opened again.
   */
  async makeDurable(): Promise<number> {
    this.commit();
    const index = this.appliedIndex();
    await this.#files?.foldBeside();
    await this.database.flush();
    return index;
  }

  /** SHA-256 over everything in the catalogue: equal for equal applied indexes. Reads all rows and holds the thread meanwhile. */
  digest(): Uint8Array {
    this.commit();
    return catalogueDigest(this.database);
  }

  /**
   * Writes the whole state to `file`, durable and complete or not at all, in a thread of its own, and resolves with the
   * applied index and the mark that the file holds: those of some moment between the call and its end. One at a time for
   * each file. Fails with `no-space`, `io`, and `internal` for a catalogue in memory.
   */
  async snapshotTo(file: string): Promise<SnapshotState> {
    this.commit();
    return writeSnapshot(this.database.path, file);
  }

  #takeMark(totals: Totals, { bytes, membersChanged }: LogMark): void {
    assert(bytes.length <= logMarkBytesMax, `a mark of ${bytes.length} bytes, and ${logMarkBytesMax} is the limit`);
    if (membersChanged) totals.membersVersion = totals.appliedIndex;
    this.#logMark = Uint8Array.from(bytes);
  }

  #begin(): void {
    if (this.#committed !== undefined) return;
    this.#files?.noteChange();
    this.database.begin();
    this.#committed = { totals: this.#totals, logMark: this.#logMark };
  }

  /** Does `work` in the open transaction; when it fails, everything is again as it was committed last. */
  #orTakenBack<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (this.#committed !== undefined) {
        this.database.rollback();
        this.#totals = this.#committed.totals;
        this.#logMark = this.#committed.logMark;
        this.#committed = undefined;
        this.#known.forget();
      }
      throw error;
    }
  }
}

function applyNext(state: ApplyState, entry: LogEntry): Uint8Array {
  const { appliedIndex } = state.totals;
  if (entry.index <= appliedIndex) return new Uint8Array(0);
  assert(entry.index === appliedIndex + 1, `entry ${entry.index} cannot follow ${appliedIndex}`);
  return applyEntry(state, entry);
}
