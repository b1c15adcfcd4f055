/** Rows that almost every command asks for and that, once there, neither change nor go: read once, then kept in memory. */
import type { ShelfId, UserId } from "../core/ids.ts";
import { peersMax, usersKnownMax } from "../core/limits.ts";
import type { SqlDatabase } from "../core/sqlite.ts";
import { idBytes, idText } from "./id-bytes.ts";

/** What it has learned is forgotten whenever changes are taken back, for it may have been one of those. */
export class KnownRows {
  readonly #database: SqlDatabase;
  #network: string | undefined;
  readonly #users = new Map<UserId, number>();
  readonly #shelves = new Set<ShelfId>();

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  forget(): void {
    this.#network = undefined;
    this.#users.clear();
    this.#shelves.clear();
  }

  /** Id of the network as hexadecimal text; undefined until it is founded. */
  network(): string | undefined {
    if (this.#network === undefined) {
      const row = this.#database.prepare("SELECT network FROM network").get();
      if (row !== undefined) this.#network = idText(row["network"] as Uint8Array);
    }
    return this.#network;
  }

  /** Row of a user; undefined for a stranger. */
  userRow(user: UserId): number | undefined {
    const known = this.#users.get(user);
    if (known !== undefined) return known;
    const row = this.#database.prepare("SELECT id FROM users WHERE user = ?").get(idBytes(user));
    if (row === undefined) return undefined;
    if (this.#users.size >= usersKnownMax) this.#users.clear();
    this.#users.set(user, Number(row["id"]));
    return Number(row["id"]);
  }

  hasShelf(shelf: ShelfId): boolean {
    if (this.#shelves.has(shelf)) return true;
    const row = this.#database.prepare("SELECT 1 FROM shelves WHERE shelf = ?").get(idBytes(shelf));
    if (row === undefined) return false;
    if (this.#shelves.size >= peersMax) this.#shelves.clear();
    this.#shelves.add(shelf);
    return true;
  }
}
