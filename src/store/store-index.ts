/**
 * The index of a store: an SQLite database that says where each chunk lies and what keeps it.
 *
 * The segments are the log and this is a view of it: every change that must survive a power cut is a record in a
 * segment first, and the transaction that carries it out also moves the segment's `indexed` offset. So the database
 * may lag behind by its last transactions, and recovery replays from where it stands; or it may be lost, and
 * everything is replayed. What has no record (pins, leases' expiries) is worth no flush: its owner asks again.
 *
 * Methods of the tables never open a transaction; callers do. `counted` steps make long work restartable.
 */
import { rm } from "node:fs/promises";
import { DfsError } from "../core/errors.ts";
import { SqlDatabase } from "../core/sqlite.ts";
import { ChunkTable } from "./chunk-table.ts";
import { LeaseTable } from "./lease-table.ts";
import { MemberTable } from "./member-table.ts";
import { RecordTable } from "./record-table.ts";
import { SegmentTable } from "./segment-table.ts";
import { ShelfTable } from "./shelf-table.ts";

const schemaVersion = 3;

const schema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE segments (
  number INTEGER PRIMARY KEY, mark BLOB NOT NULL, indexed INTEGER NOT NULL, chunks INTEGER NOT NULL,
  bytes INTEGER NOT NULL, said INTEGER NOT NULL, removed INTEGER NOT NULL);
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
  length INTEGER NOT NULL, refs INTEGER NOT NULL, pins INTEGER NOT NULL);
CREATE INDEX chunks_not_here ON chunks (digest) WHERE segment = 0;
CREATE TABLE leases (
  id INTEGER PRIMARY KEY, lease TEXT NOT NULL UNIQUE, shelf TEXT NOT NULL, expires_ms INTEGER NOT NULL,
  ending INTEGER NOT NULL);
