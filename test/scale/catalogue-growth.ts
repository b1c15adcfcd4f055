/**
 * A catalogue on the disk that grows to any number of files: in bulk by rows like those that real commands made, so that
 * ten million take minutes, and from there on by real commands, whose cost can be measured.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry } from "../../src/catalogue/apply.ts";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import type { OperationOf } from "../../src/catalogue/operation.ts";
import { SummedDatabase } from "../../src/catalogue/page-sums/summed-database.ts";
import { sumsPath } from "../../src/catalogue/page-sums/sums-file.ts";
import { decodeResult } from "../../src/catalogue/result.ts";
import { checkVersion, createTables } from "../../src/catalogue/schema.ts";
import { type LeaseId, type NodeId, fileKeyOf } from "../../src/core/ids.ts";
import { batchOperationsMax } from "../../src/core/limits.ts";
import { rootPath } from "../../src/core/names.ts";
import type { SqlDatabase } from "../../src/core/sqlite.ts";
import { Keyring } from "../../src/identity/keyring.ts";
import { sealPastWrap } from "../../src/identity/past-wrap.ts";
import { type Directory, newDirectory, rootOf } from "../../src/peer/located.ts";
import { newNodeId, randomId } from "../../src/peer/random-ids.ts";
import { makeDirectoryOperation, newFile } from "../../src/peer/sealed-operations.ts";
import { founderShelf, founding, ok, peerSession, shared, startMs, userSession } from "../catalogue/world.ts";

/** Files of one directory. */
const directoryFiles = 1_000;
/** Files of one transaction of the bulk: its log is as long again as what it changes. */
const bulkFilesMax = 500_000;
/** Memory for pages while rows are made; the catalogue itself has its own, smaller bound. */
const bulkCacheKiB = 2 * 1024 * 1024;
/** Bytes that stand for a time at the beginning of a node's id. */
const nodeTimeBytes = 6;

export class CatalogueGrowth {
  readonly #path: string;
  readonly #user = userSession();
  readonly #root: Directory;
  readonly #lease = randomId<LeaseId>();
  #catalogue: Catalogue;
  #timeMs = startMs;
  #made = 0;

