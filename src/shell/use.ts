/** What a user's files cost, of which quota, and users as programs read them. */
import type { Account, UserInfo } from "../core/accounts.ts";
import { byteText } from "./formats.ts";

/** `1.5 MiB of 2.0 GiB`, or without a quota `1.5 MiB, without a quota`. */
export function useText({ usedBytes, quotaBytes }: Pick<UserInfo, "usedBytes" | "quotaBytes">): string {
  return quotaBytes === undefined
    ? `${byteText(usedBytes)}, without a quota`
    : `${byteText(usedBytes)} of ${byteText(quotaBytes)}`;
}

/** A user as NDJSON shows it; a quota of null is none. */
export function userJson({ name, id, isAdmin, usedBytes, quotaBytes, fingerprint }: UserInfo): Record<string, unknown> {
  return { name, id, isAdmin, usedBytes, quotaBytes: quotaBytes ?? null, fingerprint };
}

/** The own account as NDJSON shows it. */
export function accountJson(account: Account): Record<string, unknown> {
  const { isShared, rememberedUntilMs } = account;
  const remembered =
    rememberedUntilMs === undefined ? {} : { rememberedUntil: new Date(rememberedUntilMs).toISOString() };
  return { ...userJson(account), isShared, ...remembered };
}
