/**
 * The index's account of sets: which records are in them, for how many copies, and what they come to.
 *
 * It also remembers in which segments that is written, so that compaction knows what it may forget: the last adding of a
 * record that is in the set, and the dropping of one that is not while an adding of it is left in another segment.
 */
import { digestOf, fileKeyOf } from "../core/ids.ts";
import type { FileKey, ShelfId } from "../core/ids.ts";
import type { ShelfChange } from "../core/shelf.ts";
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";
import type { ShelfBucket, ShelfEntry, ShelfPageQuery } from "./chunk-store.ts";
import { digestAtKey, digestList, keyList, withList } from "../core/digest-list.ts";
import type { SegmentTable } from "./segment-table.ts";
import { addSums, emptySum, recordSum, subtractSums } from "./set-digest.ts";
import { noteEntryBytes } from "./shelf-note.ts";

/** A record in a set; `segment` is where its last adding is written. */
interface MemberRow {
  readonly copies: number;
  readonly segment: number;
}

/** A record whose adding or dropping is written in a segment. */
export interface SaidRecord {
  /** Row of the shelf. */
  readonly id: number;
  readonly fileKey: FileKey;
}

/** A record comes to the records of its bucket that have so many copies, or leaves them. */
interface BucketTerm extends ShelfChange {
  readonly sign: 1 | -1;
}

const bucketCount = 256;

/** Rows of `members`, `buckets`, `said` and `dropped`; keeps the accounts of segments in step. `id` is a shelf's row. */
export class MemberTable {
  readonly #database: SqlDatabase;
  readonly #segments: SegmentTable;

  constructor(database: SqlDatabase, segments: SegmentTable) {
    this.#database = database;
    this.#segments = segments;
  }

  find(id: number, key: FileKey): MemberRow | undefined {
    const statement = this.#database.prepare("SELECT copies, segment FROM members WHERE shelf = ? AND record = ?");
    const row = statement.get(id, digestOf(key));
    return row === undefined ? undefined : { copies: row["copies"] as number, segment: row["segment"] as number };
  }

  /** For how many copies records are in the set, of those that are in it. */
  copiesOf(id: number, keys: readonly FileKey[]): Map<FileKey, number> {
    if (keys.length === 0) return new Map();
    const rows = this.#database
      .prepare(
        `${withList} SELECT at, copies FROM list CROSS JOIN members ON shelf = ?2 AND members.record = list.digest`,
      )
      .all(keyList(keys), id);
    return new Map(rows.map((row) => [keys[row["at"] as number] as FileKey, row["copies"] as number]));
  }

