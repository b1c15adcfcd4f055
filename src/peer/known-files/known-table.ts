/**
 * The file of what is known of local files: sealed rows under ids that say nothing.
 *
 * All of it can be found out again by reading those files, so it is never flushed, and one that is damaged or of another
 * version is made anew. The rows that were used longest ago make room for new ones.
 */
import { rmSync } from "node:fs";
import { DfsError } from "../../core/errors.ts";
import { SqlDatabase } from "../../core/sqlite.ts";
import { hexOf } from "../random-ids.ts";

const formatVersion = 2;
const memoryPath = ":memory:";
const dayMs = 24 * 60 * 60 * 1000;
/** Of the most rows, the share that goes at once, so that rows do not go one by one. */
const evictedShare = 1 / 16;
/** A call of SQLite costs several times what its work on a row does. */
const rowsPerStatement = 256;

const tables = `
CREATE TABLE known (id BLOB PRIMARY KEY, used_day INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX known_by_use ON known (used_day);
PRAGMA user_version = ${formatVersion};
`;

export class KnownTable {
  readonly #sql: SqlDatabase;
  readonly #rowsMax: number;
  /** No less than there are. */
  #rowsAtMost: number;

  /** Opens the file, or makes a new one in place of one that cannot be used. Otherwise fails as SqlDatabase does. */
  constructor(path: string, rowsMax: number) {
    this.#sql = openOrMake(path);
    this.#rowsMax = rowsMax;
    this.#rowsAtMost = this.#count();
  }

  /** The sealed row of an id, and whether its use was noted today. */
  get(id: Uint8Array, nowMs: number): { readonly sealed: Uint8Array; readonly isNoted: boolean } | undefined {
    const row = this.#sql.prepare("SELECT used_day, sealed FROM known WHERE id = ?").get(id);
    return row && { sealed: row["sealed"] as Uint8Array, isNoted: row["used_day"] === dayOf(nowMs) };
  }

  /** Keeps sealed rows, used today, each in place of the one that had its id; no two have the same. */
  set(rows: readonly (readonly [id: Uint8Array, sealed: Uint8Array])[], nowMs: number): void {
    const day = dayOf(nowMs);
    // In order, so that each page of the file is written once.
    const inOrder = rows
      .map(([id, sealed]) => [hexOf(id), hexOf(sealed)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#sql.transaction(() => {
      const insert = this.#sql.prepare(
        "INSERT OR REPLACE INTO known SELECT unhex(value ->> 0), ?2, unhex(value ->> 1) FROM json_each(?1)",
      );
      for (let at = 0; at < inOrder.length; at += rowsPerStatement)
        insert.run(JSON.stringify(inOrder.slice(at, at + rowsPerStatement)), day);
      this.#rowsAtMost += rows.length;
      if (this.#rowsAtMost > this.#rowsMax) this.#makeRoom();
    });
  }

  close(): void {
    this.#sql.close();
  }

  #makeRoom(): void {
    const surplus = this.#count() - this.#rowsMax;
    if (surplus > 0)
      this.#sql
        .prepare("DELETE FROM known WHERE id IN (SELECT id FROM known ORDER BY used_day LIMIT ?)")
        .run(surplus + Math.floor(this.#rowsMax * evictedShare));
    this.#rowsAtMost = this.#count();
  }

  #count(): number {
    return Number(this.#sql.prepare("SELECT COUNT(*) AS rows FROM known").get()?.["rows"]);
  }
}

function dayOf(nowMs: number): number {
  return Math.floor(nowMs / dayMs);
}

function openOrMake(path: string): SqlDatabase {
  try {
    return opened(path);
  } catch (error) {
    if (!(error instanceof DfsError) || (error.kind !== "integrity" && error.kind !== "version")) throw error;
    removeTable(path);
    return opened(path);
  }
}

/** Removes the file with what SQLite has beside it. */
export function removeTable(path: string): void {
  if (path === memoryPath) return;
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${path}${suffix}`, { force: true });
}

function opened(path: string): SqlDatabase {
  const database = new SqlDatabase(path, { durability: "none" });
  try {
    const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version === 0) database.transaction(() => database.exec(tables));
    else if (version !== formatVersion)
      throw new DfsError("version", "what is known of local files is of another version");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
