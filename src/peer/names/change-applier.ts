/**
 * Brings a names index up to what changed in the catalogue.
 *
 * Changes come in any order: an entry whose directory is not known yet, or whose directory has got a key that is not
 * known yet, waits sealed until that directory comes.
 */
import type { NodeId } from "../../core/ids.ts";
import { keyringsKeptMax, sealedNamesBatch } from "../../core/limits.ts";
import type { SqlRow } from "../../core/sqlite.ts";
import { Keyring } from "../../identity/keyring.ts";
import { openName } from "../../identity/name-token.ts";
import { openWrap } from "../../identity/wrap.ts";
import { hexOf } from "../random-ids.ts";
import { type NamesDatabase, limbo, rootId } from "./names-database.ts";
import type { NameChange } from "./names-messages.ts";

const kindFile = 1;
const kindDirectory = 2;
const isOfNode = "id = (SELECT id FROM nodes WHERE node = ?)";

interface Directory {
  readonly id: number;
  readonly keyring: Keyring;
}

/** What opened of an entry. */
interface Opened {
  readonly name: string;
  /** Of a directory. */
  readonly keyring: Keyring | undefined;
}

export class ChangeApplier {
  readonly #names: NamesDatabase;
  readonly #root: { readonly node: NodeId } & Directory;
  /** The directories that were used last. */
  readonly #directories = new Map<NodeId, Directory>();

  constructor(names: NamesDatabase, root: NodeId, rootKeyring: Uint8Array) {
    this.#names = names;
    this.#root = { node: root, id: rootId, keyring: new Keyring(rootKeyring) };
  }

  /** Applies changes, all or none. */
  apply(changes: Iterable<NameChange>): void {
    try {
      this.#names.sql.transaction(() => {
        for (const change of changes) this.#applyOne(change);
      });
    } catch (error) {
      this.#directories.clear();
      throw error;
    }
  }

  clear(): void {
    this.#names.clear();
    this.#directories.clear();
  }

  #applyOne(change: NameChange): void {
    const node = Buffer.from(change.node, "hex");
    if (this.#names.isWhole) this.#run("DELETE FROM sealed WHERE node = ?", node);
    if (change.parent === null) this.#end(change.node, node);
    else this.#place(change, node);
  }

  #end(id: NodeId, node: Uint8Array): void {
    if (id === this.#root.node) return;
    // While the index is built, nothing of a node can be there before the one change that it has.
    if (!this.#names.isWhole) return;
    this.#run(`DELETE FROM names WHERE ${isOfNode}`, node);
    this.#run("DELETE FROM directories WHERE node = ?", node);
    this.#directories.delete(id);
  }

  /** Gives a node its name, and then what waited for it. */
  #place(change: NameChange, node: Uint8Array): void {
    const parent = change.parent as NodeId;
    const directory = this.#directory(parent);
    const opened = directory === undefined ? undefined : this.#open(directory, change);
    if (directory === undefined || opened === undefined) {
      this.#keepSealed(change, node);
      return;
    }
    const id = this.#save(change, node, directory.id, opened.name);
    if (opened.keyring === undefined) return;
    const { keyring } = opened;
    this.#run("INSERT OR REPLACE INTO directories VALUES (?, ?, ?)", node, id, keyring.bytes);
    this.#remember(change.node, { id, keyring });
    this.#openWaiting(change.node, node);
  }

  #save({ kind, sizeBytes }: NameChange, node: Uint8Array, parent: number, name: string): number {
    const { sql } = this.#names;
    if (this.#names.isWhole) {
      const row = sql
        .prepare(`UPDATE names SET parent = ?, size_bytes = ?, name = ? WHERE ${isOfNode} RETURNING id`)
        .get(parent, sizeBytes, name, node);
      if (row !== undefined) return Number(row["id"]);
    }
    const kindNumber = kind === "file" ? kindFile : kindDirectory;
    const insert = "INSERT INTO names (node, parent, kind, size_bytes, name) VALUES (?, ?, ?, ?, ?)";
    this.#run(insert, node, parent, kindNumber, sizeBytes, name);
    if (kind === "file") return 0;
    return Number(sql.prepare("SELECT last_insert_rowid() AS id").get()?.["id"]);
  }

  #keepSealed({ parent, kind, generation, sizeBytes, token, wrap }: NameChange, node: Uint8Array): void {
    const kindNumber = kind === "file" ? kindFile : kindDirectory;
    const parentNode = Buffer.from(parent as NodeId, "hex");
    const insert = "INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?, ?, ?, ?)";
    this.#run(insert, node, parentNode, kindNumber, generation, sizeBytes, token, wrap);
    if (this.#names.isWhole) this.#run(`UPDATE names SET parent = ? WHERE ${isOfNode}`, limbo, node);
  }

  /** Tries everything that waits for a directory. */
  #openWaiting(parent: NodeId, parentNode: Uint8Array): void {
    let after: Uint8Array = new Uint8Array(0);
    for (;;) {
      const rows = this.#names.sql
        .prepare("SELECT * FROM sealed WHERE parent = ? AND node > ? ORDER BY node LIMIT ?")
        .all(parentNode, after, sealedNamesBatch);
      for (const row of rows) {
        after = row["node"] as Uint8Array;
        this.#run("DELETE FROM sealed WHERE node = ?", after);
        this.#place(waitingChange(row, parent), after);
      }
      if (rows.length < sealedNamesBatch) return;
    }
  }

  /** Undefined where the keys that are known do not open it. */
  #open({ keyring }: Directory, change: NameChange): Opened | undefined {
    const { kind, node, token, wrap, generation } = change;
    const parent = change.parent as NodeId;
    try {
      const name = openName(keyring, parent, token);
      if (kind === "file") return { name, keyring: undefined };
      return { name, keyring: openWrap(keyring, { parent, token, node }, { kind, generation, wrap }).keyring };
    } catch {
      return undefined;
    }
  }

  #directory(node: NodeId): Directory | undefined {
    if (node === this.#root.node) return this.#root;
    const known = this.#directories.get(node);
    if (known !== undefined) return known;
    const row = this.#names.sql
      .prepare("SELECT id, keyring FROM directories WHERE node = ?")
      .get(Buffer.from(node, "hex"));
    if (row === undefined) return undefined;
    return this.#remember(node, {
      id: Number(row["id"]),
      keyring: new Keyring(Uint8Array.from(row["keyring"] as Uint8Array)),
    });
  }

  #remember(node: NodeId, directory: Directory): Directory {
    this.#directories.delete(node);
    this.#directories.set(node, directory);
    if (this.#directories.size > keyringsKeptMax) {
      const [oldest] = this.#directories.keys();
      if (oldest !== undefined) this.#directories.delete(oldest);
    }
    return directory;
  }

  #run(sql: string, ...parameters: Parameters<ReturnType<NamesDatabase["sql"]["prepare"]>["run"]>): void {
    this.#names.sql.prepare(sql).run(...parameters);
  }
}

function waitingChange(row: SqlRow, parent: NodeId): NameChange {
  return {
    node: hexOf(row["node"] as Uint8Array) as NodeId,
    kind: row["kind"] === kindDirectory ? "directory" : "file",
    sizeBytes: Number(row["size_bytes"]),
    generation: Number(row["generation"]),
    parent,
    token: row["token"] as Uint8Array,
    wrap: row["wrap"] as Uint8Array,
  };
}
