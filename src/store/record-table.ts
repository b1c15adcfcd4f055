/**
 * The index's account of each record: in how many sets it is, which leases hold it, and how far its references are counted.
 */
import { assert } from "../core/errors.ts";
import { digestOf, fileKeyOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";
import { digestAtKey, keyList, withList } from "../core/digest-list.ts";

/** `adding`, `dropping`: the references are being counted up or down. `broken`: a page is missing, none is counted. */
const stateNumbers = { adding: 0, here: 1, dropping: 2, broken: 3 } as const;
export type RecordState = keyof typeof stateNumbers;
const states = Object.keys(stateNumbers) as readonly RecordState[];

/** One record. `counted`: how many of its chunks have been counted up (or down) so far; `bytes`: of those counted up. */
export interface RecordRow {
  readonly state: RecordState;
  readonly sets: number;
  readonly counted: number;
  readonly bytes: number;
}

/** Rows of `records`, `wanted` and `holds`. */
export class RecordTable {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  find(key: FileKey): RecordRow | undefined {
    const row = this.#database.prepare("SELECT * FROM records WHERE digest = ?").get(digestOf(key));
    return row === undefined ? undefined : toRecord(row);
  }

  /** The states of those of the records of which anything is known. */
  states(keys: readonly FileKey[]): Map<FileKey, RecordState> {
    if (keys.length === 0) return new Map();
    const rows = this.#database
      .prepare(`${withList} SELECT at, state FROM list CROSS JOIN records ON records.digest = list.digest`)
      .all(keyList(keys));
    return new Map(rows.map((row) => [keys[row["at"] as number] as FileKey, stateOf(row)]));
  }

  /** Records in sets, those whose references are being counted left out. */
  page(after: FileKey | undefined, limit: number): FileKey[] {
    return this.#database
      .prepare("SELECT digest FROM records WHERE digest > ? AND state IN (1, 3) ORDER BY digest LIMIT ?")
      .all(after === undefined ? new Uint8Array() : digestOf(after), limit)
      .map(toKey);
  }

  /** Up to `limit` records whose references are yet to be counted up or down. */
  unsettled(limit: number): FileKey[] {
    return this.#database
      .prepare("SELECT digest FROM records WHERE state <> 1 AND state IN (0, 2) LIMIT ?")
      .all(limit)
      .map(toKey);
  }

  hasBroken(): boolean {
    return this.#database.prepare("SELECT 1 FROM records WHERE state <> 1 AND state = 3 LIMIT 1").get() !== undefined;
  }

  /** A record comes to one more set. Returns its bytes, as far as they are counted in the sets that it is in. */
  enter(key: FileKey): number {
    const row = this.find(key);
    if (row === undefined) {
      this.#database.prepare("INSERT INTO records VALUES (?, 0, 1, 0, 0)").run(digestOf(key));
      this.#countRecords(1);
      return 0;
    }
    this.#setSets(key, row.sets + 1);
    if (row.state === "broken") this.retry(key);
    if (row.state === "dropping") {
      assert(row.counted === 0, "what is being counted down is not added");
      this.#setState(key, "here");
    }
    return row.state === "here" || row.state === "dropping" ? row.bytes : 0;
  }

  /**
   * As `enter`, for records of which nothing was known; no two are the same. Those of which `bytes` are said are here at
   * once, for their references are counted in the same transaction; the others are `adding`.
   */
  enterNew(records: readonly { readonly key: FileKey; readonly bytes: number | undefined }[]): void {
    if (records.length === 0) return;
    const list = keyList(records.map(({ key }) => key));
    const rows = JSON.stringify(records.map(({ bytes }) => bytes ?? -1));
    this.#database
      .prepare(`INSERT INTO records SELECT ${digestAtKey}, value >= 0, 1, 0, MAX(value, 0) FROM json_each(?2)`)
      .run(list, rows);
    this.#countRecords(records.length);
  }

  /** A record leaves a set, and is to be dropped with the last one. Returns as `enter` does. */
  leave(key: FileKey): number {
    const row = this.find(key);
    assert(row !== undefined, "a record in a set has a row");
    this.#setSets(key, row.sets - 1);
    if (row.sets === 1) this.#startDropping(key, row);
    return row.state === "here" ? row.bytes : 0;
  }

  /** A record without counted references has none to count down. */
  #startDropping(key: FileKey, { state, counted }: RecordRow): void {
    if (state === "here") return this.#setState(key, "dropping");
    assert(state === "broken" || counted === 0, "what is being counted up is not dropped");
    this.remove(key);
  }

  /** Those of the records that leases hold. */
  held(keys: readonly FileKey[]): Set<FileKey> {
    const statement = this.#database.prepare(
      `${withList} SELECT at FROM list
       WHERE EXISTS (SELECT 1 FROM leases CROSS JOIN holds ON holds.lease = leases.id AND record = list.digest)`,
    );
    return new Set(statement.all(keyList(keys)).map((row) => keys[row["at"] as number] as FileKey));
  }

  isHeldBy(key: FileKey, leaseRow: number): boolean {
    const statement = this.#database.prepare("SELECT 1 FROM holds WHERE lease = ? AND record = ?");
    return statement.get(leaseRow, digestOf(key)) !== undefined;
  }

  heldPage(leaseRow: number, after: FileKey | undefined, limit: number): FileKey[] {
    return this.#database
      .prepare("SELECT record AS digest FROM holds WHERE lease = ? AND record > ? ORDER BY record LIMIT ?")
      .all(leaseRow, after === undefined ? new Uint8Array() : digestOf(after), limit)
      .map(toKey);
  }

  hold(keys: readonly FileKey[], leaseRow: number): void {
    if (keys.length === 0) return;
    this.#database
      .prepare(`${withList} INSERT OR IGNORE INTO holds SELECT ?2, digest FROM list`)
      .run(keyList(keys), leaseRow);
  }

  /** Takes up to `limit` of a lease's holds back. Returns how many. */
  unhold(leaseRow: number, limit: number): number {
    const some = "SELECT record FROM holds WHERE lease = ?1 ORDER BY record LIMIT ?2";
    return this.#database.prepare(`DELETE FROM holds WHERE lease = ?1 AND record IN (${some})`).run(leaseRow, limit);
  }

  setCounted(key: FileKey, counted: number, bytes: number): void {
    this.#database
      .prepare("UPDATE records SET counted = ?, bytes = ? WHERE digest = ?")
      .run(counted, bytes, digestOf(key));
  }

  /** All references of a record are counted: its bytes count in every set that it is in. */
  settle(key: FileKey, bytes: number): void {
    const digest = digestOf(key);
    this.#database.prepare("UPDATE records SET state = 1, counted = 0, bytes = ? WHERE digest = ?").run(bytes, digest);
    this.#database
      .prepare(
        `UPDATE shelves SET bytes = bytes + ?
         WHERE EXISTS (SELECT 1 FROM members WHERE members.shelf = shelves.id AND members.record = ?)`,
      )
      .run(bytes, digest);
  }

  /** A page of a record is missing: its references cannot be counted before it is put again. */
  breakAt(key: FileKey, page: Uint8Array): void {
    this.#setState(key, "broken");
    this.#database.prepare("UPDATE records SET bytes = 0 WHERE digest = ?").run(digestOf(key));
    this.#database.prepare("INSERT OR IGNORE INTO wanted VALUES (?, ?)").run(page, digestOf(key));
  }

  /** The broken records that wait for a page. */
  waitingFor(page: Uint8Array, limit: number): FileKey[] {
    const statement = this.#database.prepare("SELECT record AS digest FROM wanted WHERE page = ? LIMIT ?");
    return statement.all(page, limit).map(toKey);
  }

  /** Lets a broken record's references be counted once more. */
  retry(key: FileKey): void {
    this.#setState(key, "adding");
    this.#database.prepare("DELETE FROM wanted WHERE record = ?").run(digestOf(key));
  }

  /** Lets every record's references be counted anew. Records that were being dropped are gone. */
  restartCounting(): void {
    for (const digest of this.#database.prepare("SELECT digest FROM records WHERE state <> 1 AND state = 2").all())
      this.remove(toKey(digest));
    this.#database.exec(
      "UPDATE records SET state = 0, counted = 0, bytes = 0; UPDATE shelves SET bytes = 0; DELETE FROM wanted",
    );
  }

  remove(key: FileKey): void {
    const digest = digestOf(key);
    if (this.#database.prepare("DELETE FROM records WHERE digest = ?").run(digest) === 0) return;
    this.#database.prepare("DELETE FROM wanted WHERE record = ?").run(digest);
    this.#countRecords(-1);
  }

  #setSets(key: FileKey, sets: number): void {
    this.#database.prepare("UPDATE records SET sets = ? WHERE digest = ?").run(sets, digestOf(key));
  }

  #setState(key: FileKey, state: RecordState): void {
    this.#database
      .prepare("UPDATE records SET state = ?, counted = 0 WHERE digest = ?")
      .run(stateNumbers[state], digestOf(key));
  }

  #countRecords(change: number): void {
    this.#database.prepare("UPDATE meta SET value = value + ? WHERE key = 'records'").run(change);
  }
}

function toKey(row: SqlRow): FileKey {
  return fileKeyOf(row["digest"] as Uint8Array);
}

function stateOf(row: SqlRow): RecordState {
  return states[row["state"] as number] ?? "broken";
}

function toRecord(row: SqlRow): RecordRow {
  return {
    state: stateOf(row),
    sets: row["sets"] as number,
    counted: row["counted"] as number,
    bytes: row["bytes"] as number,
  };
}
