/** The index's account of each chunk: where it lies, how often records name it, how many leases pin it. */
import type { SqlDatabase, SqlRow, SqlStatement } from "../core/sqlite.ts";
import { recordHeaderBytes } from "./segment-format.ts";
import type { SegmentTable } from "./segment-table.ts";

/** Where a record begins. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
}

/** One chunk. Segment 0 says that it is not here: a record names it, and it was damaged or lost. */
export interface ChunkRow extends Place {
  readonly id: number;
  readonly digest: Uint8Array;
  readonly bytes: number;
  readonly refs: number;
  readonly pins: number;
}

/** Rows of `chunks` and `pins`; keeps the accounts of segments in step. */
export class ChunkTable {
  readonly #database: SqlDatabase;
  readonly #segments: SegmentTable;
  readonly #mayDrop: () => boolean;
  readonly #find: SqlStatement;
  readonly #insert: SqlStatement;
  readonly #insertNew: SqlStatement;
  readonly #move: SqlStatement;
  readonly #insertPin: SqlStatement;
  readonly #count: SqlStatement;

  /** `mayDrop` says whether the reference counts can be trusted, so that chunks without any may go. */
  constructor(database: SqlDatabase, segments: SegmentTable, mayDrop: () => boolean) {
    this.#database = database;
    this.#segments = segments;
    this.#mayDrop = mayDrop;
    this.#find = database.prepare("SELECT * FROM chunks WHERE digest = ?");
    this.#insert = database.prepare(
      "INSERT INTO chunks (digest, segment, offset, length, refs, pins) VALUES (?, ?, ?, ?, ?, 0) RETURNING id",
    );
    this.#insertNew = database.prepare(
      "INSERT OR IGNORE INTO chunks (digest, segment, offset, length, refs, pins) VALUES (?, ?, ?, ?, 0, 1) RETURNING id",
    );
    this.#move = database.prepare("UPDATE chunks SET segment = ?, offset = ?, length = ? WHERE id = ?");
    this.#insertPin = database.prepare("INSERT OR IGNORE INTO pins VALUES (?, ?)");
    this.#count = database.prepare("UPDATE chunks SET refs = refs + ?, pins = pins + ? WHERE id = ? RETURNING *");
  }

  /** The row of a chunk, which may say that it is not here. */
  find(digest: Uint8Array): ChunkRow | undefined {
    const row = this.#find.get(digest);
    return row === undefined ? undefined : toChunk(row);
  }

  /** The row of a chunk that is here. */
  here(digest: Uint8Array): ChunkRow | undefined {
    const row = this.find(digest);
    return row === undefined || row.segment === 0 ? undefined : row;
  }

  /** Notes where a chunk lies; an earlier place of it is dead from now on. Returns the row's id. */
  place(digest: Uint8Array, place: Place, bytes: number): number {
    this.#segments.countChunk(place.segment, bytes, 1);
    const row = this.find(digest);
    if (row === undefined) return this.#insert.get(digest, place.segment, place.offset, bytes, 0)?.["id"] as number;
    this.#segments.countChunk(row.segment, row.bytes, -1);
    this.#move.run(place.segment, place.offset, bytes, row.id);
    return row.id;
  }

  /** Notes where a chunk lies, and pins it: as `place` and `pin`, and quick for a chunk that was not known. */
  placePinned(digest: Uint8Array, place: Place, bytes: number, leaseRow: number): void {
    const id = this.#insertNew.get(digest, place.segment, place.offset, bytes)?.["id"] as number | undefined;
    if (id === undefined) {
      this.pin(leaseRow, this.place(digest, place, bytes));
      return;
    }
    this.#segments.countChunk(place.segment, bytes, 1);
    this.#insertPin.run(leaseRow, id);
  }

  /** Lets a lease pin a chunk; pinning it again changes nothing. */
  pin(leaseRow: number, chunkId: number): void {
    if (this.#insertPin.run(leaseRow, chunkId) > 0) this.#count.get(0, 1, chunkId);
  }

  isPinnedBy(leaseRow: number, chunkId: number): boolean {
    const statement = this.#database.prepare("SELECT 1 FROM pins WHERE lease = ? AND chunk = ?");
    return statement.get(leaseRow, chunkId) !== undefined;
  }

  /** Takes up to `limit` of a lease's pins back, and drops what nothing else needs. Returns how many there were. */
  unpin(leaseRow: number, limit: number): number {
    const pins = this.#database.prepare("SELECT chunk FROM pins WHERE lease = ? LIMIT ?").all(leaseRow, limit);
    for (const pin of pins) {
      const chunkId = pin["chunk"] as number;
      this.#database.prepare("DELETE FROM pins WHERE lease = ? AND chunk = ?").run(leaseRow, chunkId);
      this.#dropUnused(this.#count.get(0, -1, chunkId));
    }
    return pins.length;
  }

  /** A record names a chunk once more; one that is not here is noted as missing. */
  reference(digest: Uint8Array): void {
    const isKnown = this.#database.prepare("UPDATE chunks SET refs = refs + 1 WHERE digest = ?").run(digest) > 0;
    if (!isKnown) this.#insert.get(digest, 0, 0, 0, 1);
  }

  /** A record names a chunk once less; it is dropped when nothing else needs it. */
  unreference(digest: Uint8Array): void {
    const row = this.find(digest);
    if (row !== undefined) this.#dropUnused(this.#count.get(-1, 0, row.id));
  }

  /** Notes that the chunk is no longer where `place` says, unless it has moved since. Returns whether it was there. */
  lose(digest: Uint8Array, place: Place): boolean {
    const row = this.find(digest);
    if (row === undefined || row.segment !== place.segment || row.offset !== place.offset) return false;
    this.#lose(row);
    return true;
  }

  /** The same for up to `limit` chunks that reach beyond `endBytes` of a segment. Returns how many. Reads the whole table. */
  loseBeyond(segment: number, endBytes: number, limit: number): number {
    const rows = this.#database
      .prepare(`SELECT * FROM chunks WHERE segment = ? AND offset + length + ${recordHeaderBytes} > ? LIMIT ?`)
      .all(segment, endBytes, limit)
      .map(toChunk);
    for (const row of rows) this.#lose(row);
    return rows.length;
  }

  /** What still needs a lost chunk waits for it to be put again. */
  #lose(row: ChunkRow): void {
    this.#segments.countChunk(row.segment, row.bytes, -1);
    if (row.refs === 0 && row.pins === 0) this.#database.prepare("DELETE FROM chunks WHERE id = ?").run(row.id);
    else this.#move.run(0, 0, 0, row.id);
  }

  #dropUnused(updated: SqlRow | undefined): void {
    if (updated === undefined) return;
    const row = toChunk(updated);
    if (row.refs > 0 || row.pins > 0 || !this.#mayDrop()) return;
    this.#segments.countChunk(row.segment, row.bytes, -1);
    this.#database.prepare("DELETE FROM chunks WHERE id = ?").run(row.id);
  }

  /** Forgets all references, before they are counted anew. */
  clearReferences(): void {
    this.#database.exec("UPDATE chunks SET refs = 0 WHERE refs <> 0");
  }

  /** Up to `limit` chunks that are here, after row `afterId`: about in the order in which they came. */
  pageById(afterId: number, limit: number): ChunkRow[] {
    return this.#database
      .prepare("SELECT * FROM chunks WHERE id > ? AND segment <> 0 ORDER BY id LIMIT ?")
      .all(afterId, limit)
      .map(toChunk);
  }

  /** Up to `limit` chunks after `after` that records name and that are not here, and pages that broken records wait for. */
  missingPage(after: Uint8Array | undefined, limit: number): Uint8Array[] {
    return this.#database
      .prepare(
        `SELECT digest FROM chunks WHERE segment = 0 AND refs > 0 AND digest > ?1
         UNION SELECT page FROM wanted WHERE page > ?1 ORDER BY 1 LIMIT ?2`,
      )
      .all(after ?? new Uint8Array(), limit)
      .map((row) => new Uint8Array(row["digest"] as Uint8Array));
  }

  /** How many chunks and pages that is in all. */
  countMissing(): number {
    const missing = "SELECT digest FROM chunks WHERE segment = 0 AND refs > 0 UNION SELECT page FROM wanted";
    return this.#database.prepare(`SELECT COUNT(*) AS missing FROM (${missing})`).get()?.["missing"] as number;
  }

  /** Whether it is any at all. */
  isMissingAny(): boolean {
    const missing = "SELECT 1 FROM chunks WHERE segment = 0 AND refs > 0 UNION ALL SELECT 1 FROM wanted";
    return this.#database.prepare(`${missing} LIMIT 1`).get() !== undefined;
  }

  /** The rows of calls that pinned chunks for themselves, as `leaseRow` below 0, and that a crash ended. */
  leftoverPinners(limit: number): number[] {
    const statement = this.#database.prepare("SELECT DISTINCT lease FROM pins WHERE lease < 0 LIMIT ?");
    return statement.all(limit).map((row) => row["lease"] as number);
  }

  /** Drops up to `limit` chunks after row `afterId` that nothing needs. Returns the last row looked at, nothing at the end. */
  sweep(afterId: number, limit: number): number | undefined {
    const rows = this.#database
      .prepare("SELECT * FROM chunks WHERE id > ? AND refs = 0 AND pins = 0 ORDER BY id LIMIT ?")
      .all(afterId, limit);
    for (const row of rows) this.#dropUnused(row);
    return rows.at(-1)?.["id"] as number | undefined;
  }
}

function toChunk(row: SqlRow): ChunkRow {
  return {
    id: row["id"] as number,
    digest: row["digest"] as Uint8Array,
    segment: row["segment"] as number,
    offset: row["offset"] as number,
    bytes: row["length"] as number,
    refs: row["refs"] as number,
    pins: row["pins"] as number,
  };
}
