/** Snapshots: the whole database as one file, complete or not there at all. */
import { rmSync } from "node:fs";
import { copyFile, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DfsError, toDfsError } from "../core/errors.ts";
import { SqlDatabase } from "../core/sqlite.ts";
import { schemaCheck } from "./schema.ts";

/**
 * Writes the state of `database` at the call to `file`, replacing it: to a temporary name, fsynced, then renamed.
 * Copying holds the thread. Fails with `no-space`, `io`.
 */
export async function writeSnapshot(database: SqlDatabase, file: string): Promise<void> {
  const temporary = `${file}.tmp`;
  try {
    // Both at once: awaiting in between would let another commit into the snapshot.
    rmSync(temporary, { force: true });
    database.prepare("VACUUM INTO ?").run(temporary);
    await putInPlace(temporary, file);
  } catch (error) {
    throw toDfsError(error, { op: "catalogue.snapshot", path: file });
  }
}

/**
 * Makes the snapshot in `file` the database at `path`, which nobody has open. What was there stays until the copy is
 * sound and on the disk. Fails with `integrity` when the snapshot is damaged, `version`, `not-found`, `no-space`, `io`.
 */
export async function restoreSnapshot(file: string, path: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await copyFile(file, temporary);
    checkSnapshot(temporary);
    await dropWriteAheadLog(path);
    await putInPlace(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw toDfsError(error, { op: "catalogue.restore", path: file });
  }
}

/** Opens the copy as the catalogue would, which also brings it into WAL mode, and lets SQLite check every page. */
function checkSnapshot(path: string): void {
  const database = new SqlDatabase(path, { durability: "full" });
  try {
    database.exec(schemaCheck);
  } catch (error) {
    const kind = /CHECK constraint failed: version/.test(String(error)) ? "version" : "integrity";
    throw new DfsError(kind, `the snapshot ${path} is damaged or of another version`, { path, cause: error });
  } finally {
    database.close();
  }
}

/** Folds the old database's log into it, so that it is complete without, and the new one never meets a stranger's log. */
async function dropWriteAheadLog(path: string): Promise<void> {
  try {
    const database = new SqlDatabase(path, { durability: "full" });
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  } catch {
    // A damaged database is what restoring is for: its log goes, and then itself.
  }
  await rm(`${path}-wal`, { force: true });
  await rm(`${path}-shm`, { force: true });
}

async function putInPlace(temporary: string, path: string): Promise<void> {
  await syncToDisk(temporary);
  await rename(temporary, path);
  await syncToDisk(dirname(path));
}

async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
