/**
 * Opens the chunks of several files and writes the files, in one piece of work: each under a part name, which it gives up for
 * its own when all of it is there. A file's turn costs little more than its system calls and its cryptography.
 */
import { closeSync, constants, fchmodSync, futimesSync, lstatSync, openSync, renameSync, rmSync } from "node:fs";
import { DfsError, toDfsError } from "../core/errors.ts";
import { digestBytes } from "../core/ids.ts";
import { type ThreadError, toThreadError } from "./chunking-messages.ts";
import { keyBytes, openChunk } from "./seal.ts";
import { writeAt } from "./write-at.ts";

/** Where one chunk of a file lies: in which of the memories, from where, and how many sealed bytes. */
export interface PackedChunk {
  readonly memory: number;
  readonly start: number;
  readonly bytes: number;
}

/** A file to be written; nothing may be at its part name, nor at its own unless it is replaced. */
export interface WantedFile {
  readonly part: string;
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedMs: number;
  readonly isReplacing: boolean;
  /** In their order in the file. */
  readonly chunks: readonly PackedChunk[];
}

/** Files, and the sealed chunks of all of them. */
export interface WritePackWork {
  readonly files: readonly WantedFile[];
  readonly memories: readonly Uint8Array[];
  /** Of each chunk in the order of files and chunks: its digest and its key. */
  readonly secrets: Uint8Array;
}

/** How each file ended, in their order, undefined for one that is written; and the memories. */
export interface WrittenPack {
  readonly memories: readonly Uint8Array[];
  readonly errors: readonly (ThreadError | undefined)[];
}

/** Bytes that one chunk has in the secrets of a pack. */
export const secretBytes = digestBytes + keyBytes;
const partMode = 0o600;
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/**
 * Writes each file, or fails for it alone: with `integrity` when a chunk is not what its digest and key say, with `exists` when
 * something is at its part name or its own, and with other kinds of the file system. A file that fails leaves nothing.
 */
export function writePack({ files, memories, secrets }: WritePackWork): WrittenPack {
  let place = 0;
  const errors = files.map((file) => {
    const first = place;
    place += file.chunks.length;
    try {
      // All of it is opened before there is a file: what is damaged never comes to the disk.
      const opened = file.chunks.map(({ memory, start, bytes }, at) => {
        const sealed = memories[memory]?.subarray(start, start + bytes) ?? new Uint8Array();
        const secret = secrets.subarray((first + at) * secretBytes, (first + at + 1) * secretBytes);
        return openChunk(sealed, secret.subarray(digestBytes), secret.subarray(0, digestBytes));
      });
      writeFile(file, opened);
      return undefined;
    } catch (error) {
      return toThreadError(toDfsError(error));
    }
  });
  return { memories, errors };
}

function writeFile({ part, path, mode, modifiedMs, isReplacing }: WantedFile, pieces: readonly Uint8Array[]): void {
  const fd = openSync(part, createFlags, partMode);
  try {
    try {
      let position = 0;
      for (const piece of pieces) {
        writeAt(fd, position, piece);
        position += piece.length;
      }
      fchmodSync(fd, mode);
      futimesSync(fd, modifiedMs / 1000, modifiedMs / 1000);
    } finally {
      closeSync(fd);
    }
    if (!isReplacing && lstatSync(path, { throwIfNoEntry: false }) !== undefined)
      throw new DfsError("exists", "came into being meanwhile; use -f to replace it");
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
