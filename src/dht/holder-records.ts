import type { PeerId } from "../core/ids.ts";
import {
  holderRecordMs,
  holderRecordsMax,
  holderRecordsPerPeerMax,
  holderSweepRowsMax,
  holdersPerKeyMax,
} from "../core/limits.ts";
import { digestList, withList } from "../core/digest-list.ts";
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

interface HolderCount {
  readonly id: number;
  readonly records: number;
}

const nobody: HolderCount = { id: -1, records: 0 };

const defaultQuotas: HolderQuotas = { recordsMax: holderRecordsMax, recordsPerPeerMax: holderRecordsPerPeerMax };

/**
 * Who holds what, as others have announced it here: (key digest, holder) → expiry.
 *
 * Where there is no room a record takes the place of another: of its own announcer's oldest one where that one has its
 * full share, else of the oldest one of whoever has most. So a peer that announces without end only pushes out its own
 * records, once nobody has more than it.
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
   * Returns how many of the keys are as asked: fewer than given when there are more of them than the holder may have.
   */
  announce(holder: PeerId, keys: readonly Uint8Array[], lifetimeMs: number, nowMs: number): number {
    if (lifetimeMs <= 0) return this.#withdraw(holder, keys);
    if (this.#quotas.recordsMax - this.count() < keys.length) this.sweep(nowMs);
    return this.#database.transaction(() => {
      this.#database.prepare("INSERT OR IGNORE INTO holders (peer) VALUES (?)").run(holder);
      return this.#store(holder, keys, Math.floor(nowMs + Math.min(lifetimeMs, holderRecordMs)), Math.floor(nowMs));
    });
  }

  /** Renews the records that are here and adds the others; returns how many are here now. */
  #store(holder: PeerId, keys: readonly Uint8Array[], expiresMs: number, nowMs: number): number {
    const id = this.#holderId(holder);
    const share = keys.slice(0, this.#quotas.recordsPerPeerMax);
    const known = this.#whichAreKept(id, share);
    const [kept, fresh] = [share.filter((_, at) => known.has(at)), share.filter((_, at) => !known.has(at))];
    if (kept.length > 0)
      this.#database
        .prepare(
          `${withList} UPDATE records SET expiresMs = ?3, announcedMs = ?4
           WHERE holder = ?2 AND key IN (SELECT digest FROM list)`,
        )
        .run(digestList(kept), id, expiresMs, nowMs);
    const added = this.#makeRoom(id, fresh.length);
    if (added > 0)
      this.#database
        .prepare(
          `${withList} INSERT INTO records (key, holder, expiresMs, announcedMs) SELECT digest, ?2, ?3, ?4 FROM list`,
        )
        .run(digestList(fresh.slice(0, added)), id, expiresMs, nowMs);
    return Math.min(kept.length + added, this.#recordsOf(id));
  }

  /** The places in the list of the keys of which a record of the holder is here. */
  #whichAreKept(id: number, keys: readonly Uint8Array[]): Set<number> {
    const rows = this.#database
      .prepare(
        `${withList} SELECT at FROM list WHERE EXISTS (SELECT 1 FROM records WHERE key = list.digest AND holder = ?2)`,
      )
      .all(digestList(keys), id);
    return new Set(rows.map((row) => row["at"] as number));
  }

  /**
   * Has records give way so that a holder may add so many; returns how many it may. Whoever has most with those counted
   * in gives way, the holder itself first among equals, until there is room: its own records, then those that it brings.
   */
  #makeRoom(id: number, adding: number): number {
    const { recordsMax, recordsPerPeerMax } = this.#quotas;
    let mine = this.#recordsOf(id);
    mine -= this.#dropOldest(id, mine + adding - recordsPerPeerMax);
    let added = adding;
    for (let lacking = this.count() + added - recordsMax; lacking > 0;) {
      const [most, next] = this.#largestBeside(id);
      const isMine = mine + added >= most.records;
      const surplus = isMine ? mine + added - most.records : most.records - Math.max(next.records, mine + added);
      const step = Math.min(lacking, Math.max(1, surplus));
      const dropped = this.#dropOldest(isMine ? id : most.id, step);
      if (isMine) {
        mine -= dropped;
        added -= step - dropped;
      }
      lacking -= step;
    }
    return added;
  }

  /** The two other holders that have most; one that there is not has none. */
  #largestBeside(id: number): [HolderCount, HolderCount] {
    const [most, next] = this.#database
      .prepare("SELECT id, records FROM holders WHERE id <> ? ORDER BY records DESC, id LIMIT 2")
      .all(id)
      .map((row) => ({ id: Number(row["id"]), records: Number(row["records"]) }));
    return [most ?? nobody, next ?? nobody];
  }

  #recordsOf(id: number): number {
    return Number(this.#database.prepare("SELECT records FROM holders WHERE id = ?").get(id)?.["records"] ?? 0);
  }

  /** Drops the records of a holder that it announced longest ago; returns how many went. */
  #dropOldest(id: number, count: number): number {
    if (count <= 0) return 0;
    return this.#database
      .prepare(
        "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE holder = ? ORDER BY announcedMs, id LIMIT ?)",
      )
      .run(id, count);
  }

  /** Drops everything that a peer has announced: it is no member any more. At most `limit` records; returns how many went. */
  forget(holder: PeerId, limit = holderSweepRowsMax): number {
    return this.#database.transaction(() => {
      const id = this.#holderId(holder);
      const dropped = this.#dropOldest(id, limit);
      this.#database.prepare("DELETE FROM holders WHERE id = ? AND records = 0").run(id);
      return dropped;
    });
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
