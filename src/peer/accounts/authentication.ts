/** From a name and a password to a user's keys, with the leading coordinator's help; and new passwords for old ones. */
import type { UserInfo } from "../../core/accounts.ts";
import { DfsError } from "../../core/errors.ts";
import type { NetworkId, UserName } from "../../core/ids.ts";
import {
  type Credential,
  generateRootKey,
  makeCredential,
  openRootKey,
  passwordKeys,
  wipe,
} from "../../identity/credentials.ts";
import { checkPassword } from "../../identity/password.ts";
import { type UserKeys, deriveUser } from "../../identity/user-keys.ts";
import { signUserProof } from "../../identity/user-proof.ts";
import type { OperationOf } from "../../catalogue/operation.ts";
import type { CatalogueAccess } from "../coordination/catalogue-access.ts";
import { type UserDirectory, userInfo } from "./user-directory.ts";

/** Who logged in. The caller owns the secrets, and wipes them. */
export interface Authenticated {
  /** 32 bytes. */
  readonly rootKey: Uint8Array;
  readonly keys: UserKeys;
  readonly info: UserInfo;
}

export interface AuthenticationOptions {
  readonly network: NetworkId;
  readonly catalogue: Pick<CatalogueAccess, "login" | "loginSalt">;
  readonly directory: UserDirectory;
}

export class Authentication {
  readonly #options: AuthenticationOptions;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  /**
   * The keys of the user with this name and password. Fails with `permission` when they do not belong together, `busy`
   * after too many tries, and `integrity` when the coordinators answer with what this user never gave them.
   */
  async authenticate(name: UserName, password: string, signal?: AbortSignal): Promise<Authenticated> {
    const { network, catalogue, directory } = this.#options;
    const salt = await catalogue.loginSalt(name, signal);
    const { proof, wrapKey } = await passwordKeys(password, salt, signal);
    try {
      const { wrappedKey, user } = await catalogue.login(name, proof, signal);
      const rootKey = openRootKey({ network, name }, wrapKey, wrappedKey);
      const keys = deriveUser(rootKey);
      const row = directory.checked(user);
      if (row.name !== name || row.user !== keys.userId || row.rootDirectory !== keys.rootDirectory)
        throw new DfsError("integrity", `the coordinators answered the login of ${name} with another user's row`);
      return { rootKey, keys, info: userInfo(row) };
    } finally {
      wipe(proof, wrapKey);
    }
  }

  /** What makes a new user known; its secrets are only in the credential, under the password. Fails with `usage` for a weak password. */
  async newUser(name: UserName, password: string, signal?: AbortSignal): Promise<NewUserFields> {
    checkPassword(password, name);
    const rootKey = generateRootKey();
    try {
      const keys = deriveUser(rootKey);
      const { network } = this.#options;
      const { userId: user, publicKey, boxPublicKey, rootDirectory } = keys;
      const proof = signUserProof(keys, network, name);
      const credential = await makeCredential({ network, name }, rootKey, password, signal);
      keys.wipe();
      return { user, name, publicKey, boxPublicKey, proof, rootDirectory, credential };
    } finally {
      wipe(rootKey);
    }
  }

  /** A credential by another password, for who knows the present one. Fails as `authenticate`, and with `usage` for a weak password. */
  async newCredential(
    name: UserName,
    passwords: { readonly old: string; readonly new: string },
    signal?: AbortSignal,
  ): Promise<Credential> {
    checkPassword(passwords.new, name);
    const { rootKey, keys } = await this.authenticate(name, passwords.old, signal);
    try {
      return await makeCredential({ network: this.#options.network, name }, rootKey, passwords.new, signal);
    } finally {
      wipe(rootKey);
      keys.wipe();
    }
  }
}

type NewUserFields = Omit<OperationOf<"addUser">, "op" | "quotaBytes">;
