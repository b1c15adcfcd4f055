/**
 * The file of a names index: SQLite, every page of it sealed by a key that is derived from the user's root key, and so is
 * its write-ahead log; SQLite's temporary tables stay in memory.
 *
 * It holds nothing that the catalogue does not hold too: where it is damaged, or of another version, it is made anew.
 */
import { rmSync } from "node:fs";
import { DfsError } from "../../core/errors.ts";
import type { NodeId } from "../../core/ids.ts";
import { namesIndexedAtOnce } from "../../core/limits.ts";
import { SqlDatabase } from "../../core/sqlite.ts";
import { hexOf } from "../random-ids.ts";
import type { Followed, NamesJob } from "./names-messages.ts";
import { lookups } from "./names-lookups.ts";

const formatVersion = 4;

/**
 * `names.parent` is the `names.id` of a directory, 0 for the root, and `limbo` for a directory that was moved to one that
 * is not known yet. `kind` is 1 for a file and 2 for a directory. `sealed` are nodes whose names cannot be opened yet:
 * their directory is not known, or its newest key is not.
 */
const tables = `
CREATE TABLE followed (id INTEGER PRIMARY KEY CHECK (id = 1), group_id TEXT NOT NULL, log_index INTEGER NOT NULL);
CREATE TABLE names (
  id INTEGER PRIMARY KEY, node BLOB NOT NULL, parent INTEGER NOT NULL, kind INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
  name TEXT NOT NULL);
CREATE TABLE directories (node BLOB PRIMARY KEY, id INTEGER NOT NULL, keyring BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE sealed (
  node BLOB PRIMARY KEY, parent BLOB NOT NULL, kind INTEGER NOT NULL, generation INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL, token BLOB NOT NULL, wrap BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX sealed_by_parent ON sealed (parent);
${lookups.map(({ table }) => table).join("\n")}
PRAGMA user_version = ${formatVersion};
`;

const clearing = `
${lookups.map(({ clearing }) => clearing).join("\n")}
DELETE FROM followed; DELETE FROM names; DELETE FROM directories; DELETE FROM sealed;
`;

/** `names.id` of the root, which has no row. */
export const rootId = 0;
export const limbo = -1;
const pageBytes = 4096;

export class NamesDatabase {
  readonly sql: SqlDatabase;
  #isWhole: boolean;

  /** Opens the file, or makes a new one. Fails as SqlDatabase does, but not for what is in the file. */
  constructor(job: NamesJob) {
    this.sql = openOrMake(job);
    this.#isWhole =
      this.sql.prepare("SELECT 1 AS found FROM sqlite_master WHERE type = 'trigger' LIMIT 1").get() !== undefined;
  }

  /** Whether names can be looked up by node, by directory and by parts of them: not before all are there, because it is faster at once. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  followed(): Followed | null {
    const row = this.sql.prepare("SELECT group_id, log_index FROM followed").get();
    return row === undefined ? null : { group: String(row["group_id"]), index: Number(row["log_index"]) };
  }

  setFollowed({ group, index }: Followed): void {
    if (!this.#isWhole) this.#indexNames();
    this.sql.transaction(() => {
      if (!this.#isWhole) for (const { triggers } of lookups) this.sql.exec(triggers);
      this.sql.prepare("INSERT OR REPLACE INTO followed VALUES (1, ?, ?)").run(group, index);
    });
    this.#isWhole = true;
  }

  /** `names.id` of a directory; undefined for one whose keys are not known. */
  directoryId(node: NodeId, root: NodeId): number | undefined {
    if (node === root) return rootId;
    const row = this.sql.prepare("SELECT id FROM directories WHERE node = ?").get(Buffer.from(node, "hex"));
    return row === undefined ? undefined : Number(row["id"]);
  }

  clear(): void {
    this.sql.transaction(() => this.sql.exec(clearing));
    this.#isWhole = false;
  }

  /** A part of the names after the other: each is sorted in memory, since nothing of it may be on the disk in the clear. */
  #indexNames(): void {
    const last = Number(this.sql.prepare("SELECT max(id) AS last FROM names").get()?.["last"] ?? 0);
    for (let after = 0; after < last; after += namesIndexedAtOnce) {
      this.sql.transaction(() => {
        for (const { fill } of lookups) this.sql.prepare(fill).run(after, after + namesIndexedAtOnce);
      });
    }
  }
}

/** Removes an index file with what SQLite has beside it. */
export function removeNames(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${path}${suffix}`, { force: true });
}

function openOrMake(job: NamesJob): SqlDatabase {
  try {
    return opened(job);
  } catch (error) {
    if (!(error instanceof DfsError) || (error.kind !== "integrity" && error.kind !== "version")) throw error;
    removeNames(job.path);
    return opened(job);
  }
}

function opened({ path, fileKey, bytesMax }: NamesJob): SqlDatabase {
  const database = new SqlDatabase(path, { durability: "normal", sealingKey: hexOf(fileKey) });
  try {
    database.exec(`PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768`);
    database.exec(`PRAGMA max_page_count = ${Math.floor(bytesMax / pageBytes)}`);
    const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version === 0) database.transaction(() => database.exec(tables));
    else if (version !== formatVersion) throw new DfsError("version", "an index of another version");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
