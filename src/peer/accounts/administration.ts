/** What is ordered about users and invites: each call one command, signed by whom the session acts for. */
import type { InviteInfo, InviteRequest, NewUser, UserInfo } from "../../core/accounts.ts";
import type { Invite } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import type { UserId, UserName } from "../../core/ids.ts";
import { inviteIdDigitsMin } from "../../core/limits.ts";
import type { CommandTarget } from "../command-session.ts";
import type { CatalogueAccess } from "../coordination/catalogue-access.ts";
import { hexOf } from "../random-ids.ts";
import type { Authentication } from "./authentication.ts";
import { type UserDirectory, userInfo } from "./user-directory.ts";

export interface AdministrationOptions {
  /** Removes what this machine keeps of a user who is no more. */
  readonly forgetUser: (user: UserId) => Promise<void>;
  readonly catalogue: Pick<CatalogueAccess, "invites">;
  readonly directory: UserDirectory;
  readonly authentication: Authentication;
  readonly makeInvite: (request: InviteRequest, commands: CommandTarget, signal?: AbortSignal) => Promise<Invite>;
}

/** `commands` commits as the administrator who is logged in, or as this peer while nobody is. */
export class Administration {
  readonly #options: AdministrationOptions;

  constructor(options: AdministrationOptions) {
    this.#options = options;
  }

  /** Fails with `exists`, `permission`, and `usage` for a weak password. */
  async addUser(
    { name, password, quotaBytes }: NewUser,
    commands: CommandTarget,
    signal?: AbortSignal,
  ): Promise<UserInfo> {
    checkBytes(quotaBytes);
    const { authentication, directory } = this.#options;
    const fields = await authentication.newUser(name, password, signal);
    await commands.execute([{ op: "addUser", ...fields, quotaBytes: quotaBytes ?? null }], signal);
    return userInfo(await directory.require(name, signal));
  }

  /** Fails with `not-found`, `permission`, `usage`. */
  async removeUser(name: UserName, commands: CommandTarget, signal?: AbortSignal): Promise<void> {
    const { user } = await this.#options.directory.require(name, signal);
    await commands.execute([{ op: "removeUser", user }], signal);
    await this.#options.forgetUser(user);
  }

  /** Fails with `not-found`, `permission`, `usage`. */
  async setAdmin(name: UserName, isAdmin: boolean, commands: CommandTarget, signal?: AbortSignal): Promise<void> {
    const { user } = await this.#options.directory.require(name, signal);
    await commands.execute([{ op: "setAdmin", user, isAdmin }], signal);
  }

  /** Fails with `not-found`, `permission`, and `usage` for what is no number of bytes. */
  async setQuota(
    name: UserName,
    quotaBytes: number | null,
    commands: CommandTarget,
    signal?: AbortSignal,
  ): Promise<void> {
    checkBytes(quotaBytes ?? undefined);
    const { user } = await this.#options.directory.require(name, signal);
    await commands.execute([{ op: "setQuota", user, quotaBytes }], signal);
  }

  /** Fails with `permission`, and `usage` for uses and times out of range. */
  invite(request: InviteRequest, commands: CommandTarget, signal?: AbortSignal): Promise<Invite> {
    return this.#options.makeInvite(request, commands, signal);
  }

  /** Invites that still count. */
  async invites(signal?: AbortSignal): Promise<readonly InviteInfo[]> {
    const rows = await this.#options.catalogue.invites({ signal });
    const hashes = rows.map(({ hash }) => hexOf(hash));
    return rows.map(({ role, usesLeft, expiresMs, createdBy }, place) => ({
      id: shortest(hashes[place] ?? "", hashes),
      role,
      usesLeft,
      expiresMs,
      createdBy: createdBy as InviteInfo["createdBy"],
    }));
  }

  /** Fails with `not-found`, `permission`, and `usage` for an id that several have. */
  async revokeInvite(id: string, commands: CommandTarget, signal?: AbortSignal): Promise<void> {
    if (!/^[0-9a-f]{1,64}$/.test(id)) throw new DfsError("not-found", `no invite has the id ${JSON.stringify(id)}`);
    const rows = await this.#options.catalogue.invites({ signal });
    const [invite, another] = rows.filter(({ hash }) => hexOf(hash).startsWith(id));
    if (invite === undefined)
      throw new DfsError("not-found", `no invite that counts has the id ${id}; see invite list`);
    if (another !== undefined)
      throw new DfsError("usage", `several invites have an id that begins with ${id}: give more of it`);
    await commands.execute([{ op: "revokeInvite", hash: invite.hash }], signal);
  }
}

/** The beginning of a hash that no other one has. */
function shortest(hash: string, hashes: readonly string[]): string {
  for (let digits = inviteIdDigitsMin; digits < hash.length; digits += 1) {
    const id = hash.slice(0, digits);
    if (hashes.filter((other) => other.startsWith(id)).length === 1) return id;
  }
  return hash;
}

function checkBytes(bytes: number | undefined): void {
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes >= 0))
    throw new DfsError("usage", `a quota is a whole number of bytes from 0 up, not ${bytes}`);
}
