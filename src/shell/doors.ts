/** The doors of a user's root: `/shared` to everybody's files, `/from` to what other users share. No listing has them. */
import type { Entry } from "../core/client.ts";
import type { UserName } from "../core/ids.ts";
import { parseUserName } from "../core/ids.ts";
import { childPath, resolvePath, rootPath } from "../core/names.ts";
import type { DfsPath } from "../core/names.ts";
import type { ReadCalls, ShellClient } from "./command.ts";

/** The user without a password, for whom the shell acts while nobody is logged in. */
export const sharedUser: UserName = parseUserName("shared");

export const doorNames = ["from", "shared"] as const;

/** The doors as entries of the root; none where nobody is logged in, or where that cannot be known. */
export async function doorEntries(client: ShellClient, reads: ReadCalls): Promise<readonly Entry[]> {
  if (await actsForShared(client, reads).catch(() => true)) return [];
  return Promise.all(doorNames.map((name) => client.stat(childPath(rootPath, name), reads)));
}

/**
 * The path that `shared:` or `shared:PATH` stands for: in everybody's files, whoever is logged in; `undefined` for any
 * other text. Fails with `invalid-name`.
 */
export async function sharedPath(text: string, client: ShellClient, reads: ReadCalls): Promise<DfsPath | undefined> {
  const start = `${sharedUser}:`;
  if (!text.startsWith(start)) return undefined;
  const base = (await actsForShared(client, reads)) ? rootPath : childPath(rootPath, sharedUser);
  return resolvePath(`./${text.slice(start.length)}`, base);
}

async function actsForShared(client: ShellClient, reads: ReadCalls): Promise<boolean> {
  return (await client.whoami(reads)).isShared;
}
