/**
 * Where get writes: `.part` files that become the real ones when they are complete, inside folders that are folders.
 *
 * Names come from the catalogue and are checked again here. Nothing is ever written through a symbolic link.
 */
import { constants } from "node:fs";
import { type FileHandle, chmod, lstat, mkdir, open, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { DfsError, toDfsError } from "../core/errors.ts";
import { checkName } from "../core/names.ts";

export interface LocalStatus {
  readonly kind: "file" | "directory" | "other";
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** What is at `path`, without following a symbolic link; undefined when nothing is. */
export async function localStatus(path: string): Promise<LocalStatus | undefined> {
  try {
    const status = await lstat(path);
    const kind = status.isFile() ? "file" : status.isDirectory() ? "directory" : "other";
    return { kind, sizeBytes: status.size, modifiedMs: status.mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw toDfsError(error, { op: "get", path });
  }
}

/** The local path of `name` in `folder`. Fails with `invalid-name`. */
export function localChild(folder: string, name: string): string {
  return join(folder, checkName(name));
}

/** Makes the folder, or accepts one that is there. Fails with `not-directory` when something else (a link included) is. */
export async function makeFolder(path: string): Promise<void> {
  const status = await localStatus(path);
  if (status?.kind === "directory") return;
  if (status !== undefined) throw new DfsError("not-directory", "exists and is not a directory", { op: "get", path });
  try {
    await mkdir(path, { mode: 0o700 }); // its own mode is set when its content is complete
  } catch (error) {
    throw toDfsError(error, { op: "get", path });
  }
}

/** Gives a folder or file its mode and time, at the end. */
export async function setAttributes(path: string, mode: number, modifiedMs: number): Promise<void> {
  await chmod(path, mode);
  await utimes(path, modifiedMs / 1000, modifiedMs / 1000);
}

/** A file that is being written as `path.part`. */
export class PartFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  /** Bytes that were there when it was opened; 0 unless it is continued. */
  readonly presentBytes: number;

  private constructor(path: string, handle: FileHandle, presentBytes: number) {
    this.#path = path;
    this.#handle = handle;
    this.presentBytes = presentBytes;
  }

  /**
   * Opens `path.part`. One that is there already is continued (`resume`), replaced (`force`), or refused with `exists`.
   * Fails with `permission`, `not-found`, `no-space` when it cannot be written.
   */
  static async open(path: string, { resume, force }: { resume: boolean; force: boolean }): Promise<PartFile> {
    const part = `${path}.part`;
    const status = await localStatus(part);
    const continues = resume && status?.kind === "file";
    if (status !== undefined && !continues) {
      if (!force && !resume)
        throw new DfsError(
          "exists",
          "is left from a get that was interrupted; use -c to continue it or -f to start anew",
          { op: "get", path: part },
        );
      await rm(part);
    }
    const flags = constants.O_RDWR | constants.O_NOFOLLOW | (continues ? 0 : constants.O_CREAT | constants.O_EXCL);
    try {
      const handle = await open(part, flags, 0o600);
      return new PartFile(path, handle, continues ? status.sizeBytes : 0);
    } catch (error) {
      throw toDfsError(error, { op: "get", path: part });
    }
  }

  get fd(): number {
    return this.#handle.fd;
  }

  /** Gives the file its size, mode and time, and its real name. Fails with `exists` when a file came there meanwhile and `force` is not set. */
  async finish(attributes: { sizeBytes: number; mode: number; modifiedMs: number; force: boolean }): Promise<void> {
    await this.#handle.truncate(attributes.sizeBytes);
    await this.#handle.chmod(attributes.mode);
    await this.#handle.utimes(attributes.modifiedMs / 1000, attributes.modifiedMs / 1000);
    await this.#handle.close();
    if (!attributes.force && (await localStatus(this.#path)) !== undefined) {
      throw new DfsError("exists", "came into being meanwhile; use -f to replace it", { op: "get", path: this.#path });
    }
    await rename(`${this.#path}.part`, this.#path);
  }

  /** Leaves the `.part` file as it is, to be continued. */
  async leave(): Promise<void> {
    await this.#handle.close();
  }
}
