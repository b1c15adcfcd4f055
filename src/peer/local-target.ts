/**
 * The files that get writes: under a name of their own until they are complete, in folders that are held open.
 *
 * Names come from the catalogue and are checked before (core/local-names.ts). Nothing is ever written through a
 * symbolic link, into a file that has another name too, or in place of anything but a file or a link.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, openSync, renameSync, rmSync } from "node:fs";
import { type FileHandle, lstat, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { WantedFile } from "../chunking/write-pack.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { nameBytesMax } from "../core/limits.ts";
import { partSuffix } from "../core/local-names.ts";
import type { TargetEntry, TargetFolder } from "./target-folder.ts";

export interface LocalStatus {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** Permission bits of a file that come along; it cannot take on the rights of who gets it. */
const fileModeBits = 0o777;
const partMode = 0o600;
const openFlags = constants.O_RDWR | constants.O_NOFOLLOW;
const createFlags = openFlags | constants.O_CREAT | constants.O_EXCL;

/** What is at `path`, without following a symbolic link; undefined when nothing is. `shown` is the path for messages. */
export async function localStatus(path: string, shown = path): Promise<LocalStatus | undefined> {
  try {
    const status = await lstat(path);
    const others = status.isSymbolicLink() ? "link" : "other";
    const kind = status.isFile() ? "file" : status.isDirectory() ? "directory" : others;
    return { kind, sizeBytes: status.size, modifiedMs: status.mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw toDfsError(error, { op: "get", path: shown });
  }
}

/** What is at an entry of a target folder; see `localStatus`. */
export async function entryStatus({ folder, name }: TargetEntry): Promise<LocalStatus | undefined> {
  return localStatus(folder.reach(name), folder.shown(name));
}

/** The name of a file until it is complete: always the same one, and as long as a name may be at the most. */
export function partName(name: string): string {
  const plain = name + partSuffix;
  if (Buffer.byteLength(plain) <= nameBytesMax) return plain;
  const ending = `.${createHash("sha256").update(name).digest("hex").slice(0, 16)}${partSuffix}`;
  let start = name;
  while (Buffer.byteLength(start + ending) > nameBytesMax) start = Array.from(start).slice(0, -1).join("");
  return start + ending;
}

/** How a file is written to an entry of a folder that is held open, in one go: see `writePack`. Fails as `TargetFolder.reach` does. */
export function writtenAt(
  { folder, name }: TargetEntry,
  { mode, modifiedMs, force }: { readonly mode: number; readonly modifiedMs: number; readonly force: boolean },
): Omit<WantedFile, "chunks"> {
  const path = folder.reach(name);
  const part = folder.reach(partName(name));
  return { part, path, mode: mode & fileModeBits, modifiedMs, isReplacing: force };
}

/** A file that is being written under its part name. */
export class PartFile {
  readonly #target: TargetEntry;
  readonly #handle: FileHandle;
  /** Bytes that were there when it was opened; 0 unless it is continued. */
  readonly presentBytes: number;

  private constructor(target: TargetEntry, handle: FileHandle, presentBytes: number) {
    this.#target = target;
    this.#handle = handle;
    this.presentBytes = presentBytes;
  }

  /**
   * Opens the part file of `target`. One that is there already is continued (`resume`), replaced (`force`), or refused
   * with `exists`. Fails with `permission`, `not-found`, `no-space` when it cannot be written, and `changed`.
   */
  static async open(target: TargetEntry, options: { resume: boolean; force: boolean }): Promise<PartFile> {
    const { folder } = target;
    const name = partName(target.name);
    const shown = folder.shown(name);
    try {
      const created = await createFile(folder, name);
      if (created !== undefined) return await PartFile.#checked(target, created, shown, 0);
      const path = folder.reach(name);
      const status = await localStatus(path, shown);
      if (options.resume && status?.kind === "file") {
        const handle = await open(path, openFlags);
        return await PartFile.#checked(target, handle, shown, undefined);
      }
      if (!options.force && !options.resume) throw leftOver(shown);
      await folder.change(name, rm, rmSync);
      const again = await createFile(folder, name);
      if (again === undefined) throw leftOver(shown);
      return await PartFile.#checked(target, again, shown, 0);
    } catch (error) {
      throw toDfsError(error, { op: "get", path: shown });
    }
  }

  /** A part file that was just opened; `presentBytes` is known when it is new. Fails when it is not get's own, or not where it should be. */
  static async #checked(
    target: TargetEntry,
    handle: FileHandle,
    shown: string,
    presentBytes: number | undefined,
  ): Promise<PartFile> {
    try {
      target.folder.verify();
      return new PartFile(target, handle, presentBytes ?? (await ownBytes(handle, shown)));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#handle.fd;
  }

  /** Gives the file its size, mode and time, and its real name. Fails with `exists` when a file came there meanwhile and `force` is not set. */
  async finish(attributes: { sizeBytes: number; mode: number; modifiedMs: number; force: boolean }): Promise<void> {
    // Its chunks have filled it; only what was there before can be longer.
    if (this.presentBytes > attributes.sizeBytes) await this.#handle.truncate(attributes.sizeBytes);
    await this.#handle.chmod(attributes.mode & fileModeBits);
    await this.#handle.utimes(attributes.modifiedMs / 1000, attributes.modifiedMs / 1000);
    await this.#handle.close();
    const { folder, name } = this.#target;
    const shown = folder.shown(name);
    try {
      if (!attributes.force && (await localStatus(folder.reach(name), shown)) !== undefined)
        throw new DfsError("exists", "came into being meanwhile; use -f to replace it", { op: "get", path: shown });
      const beside = (path: string): string => join(dirname(path), partName(name));
      await folder.change(
        name,
        (path) => rename(beside(path), path),
        (path) => renameSync(beside(path), path),
      );
    } catch (error) {
      throw toDfsError(error, { op: "get", path: shown });
    }
  }

  /** Leaves the part file as it is, to be continued. */
  async leave(): Promise<void> {
    await this.#handle.close();
  }
}

/** A new file, opened; undefined when something is there already. */
async function createFile(folder: TargetFolder, name: string): Promise<FileHandle | undefined> {
  try {
    const held = await folder.change(
      name,
      (path) => open(path, createFlags, partMode),
      (path) => {
        closeSync(openSync(path, createFlags, partMode));
        return undefined;
      },
    );
    return held ?? (await open(folder.reach(name), openFlags));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  }
}

/** Bytes of a part file that was there. Fails with `permission` when it is not get's own. */
async function ownBytes(handle: FileHandle, shown: string): Promise<number> {
  const status = await handle.stat();
  if (!status.isFile() || status.nlink !== 1)
    throw new DfsError("permission", "is not a file of its own, which get could continue; remove it", { path: shown });
  return status.size;
}

function leftOver(path: string): DfsError {
  const message = "is left from a get that was interrupted; use -c to continue it or -f to start anew";
  return new DfsError("exists", message, { op: "get", path });
}
