/** The network's users as the catalogue has them, believed only as far as each has signed what its row says. */
import type { UserRow } from "../../catalogue/rows.ts";
import type { UserInfo } from "../../core/accounts.ts";
import type { NetworkId, UserName } from "../../core/ids.ts";
import { pageRowsMax } from "../../core/limits.ts";
import { sharedUserName } from "../../core/ids.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import { userFingerprint } from "../../identity/user-proof.ts";
import type { CatalogueAccess } from "../coordination/catalogue-access.ts";
import { KnownUsers, unsigned } from "./known-users.ts";

export interface UserDirectoryOptions {
  readonly network: NetworkId;
  /** The keys of the shared user, which every member derives. */
  readonly shared: UserKeys;
  readonly catalogue: Pick<CatalogueAccess, "user" | "userByName" | "users">;
}

export class UserDirectory {
  readonly #options: UserDirectoryOptions;
  readonly #known: KnownUsers;

  constructor(options: UserDirectoryOptions) {
    this.#options = options;
    this.#known = new KnownUsers(options);
  }

  /** The user of this name; undefined where there is none. Fails with `integrity` for a row that is not this user's own word. */
  async find(name: UserName, signal?: AbortSignal): Promise<UserRow | undefined> {
    const row = await this.#known.find(name, { signal });
    return row === undefined ? undefined : this.checked(row);
  }

  /** The user of this name. Fails with `not-found`, and `integrity` for a row that is not this user's own word. */
  async require(name: UserName, signal?: AbortSignal): Promise<UserRow> {
    return this.checked(await this.#known.byName(name, { signal }));
  }

  /** Every user, in the order of their names. Fails with `integrity` for a row that its user has not signed. */
  async all(signal?: AbortSignal): Promise<readonly UserInfo[]> {
    const found: UserInfo[] = [];
    let after: UserName | undefined;
    do {
      const { rows, next } = await this.#options.catalogue.users(after, pageRowsMax, { signal });
      for (const row of rows) found.push(userInfo(this.checked(row)));
      after = next ?? undefined;
    } while (after !== undefined);
    return found;
  }

  isShared({ user }: UserRow): boolean {
    return user === this.#options.shared.userId;
  }

  /** A row that its user has signed; only the network's own shared user has that name. Fails with `integrity`. */
  checked(row: UserRow): UserRow {
    if (row.name === sharedUserName && !this.isShared(row)) throw unsigned(row.name);
    return this.#known.checked(row);
  }
}

/** A user as people see it. */
export function userInfo(row: UserRow): UserInfo {
  return {
    name: row.name,
    id: row.user,
    isAdmin: row.isAdmin,
    usedBytes: row.usedBytes,
    quotaBytes: row.quotaBytes ?? undefined,
    fingerprint: userFingerprint(row),
  };
}
