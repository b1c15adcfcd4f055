/** The index's account of open leases. */
import type { LeaseId, ShelfId } from "../core/ids.ts";
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";
import type { LeaseStatus } from "./chunk-store.ts";

/** One lease; `isEnding` once its end has begun. */
export interface LeaseRow {
  readonly id: number;
  readonly lease: LeaseId;
  readonly shelf: ShelfId;
  readonly expiresMs: number;
  readonly isEnding: boolean;
}

/** Rows of `leases`. */
export class LeaseTable {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  find(lease: LeaseId): LeaseRow | undefined {
    const row = this.#database.prepare("SELECT * FROM leases WHERE lease = ?").get(lease);
    return row === undefined ? undefined : toLease(row);
  }

  /** Opens a lease, or lets an open one run longer. Returns its row's id. */
  open(lease: LeaseId, shelf: ShelfId, expiresMs: number): number {
    return this.#database
      .prepare(
        `INSERT INTO leases (lease, shelf, expires_ms, ending) VALUES (?, ?, ?, 0)
         ON CONFLICT (lease) DO UPDATE SET expires_ms = MAX(expires_ms, excluded.expires_ms) RETURNING id`,
      )
      .get(lease, shelf, expiresMs)?.["id"] as number;
  }

  /** Up to `limit` leases after `after`, by id, with the count of the records that each holds. */
  page(after: LeaseId | undefined, limit: number): LeaseStatus[] {
    return this.#database
      .prepare(
        `SELECT *, (SELECT COUNT(*) FROM holds WHERE holds.lease = leases.id) AS records
         FROM leases WHERE lease > ? ORDER BY lease LIMIT ?`,
      )
      .all(after ?? "", limit)
      .map((row) => ({
        lease: row["lease"] as LeaseId,
        shelf: row["shelf"] as ShelfId,
        expiresMs: row["expires_ms"] as number,
        records: row["records"] as number,
      }));
  }

  /** Notes that the lease takes nothing more. */
  setEnding(id: number): void {
    this.#database.prepare("UPDATE leases SET ending = 1 WHERE id = ?").run(id);
  }

  delete(id: number): void {
    this.#database.prepare("DELETE FROM leases WHERE id = ?").run(id);
  }
}

function toLease(row: SqlRow): LeaseRow {
  return {
    id: row["id"] as number,
    lease: row["lease"] as LeaseId,
    shelf: row["shelf"] as ShelfId,
    expiresMs: row["expires_ms"] as number,
    isEnding: row["ending"] === 1,
  };
}
