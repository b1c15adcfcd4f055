/**
 * What others share with a user: opened with the user's box key, and named.
 *
 * A share goes by the name that its thing had when it was given. Of two with the same name from one user the later one
 * gets a number: `plan`, `plan (2)`. What cannot be opened is left out, so that one bad share hides no other.
 */
import pLimit from "p-limit";
import type { ShareRow, UserRow } from "../../catalogue/rows.ts";
import { DfsError } from "../../core/errors.ts";
import { type NetworkId, type NodeId, type UserId, type UserName, isUserName, parseUserName } from "../../core/ids.ts";
import { nameBytesMax, sharesListedMax, usersLookedUpMax } from "../../core/limits.ts";
import { type SharedThing, openShare } from "../../identity/share-box.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import type { CatalogueReader, ReadCallOptions } from "../coordination/catalogue-access.ts";
import { hexOf } from "../random-ids.ts";
import type { KnownUsers } from "../accounts/known-users.ts";
import { shareRows } from "./share-rows.ts";

/** One share, opened. */
export interface ReceivedShare extends SharedThing {
  /** Under which the user finds it among those of its owner. */
  readonly shownName: string;
  readonly owner: UserId;
  readonly ownerName: UserName;
  /** Raw X25519. */
  readonly ownerBoxKey: Uint8Array;
  readonly node: NodeId;
  readonly mayWrite: boolean;
  readonly createdMs: number;
}

export interface ReceivedSharesOptions {
  readonly network: NetworkId;
  readonly user: UserKeys;
  readonly catalogue: Pick<CatalogueReader, "shares">;
  readonly users: KnownUsers;
}

export class ReceivedShares {
  readonly #options: ReceivedSharesOptions;
  /** What was opened before, by what was sealed: opening takes as long as a hundred rows. */
  readonly #opened = new Map<string, SharedThing>();

  constructor(options: ReceivedSharesOptions) {
    this.#options = options;
  }

  /** Every share that can be opened, by the users who gave them. */
  async all(options: ReadCallOptions = {}): Promise<readonly ReceivedShare[]> {
    const { user, catalogue, users } = this.#options;
    const rows = await shareRows(catalogue, { to: user.userId }, options);
    const owners = new Set(rows.map(({ owner }) => owner));
    const found = await pLimit(usersLookedUpMax).map(Array.from(owners), (owner) =>
      ignoringUnsigned(users.byId(owner, options)),
    );
    return found.flatMap((owner) => (owner === undefined ? [] : this.#of(owner, rows)));
  }

  /** What the user of this name shares; nothing for a text that is no user's name. */
  async from(name: string, options: ReadCallOptions = {}): Promise<readonly ReceivedShare[]> {
    if (!isUserName(name)) return [];
    const { user, catalogue, users } = this.#options;
    const owner = await ignoringUnsigned(users.find(parseUserName(name), options));
    if (owner === undefined) return [];
    return this.#of(owner, await shareRows(catalogue, { to: user.userId }, options));
  }

  #of(owner: UserRow, rows: readonly ShareRow[]): readonly ReceivedShare[] {
    const taken = new Set<string>();
    return rows
      .filter((row) => row.owner === owner.user)
      .flatMap((row) => {
        const thing = this.#open(owner, row);
        if (thing === undefined) return [];
        const shownName = freeName(thing.name, taken);
        taken.add(shownName);
        const { node, mayWrite, createdMs } = row;
        const { user, name: ownerName, boxPublicKey: ownerBoxKey } = owner;
        return [{ ...thing, shownName, owner: user, ownerName, ownerBoxKey, node, mayWrite, createdMs }];
      });
  }

  #open(owner: UserRow, { node, grantee, generation, sealed }: ShareRow): SharedThing | undefined {
    const { network, user } = this.#options;
    const key = `${owner.user}/${node}/${generation}/${hexOf(sealed)}`;
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    try {
      const binding = { network, owner: owner.user, grantee, node };
      const thing = openShare(user, binding, generation, owner.publicKey, sealed);
      if (this.#opened.size >= sharesListedMax) this.#opened.clear();
      this.#opened.set(key, thing);
      return thing;
    } catch (error) {
      if (error instanceof DfsError && (error.kind === "integrity" || error.kind === "invalid-name")) return undefined;
      throw error;
    }
  }
}

/** A row that its user has not signed counts as that of nobody. */
async function ignoringUnsigned(found: Promise<UserRow | undefined>): Promise<UserRow | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof DfsError && error.kind === "integrity") return undefined;
    throw error;
  }
}

/** The name itself, or with the first number that makes it free. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number += 1) {
    const suffix = ` (${number})`;
    const numbered = `${shortened(name, nameBytesMax - suffix.length)}${suffix}`;
    if (!taken.has(numbered)) return numbered;
  }
}

/** As many whole characters as fit into so many bytes. */
function shortened(name: string, bytes: number): string {
  let result = name;
  while (Buffer.byteLength(result) > bytes) result = Array.from(result).slice(0, -1).join("");
  return result;
}
