/** The index's account of each chunk: where it lies, how often records name it, how many leases pin it. */
import type { SqlDatabase, SqlRow, SqlStatement } from "../core/sqlite.ts";
import { digestAtKey, digestList, withList } from "../core/digest-list.ts";
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

/** A chunk that was just written. */
export interface PlacedChunk extends Place {
  readonly digest: Uint8Array;
  readonly bytes: number;
}

/** A chunk that is named, and how long it is where that is said. */
export interface NamedChunk {
  readonly digest: Uint8Array;
  readonly bytes: number | undefined;
}

/** What is not as it should be of a named chunk: it is not here, it has another length, or the lease does not pin it. */
export interface ChunkDoubt {
  /** Its place in the list that was asked about. */
  readonly at: number;
  /** Undefined when it is not here. */
  readonly row: { readonly id: number; readonly bytes: number } | undefined;
}

/** No lease has this row. */
const noLeaseRow = 0;

/** Rows of `chunks` and `pins`; keeps the accounts of segments in step. */
export class ChunkTable {
  readonly #database: SqlDatabase;
  readonly #segments: SegmentTable;
  readonly #mayDrop: () => boolean;
  readonly #find: SqlStatement;
  readonly #insert: SqlStatement;
  readonly #insertNew: SqlStatement;
  readonly #findHere: SqlStatement;
  readonly #findRows: SqlStatement;
  readonly #findDoubts: SqlStatement;
  readonly #pinNew: SqlStatement;
  readonly #referenceAll: SqlStatement;
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
      `INSERT OR IGNORE INTO chunks (digest, segment, offset, length, refs, pins)
       SELECT ${digestAtKey}, ?3, value ->> 0, value ->> 1, 0, 1 FROM json_each(?2)`,
    );
    this.#pinNew = database.prepare("INSERT INTO pins SELECT ?, id FROM chunks WHERE id > ?");
    this.#findHere = database.prepare(
      `${withList} SELECT at FROM list CROSS JOIN chunks ON chunks.digest = list.digest WHERE segment <> 0`,
    );
    this.#findRows = database.prepare(
      `${withList} SELECT at, chunks.* FROM list CROSS JOIN chunks ON chunks.digest = list.digest WHERE segment <> 0`,
    );
    this.#findDoubts = database.prepare(
      `SELECT key, chunks.id AS id, segment, length FROM json_each(?2)
       LEFT JOIN chunks ON digest = ${digestAtKey} LEFT JOIN pins ON lease = ?3 AND chunk = chunks.id
       WHERE chunk IS NULL OR segment = 0 OR (value >= 0 AND value <> length)`,
    );
    this.#referenceAll = database.prepare(
      `${withList} UPDATE chunks SET refs = refs + 1 WHERE digest IN (SELECT list.digest FROM list)`,
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

  /** The row of each chunk that is here, in the order of the list. */
  allHere(digests: readonly Uint8Array[]): readonly (ChunkRow | undefined)[] {
    const rows = new Map<number, ChunkRow>();
    for (const row of this.#findRows.all(digestList(digests))) rows.set(row["at"] as number, toChunk(row));
    return digests.map((_, at) => rows.get(at));
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

  /** The places in the list of those that are here. */
  whichAreHere(digests: readonly Uint8Array[]): Set<number> {
    return new Set(this.#findHere.all(digestList(digests)).map((row) => row["at"] as number));
  }

  /** Notes where chunks lie that were written to one segment, and pins them to a lease; no two of them are the same. */
  placePinned(segment: number, chunks: readonly PlacedChunk[], leaseRow: number): void {
    if (chunks.length === 0) return;
    const lastId = (this.#database.prepare("SELECT MAX(id) AS id FROM chunks").get()?.["id"] ?? 0) as number;
    const places = JSON.stringify(chunks.map(({ offset, bytes }) => [offset, bytes]));
    const inserted = this.#insertNew.run(digestList(chunks.map(({ digest }) => digest)), places, segment);
    this.#pinNew.run(leaseRow, lastId);
    if (inserted === chunks.length) {
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
      return this.#segments.countChunks(segment, inserted, bytes);
    }
    // Some were known and not here.
    for (const { digest, offset, bytes } of chunks) {
      const row = this.find(digest);
      if (row !== undefined && row.id > lastId) this.#segments.countChunks(segment, 1, bytes);
      else this.pin(leaseRow, this.place(digest, { segment, offset }, bytes));
    }
  }

  /** Lets a lease pin those of the chunks that are here. */
  pinHere(leaseRow: number, digests: readonly Uint8Array[]): void {
    const pinned = this.#database
      .prepare(
        `${withList} INSERT OR IGNORE INTO pins SELECT ?2, chunks.id
         FROM list CROSS JOIN chunks ON chunks.digest = list.digest WHERE segment <> 0 RETURNING chunk`,
      )
      .all(digestList(digests), leaseRow);
    const ids = JSON.stringify(pinned.map((row) => row["chunk"]));
    this.#database.prepare("UPDATE chunks SET pins = pins + 1 WHERE id IN (SELECT value FROM json_each(?))").run(ids);
  }

  /** Those of the chunks that are not here, not of the length that is said, or not pinned by the lease where there is one; in order. */
  doubts(chunks: readonly NamedChunk[], leaseRow: number | undefined): ChunkDoubt[] {
    const lengths = JSON.stringify(chunks.map(({ bytes }) => bytes ?? -1));
    return this.#findDoubts
      .all(digestList(chunks.map(({ digest }) => digest)), lengths, leaseRow ?? noLeaseRow)
      .map((row) => ({
        at: row["key"] as number,
        row: (row["segment"] ?? 0) === 0 ? undefined : { id: row["id"] as number, bytes: row["length"] as number },
      }));
  }

  /** Lets a lease pin a chunk; pinning it again changes nothing. */
  pin(leaseRow: number, chunkId: number): void {
    if (this.#insertPin.run(leaseRow, chunkId) > 0) this.#count.get(0, 1, chunkId);
  }

  /** Takes up to `limit` of a lease's pins back, and drops what nothing else needs. Returns how many there were. */
  unpin(leaseRow: number, limit: number): number {
    const some = "SELECT chunk FROM pins WHERE lease = ?1 ORDER BY chunk LIMIT ?2";
    this.#database.prepare(`UPDATE chunks SET pins = pins - 1 WHERE id IN (${some})`).run(leaseRow, limit);
    const unused = `SELECT * FROM chunks WHERE id IN (${some}) AND refs = 0 AND pins = 0`;
    for (const row of this.#database.prepare(unused).all(leaseRow, limit)) this.#dropUnused(row);
    return this.#database.prepare(`DELETE FROM pins WHERE lease = ?1 AND chunk IN (${some})`).run(leaseRow, limit);
  }

  /** Records name chunks once more, as often as they are listed; one that is not here is noted as missing. */
  reference(digests: readonly Uint8Array[]): void {
    for (let left = digests; left.length > 0;) {
      const { once, again } = apart(left);
      const list = digestList(once);
      const known = this.#referenceAll.run(list);
      if (known < once.length) this.#addMissing(list);
      left = again;
    }
  }

  #addMissing(list: Uint8Array): void {
    this.#database
      .prepare(
        `${withList} INSERT INTO chunks (digest, segment, offset, length, refs, pins)
         SELECT list.digest, 0, 0, 0, 1, 0 FROM list
         WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.digest = list.digest)`,
      )
      .run(list);
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

/** Splits a list into each digest's first time and all others. */
function apart(digests: readonly Uint8Array[]): { readonly once: Uint8Array[]; readonly again: Uint8Array[] } {
  const seen = new Set<string>();
  const [once, again]: [Uint8Array[], Uint8Array[]] = [[], []];
  for (const digest of digests) {
    const text = Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("latin1");
    (seen.has(text) ? again : once).push(digest);
    seen.add(text);
  }
  return { once, again };
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
