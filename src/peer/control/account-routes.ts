/** Serves the methods about users, logins, shares and invites. */
import type { DfsClient } from "../../core/client.ts";
import { type RpcRoute, route } from "../wire/rpc-method.ts";
import { accountMethods } from "./account-methods.ts";

/** `client` gives the connection's client, which changes when a transaction is begun. */
export function accountRoutes(client: () => DfsClient): RpcRoute[] {
  return [
    route(accountMethods.login, (request, { signal }) => client().login(request, { signal })),
    route(accountMethods.logout, (_, { signal }) => nothing(client().logout({ signal }))),
    route(accountMethods.whoami, (_, { signal }) => client().whoami({ signal })),
    route(accountMethods.users, async (_, { signal }) => [...(await client().users({ signal }))]),
    route(accountMethods.addUser, (user, { signal }) => client().addUser(user, { signal })),
    route(accountMethods.changePassword, (passwords, { signal }) =>
      nothing(client().changePassword(passwords, { signal })),
    ),
    route(accountMethods.removeUser, ({ user }, { signal }) => nothing(client().removeUser(user, { signal }))),
    route(accountMethods.setAdmin, ({ user, isAdmin }, { signal }) =>
      nothing(client().setAdmin(user, isAdmin, { signal })),
    ),
    route(accountMethods.setQuota, ({ user, quotaBytes }, { signal }) =>
      nothing(client().setQuota(user, quotaBytes, { signal })),
    ),
    route(accountMethods.share, ({ path, user, write }, { signal }) => client().share(path, user, { write, signal })),
    route(accountMethods.unshare, ({ path, user }, { signal }) => nothing(client().unshare(path, user, { signal }))),
    route(accountMethods.shares, async ({ direction }, { signal }) => [
      ...(await client().shares(direction, { signal })),
    ]),
    route(accountMethods.invite, (request, { signal }) => client().invite({ ...request, signal })),
    route(accountMethods.invites, async (_, { signal }) => [...(await client().invites({ signal }))]),
    route(accountMethods.revokeInvite, ({ id }, { signal }) => nothing(client().revokeInvite(id, { signal }))),
  ];
}

async function nothing(work: Promise<void>): Promise<null> {
  await work;
  return null;
}
