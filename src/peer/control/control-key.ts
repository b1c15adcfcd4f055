/**
 * The key of the control socket: whoever can read it in the data folder may speak to the folder's peer, and nobody else
 * can read what is said. It is made anew at each start of the peer, and gone while none runs.
 */
import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { DfsError } from "../../core/errors.ts";
import { writeFileAtomic } from "../../store/atomic-file.ts";

const controlKeyBytes = 32;

/** The pre-shared key's identity in the TLS handshake; its number is the version of what is spoken behind it. */
export const controlKeyIdentity = "dfs-shell-control-3";

/** Where a peer listens for its user's programs, and where the key to speak to it is. */
export interface ControlAddress {
  /** Path of a Unix socket, or of a named pipe on Windows. */
  readonly socketPath: string;
  readonly keyPath: string;
}

/** Makes a new key and writes it to `path`, for the file's owner alone. Fails as the system does. */
export async function createControlKey(path: string): Promise<Buffer> {
  const key = randomBytes(controlKeyBytes);
  await writeFileAtomic(path, key);
  return key;
}

/** The key at `path`; undefined when there is none. Fails with `permission` and the other system kinds, and `integrity`. */
export async function readControlKey(path: string): Promise<Buffer | undefined> {
  let key: Buffer;
  try {
    key = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw keyRefusal(`cannot read the control socket's key at ${path}`, path, error);
  }
  if (key.length === controlKeyBytes) return key;
  throw keyRefusal(`${path} is no key of ${controlKeyBytes} bytes`, path);
}

/** A failure for want of the right key, with what helps. */
export function keyRefusal(what: string, path: string, cause?: unknown): DfsError {
  return new DfsError("permission", `${what}; run as the peer's user, or restart the peer, which makes a new key`, {
    path,
    cause,
  });
}

export async function removeControlKey(path: string): Promise<void> {
  await rm(path, { force: true });
}
