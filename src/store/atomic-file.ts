/**
 * Small files that are either the old one or the new one, whatever happens in between: keys, configuration.
 *
 * Temporary file in the same folder, write, fsync, rename, fsync of the folder. What a crash leaves behind is a
 * temporary file, which `removeTemporaryFiles` finds by its name.
 */
import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { toDfsError } from "../core/errors.ts";
import { countFlush } from "../core/work-done.ts";

const temporaryName = /^\..+\.[0-9a-f]{16}\.tmp$/;

/** How `writeFileAtomic` makes the file. */
export interface AtomicFileOptions {
  /** Permission bits of the file; the default, 0o600, is for its owner alone. */
  readonly mode?: number;
}

/**
 * Replaces the file at `path` by one that holds `bytes`, or creates it; its folder must be there.
 *
 * Once it resolves, the new content survives a power cut. When it fails, the old file is untouched.
 * Fails with the kind of the system's error: `not-found`, `permission`, `no-space`, `io`.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array, options: AtomicFileOptions = {}): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString("hex")}.tmp`);
  try {
    await writeNewFile(temporary, bytes, options.mode ?? 0o600);
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw toDfsError(error, { op: "write-file", path });
  }
}

async function writeNewFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    // The umask may have taken bits away.
    await handle.chmod(mode);
    await handle.writeFile(bytes);
    countFlush();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes the names in `folder` durable: files created, renamed and removed in it.
 * Windows cannot flush a folder and needs no flush: NTFS journals its names. Fails as the system does.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    countFlush();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what crashed writes left in `folder`, not in folders below it. Call it only while nobody writes there. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  const names = await readdir(folder);
  await Promise.all(
    names.filter((name) => temporaryName.test(name)).map((name) => rm(join(folder, name), { force: true })),
  );
}