  /** An empty network, with its catalogue in `folder`. */
  constructor(folder: string) {
    this.#path = join(folder, "catalogue.db");
    const forPast = (node: NodeId, wrap: Uint8Array): Uint8Array => sealPastWrap(shared, node, wrap);
    const space = { owner: shared.userId, path: rootPath, dedupSecret: shared.dedupSecret, forPast };
    this.#root = rootOf(space, shared.rootDirectory, shared.rootKeyring, {
      name: rootPath,
      mode: 0o755,
      modifiedMs: 0,
    });
    this.#catalogue = Catalogue.open(this.#path);
    this.applyAll([peerSession().next(founding)]);
  }

  get files(): number {
    return this.#catalogue.counts().files;
  }

  /** Of the database and the sums of its pages, when all is folded into them. */
  get bytes(): number {
    return statSync(this.#path).size + statSync(sumsPath(this.#path)).size;
  }

  /** Closes the catalogue and opens it again, which checks every page. */
  reopen(): void {
    this.#catalogue.close();
    this.#catalogue = Catalogue.open(this.#path);
  }

  close(): void {
    this.#catalogue.close();
  }

  /** Commands that make a new directory, and in it so many files, as many a command as told. */
  commandsFor(files: number, filesPerCommand: number): readonly Uint8Array[] {
    const attributes = { name: `directory ${this.#made}`, mode: 0o755, modifiedMs: this.#timeMs };
    const made = { node: newNodeId(this.#timeMs), keyring: Keyring.generate(), ...attributes };
    const directory = newDirectory(this.#root, made, attributes);
    const commands = [this.#user.next(makeDirectoryOperation(this.#root, made))];
    for (let at = 0; at < files; at += filesPerCommand) {
      const count = Math.min(filesPerCommand, files - at);
      commands.push(this.#user.next(...Array.from({ length: count }, () => this.#newFile(directory))));
    }
    return commands;
  }

  /** Applies commands and commits each. Fails when one is refused. */
  applyAll(commands: readonly Uint8Array[]): void {
    for (const command of commands) {
      this.#timeMs += 1;
      const entry: LogEntry = { index: this.#catalogue.appliedIndex() + 1, timeMs: this.#timeMs, command };
      const [result] = this.#catalogue.applyBatch([entry]);
      ok(decodeResult(result ?? new Uint8Array(0)));
    }
  }

  /** Grows to `files` files: the first thousand by commands, the others by rows like theirs. */
  async growTo(files: number): Promise<void> {
    if (this.files === 0) this.applyAll(this.commandsFor(Math.min(files, directoryFiles), batchOperationsMax));
    this.#catalogue.close();
    const database = SummedDatabase.open(this.#path, { create: createTables, checkVersion });
    database.sql.exec(`PRAGMA cache_size = ${-bulkCacheKiB}; PRAGMA temp_store = MEMORY`);
    for (let left = files - filesIn(database.sql); left > 0; left = files - filesIn(database.sql)) {
      database.noteChange();
      database.sql.transaction(() => addRows(database.sql, Math.min(left, bulkFilesMax), this.#timeMs));
      this.#timeMs += 1_000;
      await database.foldBeside();
    }
    database.close();
    this.#catalogue = Catalogue.open(this.#path);
  }

  #newFile(directory: Directory): OperationOf<"putFile"> {
    this.#made += 1;
    const digest = Buffer.alloc(32);
    digest.writeUInt32BE(this.#made);
    const sizeBytes = 1 + (this.#made % 5_000_000);
    const content = { fileKey: fileKeyOf(digest), sizeBytes, expiresMs: null, copiesWanted: 0 };
    const reference = { depth: 0, plaintextBytes: sizeBytes, digest, key: digest } as const;
    const attributes = { mode: 0o644, modifiedMs: this.#timeMs, reference };
    const name = `img_${String(this.#made).padStart(6, "0")}-holiday.jpg`;
    return {
      op: "putFile",
      ...newFile(directory, name, newNodeId(this.#timeMs), content, attributes),
      ...content,
      sealedBytes: sizeBytes,
      addedBytes: 0,
      shelf: founderShelf,
      epoch: 1,
      lease: this.#lease,
      copies: 1,
    };
  }
}

const filesIn = (sql: SqlDatabase): number => Number(sql.prepare("SELECT files FROM totals").get()?.["files"]);

/** Adds rows for `files` files in new directories, like those of the first directory and the first file that there are. */
function addRows(sql: SqlDatabase, files: number, timeMs: number): void {
  const directories = Math.ceil(files / directoryFiles);
  const lastId = Number(sql.prepare("SELECT nodes FROM totals").get()?.["nodes"]);
  const lastIndex = Number(sql.prepare("SELECT applied_index AS at FROM totals").get()?.["at"]);
  const time = Buffer.alloc(nodeTimeBytes);
  time.writeUIntBE(timeMs, 0, nodeTimeBytes);
  const nodeOf = `X'${time.toString("hex")}' || randomblob(${16 - nodeTimeBytes})`;
  const root = "(SELECT parent_id FROM entries ORDER BY id LIMIT 1)";
  const firstFile = lastId + directories + 1;
  const indexOf = `${lastIndex} + 1 + i / ${batchOperationsMax}`;
  const made = { node: `CAST(${nodeOf} AS BLOB)`, changed_index: indexOf, created_index: indexOf };
  const named = { token: "randomblob(length(t.token))", created_index: indexOf };
  copyRows(sql, "nodes", "t.kind = 2 AND t.id > 1", directories, { ...made, id: `${lastId} + 1 + i` });
  copyRows(sql, "nodes", "t.kind = 1", files, { ...made, id: `${firstFile} + i` });
  const directoryEntry = `t.parent_id = ${root}`;
  copyRows(sql, "entries", directoryEntry, directories, {
    ...named,
    id: nextId(sql, "entries"),
    node_id: `${lastId} + 1 + i`,
  });
  copyRows(sql, "entries", `t.parent_id <> ${root}`, files, {
    ...named,
    id: nextId(sql, "entries"),
    parent_id: `${lastId} + 1 + i / ${directoryFiles}`,
    node_id: `${firstFile} + i`,
  });
  copyRows(sql, "revisions", "1", files, {
    id: nextId(sql, "revisions"),
    node_id: `${firstFile} + i`,
    file_key: "randomblob(length(t.file_key))",
    created_index: indexOf,
  });
  sql
    .prepare(
      "UPDATE totals SET applied_index = applied_index + ?, nodes = nodes + ?, files = files + ?, directories = directories + ?",
    )
    .run(Math.ceil(files / batchOperationsMax), directories + files, files, directories);
}

const nextId = (sql: SqlDatabase, table: string): string =>
  `${Number(sql.prepare(`SELECT max(id) AS last FROM ${table}`).get()?.["last"])} + 1 + i`;

/** Adds `count` rows like the first for which `like` is so; `changed` says what differs in row `i`. */
function copyRows(
  sql: SqlDatabase,
  table: string,
  like: string,
  count: number,
  changed: Readonly<Record<string, string>>,
): void {
  const columns = sql
    .prepare("SELECT name FROM pragma_table_info(?)")
    .all(table)
    .map(({ name }) => String(name));
  const values = columns.map((column) => changed[column] ?? `t.${column}`);
  sql.exec(
    `WITH RECURSIVE rows (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM rows WHERE i + 1 < ${count})
     INSERT INTO ${table} (${columns.join(", ")})
     SELECT ${values.join(", ")} FROM rows, (SELECT * FROM ${table} AS t WHERE ${like} ORDER BY id LIMIT 1) AS t`,
  );
}
