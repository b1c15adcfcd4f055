/**
 * The data folder: everything that one peer keeps, in one folder that one process at a time may use.
 *
 * `format` says which program wrote it. `lock.db` is held open in an exclusive transaction: the operating system drops
 * that lock with the process, however it ends. `holder.json` tells the process that comes second who was first.
 */
import { chmod, lstat, mkdir, readdir, readFile, realpath, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DfsError, toDfsError } from "../core/errors.ts";
import { SqlDatabase } from "../core/sqlite.ts";
import { removeTemporaryFiles, writeFileAtomic } from "./atomic-file.ts";

const formatName = "dfs-shell data folder";
const formatVersion = 1;
const lockNames = ["lock.db", "lock.db-wal", "lock.db-shm", "lock.db-journal", "holder.json"];
const privateMode = 0o700;

/** Who opens the folder. */
export interface DataFolderOptions {
  /** Name and version of the running program, as a person would say it: `dfs-peer 0.1.0`. */
  readonly program?: string;
}

/** An open data folder: ours until `release`. */
export interface DataFolder {
  /** The folder's absolute path, without symbolic links. */
  readonly path: string;
  /** Lets the next process in. Calling it again does nothing. */
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly startedMs: number;
  readonly name: string;
}

/**
 * Opens the data folder at `path` and locks it for this process; creates it, private to its owner, when there is none.
 *
 * Relative paths and symbolic links are resolved, a mode that lets others in is repaired, and what crashed writes left
 * behind is removed. Fails with `locked` when a process holds it and names that process; `version` when another
 * version wrote it; `permission` when it belongs to another user; `not-empty` when it holds something else;
 * `not-directory` when it is a file; `io` and the other system kinds.
 */
export async function openDataFolder(path: string, options: DataFolderOptions = {}): Promise<DataFolder> {
  const program = options.program ?? "dfs-shell";
  try {
    const folder = await privateFolder(resolve(path));
    await refuseForeign(folder);
    const lock = await takeLock(folder);
    try {
      await prepare(folder, program);
    } catch (error) {
      lock.close();
      throw error;
    }
    return { path: folder, release: releaseOnce(folder, lock) };
  } catch (error) {
    throw toDfsError(error, { op: "open-data-folder", path });
  }
}

async function privateFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: privateMode }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    throw new DfsError("not-directory", `${path} is a file; use another --data`, { path });
  });
  const folder = await realpath(path);
  const { uid, mode } = await stat(folder);
  const ownUid = process.getuid?.();
  if (ownUid !== undefined && uid !== ownUid)
    throw new DfsError("permission", `data folder ${folder} belongs to user ${uid}, not to you; use another --data`);
  if (ownUid !== undefined && (mode & 0o777) !== privateMode) await chmod(folder, privateMode);
  return folder;
}

/** A folder without `format` is ours only while it is empty, or while another process is about to make it ours. */
async function refuseForeign(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.includes("format")) return;
  const foreign = names.find((name) => !lockNames.includes(name) && !/^\.format\..*\.tmp$/.test(name));
  if (foreign === undefined) return;
  throw new DfsError(
    "not-empty",
    `${folder} is not a data folder and is not empty (it has ${JSON.stringify(foreign)}); use another --data`,
    { path: folder },
  );
}

async function takeLock(folder: string): Promise<SqlDatabase> {
  const path = join(folder, "lock.db");
  // A link here would make SQLite write wherever it leads.
  const link = await lstat(path).catch(() => undefined);
  if (link?.isSymbolicLink() === true)
    throw new DfsError("permission", `${path} is a symbolic link; remove it`, { path });
  let database: SqlDatabase | undefined;
  try {
    database = new SqlDatabase(path, { durability: "normal" });
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof DfsError && error.kind === "locked" ? await lockedBy(folder) : error;
  }
}

async function lockedBy(folder: string): Promise<DfsError> {
  const holder = await readHolder(folder);
  const who =
    holder === undefined
      ? "another process"
      : `process ${holder.pid} (${holder.name} since ${new Date(holder.startedMs).toISOString()})`;
  return new DfsError("locked", `data folder ${folder} is held by ${who}; stop it or use another --data`, {
    path: folder,
  });
}

/** Who says to hold the folder, unless that process is gone: then the file is older than the lock. */
async function readHolder(folder: string): Promise<Holder | undefined> {
  const text = await readFile(join(folder, "holder.json"), "utf8").catch(() => "");
  const holder = parseHolder(text);
  return holder !== undefined && isAlive(holder.pid) ? holder : undefined;
}

/** Who the text of `holder.json` names; undefined where it names nobody that there could be. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, startedMs, name } = JSON.parse(text) as Partial<Holder>;
    if (!isPid(pid) || !isTime(startedMs) || typeof name !== "string") return undefined;
    return { pid, startedMs, name };
  } catch {
    return undefined;
  }
}

function isPid(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Whether it is a number of milliseconds that a date can be. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(new Date(value).getTime());
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** With the lock in hand: the format is checked or written, leftovers go, and the holder signs in. */
async function prepare(folder: string, program: string): Promise<void> {
  await checkFormat(folder, program);
  await removeTemporaryFiles(folder);
  const holder: Holder = { pid: process.pid, startedMs: Date.now(), name: program };
  await writeFileAtomic(join(folder, "holder.json"), Buffer.from(`${JSON.stringify(holder)}\n`));
}

async function checkFormat(folder: string, program: string): Promise<void> {
  const path = join(folder, "format");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) {
    const format = { format: formatName, version: formatVersion, program };
    await writeFileAtomic(path, Buffer.from(`${JSON.stringify(format)}\n`));
    return;
  }
  const found = parseFormat(text);
  if (found === undefined)
    throw new DfsError("integrity", `${path} is damaged: it does not say which version wrote this data folder`);
  if (found.version !== formatVersion)
    throw new DfsError(
      "version",
      `data folder ${folder} has format ${found.version}, and this program knows format ${formatVersion}; ` +
        `use ${found.program}, which wrote it, or another --data`,
      { path: folder },
    );
}

/** What the text of `format` says; undefined when it is not ours. */
export function parseFormat(text: string): { version: number; program: string } | undefined {
  try {
    const { format, version, program } = JSON.parse(text) as Record<string, unknown>;
    if (format !== formatName || typeof version !== "number") return undefined;
    return { version, program: typeof program === "string" ? program : "the program" };
  } catch {
    return undefined;
  }
}

function releaseOnce(folder: string, lock: SqlDatabase): () => Promise<void> {
  let released: Promise<void> | undefined;
  // The note goes before the lock does, so that it is never the next holder's.
  return () => (released ??= rm(join(folder, "holder.json"), { force: true }).finally(() => lock.close()));
}
