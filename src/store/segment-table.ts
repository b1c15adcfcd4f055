/** The index's account of each segment: how far it is indexed, and how much of it is still needed. */
import type { SqlDatabase, SqlRow, SqlStatement } from "../core/sqlite.ts";
import { recordHeaderBytes, segmentHeaderBytes } from "./segment-format.ts";

/** One segment. `bytes` are those of its live chunks; `said` those of what it must keep saying about shelves. */
export interface SegmentAccount {
  readonly number: number;
  readonly mark: Buffer;
  readonly indexedBytes: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly said: number;
}

/** A segment is not rewritten for less: notes and a segment's header are written with what is moved. */
const rewriteBytesMin = 4 * recordHeaderBytes;

/** What all segments come to. */
interface SegmentTotals {
  readonly chunks: number;
  readonly bytes: number;
  readonly diskBytes: number;
  readonly deadBytes: number;
}

const live = `${segmentHeaderBytes} + bytes + chunks * ${recordHeaderBytes} + said`;

/** Rows of `segments`. */
export class SegmentTable {
  readonly #database: SqlDatabase;
  readonly #live: SqlStatement;

  constructor(database: SqlDatabase) {
    this.#database = database;
    this.#live = database.prepare(
      "UPDATE segments SET chunks = chunks + ?, bytes = bytes + ?, said = said + ? WHERE number = ?",
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
    this.countChunks(number, sign, sign * bytes);
  }

  /** So many live chunks came to a segment, with so many bytes in all. */
  countChunks(number: number, chunks: number, bytes: number): void {
    if (number !== 0) this.#live.run(chunks, bytes, 0, number);
  }

  /** A segment has to keep saying so many bytes more, or fewer, about shelves. Segment 0 stands for nowhere. */
  countSaid(number: number, bytes: number): void {
    if (number !== 0 && bytes !== 0) this.#live.run(0, 0, bytes, number);
  }

  /** Up to `limit` segments before `active` in which nothing is needed any more. */
  dead(active: number, limit: number): number[] {
    return this.#database
      .prepare(
        "SELECT number FROM segments WHERE removed = 0 AND number < ? AND chunks = 0 AND said = 0 ORDER BY number LIMIT ?",
      )
      .all(active, limit)
      .map((row) => row["number"] as number);
  }

  /** The segment before `active` with the largest dead share, if that is more than `share`. */
  worst(active: number, share: number): number | undefined {
    return this.#database
      .prepare(
        `SELECT number FROM segments WHERE removed = 0 AND number < ? AND indexed - (${live}) > MAX(indexed * ?, ${rewriteBytesMin})
         ORDER BY (${live}) * 1.0 / indexed, number LIMIT 1`,
      )
      .get(active, share)?.["number"] as number | undefined;
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

  /** Bytes of a segment that nothing needs. */
  deadBytes(number: number): number {
    const statement = this.#database.prepare(`SELECT indexed - (${live}) AS dead FROM segments WHERE number = ?`);
    return Math.max(0, (statement.get(number)?.["dead"] as number | undefined) ?? 0);
  }

  /** Sums over all segments: chunks that can be served, their bytes, bytes on disk, and those that nothing needs. */
  totals(): SegmentTotals {
    const row = this.#database
      .prepare(
        `SELECT TOTAL(chunks) AS chunks, TOTAL(bytes) AS bytes, TOTAL(indexed) AS disk,
         TOTAL(MAX(0, indexed - (${live}))) AS dead FROM segments WHERE removed = 0`,
      )
      .get();
    return {
      chunks: row?.["chunks"] as number,
      bytes: row?.["bytes"] as number,
      diskBytes: row?.["disk"] as number,
      deadBytes: row?.["dead"] as number,
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
    said: row["said"] as number,
  };
}
