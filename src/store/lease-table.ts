/** The index's account of open leases. */
import type { LeaseId, ShelfId } from "../core/ids.ts";
import { leasesKnownMax } from "../core/limits.ts";
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
  /** Rows that were looked up and not changed since: every call for a lease asks for its row. */
  readonly #known = new Map<LeaseId, LeaseRow>();

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  find(lease: LeaseId): LeaseRow | undefined {
    const known = this.#known.get(lease);
    if (known !== undefined) return known;
    const row = this.#database.prepare("SELECT * FROM leases WHERE lease = ?").get(lease);
    if (row === undefined) return undefined;
    if (this.#known.size >= leasesKnownMax) this.#known.clear();
    const found = toLease(row);
    this.#known.set(lease, found);
    return found;
  }

  /** Forgets what was looked up, for it was changed, or a change of it taken back. */
  forget(): void {
    this.#known.clear();
  }

  /** Opens a lease, or lets an open one run longer. Returns its row's id. */
  open(lease: LeaseId, shelf: ShelfId, expiresMs: number): number {
    this.forget();
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
    this.forget();
    this.#database.prepare("UPDATE leases SET ending = 1 WHERE id = ?").run(id);
  }

  delete(id: number): void {
    this.forget();
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
