/** The doors of a user's root: `/shared` to everybody's files, `/from` to what other users share. No listing has them. */
import type { Account } from "../core/accounts.ts";
import type { DfsClient, Entry } from "../core/client.ts";
import type { UserName } from "../core/ids.ts";
import { parseUserName } from "../core/ids.ts";
import { childPath, resolvePath, rootPath } from "../core/names.ts";
import type { DfsPath } from "../core/names.ts";
import type { ReadCalls } from "./command.ts";

/** The user without a password, for whom the shell acts while nobody is logged in. */
export const sharedUser: UserName = parseUserName("shared");

export const doorNames = ["from", "shared"] as const;

/** Who is logged in; nobody where that cannot be known, for what is worth showing all the same. */
export async function userLoggedIn(client: DfsClient, reads: ReadCalls): Promise<Account | undefined> {
  try {
    const account = await client.whoami(reads);
    return account.isShared ? undefined : account;
  } catch {
    return undefined;
  }
}

/** The doors as entries of the root; none where nobody is logged in, or where that cannot be known. */
export async function doorEntries(client: DfsClient, reads: ReadCalls): Promise<readonly Entry[]> {
  if ((await userLoggedIn(client, reads)) === undefined) return [];
  return Promise.all(doorNames.map((name) => client.stat(childPath(rootPath, name), reads)));
}

/**
 * The path that `shared:` or `shared:PATH` stands for: in everybody's files, whoever is logged in; `undefined` for any
 * other text. Fails with `invalid-name`.
 */
export async function sharedPath(text: string, client: DfsClient, reads: ReadCalls): Promise<DfsPath | undefined> {
  const start = `${sharedUser}:`;
  if (!text.startsWith(start)) return undefined;
  const { isShared } = await client.whoami(reads);
  const base = isShared ? rootPath : childPath(rootPath, sharedUser);
  return resolvePath(`./${text.slice(start.length)}`, base);
}
