/** Rows that almost every command asks for and that hardly ever change: read once, then kept in memory. */
import type { ShelfId, UserId } from "../core/ids.ts";
import { shelvesMax, usersKnownMax } from "../core/limits.ts";
import type { SqlDatabase } from "../core/sqlite.ts";
import { type Chain, decodeLinks } from "./chain.ts";
import { idBytes, idText } from "./id-bytes.ts";
import { type RetentionPolicy, loadPolicy } from "./policy.ts";

/** What it has learned is forgotten whenever changes are taken back, for it may have been one of those. */
export class KnownRows {
  readonly #database: SqlDatabase;
  #network: string | undefined;
  #policy: RetentionPolicy | undefined;
  readonly #users = new Map<UserId, number>();
  readonly #chains = new Map<ShelfId, Chain>();

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  forget(): void {
    this.#network = undefined;
    this.#policy = undefined;
    this.#users.clear();
    this.#chains.clear();
  }

  /** To be called when a chain has changed. */
  forgetChain(shelf: ShelfId): void {
    this.#chains.delete(shelf);
  }

  /** To be called when the policy, or how far it is carried out, has changed. */
  forgetPolicy(): void {
    this.#policy = undefined;
  }

  /** Id of the network as hexadecimal text; undefined until it is founded. */
  network(): string | undefined {
    if (this.#network === undefined) {
      const row = this.#database.prepare("SELECT network FROM network").get();
      if (row !== undefined) this.#network = idText(row["network"] as Uint8Array);
    }
    return this.#network;
  }

  policy(): RetentionPolicy {
    this.#policy ??= loadPolicy(this.#database);
    return this.#policy;
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

  /** The chain of a shelf; undefined where there is no such shelf. */
  chain(shelf: ShelfId): Chain | undefined {
    const known = this.#chains.get(shelf);
    if (known !== undefined) return known;
    const row = this.#database.prepare("SELECT epoch, links FROM shelves WHERE shelf = ?").get(idBytes(shelf));
    if (row === undefined) return undefined;
    if (this.#chains.size >= shelvesMax) this.#chains.clear();
    const chain = { epoch: Number(row["epoch"]), links: decodeLinks(row["links"] as Uint8Array) };
    this.#chains.set(shelf, chain);
    return chain;
  }
}
