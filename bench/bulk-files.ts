/**
 * Files brought into the catalogue of a stopped peer as rows, so that ten million take minutes: rows like those of the
 * files that commands made. Every name opens, and every directory; so do the keys and revisions of the files of one
 * directory in each portion, which elsewhere are bytes of the same length. The group then goes on from these rows, as one
 * does that has lost its log.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { SummedDatabase } from "../src/catalogue/page-sums/summed-database.ts";
import { checkVersion, createTables } from "../src/catalogue/schema.ts";
import { type NodeId, fileKeyOf } from "../src/core/ids.ts";
import { batchOperationsMax } from "../src/core/limits.ts";
import { rootPath } from "../src/core/names.ts";
import type { SqlDatabase, SqlRow, SqlValue } from "../src/core/sqlite.ts";
import { Keyring } from "../src/identity/keyring.ts";
import { sealName } from "../src/identity/name-token.ts";
import { sealPastWrap } from "../src/identity/past-wrap.ts";
import { decodePeerKey, peerIdOf } from "../src/identity/peer-identity.ts";
import { type UserKeys, sharedUserKeys } from "../src/identity/user-keys.ts";
import { recoverSeat } from "../src/peer/coordination/seat-files.ts";
import { type Directory, newDirectory, rootOf } from "../src/peer/located.ts";
import { loadMembership } from "../src/peer/peer-config.ts";
import { hexOf, newNodeId } from "../src/peer/random-ids.ts";
import { makeDirectoryOperation, newFile } from "../src/peer/sealed-operations.ts";

/** Files of one transaction: its log is as long again as what it changes. */
const transactionFilesMax = 500_000;
/** Files whose rows are made by one statement a table; the first directory among them is whole. */
const portionFiles = 10_000;
/** Memory for pages while rows are made; the catalogue itself has its own, smaller bound. */
const cacheKiB = 2 * 1024 * 1024;

/** What there is to be: groups of directories in the root, each directory with so many files, whose names all have the same length. */
export interface BulkLayout {
  readonly filesEach: number;
  readonly groupDirectories: number;
  readonly groupName: (group: number) => string;
  readonly directoryName: (directory: number) => string;
  readonly fileName: (directory: number, place: number) => string;
}

/**
 * Makes the directories from `first` up to `end`, whole groups of them, in the catalogue of the stopped peer in `folder`,
 * which is alone in its network and has files like these. Resolves with the directories in which everything opens.
 */
export async function addInBulk(folder: string, layout: BulkLayout, first: number, end: number): Promise<number[]> {
  const membership = await loadMembership(folder);
  if (membership === undefined) throw new Error("there is no peer");
  const self = peerIdOf(decodePeerKey(membership.identity));
  // What the log has beyond the catalogue comes first, and nothing of it may come again behind the rows.
  await recoverSeat(folder, self, Date.now());
  const database = SummedDatabase.open(join(folder, "catalogue.db"), { create: createTables, checkVersion });
  const wholeDirectories: number[] = [];
  try {
    database.sql.exec(`PRAGMA cache_size = ${-cacheKiB}; PRAGMA temp_store = MEMORY`);
    const bulk = new Bulk(database.sql, layout, sharedUserKeys(membership.networkSecret));
    const [portion, transaction] = [portionFiles / layout.filesEach, transactionFilesMax / layout.filesEach];
    for (let at = first; at < end; at += transaction) {
      database.noteChange();
      database.sql.transaction(() => {
        const until = Math.min(end, at + transaction);
        for (let from = at; from < until; from += portion) {
          bulk.add(from, Math.min(until, from + portion));
          wholeDirectories.push(from);
        }
      });
      await database.foldBeside();
    }
  } finally {
    database.close();
  }
  await recoverSeat(folder, self, Date.now());
  await rm(join(folder, "quarantine"), { recursive: true, force: true });
  return wholeDirectories;
}

interface Made {
  readonly directory: Directory;
  /** Its `nodes.id`. */
  readonly row: number;
}

/** Expressions of the row with the number `i`. */
type Changes = Readonly<Record<string, string>>;

