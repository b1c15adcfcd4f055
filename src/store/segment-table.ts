/** The index's account of each segment: how far it is indexed, and how much of it is still needed. */
import { digestBytes } from "../core/ids.ts";
import { segmentDeadShareMax } from "../core/limits.ts";
import type { SqlDatabase, SqlRow, SqlStatement } from "../core/sqlite.ts";
import { recordHeaderBytes } from "./segment-format.ts";

/** One segment. `bytes` are those of its live chunks; `markers` counts file keys whose adding or release it must keep saying. */
export interface SegmentAccount {
  readonly number: number;
  readonly mark: Buffer;
  readonly indexedBytes: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly markers: number;
}

const live = `bytes + chunks * ${recordHeaderBytes} + markers * ${digestBytes}`;

/** Rows of `segments`. */
export class SegmentTable {
  readonly #database: SqlDatabase;
  readonly #live: SqlStatement;

  constructor(database: SqlDatabase) {
    this.#database = database;
    this.#live = database.prepare(
      "UPDATE segments SET chunks = chunks + ?, bytes = bytes + ?, markers = markers + ? WHERE number = ?",
    );
  }

  /** Every known segment that is not being removed, ascending; a peer with 1 TB has 16,000. */
  all(): SegmentAccount[] {
    return this.#database.prepare("SELECT * FROM segments WHERE removed = 0 ORDER BY number").all().map(toAccount);
  }

  find(number: number): SegmentAccount | undefined {
    const row = this.#database.prepare("SELECT * FROM segments WHERE number = ?").get(number);
    return row === undefined ? undefined : toAccount(row);
  }

  /** Makes a segment known, with nothing in it before `indexedBytes`. */
  insert(number: number, mark: Uint8Array, indexedBytes: number): void {
    this.#database.prepare("INSERT INTO segments VALUES (?, ?, ?, 0, 0, 0, 0)").run(number, mark, indexedBytes);
  }

  /** Notes that everything before `indexedBytes` is in the index. */
  setIndexed(number: number, indexedBytes: number): void {
    this.#database.prepare("UPDATE segments SET indexed = ? WHERE number = ?").run(indexedBytes, number);
  }

  /** A live chunk of `bytes` came to a segment (`sign` 1) or left it (-1). Segment 0 stands for nowhere. */
  countChunk(number: number, bytes: number, sign: 1 | -1): void {
    if (number !== 0) this.#live.run(sign, sign * bytes, 0, number);
  }

  /** A segment has to keep saying something about one more file key, or about one less. */
  countMarker(number: number, sign: 1 | -1): void {
    this.#live.run(0, 0, sign, number);
  }

  /** Segments before `active` in which nothing is needed any more. */
  dead(active: number): number[] {
    return this.#database
      .prepare(
        "SELECT number FROM segments WHERE removed = 0 AND number < ? AND chunks = 0 AND markers = 0 ORDER BY number",
      )
      .all(active)
      .map((row) => row["number"] as number);
  }

  /** The segment before `active` with the largest dead share, if that is large enough to rewrite it. */
  worst(active: number): number | undefined {
    return this.#database
      .prepare(
        `SELECT number FROM segments WHERE removed = 0 AND number < ? AND indexed - (${live}) > indexed * ${segmentDeadShareMax}
         ORDER BY (${live}) * 1.0 / indexed, number LIMIT 1`,
      )
      .get(active)?.["number"] as number | undefined;
  }

  /** Marks a segment whose file is about to go, so that recovery does not take a file that came back for new. */
  setRemoved(number: number): void {
    this.#database.prepare("UPDATE segments SET removed = 1 WHERE number = ?").run(number);
  }

  /** The segments so marked. */
  removed(): number[] {
    return this.#database
      .prepare("SELECT number FROM segments WHERE removed = 1")
      .all()
      .map((row) => row["number"] as number);
  }

  delete(number: number): void {
    this.#database.prepare("DELETE FROM segments WHERE number = ?").run(number);
  }

  /** Sums over all segments: chunks that can be served, their bytes, and bytes on disk. */
  totals(): { readonly chunks: number; readonly bytes: number; readonly diskBytes: number } {
    const row = this.#database
      .prepare(
        "SELECT TOTAL(chunks) AS chunks, TOTAL(bytes) AS bytes, TOTAL(indexed) AS disk FROM segments WHERE removed = 0",
      )
      .get();
    return {
      chunks: row?.["chunks"] as number,
      bytes: row?.["bytes"] as number,
      diskBytes: row?.["disk"] as number,
    };
  }
}

function toAccount(row: SqlRow): SegmentAccount {
  return {
    number: row["number"] as number,
    mark: Buffer.from(row["mark"] as Uint8Array),
    indexedBytes: row["indexed"] as number,
    chunks: row["chunks"] as number,
    bytes: row["bytes"] as number,
    markers: row["markers"] as number,
  };
}
