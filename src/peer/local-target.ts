/**
 * The files that get writes: under a name of their own until they are complete, in folders that are held open.
 *
 * Names come from the catalogue and are checked before (core/local-names.ts). Nothing is ever written through a
 * symbolic link, into a file that has another name too, or in place of anything but a file or a link.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, rename, rm } from "node:fs/promises";
import { DfsError, toDfsError } from "../core/errors.ts";
import { nameBytesMax } from "../core/limits.ts";
import { partSuffix } from "../core/local-names.ts";
import type { TargetEntry } from "./target-folder.ts";

export interface LocalStatus {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** Permission bits of a file that come along; it cannot take on the rights of who gets it. */
const fileModeBits = 0o777;

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
  return localStatus(await folder.reach(name), folder.shown(name));
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
  static async open(target: TargetEntry, { resume, force }: { resume: boolean; force: boolean }): Promise<PartFile> {
    const { folder } = target;
    const name = partName(target.name);
    const shown = folder.shown(name);
    const status = await entryStatus({ folder, name });
    const continues = resume && status?.kind === "file";
    try {
      const path = await folder.reach(name);
      if (status !== undefined && !continues) {
        if (!force && !resume) throw leftOver(shown);
        await rm(path);
      }
      const flags = constants.O_RDWR | constants.O_NOFOLLOW | (continues ? 0 : constants.O_CREAT | constants.O_EXCL);
      const handle = await open(path, flags, 0o600);
      try {
        return new PartFile(target, handle, await ownBytes(handle, target, shown));
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw toDfsError(error, { op: "get", path: shown });
    }
  }

  get fd(): number {
    return this.#handle.fd;
  }

  /** Gives the file its size, mode and time, and its real name. Fails with `exists` when a file came there meanwhile and `force` is not set. */
  async finish(attributes: { sizeBytes: number; mode: number; modifiedMs: number; force: boolean }): Promise<void> {
    await this.#handle.truncate(attributes.sizeBytes);
    await this.#handle.chmod(attributes.mode & fileModeBits);
    await this.#handle.utimes(attributes.modifiedMs / 1000, attributes.modifiedMs / 1000);
    await this.#handle.close();
    const { folder, name } = this.#target;
    const shown = folder.shown(name);
    const [part, path] = [await folder.reach(partName(name)), await folder.reach(name)];
    try {
      if (attributes.force) await rename(part, path);
      else await renameToNew(part, path, shown);
    } catch (error) {
      throw toDfsError(error, { op: "get", path: shown });
    }
  }

  /** Leaves the part file as it is, to be continued. */
  async leave(): Promise<void> {
    await this.#handle.close();
  }
}

/** Bytes of a part file that was just opened. Fails when it is not get's own, or not where it should be. */
async function ownBytes(handle: FileHandle, { folder }: TargetEntry, shown: string): Promise<number> {
  await folder.verify();
  const status = await handle.stat();
  if (!status.isFile() || status.nlink !== 1)
    throw new DfsError("permission", "is not a file of its own, which get could continue; remove it", { path: shown });
  return status.size;
}

function leftOver(path: string): DfsError {
  const message = "is left from a get that was interrupted; use -c to continue it or -f to start anew";
  return new DfsError("exists", message, { op: "get", path });
}

/** Renames without replacing anything. Fails with `exists`. */
async function renameToNew(from: string, to: string, shown: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST" || (await localStatus(to, shown)) !== undefined;
    if (isThere) throw new DfsError("exists", "came into being meanwhile; use -f to replace it", { path: shown });
    await rename(from, to); // a file system without hard links
    return;
  }
  await rm(from);
}