class Bulk {
  readonly #sql: SqlDatabase;
  readonly #layout: BulkLayout;
  readonly #root: Made;
  readonly #directoryNode: SqlRow;
  readonly #directoryEntry: SqlRow;
  readonly #sizeBytes: number;
  readonly #copies: Readonly<Record<"nodes" | "entries" | "revisions", string>>;
  #lastNode: number;
  #lastIndex: number;

  constructor(sql: SqlDatabase, layout: BulkLayout, user: UserKeys) {
    this.#sql = sql;
    this.#layout = layout;
    const entry = (kind: number): SqlRow =>
      this.#row(
        "SELECT e.* FROM entries e JOIN nodes n ON n.id = e.node_id WHERE n.kind = ? ORDER BY e.id LIMIT 1",
        kind,
      );
    const [file, { id: _, ...directory }] = [entry(1), entry(2)];
    this.#directoryEntry = directory;
    this.#directoryNode = this.#row("SELECT * FROM nodes WHERE id = ?", directory["node_id"]);
    const revision = this.#row("SELECT * FROM revisions WHERE node_id = ?", file["node_id"]);
    this.#sizeBytes = Number(revision["size_bytes"]);
    const forPast = (node: NodeId, wrap: Uint8Array): Uint8Array => sealPastWrap(user, node, wrap);
    const space = { owner: user.userId, path: rootPath, dedupSecret: user.dedupSecret, forPast };
    const rootEntry = { name: rootPath, mode: 0o755, modifiedMs: 0 };
    const root = rootOf(space, user.rootDirectory, user.rootKeyring, rootEntry);
    this.#root = { directory: root, row: Number(directory["parent_id"]) };
    const node = this.#row("SELECT * FROM nodes WHERE id = ?", file["node_id"]);
    this.#copies = copiesOf({ node, entry: file, revision }, layout);
    const { nodes, applied_index: index } = this.#row("SELECT nodes, applied_index FROM totals");
    [this.#lastNode, this.#lastIndex] = [Number(nodes), Number(index)];
  }