CREATE TABLE pins (lease INTEGER NOT NULL, chunk INTEGER NOT NULL, PRIMARY KEY (lease, chunk)) WITHOUT ROWID;
CREATE TABLE records (
  digest BLOB PRIMARY KEY, state INTEGER NOT NULL, sets INTEGER NOT NULL, counted INTEGER NOT NULL,
  bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX records_unsettled ON records (state) WHERE state <> 1;
CREATE TABLE wanted (page BLOB NOT NULL, record BLOB NOT NULL, PRIMARY KEY (page, record)) WITHOUT ROWID;
CREATE TABLE holds (lease INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY (lease, record)) WITHOUT ROWID;
CREATE TABLE shelves (
  id INTEGER PRIMARY KEY, shelf TEXT NOT NULL UNIQUE, forgotten INTEGER NOT NULL, fence INTEGER NOT NULL,
  epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, digest BLOB NOT NULL, loose INTEGER NOT NULL,
  records INTEGER NOT NULL, bytes INTEGER NOT NULL, epochs TEXT NOT NULL, log_from INTEGER NOT NULL,
  segment INTEGER NOT NULL);
CREATE TABLE members (
  shelf INTEGER NOT NULL, record BLOB NOT NULL, copies INTEGER NOT NULL, segment INTEGER NOT NULL,
  PRIMARY KEY (shelf, record)) WITHOUT ROWID;
CREATE TABLE buckets (
  shelf INTEGER NOT NULL, copies INTEGER NOT NULL, bucket INTEGER NOT NULL, count INTEGER NOT NULL,
  digest BLOB NOT NULL, PRIMARY KEY (shelf, copies, bucket)) WITHOUT ROWID;
CREATE TABLE changes (
  shelf INTEGER NOT NULL, sequence INTEGER NOT NULL, record BLOB NOT NULL, copies INTEGER NOT NULL,
  PRIMARY KEY (shelf, sequence)) WITHOUT ROWID;
CREATE TABLE said (
  shelf INTEGER NOT NULL, record BLOB NOT NULL, segment INTEGER NOT NULL,
  PRIMARY KEY (shelf, record, segment)) WITHOUT ROWID;
CREATE TABLE dropped (
  shelf INTEGER NOT NULL, record BLOB NOT NULL, segment INTEGER NOT NULL,
  PRIMARY KEY (shelf, record)) WITHOUT ROWID;
INSERT INTO meta VALUES ('schema', ${schemaVersion}), ('records', 0), ('rebuilding', 1), ('recount', 0), ('leaked', 0), ('clean', 1);
`;

/** Facts about the index as a whole. `records`: how many there are. The others are 0 or 1. */
export type IndexFact =
  | "schema"
  | "records"
  /** The index is being made from the segments: what it says is incomplete. */
  | "rebuilding"
  /** Some record's references could not be counted: nothing is dropped until they are, at the next start at the latest. */
  | "recount"
  /** Some dropped record's references could not be counted down: what it named stays until the next start counts anew. */
  | "leaked"
  /** The store was stopped in good order. */
  | "clean";

/** The open index of one store. Its methods fail as `SqlDatabase` does. */
export class StoreIndex {
  readonly segments: SegmentTable;
  readonly chunks: ChunkTable;
  readonly leases: LeaseTable;
  readonly records: RecordTable;
  readonly shelves: ShelfTable;
  readonly members: MemberTable;
  readonly path: string;
  readonly #database: SqlDatabase;
  /** Whether references are to be counted anew, which every put asks; undefined while that is not known. */
  #recount: number | undefined;

  private constructor(database: SqlDatabase) {
    this.#database = database;
    this.path = database.path;
    this.segments = new SegmentTable(database);
    this.chunks = new ChunkTable(database, this.segments, () => this.fact("recount") === 0);
    this.leases = new LeaseTable(database);
    this.records = new RecordTable(database);
    this.shelves = new ShelfTable(database, this.segments);
    this.members = new MemberTable(database, this.segments);
  }

  /**
   * Opens the index at `path`, or makes an empty one that says `rebuilding`.
   * Fails with `integrity` when it is damaged or incomplete: remove it, then open again.
   */
  static open(path: string): StoreIndex {
    const database = new SqlDatabase(path, { durability: "normal" });
    try {
      const isEmpty = database.prepare("SELECT 1 FROM sqlite_master LIMIT 1").get() === undefined;
      if (isEmpty) database.transaction(() => database.exec(schema));
      else checkDatabase(database);
      return new StoreIndex(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Removes the index at `path`, which must not be open. */
  static async remove(path: string): Promise<void> {
    await Promise.all(["", "-wal", "-shm", "-journal"].map((suffix) => rm(`${path}${suffix}`, { force: true })));
  }

  fact(name: IndexFact): number {
    if (name !== "recount") return this.#readFact(name);
    this.#recount ??= this.#readFact(name);
    return this.#recount;
  }

  #readFact(name: IndexFact): number {
    return this.#database.prepare("SELECT value FROM meta WHERE key = ?").get(name)?.["value"] as number;
  }

  setFact(name: IndexFact, value: number): void {
    this.#recount = undefined;
    this.#database.prepare("UPDATE meta SET value = ? WHERE key = ?").run(value, name);
  }

  /** All of `work` is done when this returns, none of it when it throws. */
  transaction<Result>(work: () => Result): Result {
    try {
      return this.#database.transaction(work);
    } catch (error) {
      this.#recount = undefined; // what was noted meanwhile is taken back
      this.leases.forget();
      throw error;
    }
  }

  /** Returns once everything committed so far survives a power cut. */
  flush(): void {
    this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  close(): void {
    this.#database.close();
  }
}

function checkDatabase(database: SqlDatabase): void {
  const facts = new Map(
    database
      .prepare("SELECT key, value FROM meta LIMIT 100")
      .all()
      .map((row) => [row["key"], row["value"]]),
  );
  if (facts.get("schema") !== schemaVersion || facts.get("rebuilding") !== 0)
    throw new DfsError("integrity", `the index ${database.path} is incomplete or of another version`);
  if (facts.get("clean") === 1) return;
  const verdict = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (verdict !== "ok") throw new DfsError("integrity", `the index ${database.path} is damaged: ${String(verdict)}`);
}
