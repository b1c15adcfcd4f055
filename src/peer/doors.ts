/**
 * Doors: the ways out of a user's own tree into what others have.
 *
 * `/shared` is the root of the shared user's tree. `/from` has a directory for each user who shares something with this
 * one, and that has what is shared: each of it the beginning of a *space* of its own. A door is found by its path only: no
 * listing, walk or removal of the user's own root comes across it.
 */
import pLimit from "p-limit";
import type { EntryRow } from "../catalogue/rows.ts";
import { DfsError } from "../core/errors.ts";
import { type UserId, type UserName, sharedUserName } from "../core/ids.ts";
import { pastSealersMax, sharesOpenedMax } from "../core/limits.ts";
import { type DfsPath, baseName, childPath, pathParts, rootPath } from "../core/names.ts";
import { Keyring } from "../identity/keyring.ts";
import { pastSealerFor, sealPastWrap } from "../identity/past-wrap.ts";
import { dedupSecretIn } from "../identity/space-secret.ts";
import type { UserKeys } from "../identity/user-keys.ts";
import type { CatalogueReader, ReadCallOptions } from "./coordination/catalogue-access.ts";
import { leadsToPast, pastSpace } from "./past-space.ts";
import { type Door, type Located, type Space, openFile, rootOf } from "./located.ts";
import type { ReceivedShare, ReceivedShares } from "./sharing/received-shares.ts";

export interface DoorsOptions {
  readonly user: UserKeys;
  readonly shared: UserKeys;
  readonly shares: ReceivedShares;
  readonly catalogue: Pick<CatalogueReader, "lineage" | "entry">;
  /** On how many disks a file is. */
  readonly copies: (row: EntryRow) => number;
}

const fromName = "from";
const mode = 0o755;

/** Where a name leads that nothing in the root of a user who is logged in can have: the end of a sentence. */
export function leadsToOthers(name: string): string | undefined {
  return name === sharedUserName || name === fromName ? "what is not your own" : undefined;
}

/** Where the space begins that a path of the present leads into, of a user who is logged in. */
export function spacePathOf(path: DfsPath): DfsPath {
  const [first, ...rest] = pathParts(path);
  if (first === sharedUserName) return childPath(rootPath, first);
  if (first !== fromName) return rootPath;
  return rest.slice(0, 2).reduce(childPath, childPath(rootPath, first));
}

export class Doors {
  readonly #options: DoorsOptions;
  readonly #pastSealers = new Map<UserId, Space["forPast"]>();

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  /** The same doors, with files as another reader shows them. */
  over(catalogue: DoorsOptions["catalogue"]): Doors {
    return new Doors({ ...this.#options, catalogue });
  }

  /** The door of this name in the user's root, as it is or as it was; undefined where there is none. Fails with `permission` for the past of what is others'. */
  at(name: string, root?: Space): Located | undefined {
    if (name === sharedUserName) return this.#shared(root);
    if (name === fromName && root?.past !== undefined)
      throw new DfsError("permission", "the past of what others share is theirs alone: ask them", {
        path: childPath(root.path, name),
      });
    if (name === fromName) return this.#virtual(childPath(rootPath, fromName), this.#users());
    return undefined;
  }

  #shared(root: Space | undefined): Located {
    const { shared } = this.#options;
    const { userId: owner, dedupSecret, rootDirectory, rootKeyring } = shared;
    const forPast: Space["forPast"] = (node, wrap) => sealPastWrap(shared, node, wrap);
    const now: Space = {
      owner,
      path: childPath(rootPath, sharedUserName),
      dedupSecret,
      forPast,
      reserved: leadsToPast,
    };
    const past = root?.past;
    const space =
      root === undefined || past === undefined
        ? now
        : pastSpace(now, childPath(root.path, sharedUserName), shared, past.timeMs);
    return rootOf(space, rootDirectory, rootKeyring, { name: sharedUserName, mode, modifiedMs: 0 });
  }

  /** Who shares something with the user. */
  #users(): Door {
    const path = childPath(rootPath, fromName);
    const { shares } = this.#options;
    const userAt = (name: UserName): Located => this.#virtual(childPath(path, name), this.#sharesOf(name));
    return {
      child: async (name, options) => {
        const [given] = await shares.from(name, options);
        return given === undefined ? undefined : userAt(given.ownerName);
      },
      children: async (options) => {
        const names = new Set((await shares.all(options)).map(({ ownerName }) => ownerName));
        return Array.from(names).sort().map(userAt);
      },
    };
  }

  /** What one user shares with this one. */
  #sharesOf(owner: UserName): Door {
    const { shares } = this.#options;
    return {
      child: async (name, options) => {
        const given = await shares.from(owner, options);
        const share = given.find(({ shownName }) => shownName === name);
        return share === undefined ? undefined : this.#begin(share, options);
      },
      children: async (options) => {
        const given = await shares.from(owner, options);
        const limited = pLimit(sharesOpenedMax);
        const found = await limited.map(Array.from(given), (share) => this.#begin(share, options));
        return found
          .filter((place) => place !== undefined)
          .sort((one, other) => (one.entry.name < other.entry.name ? -1 : 1));
      },
    };
  }

  /** A directory of the view alone. */
  #virtual(path: DfsPath, door: Door): Located {
    const { userId, rootDirectory } = this.#options.user;
    const refusal = "leads to what other users share with you, and cannot be changed by itself";
    const space: Space = { owner: userId, path, dedupSecret: noBytes, forPast: () => noBytes, refusal };
    const root = rootOf(space, rootDirectory, unknownKeys, { name: baseName(path), mode, modifiedMs: 0 });
    return { ...root, door };
  }

  /** Where what is shared begins; undefined when it is not there any more. */
  async #begin(share: ReceivedShare, options: ReadCallOptions): Promise<Located | undefined> {
    const { owner, ownerName, ownerBoxKey, shownName, node, keyring, kind } = share;
    const path = childPath(childPath(childPath(rootPath, fromName), ownerName), shownName);
    const refusal = share.mayWrite ? undefined : `is shared with you for reading only: ask ${ownerName}`;
    const forPast: Space["forPast"] = (of, wrap) => this.#pastSealer(owner, ownerBoxKey)(of, wrap);
    const space: Space = { owner, path, dedupSecret: this.#secretIn(owner), forPast, refusal };
    if (kind === "directory") return rootOf(space, node, keyring, { ...share, name: shownName });
    const [row] = await this.#options.catalogue.lineage(node, options);
    if (row?.user !== owner || row.parent === null || row.token === null || row.endedIndex !== null) return undefined;
    const { parent, token } = row;
    const entry = await this.#options.catalogue.entry(owner, parent, token, options);
    if (entry === undefined) return undefined;
    if (entry.node !== node || entry.kind !== kind)
      throw new DfsError("integrity", "the coordinators show something else than what is shared", { path });
    const place = { path, space, node, parent, token, keyring, isStale: false };
    return openFile(place, shownName, entry, this.#options.copies(entry));
  }

  /** The same one for all that is written into an owner's spaces. */
  #pastSealer(owner: UserId, boxKey: Uint8Array): Space["forPast"] {
    const known = this.#pastSealers.get(owner);
    if (known !== undefined) return known;
    if (this.#pastSealers.size >= pastSealersMax) this.#pastSealers.clear();
    const sealer = pastSealerFor(boxKey);
    this.#pastSealers.set(owner, sealer);
    return sealer;
  }

  #secretIn(owner: UserId): Uint8Array {
    return dedupSecretIn(owner, this.#options.user.dedupSecret);
  }
}

const noBytes = new Uint8Array(0);
const unknownKeys = Keyring.generate();
