/**
 * The index's account of each record: whether it is here for good, which leases hold it, and how far its references
 * are counted.
 *
 * `added` and `released` also remember in which segments a record's comings and goings are written, so that compaction
 * knows what it may forget: the last adding of a record that is here, and the last release of one that is not while
 * an adding of it is left in another segment.
 */
import { digestOf, fileKeyOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";
import type { SegmentTable } from "./segment-table.ts";

/** `adding`, `dropping`: the references are being counted up or down. `broken`: a page is missing, none is counted. */
const stateNumbers = { adding: 0, here: 1, dropping: 2, broken: 3 } as const;
type RecordState = keyof typeof stateNumbers;
const states = Object.keys(stateNumbers) as readonly RecordState[];

/** One record. `counted`: how many of its chunks have been counted up (or down) so far. `segment`: of its last adding. */
export interface RecordRow {
  readonly state: RecordState;
  readonly isPermanent: boolean;
  readonly counted: number;
  readonly segment: number;
}

/** Rows of `records`, `holds`, `added` and `released`; keeps the accounts of segments in step. */
export class RecordTable {
  readonly #database: SqlDatabase;
  readonly #segments: SegmentTable;

  constructor(database: SqlDatabase, segments: SegmentTable) {
    this.#database = database;
    this.#segments = segments;
  }

  find(key: FileKey): RecordRow | undefined {
    const row = this.#database.prepare("SELECT * FROM records WHERE digest = ?").get(digestOf(key));
    return row === undefined ? undefined : toRecord(row);
  }

  /** Whether a record is here, all its references counted or known to be missing. */
  has(key: FileKey): boolean {
    const state = this.find(key)?.state;
    return state === "here" || state === "broken";
  }

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

  /** Carries out an `added` record of segment `segment`: for a lease, or for good without one. */
  add(key: FileKey, leaseRow: number | undefined, segment: number): void {
    const digest = digestOf(key);
    const row = this.find(key);
    if (row === undefined) {
      this.#database.prepare("INSERT INTO records VALUES (?, 0, 0, 0, ?)").run(digest, segment);
      this.#segments.countMarker(segment, 1);
      this.#countRecords(1);
    } else if (row.state === "broken") this.setState(key, "adding");
    this.moveAdded(key, segment);
    if (leaseRow === undefined) this.#setPermanent(digest, 1);
    else this.#database.prepare("INSERT OR IGNORE INTO holds VALUES (?, ?)").run(leaseRow, digest);
  }

  /** Up to `limit` records whose last adding is written in `segment`, those being dropped left out. Reads the whole table. */
  lastAddedIn(segment: number, limit: number): FileKey[] {
    const statement = this.#database.prepare("SELECT digest FROM records WHERE segment = ? AND state <> 2 LIMIT ?");
    return statement.all(segment, limit).map(toKey);
  }

  /** Notes that the last adding of a record that is here is now written in `segment`. */
  moveAdded(key: FileKey, segment: number): void {
    const digest = digestOf(key);
    const row = this.find(key);
    if (row === undefined) return;
    this.#segments.countMarker(row.segment, -1);
    this.#segments.countMarker(segment, 1);
    this.#database.prepare("UPDATE records SET segment = ? WHERE digest = ?").run(segment, digest);
    this.#database.prepare("INSERT OR IGNORE INTO added VALUES (?, ?)").run(digest, segment);
  }

  /** Carries out a `released` record: the record is not here for good any more, and is to be dropped unless held. */
  release(key: FileKey, segment: number): void {
    this.#setPermanent(digestOf(key), 0);
    if (!this.isHeld(key)) this.#startDropping(key);
    this.moveReleased(key, segment);
  }

  /** A broken record has no references to count down. */
  #startDropping(key: FileKey): void {
    if (this.find(key)?.state === "broken") this.remove(key);
    else this.setState(key, "dropping");
  }

  /** Notes that the last release of a record is now written in `segment`. */
  moveReleased(key: FileKey, segment: number): void {
    this.forgetReleased(key);
    this.#database.prepare("INSERT INTO released VALUES (?, ?)").run(digestOf(key), segment);
    this.#segments.countMarker(segment, 1);
  }

  /** The segment of a record's last release. */
  releasedIn(key: FileKey): number | undefined {
    const row = this.#database.prepare("SELECT segment FROM released WHERE record = ?").get(digestOf(key));
    return row?.["segment"] as number | undefined;
  }

  forgetReleased(key: FileKey): void {
    const segment = this.releasedIn(key);
    if (segment === undefined) return;
    this.#segments.countMarker(segment, -1);
    this.#database.prepare("DELETE FROM released WHERE record = ?").run(digestOf(key));
  }

  /** Whether any segment but `segment` says that the record was added. */
  isAddedElsewhere(key: FileKey, segment: number): boolean {
    const statement = this.#database.prepare("SELECT 1 FROM added WHERE record = ? AND segment <> ? LIMIT 1");
    return statement.get(digestOf(key), segment) !== undefined;
  }

  /** Notes that `segment` is about to go, and what it says about the record with it. */
  forgetAdded(key: FileKey, segment: number): void {
    this.#database.prepare("DELETE FROM added WHERE record = ? AND segment = ?").run(digestOf(key), segment);
  }

  isHeld(key: FileKey): boolean {
    return this.#database.prepare("SELECT 1 FROM holds WHERE record = ? LIMIT 1").get(digestOf(key)) !== undefined;
  }

  isHeldByOther(key: FileKey, leaseRow: number): boolean {
    const statement = this.#database.prepare("SELECT 1 FROM holds WHERE record = ? AND lease <> ? LIMIT 1");
    return statement.get(digestOf(key), leaseRow) !== undefined;
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

  /** Takes a lease's hold back. */
  unhold(key: FileKey, leaseRow: number): void {
    this.#database.prepare("DELETE FROM holds WHERE lease = ? AND record = ?").run(leaseRow, digestOf(key));
  }

  setCounted(key: FileKey, counted: number): void {
    this.#database.prepare("UPDATE records SET counted = ? WHERE digest = ?").run(counted, digestOf(key));
  }

  setState(key: FileKey, state: RecordState): void {
    this.#database
      .prepare("UPDATE records SET state = ?, counted = 0 WHERE digest = ?")
      .run(stateNumbers[state], digestOf(key));
  }

  /** Lets every record's references be counted anew. Records that were being dropped are gone. */
  restartCounting(): void {
    for (const digest of this.#database.prepare("SELECT digest FROM records WHERE state <> 1 AND state = 2").all())
      this.remove(toKey(digest));
    this.#database.exec("UPDATE records SET state = 0, counted = 0");
  }

  remove(key: FileKey): void {
    const row = this.find(key);
    if (row === undefined) return;
    this.#segments.countMarker(row.segment, -1);
    this.#database.prepare("DELETE FROM records WHERE digest = ?").run(digestOf(key));
    this.#countRecords(-1);
  }

  #setPermanent(digest: Uint8Array, permanent: 0 | 1): void {
    this.#database.prepare("UPDATE records SET permanent = ? WHERE digest = ?").run(permanent, digest);
  }

  #countRecords(sign: 1 | -1): void {
    this.#database.prepare("UPDATE meta SET value = value + ? WHERE key = 'records'").run(sign);
  }
}

function toKey(row: SqlRow): FileKey {
  return fileKeyOf(row["digest"] as Uint8Array);
}

function toRecord(row: SqlRow): RecordRow {
  return {
    state: states[row["state"] as number] ?? "broken",
    isPermanent: row["permanent"] === 1,
    counted: row["counted"] as number,
    segment: row["segment"] as number,
  };
}
