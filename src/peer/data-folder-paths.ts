/** Where a peer's data folder and its control socket are. */
import { createHash } from "node:crypto";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import envPaths from "env-paths";
import type { ControlAddress } from "./control/control-key.ts";

/** The platform's usual place for a program's data. */
export function defaultDataFolder(): string {
  return envPaths("dfs-shell", { suffix: "" }).data;
}

/** Longest address of a Unix socket on the systems in use, without its final NUL. */
const socketPathBytesMax = 103;

/**
 * Where the peer of a data folder listens for its user's programs: `control.sock` in it, with its key `control.key`
 * beside it. A folder with a very long path has its socket in the temporary folder, and on Windows it is a named pipe;
 * both are named after the folder and its user, and the key stays in the folder.
 */
export function controlAddress(folder: string): ControlAddress {
  const absolute = resolve(folder);
  return { socketPath: socketPathOf(absolute), keyPath: join(absolute, "control.key") };
}

function socketPathOf(folder: string): string {
  const id = createHash("sha256").update(folder).digest("hex").slice(0, 24);
  if (process.platform === "win32") return `\\\\.\\pipe\\dfs-shell-${id}`;
  const path = join(folder, "control.sock");
  if (Buffer.byteLength(path) <= socketPathBytesMax) return path;
  return join(tmpdir(), `dfs-shell-${userInfo().uid}-${id}.sock`);
}
