/**
 * A database whose pages have sums, so that a flipped bit is noticed: SQLite itself would read it as data.
 *
 * Three files belong together: the database; its write-ahead log, in which SQLite keeps what was committed lately; and
 * the sums. SQLite guards the log with checksums, but never the database. A fold brings the log into the database, and
 * is the only thing that changes it: SQLite's own folding is off, at its commits, and where it closes the last
 * connection: a second one, which can only read, outlives the first. A fold goes in this order:
 *   1. The log is read and checked up to its last commit, and flushed.
 *   2. The sums of the pages as they will be take the place of the former ones. They name the log and how many of its
 *      frames they know.
 *   3. SQLite copies the pages into the database, flushes it, and cuts the log off.
 * Therefore, whenever the power goes, each page of the database is what the sums say, or a newer version of it is in
 * the log: pages that step 3 has torn are among the frames that the sums know, and these were durable before step 2.
 * When the log begins anew it has other salts, and then step 3 was complete.
 *
 * Opening checks all of this before SQLite touches a file. What the log has lost behind the frames that the sums know
 * is lost to the database only: it is as it was at an earlier commit, and the log of the group repeats the rest.
 */
import { statSync, truncateSync } from "node:fs";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { catalogueLogPagesMax, pageSumsWriteShare } from "../../core/limits.ts";
import { SqlDatabase } from "../../core/sqlite.ts";
import { arrivalPath, arrive, clearArrival, settledSums } from "./arrival.ts";
import { databaseHead, verifyDatabase } from "./database-file.ts";
import { damaged } from "./refusals.ts";
import { type Steps, carryOut, carryOutBeside, flushFile } from "./steps.ts";
import { type PageSums, foldedSums, sumsPath, writeSums } from "./sums-file.ts";
import { readWal, walPath } from "./wal-file.ts";
import type { WalScan } from "./wal-scan.ts";

/** What a database is made of that is not there yet. */
export interface DatabaseSchema {
  /** Makes the tables of an empty database, without a prepared statement. */
  readonly create: (database: SqlDatabase) => void;
  /** Fails with `version` when the database at `path` has another `user_version` than it should. */
  readonly checkVersion: (path: string, version: number) => void;
}

/** Connections that must stay open to the end, because a fold failed: without them SQLite would fold the log in by itself. */
const guardsKept = new Map<string, SqlDatabase>();

export class SummedDatabase {
  readonly sql: SqlDatabase;
  readonly #guard: SqlDatabase;
  #sums: PageSums;
  /** What was read of the log; undefined while nothing was, and when it begins anew. */
  #scan: WalScan | undefined;
  /** Counts what may have changed the log. */
  #changes = 0;
  #changesSeen = 0;
  /** The log is worth folding at this length. */
  #dueBytes: number;
  #isFolding = false;
  #isClosed = false;

  private constructor(path: string, sums: PageSums, scan: WalScan | undefined) {
    this.#sums = sums;
    this.#scan = scan;
    this.#dueBytes = this.#boundBytes();
    this.#guard = new SqlDatabase(path, { durability: "normal", readOnly: true });
    try {
      this.#guard.exec("SELECT 1 FROM sqlite_schema");
      this.sql = new SqlDatabase(path, { durability: "normal" });
      this.sql.exec("PRAGMA wal_autocheckpoint = 0");
    } catch (error) {
      this.#guard.close();
      throw error;
    }
  }

  /**
   * Opens the database at `path` after checking each of its pages, or makes it. Fails with `integrity` when it, its sums
   * or its log are damaged in a way that would change what is read, `version`, `no-space`, `locked`, `io`.
   */
  static open(path: string, schema: DatabaseSchema): SummedDatabase {
    try {
      const sums = carryOut(settledSums(path)) ?? created(path, schema);
      clearArrival(path);
      return new SummedDatabase(path, sums, carryOut(verifiedLog(path, sums)));
    } catch (error) {
      throw toDfsError(error, { op: "catalogue.open", path });
    }
  }

  /** To be told before each change. */
  noteChange(): void {
    this.#changes += 1;
  }

