import type { PeerId } from "../core/ids.ts";
import { digestAtKey, digestList, withList } from "../core/digest-list.ts";
import { announceRetryMsMax, holderRecordMs } from "../core/limits.ts";
import type { SqlDatabase, SqlValue } from "../core/sqlite.ts";

/** A key that is due: to be announced, or to be taken back. */
export interface DueKey {
  /** 32-byte digest of the file key. */
  readonly key: Uint8Array;
  readonly withdrawn: boolean;
  /** Announcements of it that failed in a row. */
  readonly failures: number;
}

/** An own key that others have been told of, for `fingers`. */
export interface AnnouncedKey {
  readonly key: Uint8Array;
  readonly announcedMs: number;
}

/**
 * The file keys that this peer holds, each with when to announce it next; survives restarts.
 *
 * Bounded by the store on the same disk: a row is some 50 bytes beside a file of at least one chunk. Knows no clock.
 * Every call fails as SqlDatabase does (`no-space`, `integrity`, `io`).
 */
export class AnnounceQueue {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  /** Adds keys, due at `dueMs`; one that is here already keeps its time, and one that was withdrawn is taken up again. */
  add(keys: readonly Uint8Array[], dueMs: number): void {
    this.#run(
      `${withList} INSERT INTO ownKeys (key, nextMs) SELECT digest, ?2 FROM list WHERE TRUE
       ON CONFLICT (key) DO UPDATE SET nextMs = excluded.nextMs, failures = 0, withdrawn = 0 WHERE withdrawn = 1`,
      keys,
      Math.floor(dueMs),
    );
  }

  /** Marks keys as no longer held: they are taken back from others at `dueMs`, and then leave the queue. */
  withdraw(keys: readonly Uint8Array[], dueMs: number): void {
    const sql = `UPDATE ownKeys SET nextMs = ?2, failures = 0, withdrawn = 1 WHERE key IN (SELECT digest FROM list)`;
    this.#run(`${withList} ${sql}`, keys, Math.floor(dueMs));
  }

  /** Notes that others know these keys now, until `nextMs`. */
  announced(keys: readonly Uint8Array[], nowMs: number, nextMs: number): void {
    const sql = `UPDATE ownKeys SET announcedMs = ?2, nextMs = ?3, failures = 0
      WHERE key IN (SELECT digest FROM list) AND withdrawn = 0`;
    this.#run(`${withList} ${sql}`, keys, Math.floor(nowMs), Math.floor(nextMs));
  }

  /** Notes that announcing these keys failed, and when to try each again. */
  failed(keys: readonly { readonly key: Uint8Array; readonly nextMs: number }[]): void {
    const times = JSON.stringify(keys.map(({ nextMs }) => Math.floor(nextMs)));
    this.#run(
      `UPDATE ownKeys SET nextMs = value, failures = failures + 1
       FROM (SELECT ${digestAtKey} AS digest, value FROM json_each(?2)) WHERE ownKeys.key = digest AND withdrawn = 0`,
      keys.map(({ key }) => key),
      times,
    );
  }

  /** Forgets keys that were withdrawn, unless they were added again. */
  dropWithdrawn(keys: readonly Uint8Array[]): void {
    const sql = `DELETE FROM ownKeys WHERE key IN (SELECT digest FROM list) AND withdrawn = 1`;
    this.#run(`${withList} ${sql}`, keys);
  }

  #run(sql: string, keys: readonly Uint8Array[], ...others: readonly SqlValue[]): void {
    if (keys.length > 0) this.#database.prepare(sql).run(digestList(keys), ...others);
  }

  /** Up to `limit` keys that are due, the longest waiting first. */
  due(nowMs: number, limit: number): DueKey[] {
    const due = this.#database
      .prepare("SELECT key, withdrawn, failures FROM ownKeys WHERE nextMs <= ? ORDER BY nextMs LIMIT ?")
      .all(Math.floor(nowMs), limit);
    // A time beyond any that we set means that the clock was set back: such keys are due as well.
    const misdated = this.#database
      .prepare("SELECT key, withdrawn, failures FROM ownKeys WHERE nextMs > ? ORDER BY nextMs LIMIT ?")
      .all(Math.floor(nowMs + holderRecordMs), limit - due.length);
    return [...due, ...misdated].map((row) => ({
      key: new Uint8Array(row["key"] as Uint8Array),
      withdrawn: row["withdrawn"] === 1,
      failures: Number(row["failures"]),
    }));
  }

  /** When the next key is due; undefined when there is none. */
  nextDueMs(): number | undefined {
    const nextMs = this.#database.prepare("SELECT MIN(nextMs) AS nextMs FROM ownKeys").get()?.["nextMs"];
    return nextMs === null || nextMs === undefined ? undefined : Number(nextMs);
  }

  /** Up to `limit` held keys in the order of their bytes, from the one after `afterKey` on. */
  page(afterKey: Uint8Array, limit: number): Uint8Array[] {
    return this.#database
      .prepare("SELECT key FROM ownKeys WHERE key > ? AND withdrawn = 0 ORDER BY key LIMIT ?")
      .all(afterKey, limit)
      .map((row) => new Uint8Array(row["key"] as Uint8Array));
  }

  /** Whether this peer holds `key`. */
  has(key: Uint8Array): boolean {
    return this.#database.prepare("SELECT 1 FROM ownKeys WHERE key = ? AND withdrawn = 0").get(key) !== undefined;
  }

  /** Keys in the queue, whether due or not. */
  count(): number {
    return Number(this.#database.prepare("SELECT COUNT(*) AS keys FROM ownKeys").get()?.["keys"]);
  }

  /** Keys that wait: due now, or resting after a failure (which is never longer than 10 minutes). */
  waiting(nowMs: number): number {
    const row = this.#database
      .prepare("SELECT COUNT(*) AS keys FROM ownKeys WHERE nextMs <= ?")
      .get(Math.floor(nowMs + announceRetryMsMax));
    return Number(row?.["keys"]);
  }

  /** Up to `limit` announced keys, those to be renewed last (and so announced last, but for jitter) first. */
  sample(limit: number): AnnouncedKey[] {
    return this.#database
      .prepare(
        "SELECT key, announcedMs FROM ownKeys WHERE withdrawn = 0 AND announcedMs > 0 ORDER BY nextMs DESC LIMIT ?",
      )
      .all(limit)
      .map((row) => ({ key: new Uint8Array(row["key"] as Uint8Array), announcedMs: Number(row["announcedMs"]) }));
  }

  /** The peers that have been told of our keys. */
  knownFingers(): PeerId[] {
    // Bounded by fingersKnownMax, which the announcer keeps.
    return this.#database
      .prepare("SELECT peer FROM knownFingers")
      .all()
      .map((row) => row["peer"] as PeerId);
  }

  /** Notes that `peer` has been told of our keys. */
  addKnownFinger(peer: PeerId): void {
    this.#database.prepare("INSERT OR IGNORE INTO knownFingers (peer) VALUES (?)").run(peer);
  }

  /** Notes that `peer` may lack some of our keys. */
  dropKnownFinger(peer: PeerId): void {
    this.#database.prepare("DELETE FROM knownFingers WHERE peer = ?").run(peer);
  }

  /** Notes that any peer may lack some of our keys. */
  dropKnownFingers(): void {
    this.#database.prepare("DELETE FROM knownFingers").run();
  }
}
