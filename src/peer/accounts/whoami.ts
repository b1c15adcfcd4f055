/** Who a session or transaction acts for. */
import type { Account } from "../../core/accounts.ts";
import { DfsError } from "../../core/errors.ts";
import type { Acting } from "./login.ts";
import { type UserDirectory, userInfo } from "./user-directory.ts";

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
