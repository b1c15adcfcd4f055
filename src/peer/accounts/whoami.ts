/** What sessions and their transactions have in common: the calls about users, and who they act for. */
import type { Account, AccountsClient, InviteRequest } from "../../core/accounts.ts";
import type { CallOptions, DfsClient, DfsTransaction, Invite } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import type { Acting } from "./login.ts";
import { type UserDirectory, userInfo } from "./user-directory.ts";

/** A DfsClient with the calls about users. */
export interface AccountedClient extends DfsClient, AccountsClient {
  /** A new invite. Fails with `permission`, and `usage` for uses and times out of range. */
  invite(options?: CallOptions & InviteRequest): Promise<Invite>;
  begin(options?: CallOptions): Promise<AccountedTransaction>;
}

/** A DfsTransaction that knows whose it is; what would change users or logins fails with `usage`. */
export interface AccountedTransaction extends DfsTransaction, AccountsClient {
  invite(options?: CallOptions & InviteRequest): Promise<Invite>;
  begin(options?: CallOptions): Promise<AccountedTransaction>;
}

/** The account that calls are made for. Fails with `not-logged-in` when the user was removed. */
export async function whoIs(
  { name, keys }: Acting,
  directory: UserDirectory,
  rememberedUntilMs: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Account> {
  const row = await directory.find(name, signal);
  if (row?.user !== keys.userId)
    throw new DfsError("not-logged-in", `the user ${name} was removed: log in as another one, or log out`);
  return { ...userInfo(row), isShared: directory.isShared(row), rememberedUntilMs };
}
