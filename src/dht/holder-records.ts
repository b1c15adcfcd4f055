import type { PeerId } from "../core/ids.ts";
import {
  holderRecordMs,
  holderRecordsMax,
  holderRecordsPerPeerMax,
  holderSweepRowsMax,
  holdersPerKeyMax,
} from "../core/limits.ts";
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";

/** One record as `fingers` shows it. The key is a 32-byte digest, times are milliseconds since 1970. */
export interface HolderRecord {
  readonly key: Uint8Array;
  readonly holder: PeerId;
  readonly expiresMs: number;
  readonly announcedMs: number;
}

/** How many records may be kept: in all, and of one announcing peer. */
export interface HolderQuotas {
  readonly recordsMax: number;
  readonly recordsPerPeerMax: number;
}

const defaultQuotas: HolderQuotas = { recordsMax: holderRecordsMax, recordsPerPeerMax: holderRecordsPerPeerMax };

/**
 * Who holds what, as others have announced it here: (key digest, holder) → expiry.
 *
 * Knows no clock: every call gets the time. An expired record is never shown, and goes with the next sweep.
 * Every call fails as SqlDatabase does (`no-space`, `integrity`, `io`).
 */
export class HolderRecords {
  readonly #database: SqlDatabase;
  readonly #quotas: HolderQuotas;

  constructor(database: SqlDatabase, quotas: HolderQuotas = defaultQuotas) {
    this.#database = database;
    this.#quotas = quotas;
  }

  /**
   * Keeps the records "`holder` has these keys" for `lifetimeMs`, capped to a day; 0 takes them back.
   * Returns how many of the keys are as asked: fewer than given when a quota is used up.
   */
  announce(holder: PeerId, keys: readonly Uint8Array[], lifetimeMs: number, nowMs: number): number {
    if (lifetimeMs <= 0) return this.#withdraw(holder, keys);
    if (this.#room(holder) < keys.length) this.sweep(nowMs);
    return this.#database.transaction(() => {
      this.#database.prepare("INSERT OR IGNORE INTO holders (peer) VALUES (?)").run(holder);
      return this.#store(holder, keys, Math.floor(nowMs + Math.min(lifetimeMs, holderRecordMs)), Math.floor(nowMs));
    });
  }

  /** Renews the records that are here and adds the others while there is room; returns how many are here now. */
  #store(holder: PeerId, keys: readonly Uint8Array[], expiresMs: number, nowMs: number): number {
    const renew = this.#database.prepare(
      "UPDATE records SET expiresMs = ?, announcedMs = ? WHERE key = ? AND holder = ?",
    );
    const add = this.#database.prepare("INSERT INTO records (key, holder, expiresMs, announcedMs) VALUES (?, ?, ?, ?)");
    const id = this.#holderId(holder);
    let room = this.#room(holder);
    let stored = 0;
    for (const key of keys) {
      if (renew.run(expiresMs, nowMs, key, id) === 0) {
        if (room <= 0) continue;
        add.run(key, id, expiresMs, nowMs);
        room -= 1;
      }
      stored += 1;
    }
    return stored;
  }

  #withdraw(holder: PeerId, keys: readonly Uint8Array[]): number {
    const id = this.#holderId(holder);
    const drop = this.#database.prepare("DELETE FROM records WHERE key = ? AND holder = ?");
    this.#database.transaction(() => {
      for (const key of keys) drop.run(key, id);
    });
    return keys.length;
  }

  /** The row id of a holder; -1, which no row has, for one that never announced. */
  #holderId(holder: PeerId): number {
    const row = this.#database.prepare("SELECT id FROM holders WHERE peer = ?").get(holder);
    return Number(row?.["id"] ?? -1);
  }

  /** Records that `holder` may still add. */
  #room(holder: PeerId): number {
    const row = this.#database.prepare("SELECT records FROM holders WHERE peer = ?").get(holder);
    const ownRoom = this.#quotas.recordsPerPeerMax - Number(row?.["records"] ?? 0);
    return Math.min(ownRoom, this.#quotas.recordsMax - this.count());
  }

  /** The holders of each key, in the order of the keys: unexpired, the newest announcement first, at most 8. */
  holdersOf(keys: readonly Uint8Array[], nowMs: number): PeerId[][] {
    const find = this.#database.prepare(`
      SELECT peer FROM records JOIN holders ON holders.id = records.holder
      WHERE key = ? AND expiresMs > ? ORDER BY announcedMs DESC, records.id LIMIT ${holdersPerKeyMax}`);
    return keys.map((key) => find.all(key, Math.floor(nowMs)).map((row) => row["peer"] as PeerId));
  }

  /** Records kept here, with those that have expired and wait for the sweep. */
  count(): number {
    return Number(this.#database.prepare("SELECT SUM(records) AS records FROM holders").get()?.["records"] ?? 0);
  }

  /** Up to `limit` unexpired records, the newest announcements first. */
  sample(limit: number, nowMs: number): HolderRecord[] {
    const rows = this.#database
      .prepare(
        `SELECT key, peer, expiresMs, announcedMs FROM records JOIN holders ON holders.id = records.holder
         WHERE expiresMs > ? ORDER BY announcedMs DESC LIMIT ?`,
      )
      .all(Math.floor(nowMs), limit);
    return rows.map(recordOf);
  }

  /** Deletes up to `limit` expired records, and the names of holders that have none left. Returns how many records went. */
  sweep(nowMs: number, limit = holderSweepRowsMax): number {
    return this.#database.transaction(() => {
      const dropped = this.#database
        .prepare(
          "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE expiresMs <= ? ORDER BY expiresMs LIMIT ?)",
        )
        .run(Math.floor(nowMs), limit);
      this.#database.prepare("DELETE FROM holders WHERE records = 0").run();
      return dropped;
    });
  }
}

function recordOf(row: SqlRow): HolderRecord {
  return {
    key: new Uint8Array(row["key"] as Uint8Array),
    holder: row["peer"] as PeerId,
    expiresMs: Number(row["expiresMs"]),
    announcedMs: Number(row["announcedMs"]),
  };
}
