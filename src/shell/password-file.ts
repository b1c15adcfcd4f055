/** Passwords that stand in a file: its first line, and nobody else may read it. */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { resolve } from "node:path";
import { DfsError, toDfsError } from "../core/errors.ts";
import { passwordFileBytesMax } from "../core/limits.ts";

const othersBits = 0o077;

/**
 * The first line of the file at `path`, which is as typed, relative to `folder`. Fails with `permission` where others
 * than its owner can read it, with `usage` where there is no password in it, and as opening and reading fail.
 */
export async function passwordInFile(path: string, folder: string): Promise<string> {
  try {
    const file = await open(resolve(folder, path), "r");
    try {
      await assertOwnersAlone(file, path);
      return firstLine(await firstBytes(file), path);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof DfsError ? error : toDfsError(error, { path });
  }
}

/** Pipes have no readers but those that were given them; and elsewhere than on POSIX the mode says nothing. */
async function assertOwnersAlone(file: FileHandle, path: string): Promise<void> {
  const stats = await file.stat();
  if (process.platform === "win32" || !stats.isFile() || (stats.mode & othersBits) === 0) return;
  throw new DfsError("permission", `others can read this password file: run "chmod 600" on it, and try again`, {
    path,
  });
}

async function firstBytes(file: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(passwordFileBytesMax);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (bytesRead === 0 || buffer.subarray(0, length).includes("\n")) return buffer.subarray(0, length);
  }
}

function firstLine(bytes: Buffer, path: string): string {
  const end = bytes.indexOf("\n");
  if (end < 0 && bytes.length === passwordFileBytesMax)
    throw new DfsError("usage", "its first line is too long for a password", { path });
  const line = decoded(end < 0 ? bytes : bytes.subarray(0, end), path).replace(/\r$/, "");
  if (line === "") throw new DfsError("usage", "its first line, where the password should be, is empty", { path });
  return line;
}

function decoded(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new DfsError("usage", "its first line is no UTF-8 text", { path, cause: error });
  }
}
