/** The methods of the control socket about users, logins, shares and invites. */
import * as v from "valibot";
import type { Account, InviteInfo, Share, UserInfo } from "../../core/accounts.ts";
import type { Invite } from "../../core/client.ts";
import { type PeerName, type UserName, parseUserId, parseUserName } from "../../core/ids.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import { count, flag, milliseconds, nothing, parsed, path, text } from "./control-schemas.ts";

const userName = parsed(parseUserName);
const role = v.picklist(["storage", "client"]);
const fields = {
  name: userName,
  id: parsed(parseUserId),
  isAdmin: v.boolean(),
  usedBytes: count,
  quotaBytes: v.optional(count),
  fingerprint: text,
};
const userInfo: v.GenericSchema<unknown, UserInfo> = v.object(fields);
const account: v.GenericSchema<unknown, Account> = v.object({
  ...fields,
  isShared: v.boolean(),
  rememberedUntilMs: v.optional(count),
});
/** A peer's or a user's: what both are made of is text. */
const madeBy = v.pipe(
  text,
  v.transform((name) => name as PeerName | UserName),
);
const inviteInfo: v.GenericSchema<unknown, InviteInfo> = v.object({
  id: text,
  role,
  usesLeft: count,
  expiresMs: count,
  createdBy: madeBy,
});
const share: v.GenericSchema<unknown, Share> = v.object({
  owner: userName,
  grantee: userName,
  path,
  kind: v.picklist(["file", "directory"]),
  mayWrite: v.boolean(),
  sinceMs: milliseconds,
});
const invite: v.GenericSchema<unknown, Invite> = v.object({ text, expiresMs: v.number() });

export const accountMethods = {
  login: defineMethod({
    name: "login",
    params: v.object({ name: userName, password: text, rememberMs: v.optional(v.number()) }),
    result: account,
  }),
  logout: defineMethod({ name: "logout", params: v.object({}), result: nothing }),
  whoami: defineMethod({ name: "whoami", params: v.object({}), result: account }),
  users: defineMethod({ name: "users", params: v.object({}), result: v.array(userInfo) }),
  addUser: defineMethod({
    name: "addUser",
    params: v.object({ name: userName, password: text, quotaBytes: v.optional(v.number()) }),
    result: userInfo,
  }),
  changePassword: defineMethod({
    name: "changePassword",
    params: v.object({ old: text, new: text }),
    result: nothing,
  }),
  removeUser: defineMethod({ name: "removeUser", params: v.object({ user: userName }), result: nothing }),
  setAdmin: defineMethod({
    name: "setAdmin",
    params: v.object({ user: userName, isAdmin: v.boolean() }),
    result: nothing,
  }),
  setQuota: defineMethod({
    name: "setQuota",
    params: v.object({ user: userName, quotaBytes: v.nullable(v.number()) }),
    result: nothing,
  }),
  share: defineMethod({ name: "share", params: v.object({ path, user: userName, write: flag }), result: share }),
  unshare: defineMethod({ name: "unshare", params: v.object({ path, user: userName }), result: nothing }),
  shares: defineMethod({
    name: "shares",
    params: v.object({ direction: v.picklist(["by", "to"]) }),
    result: v.array(share),
  }),
  invite: defineMethod({
    name: "invite",
    params: v.object({
      expiresInMs: v.optional(v.pipe(count, v.minValue(1))),
      uses: v.optional(v.number()),
      role: v.optional(role),
    }),
    result: invite,
  }),
  invites: defineMethod({ name: "invites", params: v.object({}), result: v.array(inviteInfo) }),
  revokeInvite: defineMethod({ name: "revokeInvite", params: v.object({ id: text }), result: nothing }),
};
