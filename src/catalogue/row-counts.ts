/** What a batch of entries changes in the counters of shelves and users, gathered so that each row is written once a batch. */
import type { ShelfId } from "../core/ids.ts";
import type { SqlDatabase } from "../core/sqlite.ts";
import { idBytes } from "./id-bytes.ts";

interface ShelfChange {
  readonly revisions: number;
  readonly sealedBytes: number;
  /** The most that any of the revisions wanted. */
  readonly copies: number;
}

export class RowCounts {
  #shelves: Map<ShelfId, ShelfChange>;
  /** Bytes by rows of users. */
  #users: Map<number, number>;

  constructor(before?: RowCounts) {
    this.#shelves = new Map(before === undefined ? [] : before.#shelves);
    this.#users = new Map(before === undefined ? [] : before.#users);
  }

  /** Counts a revision that has come to a shelf, where it is to be on `copiesWanted` disks. */
  addRevision(shelf: ShelfId, sealedBytes: number, copiesWanted: number): void {
    this.#count(shelf, { revisions: 1, sealedBytes, copies: copiesWanted });
  }

  /** Counts a revision that was removed from a shelf. */
  removeRevision(shelf: ShelfId, sealedBytes: number): void {
    this.#count(shelf, { revisions: -1, sealedBytes: -sealedBytes, copies: 0 });
  }

  /** Counts bytes that the tree of a user costs from now on, or no more. */
  addBytes(userRow: number, bytes: number): void {
    this.#users.set(userRow, this.bytesOf(userRow) + bytes);
  }

  /** Bytes of a user that are counted and not written yet. */
  bytesOf(userRow: number): number {
    return this.#users.get(userRow) ?? 0;
  }

  /** Takes back everything that was counted since `before` was copied from this. */
  takeBack(before: RowCounts): void {
    this.#shelves = before.#shelves;
    this.#users = before.#users;
  }

  /** Writes what was counted into the rows, and counts anew. */
  save(database: SqlDatabase): void {
    const updateShelf = database.prepare(
      "UPDATE shelves SET revisions = revisions + ?, sealed_bytes = sealed_bytes + ?, copies_max = max(copies_max, ?) WHERE shelf = ?",
    );
    for (const [shelf, { revisions, sealedBytes, copies }] of this.#shelves)
      updateShelf.run(revisions, sealedBytes, copies, idBytes(shelf));
    this.#shelves = new Map();
    const updateUser = database.prepare("UPDATE users SET used_bytes = used_bytes + ? WHERE id = ?");
    for (const [userRow, bytes] of this.#users) if (bytes !== 0) updateUser.run(bytes, userRow);
    this.#users = new Map();
  }

  #count(shelf: ShelfId, change: ShelfChange): void {
    const before = this.#shelves.get(shelf);
    this.#shelves.set(shelf, {
      revisions: (before?.revisions ?? 0) + change.revisions,
      sealedBytes: (before?.sealedBytes ?? 0) + change.sealedBytes,
      copies: Math.max(before?.copies ?? 0, change.copies),
    });
  }
}
