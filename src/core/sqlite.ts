/**
 * SQLite behind one thin module, so that another binding can take libsql's place without anybody noticing.
 *
 * Parameters are always bound as an array: libsql panics on a bare buffer. Integers come back as numbers, blobs as
 * Uint8Array. Calls are synchronous; a caller that may touch many rows pages.
 */
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import LibsqlDatabase from "libsql";
import { DfsError, toDfsError } from "./errors.ts";
import { sqlLogPages } from "./limits.ts";
import { countFlush } from "./work-done.ts";

export type SqlValue = string | number | bigint | Uint8Array | null;
export type SqlRow = Record<string, SqlValue>;

export interface SqlStatement {
  /** Runs a statement that changes rows; returns how many. */
  run(...parameters: SqlValue[]): number;
  /** The first row, or undefined. */
  get(...parameters: SqlValue[]): SqlRow | undefined;
  /** Every row: only for queries with a LIMIT or a known small result. */
  all(...parameters: SqlValue[]): SqlRow[];
}

export interface SqlOptions {
  /**
   * `full`: a commit is on the disk when it returns. `normal`: it survives the end of the process, and a power cut may
   * take the last ones, never tear one. `none`: nothing is flushed, so that a power cut may damage the file.
   */
  readonly durability: "full" | "normal" | "none";
  readonly readOnly?: boolean;
  /** Seals every page of the file and of its write-ahead log; a file of another key is `integrity`. */
  readonly sealingKey?: string;
}

const synchronous = { full: "FULL", normal: "NORMAL", none: "OFF" } as const;

type NativeStatement = {
  run(parameters: readonly unknown[]): { changes: number };
  get(parameters: readonly unknown[]): SqlRow | undefined;
  all(parameters: readonly unknown[]): Record<string, SqlValue | ArrayBuffer>[];
};

/** libsql's `all` gives blobs as ArrayBuffers, its `get` as Buffers. */
function withByteArrays(row: Record<string, SqlValue | ArrayBuffer>): SqlRow {
  for (const column in row) {
    const value = row[column];
    if (value instanceof ArrayBuffer) row[column] = new Uint8Array(value);
  }
  return row as SqlRow;
}

/** One open database. Fails with `no-space` when the disk is full, `integrity` when the file is damaged, `locked` when another process holds it. */
export class SqlDatabase {
  readonly #native: InstanceType<typeof LibsqlDatabase>;
  readonly #statements = new Map<string, SqlStatement>();
  readonly path: string;
  #isOpen = true;

  constructor(path: string, options: SqlOptions) {
    this.path = path;
    this.#native = sqlCall(path, () => {
      // libsql knows no option for it, but SQLite knows it of a URI.
      const native = new LibsqlDatabase(
        options.readOnly === true ? `${pathToFileURL(path).href}?mode=ro` : path,
        sealing(options),
      );
      // A database that may not be written stays in the mode that it is in.
      if (options.readOnly !== true) native.exec("PRAGMA journal_mode = WAL");
      native.exec(`PRAGMA synchronous = ${synchronous[options.durability]}`);
      native.exec("PRAGMA foreign_keys = ON");
      native.exec("PRAGMA cache_size = -8192");
      native.exec(`PRAGMA wal_autocheckpoint = ${sqlLogPages}`);
      return native;
    });
  }

  /** Runs one or more statements without parameters. */
  exec(sql: string): void {
    sqlCall(this.path, () => this.#native.exec(sql));
  }

  /** The prepared statement for `sql`; the same text gives the same statement. Texts must be constants, never built from data. */
  prepare(sql: string): SqlStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const native = sqlCall(this.path, () => this.#native.prepare(sql)) as unknown as NativeStatement;
    const statement: SqlStatement = {
      run: (...parameters) => sqlCall(this.path, () => native.run(parameters).changes),
      get: (...parameters) => sqlCall(this.path, () => native.get(parameters)),
      all: (...parameters) => sqlCall(this.path, () => native.all(parameters).map(withByteArrays)),
    };
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Runs `work` in one transaction: all of it is committed when this returns, none of it when it throws. */
  transaction<Result>(work: () => Result): Result {
    this.begin();
    try {
      const result = work();
      this.commit();
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Begins a transaction, which only this connection sees until it is committed. There is none open. */
  begin(): void {
    this.exec("BEGIN IMMEDIATE");
  }

  commit(): void {
    this.exec("COMMIT");
  }

  /**
   * Resolves when every transaction committed before the call is on the disk, with `normal` durability too. It flushes
   * the write-ahead log from outside, which holds no thread: what SQLite has moved from there into the database, SQLite
   * has flushed. Nothing happens for a database in memory. Fails with `io` and `no-space`; what the disk holds is then
   * unknown until the database is opened again.
   */
  async flush(): Promise<void> {
    if (this.path === ":memory:") return;
    try {
      for (const path of [`${this.path}-wal`, dirname(this.path)]) await flushFile(path);
    } catch (error) {
      throw toDfsError(error, { op: "sqlite.flush", path: this.path });
    }
  }

  /** Takes back what the open transaction has done. */
  rollback(): void {
    try {
      this.#native.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself after a full disk or an I/O error: there is nothing left to undo.
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#statements.clear();
    this.#native.close();
  }
}

/** Options that libsql takes and its types do not know. */
function sealing({ sealingKey }: SqlOptions): LibsqlDatabase.Options | undefined {
  if (sealingKey === undefined) return undefined;
  return { encryptionCipher: "aes256cbc", encryptionKey: sealingKey } as LibsqlDatabase.Options;
}

async function flushFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    countFlush();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function sqlCall<Result>(path: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw sqlError(error, path);
  }
}

function sqlError(error: unknown, path: string): unknown {
  if (error instanceof DfsError) return error;
  const { code, message } = error as { code?: string; message?: string };
  const text = `${code ?? ""} ${message ?? ""}`;
  const details = { path, cause: error };
  if (/SQLITE_FULL|disk is full/.test(text)) return new DfsError("no-space", "no space left on the disk", details);
  if (/SQLITE_CORRUPT|SQLITE_NOTADB|malformed|not a database/.test(text)) {
    return new DfsError("integrity", `the database ${path} is damaged`, details);
  }
  if (/SQLITE_BUSY|SQLITE_LOCKED|database is locked/.test(text)) {
    return new DfsError("locked", `another process holds ${path}`, details);
  }
  if (/SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_IOERR|unable to open|disk I\/O/.test(text)) {
    return new DfsError("io", `cannot use the database ${path}: ${message ?? code}`, details);
  }
  return error;
}
