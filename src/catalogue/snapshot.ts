/** Snapshots: the whole database as one file, complete or not there at all. */
import { copyFile, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DfsError, assert, toDfsError } from "../core/errors.ts";
import { SqlDatabase } from "../core/sqlite.ts";
import { arrivalPath, arrive, clearArrival, settledSums } from "./page-sums/arrival.ts";
import { carryOutBeside } from "./page-sums/steps.ts";
import { schemaCheck } from "./schema.ts";
import { type SnapshotState, copyInThread } from "./snapshot-thread.ts";

/**
 * Writes a state that the database at the path `database` has from now on to `file`, replacing it: to a temporary name,
 * fsynced, then renamed. Another thread copies. Resolves with the moment that the file shows. Fails with `no-space`,
 * `io`, and `internal` for a database in memory.
 */
export async function writeSnapshot(database: string, file: string): Promise<SnapshotState> {
  const temporary = `${file}.tmp`;
  try {
    assert(database !== ":memory:", "a catalogue in memory has no snapshots");
    await rm(temporary, { force: true });
    const state = await copyInThread({ database, file: temporary });
    await putInPlace(temporary, file);
    return state;
  } catch (error) {
    await rm(temporary, { force: true });
    throw toDfsError(error, { op: "catalogue.snapshot", path: file });
  }
}

/**
 * Makes the snapshot in `file` the database at `path`, which nobody has open. What was there stays until the copy is
 * sound and on the disk. Fails with `integrity` when the snapshot is damaged, `version`, `not-found`, `no-space`, `io`.
 */
export async function restoreSnapshot(file: string, path: string): Promise<void> {
  try {
    await finishEarlier(path);
    await copyChecked(file, path);
    await carryOutBeside(arrive(path));
  } catch (error) {
    throw toDfsError(error, { op: "catalogue.restore", path: file });
  }
}

/**
 * Makes what SQLite can read of the database at `path` the database at `target`, which may be the same one and which
 * nobody has open, whatever the sums of its pages say. Fails with `integrity` when it is not even sound to SQLite,
 * `version`, `not-found`, `no-space`, `io`, and then the target is as it was.
 */
export async function salvageDatabase(path: string, target: string): Promise<void> {
  const file = `${target}.salvaged`;
  try {
    await writeSnapshot(path, file);
    await restoreSnapshot(file, target);
  } finally {
    await rm(file, { force: true });
  }
}

/** Finishes a restoring that was cut short; damaged sums are about to be replaced, and say nothing of one. */
async function finishEarlier(path: string): Promise<void> {
  try {
    await carryOutBeside(settledSums(path));
  } catch (error) {
    const { kind } = toDfsError(error);
    if (kind !== "integrity" && kind !== "version") throw error;
  }
}

async function copyChecked(file: string, path: string): Promise<void> {
  clearArrival(path);
  try {
    await copyFile(file, arrivalPath(path));
    checkSnapshot(arrivalPath(path));
  } catch (error) {
    clearArrival(path);
    throw error;
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
