/** The calls about users, logins and invites over a control connection. */
import type {
  Account,
  AccountsClient,
  InviteInfo,
  InviteRequest,
  LoginRequest,
  NewUser,
  Share,
  ShareOptions,
  UserInfo,
} from "../../core/accounts.ts";
import type { CallOptions, Invite } from "../../core/client.ts";
import type { UserName } from "../../core/ids.ts";
import type { DfsPath } from "../../core/names.ts";
import type { RpcClient } from "../wire/rpc-client.ts";
import { accountMethods } from "./account-methods.ts";

export class AccountsCaller implements AccountsClient {
  protected readonly rpc: RpcClient;

  constructor(rpc: RpcClient) {
    this.rpc = rpc;
  }

  login(request: LoginRequest, { signal }: CallOptions = {}): Promise<Account> {
    return this.rpc.call(accountMethods.login, request, { signal });
  }

  async logout({ signal }: CallOptions = {}): Promise<void> {
    await this.rpc.call(accountMethods.logout, {}, { signal });
  }

  whoami({ signal }: CallOptions = {}): Promise<Account> {
    return this.rpc.call(accountMethods.whoami, {}, { signal });
  }

  users({ signal }: CallOptions = {}): Promise<readonly UserInfo[]> {
    return this.rpc.call(accountMethods.users, {}, { signal });
  }

  addUser(user: NewUser, { signal }: CallOptions = {}): Promise<UserInfo> {
    return this.rpc.call(accountMethods.addUser, user, { signal });
  }

  async changePassword(
    passwords: { readonly old: string; readonly new: string },
    { signal }: CallOptions = {},
  ): Promise<void> {
    await this.rpc.call(accountMethods.changePassword, passwords, { signal });
  }

  async removeUser(user: UserName, { signal }: CallOptions = {}): Promise<void> {
    await this.rpc.call(accountMethods.removeUser, { user }, { signal });
  }

  async setAdmin(user: UserName, isAdmin: boolean, { signal }: CallOptions = {}): Promise<void> {
    await this.rpc.call(accountMethods.setAdmin, { user, isAdmin }, { signal });
  }

  async setQuota(user: UserName, quotaBytes: number | null, { signal }: CallOptions = {}): Promise<void> {
    await this.rpc.call(accountMethods.setQuota, { user, quotaBytes }, { signal });
  }

  share(path: DfsPath, user: UserName, { write, signal }: ShareOptions = {}): Promise<Share> {
    return this.rpc.call(accountMethods.share, { path, user, write }, { signal });
  }

  async unshare(path: DfsPath, user: UserName, { signal }: CallOptions = {}): Promise<void> {
    await this.rpc.call(accountMethods.unshare, { path, user }, { signal });
  }

  shares(direction: "by" | "to", { signal }: CallOptions = {}): Promise<readonly Share[]> {
    return this.rpc.call(accountMethods.shares, { direction }, { signal });
  }

  invite({ signal, ...request }: CallOptions & InviteRequest = {}): Promise<Invite> {
    const { expiresInMs, uses, role } = request;
    return this.rpc.call(accountMethods.invite, { expiresInMs, uses, role }, { signal });
  }

  invites({ signal }: CallOptions = {}): Promise<readonly InviteInfo[]> {
    return this.rpc.call(accountMethods.invites, {}, { signal });
  }

  async revokeInvite(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.rpc.call(accountMethods.revokeInvite, { id }, { signal });
  }
}
