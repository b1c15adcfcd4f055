/** Where a peer's data folder and its control socket are. */
import { createHash } from "node:crypto";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import envPaths from "env-paths";

/** The platform's usual place for a program's data. */
export function defaultDataFolder(): string {
  return envPaths("dfs-shell", { suffix: "" }).data;
}

/** Longest address of a Unix socket on the systems in use, without its final NUL. */
const socketPathBytesMax = 103;

/**
 * The address of the control socket of a data folder: `control.sock` in it. A folder with a very long path has its
 * socket in the temporary folder, and on Windows it is a named pipe; both are named after the folder and its user.
 */
export function controlSocketPath(folder: string): string {
  const absolute = resolve(folder);
  const id = createHash("sha256").update(absolute).digest("hex").slice(0, 24);
  if (process.platform === "win32") return `\\\\.\\pipe\\dfs-shell-${id}`;
  const path = join(absolute, "control.sock");
  if (Buffer.byteLength(path) <= socketPathBytesMax) return path;
  return join(tmpdir(), `dfs-shell-${userInfo().uid}-${id}.sock`);
}