  /** Makes the directories from `first` up to `end`, and their files; those of the first one are whole. */
  add(first: number, end: number): void {
    const { filesEach, groupDirectories, groupName, directoryName, fileName } = this.#layout;
    const rowBefore = this.#lastNode;
    const directories: Directory[] = [];
    for (let at = first; at < end; at += groupDirectories) {
      const group = this.#addDirectory(this.#root, groupName(at / groupDirectories));
      for (let number = at; number < at + groupDirectories; number += 1)
        directories.push(this.#addDirectory(group, directoryName(number)).directory);
    }
    const tokens = directories.flatMap(({ keyring, node }, place) =>
      Array.from({ length: filesEach }, (_, file) => sealName(keyring, node, fileName(first + place, file))),
    );
    const firstFile = this.#lastNode + 1;
    const time = Buffer.from(newNodeId(Date.now()).slice(0, 12), "hex");
    const values = [tokens.length, firstFile, this.#lastIndex + 1, time, rowBefore, Buffer.concat(tokens)];
    for (const sql of Object.values(this.#copies)) this.#sql.prepare(sql).run(...values);
    this.#lastNode += tokens.length;
    this.#lastIndex += Math.ceil(tokens.length / batchOperationsMax);
    this.#makeWhole(directories[0] as Directory, firstFile, (file) => fileName(first, file));
    this.#sql
      .prepare(
        `UPDATE totals SET applied_index = ?, nodes = ?, files = files + ?, directories = directories + ?,
         logical_bytes = logical_bytes + ?`,
      )
      .run(this.#lastIndex, this.#lastNode, tokens.length, firstFile - 1 - rowBefore, tokens.length * this.#sizeBytes);
  }

  #addDirectory(parent: Made, name: string): Made {
    const attributes = { name, mode: 0o755, modifiedMs: Date.now() };
    const made = { node: newNodeId(Date.now()), keyring: Keyring.generate(), ...attributes };
    const { token, attributes: wrap, pastWrap } = makeDirectoryOperation(parent.directory, made);
    const row = (this.#lastNode += 1);
    const index = (this.#lastIndex += 1);
    const node = { id: row, node: Buffer.from(made.node, "hex"), changed_index: index, created_index: index };
    this.#insert("nodes", { ...this.#directoryNode, ...node });
    const entry = { parent_id: parent.row, token, node_id: row, wrap, past_wrap: pastWrap, created_index: index };
    this.#insert("entries", { ...this.#directoryEntry, ...entry });
    return { directory: newDirectory(parent.directory, made, attributes), row };
  }

  /** Seals keys and revisions of a directory's files as a put does. */
  #makeWhole(directory: Directory, firstRow: number, nameOf: (file: number) => string): void {
    const sizeBytes = this.#sizeBytes;
    for (let file = 0; file < this.#layout.filesEach; file += 1) {
      const row = firstRow + file;
      const digest = Buffer.alloc(32);
      digest.writeUIntBE(row, 0, 6);
      const node = hexOf(this.#row("SELECT node FROM nodes WHERE id = ?", row)["node"] as Uint8Array) as NodeId;
      const content = { fileKey: fileKeyOf(digest), sizeBytes, expiresMs: null, copiesWanted: 0 };
      const reference = { depth: 0, plaintextBytes: sizeBytes, digest, key: digest } as const;
      const attributes = { mode: 0o644, modifiedMs: Date.now(), reference };
      const sealed = newFile(directory, nameOf(file), node, content, attributes);
      this.#sql
        .prepare("UPDATE entries SET wrap = ?, past_wrap = ? WHERE node_id = ? AND ended_index IS NULL")
        .run(sealed.wrap, sealed.pastWrap, row);
      this.#sql
        .prepare("UPDATE revisions SET attributes = ?, file_key = ? WHERE node_id = ?")
        .run(sealed.attributes, digest, row);
    }
  }

  #row(sql: string, ...values: readonly (SqlValue | undefined)[]): SqlRow {
    const [row] = this.#sql.prepare(sql).all(...values.map((value) => value ?? null));
    if (row === undefined) throw new Error(`there is nothing like it yet: ${sql}`);
    return row;
  }

  #insert(table: string, row: SqlRow): void {
    const columns = Object.keys(row);
    this.#sql
      .prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`)
      .run(...Object.values(row));
  }
}

/**
 * Statements that add rows like these ones of a file. ?1 is how many, ?2 the first `nodes.id`, ?3 the first index, ?4 the
 * time in a node's id, ?5 the `nodes.id` before that of the first group, after each of which its directories follow, and ?6
 * the tokens one behind the other.
 */
function copiesOf(
  rows: Readonly<Record<"node" | "entry" | "revision", SqlRow>>,
  { filesEach, groupDirectories }: BulkLayout,
): Record<"nodes" | "entries" | "revisions", string> {
  const whole = (parameter: string): string => `CAST(${parameter} AS INTEGER)`;
  const index = `${whole("?3")} + i / ${batchOperationsMax}`;
  const row = `${whole("?2")} + i`;
  const directory = `i / ${filesEach}`;
  const parent = `${whole("?5")} + 2 + ${directory} + ${directory} / ${groupDirectories}`;
  const tokenBytes = "length(?6) / CAST(?1 AS INTEGER)";
  const born = { created_index: index };
  const node = { id: row, node: "CAST(?4 || randomblob(10) AS BLOB)", changed_index: index, ...born };
  const token = `substr(?6, i * (${tokenBytes}) + 1, ${tokenBytes})`;
  return {
    nodes: copyOf("nodes", rows.node, node),
    revisions: copyOf("revisions", rows.revision, { node_id: row, file_key: "randomblob(32)", ...born }),
    entries: copyOf("entries", rows.entry, { parent_id: parent, token, node_id: row, ...born }),
  };
}

/** Every parameter is mentioned, for a statement has all that it is given. */
function copyOf(table: string, like: SqlRow, changes: Changes): string {
  const columns = Object.keys(like).filter((column) => column !== "id" || changes["id"] !== undefined);
  const values = columns.map((column) => changes[column] ?? `t.${column}`);
  return `WITH RECURSIVE rows (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM rows WHERE i + 1 < CAST(?1 AS INTEGER))
    INSERT INTO ${table} (${columns.join(", ")}) SELECT ${values.join(", ")}
    FROM rows CROSS JOIN ${table} t WHERE t.id = ${Number(like["id"])} AND coalesce(?2, ?3, ?4, ?5, ?6) IS NOT NULL`;
}
