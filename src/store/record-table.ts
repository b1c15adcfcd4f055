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
type RecordState = keyof typeof stateNumbers;
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

  /** Those of the records of which anything is known. */
  known(keys: readonly FileKey[]): Set<FileKey> {
    return this.#which("1", keys);
  }

  /** Those that are in sets and whose references are all counted. */
  here(keys: readonly FileKey[]): Set<FileKey> {
    return this.#which("state = 1", keys);
  }

  /** Those whose references are yet to be counted up or down, or are being counted. */
  uncounted(keys: readonly FileKey[]): Set<FileKey> {
    return this.#which("state IN (0, 2)", keys);
  }

  /** Those that were added and of whose references none is counted yet. */
  justAdded(keys: readonly FileKey[]): Set<FileKey> {
    return this.#which("state = 0 AND counted = 0", keys);
  }

  #which(
    condition: "1" | "state = 1" | "state IN (0, 2)" | "state = 0 AND counted = 0",
    keys: readonly FileKey[],
  ): Set<FileKey> {
    const rows = this.#database
      .prepare(`${withList} SELECT at FROM list CROSS JOIN records ON records.digest = list.digest WHERE ${condition}`)
      .all(keyList(keys));
    return new Set(rows.map((row) => keys[row["at"] as number] as FileKey));
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

  /** As `enter`, for records of which nothing was known; no two are the same. */
  enterNew(keys: readonly FileKey[]): void {
    if (keys.length === 0) return;
    this.#database.prepare(`${withList} INSERT INTO records SELECT digest, 0, 1, 0, 0 FROM list`).run(keyList(keys));
    this.#countRecords(keys.length);
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
      `${withList} SELECT at FROM list WHERE EXISTS (SELECT 1 FROM holds WHERE record = list.digest)`,
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

  /** All references of records are counted: their bytes count in every set that they are in. No two are the same. */
  settle(records: readonly { readonly key: FileKey; readonly bytes: number }[]): void {
    if (records.length === 0) return;
    const list = keyList(records.map(({ key }) => key));
    const sizes = JSON.stringify(records.map(({ bytes }) => bytes));
    this.#database
      .prepare(
        `UPDATE records SET state = 1, counted = 0, bytes = value FROM json_each(?2) WHERE digest = ${digestAtKey}`,
      )
      .run(list, sizes);
    this.#database
      .prepare(
        `UPDATE shelves SET bytes = bytes + (SELECT COALESCE(SUM(value), 0) FROM json_each(?2)
         WHERE EXISTS (SELECT 1 FROM members WHERE members.shelf = shelves.id AND members.record = ${digestAtKey}))`,
      )
      .run(list, sizes);
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

function toRecord(row: SqlRow): RecordRow {
  return {
    state: states[row["state"] as number] ?? "broken",
    sets: row["sets"] as number,
    counted: row["counted"] as number,
    bytes: row["bytes"] as number,
  };
}