  /**
   * Folds the log when it has grown long, without holding the thread but for SQLite's own part. A change meanwhile does
   * no harm and puts the end of the fold off. Fails with `integrity` when the log is damaged, `no-space`, `io`; the
   * database is then as sound as before.
   */
  async tend(): Promise<void> {
    if (this.#isDue()) await this.foldBeside();
  }

  /** The same, however long the log is. */
  async foldBeside(): Promise<void> {
    if (this.#isFolding || this.#isClosed) return;
    this.#isFolding = true;
    try {
      await carryOutBeside(this.fold(), () => this.#checkOpen());
    } catch (error) {
      if (!this.#isClosed) throw toDfsError(error, { op: "catalogue.fold", path: this.sql.path });
    } finally {
      this.#isFolding = false;
    }
  }

  /** Folds the log and closes the database. Where folding fails, the log stays for the next opening. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { path } = this.sql;
    try {
      carryOut(this.fold());
      guardsKept.delete(path);
    } catch {
      guardsKept.set(path, this.#guard);
    }
    this.sql.close();
    if (guardsKept.get(path) !== this.#guard) this.#guard.close();
  }

  /** One fold. */
  *fold(): Steps {
    const { path } = this.sql;
    const changes = this.#changes;
    const { scan, sizeBytes, isTorn } = yield* readWal(path, this.#scan);
    if (this.#changes !== changes) return;
    if (isTorn) throw damaged(walPath(path), `a frame behind byte ${scan?.endBytes ?? 0} is not what was written`);
    this.#scan = scan;
    this.#dueBytes = sizeBytes + this.#boundBytes();
    if (scan === undefined || scan.frames === 0) return;
    if (scan.frames !== this.#sums.frames || scan.salt !== this.#sums.salt) {
      const sums = foldedSums(this.#sums, scan);
      yield* flushFile(walPath(path));
      yield* writeSums(path, sums);
      this.#sums = sums;
    }
    if (this.#changes === changes) this.#checkpoint(scan.frames);
  }

  /** Lets SQLite do its part, after which it must have met the frames that the sums know, and no more. */
  #checkpoint(frames: number): void {
    const copied = this.sql.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
    if (copied?.["busy"] !== 0) return;
    if (copied["log"] !== frames)
      throw damaged(walPath(this.sql.path), `${String(copied["log"])} frames were committed, ${frames} can be read`);
    // Somebody who reads keeps the log in its place: then it is cut off another time.
    const cut = this.sql.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
    if (cut?.["busy"] !== 0) return;
    this.#scan = undefined;
    this.#dueBytes = this.#boundBytes();
  }

  #isDue(): boolean {
    if (this.#changes === this.#changesSeen) return false;
    this.#changesSeen = this.#changes;
    const size = statSync(walPath(this.sql.path), { throwIfNoEntry: false })?.size ?? 0;
    return size >= this.#dueBytes;
  }

  /** A large database waits longer, so that its sums are not written more than is. */
  #boundBytes(): number {
    const { pageBytes, pages } = this.#sums;
    return Math.max(catalogueLogPagesMax * pageBytes, pageSumsWriteShare * pages.byteLength);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new DfsError("interrupted", "the catalogue was closed");
  }
}

/** Makes an empty database at `path`. Fails where there is one without sums. */
function created(path: string, schema: DatabaseSchema): PageSums {
  const head = databaseHead(path);
  if (head !== undefined) {
    if (head.userVersion !== 0) schema.checkVersion(path, head.userVersion);
    throw damaged(sumsPath(path), "it is gone");
  }
  clearArrival(path);
  const database = new SqlDatabase(arrivalPath(path), { durability: "full" });
  try {
    schema.create(database);
  } finally {
    database.close();
  }
  return carryOut(arrive(path));
}

/**
 * Checks the database, and the log as far as the sums know it, and cuts off what SQLite would not count of the log.
 * Returns what was read of the log.
 */
function* verifiedLog(path: string, sums: PageSums): Steps<WalScan | undefined> {
  const { scan, sizeBytes } = yield* readWal(path);
  if (scan !== undefined && scan.pageBytes !== sums.pageBytes)
    throw damaged(walPath(path), `it has pages of ${scan.pageBytes} bytes, the database of ${sums.pageBytes}`);
  // Without all the frames that the sums know, only a database into which they were all folded is whole.
  const isUsable = scan !== undefined && (scan.salt !== sums.salt || scan.frames >= sums.frames);
  yield* verifyDatabase(path, sums, isUsable ? scan.pages : new Map());
  const endBytes = isUsable && scan.frames > 0 ? scan.endBytes : 0;
  if (sizeBytes > endBytes) truncateSync(walPath(path), endBytes);
  return endBytes > 0 ? scan : undefined;
}
