/** Cuts and seals what a seal task is about: a file of this machine, or a stream of slices. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { DfsError, toDfsError } from "../core/errors.ts";
import { stampOf } from "../core/file-stamp.ts";
import { chunkingFilesPerThreadMax, sealBatchBytes } from "../core/limits.ts";
import type { FileStat } from "./chunking-messages.ts";
import { Chunker } from "./fastcdc.ts";
import { sealChunk } from "./seal.ts";
import type { SealTask } from "./seal-task.ts";

/** Chunkers at rest, to be used again: their buffers are large. */
const idleChunkers: Chunker[] = [];

/** A symbolic link is refused, and a pipe does not block. Windows has neither flag. */
const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Seals the regular file at `path`, as it is from opening to closing.
 *
 * Fails with `changed` when size, modification time or the bytes read differ at the end, or the file is gone by then;
 * with `is-directory` for a directory, `permission` for anything else that is no regular file, and otherwise with the
 * kind of the file system's error. Each error carries the path.
 */
export async function sealFile(task: SealTask, path: string, dedupSecret: Uint8Array): Promise<void> {
  try {
    await withFile(path, async (fd) => {
      const before = checkedStat(fd, path);
      const stat = statOf(before);
      const { sizeBytes } = stat;
      task.describe(stat);
      const readBytes = await withChunker((chunker) => sealDescriptor(task, chunker, fd, dedupSecret, sizeBytes));
      if (readBytes !== sizeBytes || differs(before, fstatSync(fd, { bigint: true }))) throw changed(path);
    });
    task.end();
  } catch (error) {
    throw toDfsError(error, { path });
  }
}

/**
 * What `work` makes of the regular file at `path`, at once; `changed` makes the error for a file that is not as its
 * status says. Fails as `sealFile` does.
 */
export function withRegularFile<Result>(
  path: string,
  work: (fd: number, stat: FileStat, changed: () => DfsError) => Result,
): { readonly stat: FileStat; readonly result: Result } {
  const fd = openFile(path);
  try {
    const before = checkedStat(fd, path);
    const stat = statOf(before);
    const result = work(fd, stat, () => changed(path));
    if (differs(before, fstatSync(fd, { bigint: true }))) throw changed(path);
    return { stat, result };
  } finally {
    closeSync(fd);
  }
}

function statOf(status: BigIntStats): FileStat {
  return {
    sizeBytes: Number(status.size),
    mode: Number(status.mode) & 0o7777,
    modifiedMs: Number(status.mtimeNs) / 1e6,
    stamp: stampOf(status),
  };
}

/** Seals the slices of a stream. Fails with `interrupted` when the task is cancelled. */
export async function sealStream(task: SealTask, dedupSecret: Uint8Array): Promise<void> {
  await withChunker(async (chunker) => {
    for await (const slice of task.slices()) await sealAll(task, chunker.push(slice), dedupSecret);
    await sealAll(task, chunker.finish(), dedupSecret);
  });
  task.end();
}

/** Seals at most one read more than `sizeBytes`, so that a file which never stops growing ends too; returns the bytes read. */
async function sealDescriptor(
  task: SealTask,
  chunker: Chunker,
  fd: number,
  dedupSecret: Uint8Array,
  sizeBytes: number,
): Promise<number> {
  let readBytes = 0;
  while (readBytes <= sizeBytes) {
    const room = chunker.room();
    const bytes = readSync(fd, room, 0, Math.min(room.length, sealBatchBytes), null);
    if (bytes === 0) break;
    readBytes += bytes;
    chunker.wrote(bytes);
    await sealAll(task, chunker.cut(false), dedupSecret);
  }
  await sealAll(task, chunker.finish(), dedupSecret);
  return readBytes;
}

async function sealAll(task: SealTask, chunks: Iterable<Uint8Array>, dedupSecret: Uint8Array): Promise<void> {
  const allocate = (bytes: number): Uint8Array => task.room(bytes);
  for (const chunk of chunks) await task.put(sealChunk(dedupSecret, chunk, allocate));
}

async function withFile(path: string, work: (fd: number) => Promise<void>): Promise<void> {
  const fd = openFile(path);
  try {
    await work(fd);
  } finally {
    closeSync(fd);
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, openFlags);
  } catch (error) {
    // A symbolic link is ELOOP, a socket ENXIO.
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ELOOP" || code === "ENXIO" ? notRegular(path) : error;
  }
}

function checkedStat(fd: number, path: string): BigIntStats {
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isDirectory()) throw new DfsError("is-directory", "is a directory", { path });
  if (!stat.isFile()) throw notRegular(path);
  return stat;
}

async function withChunker<Result>(work: (chunker: Chunker) => Promise<Result>): Promise<Result> {
  const chunker = idleChunkers.pop() ?? new Chunker();
  try {
    return await work(chunker);
  } finally {
    chunker.clear();
    if (idleChunkers.length < chunkingFilesPerThreadMax) idleChunkers.push(chunker);
  }
}

function differs(before: BigIntStats, after: BigIntStats): boolean {
  return after.size !== before.size || after.mtimeNs !== before.mtimeNs || after.nlink === 0n;
}

function notRegular(path: string): DfsError {
  return new DfsError("permission", "not a regular file: links, pipes, sockets and devices are not stored", { path });
}

function changed(path: string): DfsError {
  return new DfsError("changed", "changed while it was read; put it again", { path });
}
