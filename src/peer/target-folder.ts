/**
 * A folder that get writes into, held so that nothing put in its place later is written into instead.
 *
 * On Linux what is inside is reached through the open folder itself (`/proc/self/fd`), whatever stands at its path by
 * then. Elsewhere Node has no way to do so: there, before and after each file is opened, the path must still lead to
 * the same folder.
 */
import { type BigIntStats, constants, fstatSync, mkdirSync, statSync } from "node:fs";
import { type FileHandle, chmod, lstat, mkdir, open, realpath, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DfsError, toDfsError } from "../core/errors.ts";

const openFolder = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** A file or folder in a target folder: where it is, and how it is told to people. */
export interface TargetEntry {
  readonly folder: TargetFolder;
  readonly name: string;
}

/** Whether open folders are reached at `/proc/self/fd`, once that was tried: there may be no `/proc`. */
let areHeldReachable: boolean | undefined;

export interface TargetFolderOptions {
  /** The platform whose rules hold, as Node names it. */
  readonly platform: NodeJS.Platform;
}

export class TargetFolder {
  /** For messages. */
  readonly path: string;
  /** It was made a moment ago, and was empty then. */
  readonly isNew: boolean;
  readonly #platform: NodeJS.Platform;
  readonly #status: BigIntStats;
  readonly #handle: FileHandle | undefined;
  /** The open folder as a path; undefined where there is no such thing. */
  readonly #held: string | undefined;

  private constructor(
    path: string,
    platform: NodeJS.Platform,
    status: BigIntStats,
    handle: FileHandle | undefined,
    held: string | undefined,
    isNew: boolean,
  ) {
    this.path = path;
    this.isNew = isNew;
    this.#platform = platform;
    this.#status = status;
    this.#handle = handle;
    this.#held = held;
  }

  /** The folder at a path that the user gave, behind links too. Fails with `not-found`, `not-directory` and the system kinds. */
  static async open(path: string, { platform }: TargetFolderOptions): Promise<TargetFolder> {
    try {
      const handle = await open(path, openFolder & ~(constants.O_NOFOLLOW ?? 0)).catch(ignoreUnreadable);
      const reached = handle === undefined ? await realpath(path) : path;
      return await TargetFolder.#hold(path, reached, platform, handle);
    } catch (error) {
      throw toDfsError(error, { op: "get", path });
    }
  }

  /** The folder that holds `path`, and the name of `path` in it. Fails as `open` does. */
  static async around(path: string, options: TargetFolderOptions): Promise<TargetEntry> {
    const folder = await TargetFolder.open(dirname(path), options);
    return { folder, name: basename(path) };
  }

  static async #hold(
    path: string,
    reached: string,
    platform: NodeJS.Platform,
    handle: FileHandle | undefined,
    isNew = false,
  ): Promise<TargetFolder> {
    try {
      // Of an open folder this needs no disk, and a walk of many folders waits for it.
      const status =
        handle === undefined ? await lstat(reached, { bigint: true }) : fstatSync(handle.fd, { bigint: true });
      if (!status.isDirectory()) throw new DfsError("not-directory", "not a directory", { op: "get", path });
      const held = handle === undefined || platform !== "linux" ? undefined : `/proc/self/fd/${handle.fd}`;
      if (held !== undefined) areHeldReachable ??= isSame(`${held}/.`, status);
      return new TargetFolder(path, platform, status, handle, areHeldReachable === true ? held : undefined, isNew);
    } catch (error) {
      await handle?.close();
      throw error;
    }
  }

  /** Whether what is in it is reached through the open folder, so that a path of `reach` leads there until it is closed. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** The path of `name` in this folder, for messages. */
  shown(name: string): string {
    return join(this.path, name);
  }

  /** A path by which `name` in this folder is reached now. Fails with `changed` when the folder is no longer at its own path. */
  reach(name: string): string {
    if (this.#held !== undefined) return `${this.#held}/${name}`;
    this.verify();
    return this.shown(name);
  }

  /**
   * Changes what is at `name`: as `held` does where the folder is held open, elsewhere as `atOnce` does, in one go with
   * looking whether the folder is at its path, so that only another program can come between. Fails as `reach` and as they do.
   */
  async change<Held, AtOnce>(
    name: string,
    held: (path: string) => Promise<Held>,
    atOnce: (path: string) => AtOnce,
  ): Promise<Held | AtOnce> {
    const path = this.reach(name);
    return this.#held === undefined ? atOnce(path) : held(path);
  }

  /** Fails with `changed` when what was done at a path of `reach` may have been done elsewhere. */
  verify(): void {
    if (this.#held !== undefined || isSame(this.path, this.#status)) return;
    throw new DfsError("changed", "was replaced while files were written into it", { op: "get", path: this.path });
  }

  /** Makes the folder `name`, or accepts one that is there. Fails with `not-directory` when something else (a link included) is. */
  async folder(name: string): Promise<TargetFolder> {
    const shown = this.shown(name);
    try {
      const isNew = await this.#make(name);
      const reached = this.reach(name);
      const handle = await open(reached, openFolder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ELOOP" || error.code === "ENOTDIR") throw notDirectory(shown);
        return ignoreUnreadable(error);
      });
      const folder = await TargetFolder.#hold(shown, reached, this.#platform, handle, isNew);
      this.verify();
      return folder;
    } catch (error) {
      throw toDfsError(error, { op: "get", path: shown });
    }
  }

  /** Returns whether nothing was there before. */
  async #make(name: string): Promise<boolean> {
    const options = { mode: 0o700 };
    try {
      await this.change(
        name,
        (path) => mkdir(path, options),
        (path) => mkdirSync(path, options),
      );
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      return false;
    }
  }

  /**
   * Whether this folder's file system takes names for the same that differ only in case, as far as its own name tells;
   * one without letters is judged by the platform.
   */
  foldsNames(): boolean {
    const name = basename(this.path);
    const other = name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase();
    if (other === name) return this.#platform === "darwin" || this.#platform === "win32";
    return isSame(join(dirname(this.path), other), this.#status);
  }

  /** Gives the folder its mode and time, at the end. */
  async setAttributes(mode: number, modifiedMs: number): Promise<void> {
    const seconds = modifiedMs / 1000;
    try {
      if (this.#handle === undefined) {
        this.verify();
        await chmod(this.path, mode);
        await utimes(this.path, seconds, seconds);
      } else {
        await this.#handle.chmod(mode);
        await this.#handle.utimes(seconds, seconds);
      }
    } catch (error) {
      throw toDfsError(error, { op: "get", path: this.path });
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

/** A folder that may be written and not read, and any folder on Windows, cannot be opened; it is used by its path. */
function ignoreUnreadable(error: NodeJS.ErrnoException): undefined {
  if (error.code === "EACCES" || error.code === "EISDIR" || error.code === "EPERM") return undefined;
  throw error;
}

function notDirectory(path: string): DfsError {
  return new DfsError("not-directory", "exists and is not a directory", { op: "get", path });
}

function isSame(path: string, status: BigIntStats): boolean {
  try {
    const found = statSync(path, { bigint: true });
    return found.ino === status.ino && found.dev === status.dev;
  } catch {
    return false;
  }
}
