/** The network's users as the catalogue has them, believed only as far as each has signed what its row says. */
import type { UserRow } from "../../catalogue/rows.ts";
import type { UserInfo } from "../../core/accounts.ts";
import { DfsError } from "../../core/errors.ts";
import type { NetworkId, UserName } from "../../core/ids.ts";
import { pageRowsMax } from "../../core/limits.ts";
import { sharedUserName } from "../../core/ids.ts";
import { type UserKeys, userIdOf } from "../../identity/user-keys.ts";
import { userFingerprint, verifyUserProof } from "../../identity/user-proof.ts";
import type { CatalogueAccess } from "../coordination/catalogue-access.ts";

export interface UserDirectoryOptions {
  readonly network: NetworkId;
  /** The keys of the shared user, which every member derives. */
  readonly shared: UserKeys;
  readonly catalogue: Pick<CatalogueAccess, "userByName" | "users">;
}

/** The keys that others use of a user. */
export interface PublicKeys {
  readonly publicKey: Uint8Array;
  readonly boxPublicKey: Uint8Array;
}

export class UserDirectory {
  readonly #options: UserDirectoryOptions;

  constructor(options: UserDirectoryOptions) {
    this.#options = options;
  }

  /** The user of this name; undefined where there is none. Fails with `integrity` for a row that the user has not signed. */
  async find(name: UserName, signal?: AbortSignal): Promise<(UserRow & PublicKeys) | undefined> {
    const row = await this.#options.catalogue.userByName(name, { signal });
    return row === undefined ? undefined : this.checked(row);
  }

  /** The user of this name. Fails with `not-found`, and `integrity` for a row that the user has not signed. */
  async require(name: UserName, signal?: AbortSignal): Promise<UserRow & PublicKeys> {
    const row = await this.find(name, signal);
    if (row === undefined) throw new DfsError("not-found", `there is no user ${name}; see users`, { path: name });
    return row;
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

  /** A row whose keys are the user's own. Fails with `integrity`. */
  checked(row: UserRow): UserRow & PublicKeys {
    const { network, shared } = this.#options;
    if (row.name === sharedUserName) {
      if (row.user === shared.userId) return { ...row, boxPublicKey: shared.boxPublicKey };
    } else if (row.boxPublicKey !== null && row.proof !== null) {
      const { name, publicKey, boxPublicKey, rootDirectory, proof } = row;
      const isSigned = verifyUserProof({ network, name, publicKey, boxPublicKey, rootDirectory }, proof);
      if (isSigned && userIdOf(publicKey) === row.user) return { ...row, boxPublicKey };
    }
    throw new DfsError("integrity", `the coordinators say something about the user ${row.name} that it has not signed`);
  }
}

/** A user as people see it. */
export function userInfo(row: UserRow & PublicKeys): UserInfo {
  return {
    name: row.name,
    id: row.user,
    isAdmin: row.isAdmin,
    usedBytes: row.usedBytes,
    quotaBytes: row.quotaBytes ?? undefined,
    fingerprint: userFingerprint(row),
  };
}
