/** The digest of a catalogue: one hash over everything in it, equal on every replica at the same index. */
import { type Hash, createHash } from "node:crypto";
import { encode } from "cborg";
import type { SqlDatabase, SqlValue } from "../core/sqlite.ts";
import { pageRowsMax } from "../core/limits.ts";
import { tableKeys } from "./schema.ts";

/** SHA-256 over all rows of all tables in the order of their keys. Reads everything, a page at a time, and holds the thread meanwhile. */
export function catalogueDigest(database: SqlDatabase): Uint8Array {
  const hash = createHash("sha256");
  for (const [table, key] of Object.entries(tableKeys)) hashTable(hash, database, table, key);
  return new Uint8Array(hash.digest());
}

function hashTable(hash: Hash, database: SqlDatabase, table: string, key: Readonly<Record<string, SqlValue>>): void {
  const columns = Object.keys(key);
  const places = columns.map(() => "?").join(", ");
  const page = database.prepare(
    `SELECT * FROM ${table} WHERE (${columns.join(", ")}) > (${places}) ORDER BY ${columns.join(", ")} LIMIT ${pageRowsMax}`,
  );
  hash.update(encode(table));
  let last = Object.values(key);
  for (;;) {
    const rows = page.all(...last);
    for (const row of rows) hash.update(encode(Object.values(row)));
    const end = rows.at(-1);
    if (end === undefined) return;
    last = columns.map((column) => end[column] ?? null);
  }
}
