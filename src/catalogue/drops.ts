/** Drops: file keys of a shelf that no revision names any more, until the shelf's owner has dropped their records. */
import { type FileKey, type ShelfId, digestOf } from "../core/ids.ts";
import type { SqlDatabase } from "../core/sqlite.ts";
import type { ApplyContext } from "./apply-context.ts";
import { idBytes } from "./id-bytes.ts";

/** Strikes a file key off that a revision names again. */
export function keepKey({ database, totals }: ApplyContext, shelf: ShelfId, fileKey: Uint8Array): void {
  if (totals.drops === 0) return;
  totals.drops -= deleteDrop(database, idBytes(shelf), fileKey);
}

/** Strikes file keys off that are dropped. */
export function forgetKeys({ database, totals }: ApplyContext, shelf: ShelfId, fileKeys: readonly FileKey[]): void {
  for (const fileKey of fileKeys) totals.drops -= deleteDrop(database, idBytes(shelf), digestOf(fileKey));
}

/** Notes a file key unless a revision on its shelf names it, or it is noted already; returns how many rows that made. */
export function noteDrop(database: SqlDatabase, shelf: Uint8Array, fileKey: Uint8Array): number {
  return database
    .prepare(
      `INSERT INTO drops SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM revisions WHERE shelf = ?1 AND file_key = ?2)
       ON CONFLICT DO NOTHING`,
    )
    .run(shelf, fileKey);
}

function deleteDrop(database: SqlDatabase, shelf: Uint8Array, fileKey: Uint8Array): number {
  return database.prepare("DELETE FROM drops WHERE shelf = ? AND file_key = ?").run(shelf, fileKey);
}
