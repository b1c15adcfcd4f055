/**
 * How a complete database takes the place of another one, or of none: with its sums, and either wholly or not at all.
 *
 * It arrives beside the place, as `NAME.tmp`, and is flushed. Then its sums take the place of the former ones, marked
 * as arriving: the one rename that decides. Whoever finds that mark goes on from there: the write-ahead log of the
 * former database is removed, and only when that is durable is the file renamed, so that no log ever meets a database
 * that is not its own. At last the sums are written once more, without the mark; only then is the database opened. So
 * after a crash there are
 *   the former sums: the former database and its log are untouched;
 *   marked sums and `NAME.tmp`: all of the new database is there, and of the former one nothing is needed any more;
 *   marked sums alone: the new database is in its place, its log was not begun, and that of the former one is gone;
 *   sums without the mark: all is done.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { type Steps, flushFile, flushFolderOf } from "./steps.ts";
import { sumsOfDatabase } from "./database-file.ts";
import { type PageSums, readSums, unfinishedSumsPath, writeSums } from "./sums-file.ts";

/** Where a database arrives that will be the one at `path`. */
export function arrivalPath(path: string): string {
  return `${path}.tmp`;
}

/** Puts the complete database at `arrivalPath(path)`, which nobody has open, at `path`, which nobody has open. Resolves with its sums. Fails with `integrity`, or as the system does. */
export function* arrive(path: string): Steps<PageSums> {
  const arriving = arrivalPath(path);
  yield* flushFile(arriving);
  yield* flushFolderOf(path);
  const sums = yield* sumsOfDatabase(arriving);
  yield* writeSums(path, { ...sums, isArriving: true });
  return yield* finish(path, sums);
}

/** The sums of the database at `path`, once an arrival that was cut short is complete; undefined where there are none. */
export function* settledSums(path: string): Steps<PageSums | undefined> {
  const sums = readSums(path);
  return sums?.isArriving === true ? yield* finish(path, sums) : sums;
}

/** Removes what an arrival that never came about has left, and sums that were never finished. */
export function clearArrival(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${arrivalPath(path)}${suffix}`, { force: true });
  rmSync(unfinishedSumsPath(path), { force: true });
}

function* finish(path: string, sums: PageSums): Steps<PageSums> {
  const arriving = arrivalPath(path);
  if (existsSync(arriving)) {
    for (const suffix of ["-wal", "-shm", "-journal"]) rmSync(`${path}${suffix}`, { force: true });
    yield* flushFolderOf(path);
    renameSync(arriving, path);
    yield* flushFolderOf(path);
  }
  const settled = { ...sums, isArriving: false };
  yield* writeSums(path, settled);
  return settled;
}
