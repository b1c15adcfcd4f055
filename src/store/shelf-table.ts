/** The index's account of each shelf: its savepoint, its history, and the log of its last changes. */
import { fileKeyOf } from "../core/ids.ts";
import type { ShelfId } from "../core/ids.ts";
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";
import type { LoggedChange } from "./chunk-store.ts";
import { recordBytes } from "./segment-format.ts";
import { digestAtKey, keyList } from "../core/digest-list.ts";
import type { SegmentTable } from "./segment-table.ts";
import type { Effect } from "./shelf-effects.ts";
import { noteHeadBytes } from "./shelf-note.ts";
import { historyAfter, newShelf } from "./shelf-state.ts";
import type { ShelfHistory, ShelfState, ShelfStep } from "./shelf-state.ts";

/** One shelf. `bytes` are those of its records; `segment` is where its savepoint was said last, 0 for nowhere. */
export interface ShelfRow {
  readonly id: number;
  readonly shelf: ShelfId;
  readonly state: ShelfState;
  readonly history: ShelfHistory;
  readonly bytes: number;
  readonly segment: number;
}

const savepointBytes = recordBytes(noteHeadBytes);

/**
 * Rows of `shelves` and `changes`; keeps the accounts of segments in step. A forgotten shelf keeps a row, by which
 * the log's tombstones know its name.
 */
export class ShelfTable {
  readonly #database: SqlDatabase;
  readonly #segments: SegmentTable;

  constructor(database: SqlDatabase, segments: SegmentTable) {
    this.#database = database;
    this.#segments = segments;
  }

  /** A shelf of which something is here. */
  find(shelf: ShelfId): ShelfRow | undefined {
    const row = this.#database.prepare("SELECT * FROM shelves WHERE shelf = ? AND forgotten = 0").get(shelf);
    return row === undefined ? undefined : toShelf(row);
  }

  /** The row of a shelf, whether it was here before or not. */
  open(shelf: ShelfId): ShelfRow {
    const known = this.find(shelf);
    if (known !== undefined) return known;
    const { fence, epoch, sequence, digest, records } = newShelf();
    const row = this.#database
      .prepare(
        `INSERT INTO shelves (shelf, forgotten, fence, epoch, sequence, digest, loose, records, bytes, epochs, log_from, segment)
         VALUES (?, 0, ?, ?, ?, ?, 0, ?, 0, '[]', 0, 0) ON CONFLICT (shelf) DO UPDATE SET forgotten = 0 RETURNING *`,
      )
      .get(shelf, fence, epoch, sequence, digest, records);
    return toShelf(row as SqlRow);
  }

  /** Every shelf of which something is here; a peer is a link of a few. */
  all(): ShelfRow[] {
    return this.#database.prepare("SELECT * FROM shelves WHERE forgotten = 0 ORDER BY shelf").all().map(toShelf);
  }

  /** The row of a shelf that was here at any time. */
  idOf(shelf: ShelfId): number | undefined {
    return this.#database.prepare("SELECT id FROM shelves WHERE shelf = ?").get(shelf)?.["id"] as number | undefined;
  }

  /** The shelf of a row. */
  nameOf(id: number): ShelfId | undefined {
    return this.#database.prepare("SELECT shelf FROM shelves WHERE id = ?").get(id)?.["shelf"] as ShelfId | undefined;
  }

  /** Carries a step of a shelf out, which segment `segment` says, with the changes that changed something. */
  take(row: ShelfRow, step: ShelfStep, effects: readonly Effect[], segment: number): void {
    const { epochs, logFrom } = historyAfter(row.history, row.state, step);
    const { fence, epoch, sequence, digest, isLoose } = step.state;
    this.#database
      .prepare(
        `UPDATE shelves SET fence = ?, epoch = ?, sequence = ?, digest = ?, loose = ?, epochs = ?, log_from = ? WHERE id = ?`,
      )
      .run(fence, epoch, sequence, digest, isLoose ? 1 : 0, JSON.stringify(epochs), logFrom, row.id);
    this.moveSaid(row, segment);
    this.#trimLog(row.id, step.restartsAt === undefined ? logFrom : Number.MAX_SAFE_INTEGER);
    if (step.isLogged) this.#log(row.id, sequence - effects.length, effects);
  }

  #log(id: number, after: number, effects: readonly Effect[]): void {
    if (effects.length === 0) return;
    const copies = JSON.stringify(effects.map((effect) => effect.copies));
    this.#database
      .prepare(`INSERT INTO changes SELECT ?3, ?4 + 1 + key, ${digestAtKey}, value FROM json_each(?2)`)
      .run(keyList(effects.map(({ fileKey }) => fileKey)), copies, id, after);
  }

  #trimLog(id: number, upTo: number): void {
    this.#database.prepare("DELETE FROM changes WHERE shelf = ? AND sequence <= ?").run(id, upTo);
  }

  logAfter(id: number, sequence: number, limit: number): LoggedChange[] {
    return this.#database
      .prepare("SELECT * FROM changes WHERE shelf = ? AND sequence > ? ORDER BY sequence LIMIT ?")
      .all(id, sequence, limit)
      .map((row) => ({
        fileKey: fileKeyOf(row["record"] as Uint8Array),
        copies: row["copies"] as number,
        sequence: row["sequence"] as number,
      }));
  }

  /** Records and bytes come to a shelf's set, or leave it. */
  count(id: number, records: number, bytes: number): void {
    if (records === 0 && bytes === 0) return;
    this.#database
      .prepare("UPDATE shelves SET records = records + ?, bytes = bytes + ? WHERE id = ?")
      .run(records, bytes, id);
  }

  /** Notes that a shelf's savepoint is now said in `segment`. */
  moveSaid({ id, segment: before }: ShelfRow, segment: number): void {
    this.#segments.countSaid(before, -savepointBytes);
    this.#segments.countSaid(segment, savepointBytes);
    this.#database.prepare("UPDATE shelves SET segment = ? WHERE id = ?").run(segment, id);
  }

  /** The shelves whose savepoint was said last in `segment`. */
  saidIn(segment: number): ShelfRow[] {
    return this.all().filter((row) => row.segment === segment);
  }

  /** Forgets a shelf whose set is empty. */
  forget(row: ShelfRow): void {
    this.moveSaid(row, 0);
    this.#trimLog(row.id, Number.MAX_SAFE_INTEGER);
    this.#database
      .prepare(
        `UPDATE shelves SET forgotten = 1, fence = 0, epoch = 0, sequence = 0, digest = zeroblob(32), loose = 0,
         records = 0, bytes = 0, epochs = '[]', log_from = 0 WHERE id = ?`,
      )
      .run(row.id);
  }
}

function toShelf(row: SqlRow): ShelfRow {
  const epochs = JSON.parse(row["epochs"] as string) as ShelfHistory["epochs"];
  return {
    id: row["id"] as number,
    shelf: row["shelf"] as ShelfId,
    state: {
      fence: row["fence"] as number,
      epoch: row["epoch"] as number,
      sequence: row["sequence"] as number,
      digest: new Uint8Array(row["digest"] as Uint8Array),
      records: row["records"] as number,
      isLoose: row["loose"] === 1,
    },
    history: { epochs, logFrom: row["log_from"] as number },
    bytes: row["bytes"] as number,
    segment: row["segment"] as number,
  };
}