  /** As `set`, for records of which nothing was known and that are added; no two are the same. */
  addNew(id: number, changes: readonly ShelfChange[], segment: number): void {
    if (changes.length === 0) return;
    const list = keyList(changes.map(({ fileKey }) => fileKey));
    const copies = JSON.stringify(changes.map((change) => change.copies));
    this.#database
      .prepare(`INSERT INTO members SELECT ?3, ${digestAtKey}, value, ?4 FROM json_each(?2)`)
      .run(list, copies, id, segment);
    this.#segments.countSaid(segment, changes.length * noteEntryBytes);
    this.#countBuckets(
      id,
      changes.map((change) => ({ ...change, sign: 1 })),
    );
  }

  /** Carries out what segment `segment` says about a record. Returns how many copies it was in the set for before. */
  set(id: number, { fileKey, copies }: ShelfChange, segment: number): number {
    const before = this.find(id, fileKey);
    if (before !== undefined) this.#remove(id, fileKey, before);
    if (copies > 0) this.#insert(id, fileKey, { copies, segment });
    else this.#setDropped(id, fileKey, segment);
    if (before !== undefined && before.segment !== segment) this.#noteSaid(id, fileKey, before.segment);
    if (before !== undefined && copies === 0) this.#noteSaid(id, fileKey, before.segment);
    const copiesBefore = before?.copies ?? 0;
    if (copiesBefore !== copies)
      this.#countBuckets(
        id,
        [{ fileKey, copies: copiesBefore, sign: -1 } as const, { fileKey, copies, sign: 1 } as const].filter(
          (term) => term.copies > 0,
        ),
      );
    return copiesBefore;
  }

  #insert(id: number, key: FileKey, { copies, segment }: MemberRow): void {
    this.#database.prepare("INSERT INTO members VALUES (?, ?, ?, ?)").run(id, digestOf(key), copies, segment);
    this.#segments.countSaid(segment, noteEntryBytes);
  }

  #remove(id: number, key: FileKey, { segment }: MemberRow): void {
    this.#database.prepare("DELETE FROM members WHERE shelf = ? AND record = ?").run(id, digestOf(key));
    this.#segments.countSaid(segment, -noteEntryBytes);
  }

  #setDropped(id: number, key: FileKey, segment: number): void {
    this.forgetDropped(id, key);
    this.#database.prepare("INSERT INTO dropped VALUES (?, ?, ?)").run(id, digestOf(key), segment);
    this.#segments.countSaid(segment, noteEntryBytes);
  }

  /** Notes that an older adding of a record is still written in `segment`. */
  #noteSaid(id: number, key: FileKey, segment: number): void {
    this.#database.prepare("INSERT OR IGNORE INTO said VALUES (?, ?, ?)").run(id, digestOf(key), segment);
  }

  #countBuckets(id: number, terms: readonly BucketTerm[]): void {
    const buckets = [...bucketsOf(terms).values()];
    const names = JSON.stringify(buckets.map(({ copies, bucket }) => [copies, bucket]));
    const known = this.#database
      .prepare(
        `SELECT key, digest FROM json_each(?1)
         CROSS JOIN buckets ON shelf = ?2 AND copies = value ->> 0 AND bucket = value ->> 1`,
      )
      .all(names, id);
    const sums = buckets.map(emptySum);
    for (const row of known) sums[row["key"] as number] = row["digest"] as Uint8Array;
    const counts = buckets.map(({ copies, bucket, terms: own }, at) => {
      for (const { fileKey, sign } of own)
        sums[at] = (sign === 1 ? addSums : subtractSums)(sums[at] as Uint8Array, recordSum(fileKey, copies));
      return [copies, bucket, own.reduce((sum, { sign }) => sum + sign, 0)];
    });
    this.#database
      .prepare(
        `INSERT INTO buckets SELECT ?3, value ->> 0, value ->> 1, value ->> 2, ${digestAtKey} FROM json_each(?2) WHERE TRUE
         ON CONFLICT DO UPDATE SET count = count + excluded.count, digest = excluded.digest`,
      )
      .run(digestList(sums), JSON.stringify(counts), id);
  }

  /** `ChunkStore.buckets`. */
  buckets(id: number, position: number): ShelfBucket[] {
    const buckets = Array.from({ length: bucketCount }, () => ({ count: 0, digest: emptySum() }));
    for (const row of this.#database
      .prepare("SELECT bucket, count, digest FROM buckets WHERE shelf = ? AND copies > ?")
      .all(id, position)) {
      const bucket = buckets[row["bucket"] as number];
      if (bucket === undefined) continue;
      bucket.count += row["count"] as number;
      bucket.digest = addSums(bucket.digest, row["digest"] as Uint8Array);
    }
    return buckets;
  }

  /** `ChunkStore.shelfPage`. */
  page(id: number, { position, bucket, after, limit }: ShelfPageQuery): ShelfEntry[] {
    const start = bucket === undefined ? new Uint8Array() : Uint8Array.of(bucket);
    const end =
      bucket === undefined || bucket === bucketCount - 1 ? new Uint8Array(33).fill(255) : Uint8Array.of(bucket + 1);
    return this.#database
      .prepare(
        `SELECT record, copies, records.bytes AS bytes, records.state AS state FROM members
         JOIN records ON records.digest = record
         WHERE shelf = ? AND record > ? AND record >= ? AND record < ? AND copies > ? ORDER BY record LIMIT ?`,
      )
      .all(id, after === undefined ? new Uint8Array() : digestOf(after), start, end, position, limit)
      .map((row) => ({
        fileKey: toKey(row),
        copies: row["copies"] as number,
        bytes: row["state"] === 1 ? (row["bytes"] as number) : 0,
      }));
  }

  /** The shelves in whose sets a record is. */
  shelvesOf(key: FileKey): ShelfId[] {
    return this.#database
      .prepare(
        `SELECT shelf FROM shelves
         WHERE EXISTS (SELECT 1 FROM members WHERE members.shelf = shelves.id AND members.record = ?) ORDER BY shelf`,
      )
      .all(digestOf(key))
      .map((row) => row["shelf"] as ShelfId);
  }

  /** The segment that says last that a record was dropped. */
  droppedIn(id: number, key: FileKey): number | undefined {
    const row = this.#database
      .prepare("SELECT segment FROM dropped WHERE shelf = ? AND record = ?")
      .get(id, digestOf(key));
    return row?.["segment"] as number | undefined;
  }

  forgetDropped(id: number, key: FileKey): void {
    const segment = this.droppedIn(id, key);
    if (segment === undefined) return;
    this.#segments.countSaid(segment, -noteEntryBytes);
    this.#database.prepare("DELETE FROM dropped WHERE shelf = ? AND record = ?").run(id, digestOf(key));
  }

  /** Whether any segment but `segment` says that a record was added which is not in the set now. */
  isSaidElsewhere(id: number, key: FileKey, segment: number): boolean {
    const statement = this.#database.prepare(
      "SELECT 1 FROM said WHERE shelf = ? AND record = ? AND segment <> ? LIMIT 1",
    );
    return statement.get(id, digestOf(key), segment) !== undefined;
  }

  /** Notes that `segment` is about to go, and what it says about the record with it. */
  forgetSaid(id: number, key: FileKey, segment: number): void {
    this.#database
      .prepare("DELETE FROM said WHERE shelf = ? AND record = ? AND segment = ?")
      .run(id, digestOf(key), segment);
  }

  /** Up to `limit` records whose last adding or dropping is written in `segment`. Reads the whole table. */
  lastSaidIn(segment: number, limit: number): SaidRecord[] {
    return this.#database
      .prepare(
        `SELECT shelf, record FROM members WHERE segment = ?1
         UNION ALL SELECT shelf, record FROM dropped WHERE segment = ?1 LIMIT ?2`,
      )
      .all(segment, limit)
      .map((row) => ({ id: row["shelf"] as number, fileKey: toKey(row) }));
  }
}

function bucketsOf(
  terms: readonly BucketTerm[],
): Map<number, { readonly copies: number; readonly bucket: number; readonly terms: BucketTerm[] }> {
  const buckets = new Map<number, { copies: number; bucket: number; terms: BucketTerm[] }>();
  for (const term of terms) {
    const { copies } = term;
    const bucket = digestOf(term.fileKey)[0] ?? 0;
    const known = buckets.get(copies * bucketCount + bucket);
    if (known === undefined) buckets.set(copies * bucketCount + bucket, { copies, bucket, terms: [term] });
    else known.terms.push(term);
  }
  return buckets;
}

function toKey(row: SqlRow): FileKey {
  return fileKeyOf(row["record"] as Uint8Array);
}
