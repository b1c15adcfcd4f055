/** What a batch of entries changes in the shelves' counters, gathered so that each shelf's row is written once a batch. */
import type { ShelfId } from "../core/ids.ts";
import type { SqlDatabase } from "../core/sqlite.ts";
import { idBytes } from "./id-bytes.ts";

interface Change {
  readonly revisions: number;
  readonly sealedBytes: number;
  /** The most that any of the revisions wanted. */
  readonly copies: number;
}

export class ShelfCounts {
  #changes: Map<ShelfId, Change>;

  constructor(before?: ShelfCounts) {
    this.#changes = new Map(before === undefined ? [] : before.#changes);
  }

  /** Counts a revision that has come to a shelf, where it is to be on `copiesWanted` disks. */
  add(shelf: ShelfId, sealedBytes: number, copiesWanted: number): void {
    this.#count(shelf, { revisions: 1, sealedBytes, copies: copiesWanted });
  }

  /** Counts a revision that was removed from a shelf. */
  remove(shelf: ShelfId, sealedBytes: number): void {
    this.#count(shelf, { revisions: -1, sealedBytes: -sealedBytes, copies: 0 });
  }

  /** Takes back everything that was counted since `before` was copied from this. */
  takeBack(before: ShelfCounts): void {
    this.#changes = before.#changes;
  }

  /** Writes what was counted into the shelves' rows, and counts anew. */
  save(database: SqlDatabase): void {
    const update = database.prepare(
      "UPDATE shelves SET revisions = revisions + ?, sealed_bytes = sealed_bytes + ?, copies_max = max(copies_max, ?) WHERE shelf = ?",
    );
    for (const [shelf, { revisions, sealedBytes, copies }] of this.#changes)
      update.run(revisions, sealedBytes, copies, idBytes(shelf));
    this.#changes = new Map();
  }

  #count(shelf: ShelfId, change: Change): void {
    const before = this.#changes.get(shelf);
    this.#changes.set(shelf, {
      revisions: (before?.revisions ?? 0) + change.revisions,
      sealedBytes: (before?.sealedBytes ?? 0) + change.sealedBytes,
      copies: Math.max(before?.copies ?? 0, change.copies),
    });
  }
}
