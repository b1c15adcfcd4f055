/** Rows that almost every command asks for and that hardly ever change: read once, then kept in memory. */
import type { LeaseId, NodeId, ShelfId, UserId } from "../core/ids.ts";
import { directoriesKnownMax, shelvesMax, usersKnownMax } from "../core/limits.ts";
import type { SqlDatabase } from "../core/sqlite.ts";
import { type Chain, decodeLinks } from "./chain.ts";
import { idBytes, idText } from "./id-bytes.ts";
import { kindDirectory } from "./tree.ts";
import { type RetentionPolicy, loadPolicy } from "./policy.ts";

/** A user as far as every command has to know it. */
export interface KnownUser {
  readonly row: number;
  readonly isAdmin: boolean;
  /** Whether the user was removed, and its row is only remembered. */
  readonly isEnded: boolean;
}

/** A live node that names are looked up in, as far as every change of one has to know it. */
export interface KnownParent {
  readonly row: number;
  /** Whose tree it is in. */
  readonly ownerRow: number;
  readonly isDirectory: boolean;
  /** Number of its newest key. */
  readonly generation: number;
}

/** What it has learned is forgotten whenever changes are taken back, for it may have been one of those. */
export class KnownRows {
  readonly #database: SqlDatabase;
  #network: string | undefined;
  #policy: RetentionPolicy | undefined;
  readonly #users = new Map<UserId, KnownUser>();
  #hasAdministrator: boolean | undefined;
  /** Whether users may cost only so much, by their rows. */
  readonly #areLimited = new Map<number, boolean>();
  /** An upload whose lease has not ended: most files come with the same one as the file before. */
  #openLease: { readonly shelf: ShelfId; readonly lease: LeaseId } | undefined;
  readonly #chains = new Map<ShelfId, Chain>();
  readonly #directories = new Map<NodeId, KnownParent>();
  /** Rows of directories below which another level is no deeper than a path can be. */
  readonly #roomy = new Set<number>();

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  forget(): void {
    this.#network = undefined;
    this.#policy = undefined;
    this.#openLease = undefined;
    this.forgetUsers();
    this.#chains.clear();
    this.forgetDirectories();
  }

  /** To be called when a directory was moved, ended or reopened, or has got another key. */
  forgetDirectories(): void {
    this.#directories.clear();
    this.#roomy.clear();
  }

  /** To be called when a user was made, changed or removed. */
  forgetUsers(): void {
    this.#users.clear();
    this.#areLimited.clear();
    this.#hasAdministrator = undefined;
  }

  /** To be called when a lease ends. */
  forgetLeases(): void {
    this.#openLease = undefined;
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

  /** A user, who may have ended; undefined for a stranger. */
  user(user: UserId): KnownUser | undefined {
    const known = this.#users.get(user);
    if (known !== undefined) return known;
    const row = this.#database.prepare("SELECT id, is_admin, ended_index FROM users WHERE user = ?").get(idBytes(user));
    if (row === undefined) return undefined;
    const found = { row: Number(row["id"]), isAdmin: row["is_admin"] === 1, isEnded: row["ended_index"] !== null };
    if (this.#users.size >= usersKnownMax) this.#users.clear();
    this.#users.set(user, found);
    return found;
  }

  /** The live node with this id; undefined where there is none. */
  parent(node: NodeId): KnownParent | undefined {
    const known = this.#directories.get(node);
    if (known !== undefined) return known;
    const row = this.#database
      .prepare("SELECT id, user_id, kind, generation FROM nodes WHERE node = ? AND ended_index IS NULL")
      .get(idBytes(node));
    if (row === undefined) return undefined;
    const found = {
      row: Number(row["id"]),
      ownerRow: Number(row["user_id"]),
      isDirectory: row["kind"] === kindDirectory,
      generation: Number(row["generation"]),
    };
    if (this.#directories.size >= directoriesKnownMax) this.#directories.clear();
    if (found.isDirectory) this.#directories.set(node, found);
    return found;
  }

  /** Whether there is room for another level below a directory, as far as that was noted. */
  hasRoomBelow(directoryRow: number): boolean {
    return this.#roomy.has(directoryRow);
  }

  noteRoomBelow(directoryRow: number): void {
    if (this.#roomy.size >= directoriesKnownMax) this.#roomy.clear();
    this.#roomy.add(directoryRow);
  }

  /** Whether the user of a row may cost only so much. */
  isLimited(row: number): boolean {
    const known = this.#areLimited.get(row);
    if (known !== undefined) return known;
    const found = this.#database.prepare("SELECT 1 FROM users WHERE id = ? AND quota_bytes IS NOT NULL").get(row);
    if (this.#areLimited.size >= usersKnownMax) this.#areLimited.clear();
    this.#areLimited.set(row, found !== undefined);
    return found !== undefined;
  }

  /** Whether a shelf's owner has given up what was put under a lease. */
  isEnded(shelf: ShelfId, lease: LeaseId): boolean {
    if (this.#openLease?.lease === lease && this.#openLease.shelf === shelf) return false;
    const ended = this.#database
      .prepare("SELECT 1 FROM ended_leases WHERE shelf = ? AND lease = ?")
      .get(idBytes(shelf), idBytes(lease));
    if (ended === undefined) this.#openLease = { shelf, lease };
    return ended !== undefined;
  }

  /** Whether any user is administrator. */
  hasAdministrator(): boolean {
    this.#hasAdministrator ??=
      this.#database.prepare("SELECT 1 FROM users WHERE is_admin = 1 LIMIT 1").get() !== undefined;
    return this.#hasAdministrator;
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
