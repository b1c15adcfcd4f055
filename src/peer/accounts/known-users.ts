/** Other users, believed only as far as each has signed what its row in the catalogue says. */
import type { UserRow } from "../../catalogue/rows.ts";
import { DfsError } from "../../core/errors.ts";
import type { NetworkId, UserId, UserName } from "../../core/ids.ts";
import { userIdOf } from "../../identity/user-keys.ts";
import { verifyUserProof } from "../../identity/user-proof.ts";
import type { ReadCallOptions, UserReader } from "../coordination/catalogue-access.ts";

export interface KnownUsersOptions {
  readonly network: NetworkId;
  readonly catalogue: Pick<UserReader, "user" | "userByName">;
}

export class KnownUsers {
  readonly #options: KnownUsersOptions;

  constructor(options: KnownUsersOptions) {
    this.#options = options;
  }

  /** The user of this name. Fails with `not-found`, and `integrity` for a row that the user has not signed. */
  async byName(name: UserName, options: ReadCallOptions = {}): Promise<UserRow> {
    const row = await this.find(name, options);
    if (row === undefined) throw new DfsError("not-found", `there is no user ${name}; see users`, { path: name });
    return row;
  }

  /** The user of this name; undefined where there is none. Fails with `integrity` for a row that the user has not signed. */
  async find(name: UserName, options: ReadCallOptions = {}): Promise<UserRow | undefined> {
    const row = await this.#options.catalogue.userByName(name, options);
    if (row === undefined) return undefined;
    if (row.name !== name) throw unsigned(row.name);
    return this.checked(row);
  }

  /** The user with this id; undefined where there is none any more. Fails with `integrity` for a row that the user has not signed. */
  async byId(id: UserId, options: ReadCallOptions = {}): Promise<UserRow | undefined> {
    const row = await this.#options.catalogue.user(id, options);
    if (row === undefined) return undefined;
    if (row.user !== id) throw unsigned(row.name);
    return this.checked(row);
  }

  /** A row that its user has signed. Fails with `integrity` for any other. */
  checked(row: UserRow): UserRow {
    const { network } = this.#options;
    const isOwn = userIdOf(row.publicKey) === row.user && verifyUserProof({ network, ...row }, row.proof);
    if (!isOwn) throw unsigned(row.name);
    return row;
  }
}

/** What a coordinator said of a user is not the user's word. */
export function unsigned(name: UserName): DfsError {
  return new DfsError("integrity", `the coordinators say something about the user ${name} that it has not signed`);
}
