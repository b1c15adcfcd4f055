/** What the consensus log and its snapshots ask of the file system, so that tests can fail it, and take its power away. */
import { closeSync, openSync, readSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "../atomic-file.ts";
import { systemDisk } from "../disk-operations.ts";

/** A file that is open for writing. All methods fail with the system's error. */
export interface WritableFile {
  /** Writes all of `parts` from `position` on. When it fails, any part of them may be written. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  /** Makes what was written, and the length, survive a power cut. */
  flush(): Promise<void>;
  /** Cuts the file off behind its first `bytes` bytes. */
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** All methods fail with the system's error. Names are durable only once their folder is synced. */
export interface FileOperations {
  /** Makes the folder, for its owner alone, and what it lies in; its own name is then durable. Does nothing when it is there. */
  makeFolder(folder: string): Promise<void>;
  /** The names in a folder; none when it is not there. */
  names(folder: string): Promise<readonly string[]>;
  /** Opens a file for writing: a `new` one that takes the place of any other, or one that is `there`. */
  open(path: string, which: "new" | "there"): Promise<WritableFile>;
  /** Length of a file in bytes. */
  size(path: string): Promise<number>;
  /** Up to `bytes` bytes from `position` on; fewer where the file ends. */
  read(path: string, position: number, bytes: number): Promise<Uint8Array>;
  /** The same, at once. */
  readNow(path: string, position: number, bytes: number): Uint8Array;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; does nothing when it is not there. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable: of files made, renamed and removed. */
  syncFolder(folder: string): Promise<void>;
  /** Bytes that this user may still write on the disk that holds `folder`. */
  freeBytes(folder: string): Promise<number>;
}

/** The file system as the operating system offers it. */
export const systemFiles: FileOperations = {
  async makeFolder(folder) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(folder));
  },
  async names(folder) {
    try {
      return await readdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  },
  open: async (path, which) => writable(await open(path, which === "new" ? "w" : "r+", 0o600)),
  size: async (path) => (await stat(path)).size,
  async read(path, position, bytes) {
    const handle = await open(path, "r");
    try {
      const buffer = new Uint8Array(bytes);
      let read = 0;
      while (read < bytes) {
        const { bytesRead } = await handle.read(buffer, read, bytes - read, position + read);
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return buffer.subarray(0, read);
    } finally {
      await handle.close();
    }
  },
  readNow(path, position, bytes) {
    const descriptor = openSync(path, "r");
    try {
      const buffer = new Uint8Array(bytes);
      let read = 0;
      while (read < bytes) {
        const bytesRead = readSync(descriptor, buffer, read, bytes - read, position + read);
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return buffer.subarray(0, read);
    } finally {
      closeSync(descriptor);
    }
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  syncFolder,
  freeBytes: (folder) => systemDisk.freeBytes(folder),
};

function writable(handle: FileHandle): WritableFile {
  return {
    write: (parts, position) => systemDisk.write(handle, parts, position),
    flush: () => systemDisk.flush(handle),
    truncate: (bytes) => handle.truncate(bytes),
    close: () => handle.close(),
  };
}
