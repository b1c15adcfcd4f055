/** Directories by their ids, with their paths and keys: those that are there, and those that a change removed. */
import { childPath, rootPath, resolvePath } from "../../core/names.ts";
import type { NodeRow } from "../../catalogue/rows.ts";
import { DfsError } from "../../core/errors.ts";
import { type NodeId, type UserId, sharedUserName } from "../../core/ids.ts";
import type { Keyring } from "../../identity/keyring.ts";
import { openName } from "../../identity/name-token.ts";
import { openPastWrap } from "../../identity/past-wrap.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import { type OpenedWrap, type PlainAttributes, openWrap } from "../../identity/wrap.ts";
import type { CatalogueReader, ReadCallOptions, UserReader } from "../coordination/catalogue-access.ts";
import { type Located, newDirectory } from "../located.ts";
import type { Namespace } from "../namespace.ts";
import { type LastName, type Touched, touchedBy } from "./change-effects.ts";

export interface UndoPlacesOptions {
  readonly namespace: Namespace;
  readonly catalogue: Pick<CatalogueReader, "lineage"> & Pick<UserReader, "effects">;
  /** Who is logged in. */
  readonly user: UserKeys;
  /** Whose keys every member has. */
  readonly shared: UserKeys;
  readonly reading: ReadCallOptions;
}

/** The keys of a node that has ended, as its last name had them. */
export interface PastKeys {
  readonly keyring: Keyring;
  /** Absent for a file. */
  readonly directory?: PlainAttributes | undefined;
}

export class UndoPlaces {
  readonly #options: UndoPlacesOptions;
  readonly #touched: ReadonlyMap<NodeId, Touched>;
  readonly #directories = new Map<NodeId, Promise<Located>>();
  readonly #endedOnes = new Set<NodeId>();
  #roots: Promise<readonly Located[]> | undefined;
  #isOthers = false;

  constructor(options: UndoPlacesOptions, touched: readonly Touched[]) {
    this.#options = options;
    this.#touched = new Map(touched.map((each) => [each.node, each]));
  }

  /** A directory, live or removed by the change. Fails with `conflict` where nobody knows it any more. */
  directory(node: NodeId): Promise<Located> {
    const known = this.#directories.get(node);
    if (known !== undefined) return known;
    const found = this.#find(node);
    this.#directories.set(node, found);
    return found;
  }

  /** From now on a directory is as this one says: it is about to come back, to move, or has new keys. */
  set(node: NodeId, place: Located): void {
    this.#directories.set(node, Promise.resolve(place));
  }

  /** Whether a directory that was looked up has been removed. */
  isEnded(node: NodeId): boolean {
    return this.#endedOnes.has(node);
  }

  /** Forgets what is known, because keys were replaced. */
  forget(): void {
    this.#directories.clear();
  }

  /** Where the space begins that a directory is in: where something can be put aside. */
  async rootOf(place: Located): Promise<Located> {
    const root = (await this.#allRoots(true)).find(({ path }) => path === place.space.path);
    return root ?? place;
  }

  /** The keys of a node that the change removed. Fails with `permission` where only another user can open them. */
  async pastKeys({ node, kind, owner, lastName }: Touched): Promise<PastKeys> {
    if (lastName === undefined) throw new DfsError("not-found", "what was removed is no longer kept: see retain");
    const keys = this.#ownerKeys(owner);
    const { keyring } = await this.directory(lastName.parent);
    return openPast(keys, keyring, lastName, node, kind);
  }

  #ownerKeys(owner: UserId): UserKeys {
    const { user, shared } = this.#options;
    const keys = [user, shared].find(({ userId }) => userId === owner);
    if (keys !== undefined) return keys;
    throw new DfsError(
      "permission",
      "what was removed from another user's tree only that user can bring back: ask for it",
    );
  }

  async #find(node: NodeId): Promise<Located> {
    const rows = await this.#options.catalogue.lineage(node, this.#options.reading);
    const [row] = rows;
    if (row === undefined || row.endedIndex !== null) return this.#ended(node, row);
    const roots = await this.#rootsFor(row.user);
    const top = rows.findIndex((each) => roots.some((root) => root.node === each.node && !isFileRoot(root)));
    const root = roots.find((each) => each.node === rows[top]?.node);
    if (root === undefined) throw new DfsError("conflict", "what was changed is where you cannot reach it any more");
    let place = root;
    for (const { node: child, parent, token, ...wrap } of rows.slice(0, top).toReversed()) {
      if (parent === null || token === null) throw new DfsError("conflict", "a directory was removed meanwhile");
      const opened = openWrap(place.keyring, { parent, token, node: child }, wrap);
      place = opened.directory === undefined ? place : located(place, child, token, opened);
    }
    return place;
  }

  /** A directory that was removed is known by the name that it had. */
  async #ended(node: NodeId, row: NodeRow | undefined): Promise<Located> {
    this.#endedOnes.add(node);
    const known = this.#touched.get(node) ?? (await this.#endOf(node, row));
    if (known?.lastName === undefined || known.kind !== "directory")
      throw new DfsError("conflict", "the directory that it was in was removed meanwhile");
    const parent = await this.directory(known.lastName.parent);
    const { keyring, directory } = await this.pastKeys(known);
    return located(parent, node, known.lastName.token, { keyring, directory, isStale: false });
  }

  /** What the entry of the log did by which somebody else removed a directory. */
  async #endOf(node: NodeId, row: NodeRow | undefined): Promise<Touched | undefined> {
    if (row?.endedIndex === undefined || row.endedIndex === null || row.endedMs === null) return undefined;
    const commit = { index: row.endedIndex, timeMs: row.endedMs, rows: 0 };
    const { catalogue, reading } = this.#options;
    return (await touchedBy(catalogue, [commit], reading)).find((each) => each.node === node);
  }

  async #rootsFor(owner: UserId): Promise<readonly Located[]> {
    const { user, shared } = this.#options;
    const isOthers = owner !== user.userId && owner !== shared.userId;
    return (await this.#allRoots(isOthers)).filter(({ space }) => space.owner === owner);
  }

  /** Where the user's spaces begin; those of others are looked up only for what is in them. */
  #allRoots(withOthers: boolean): Promise<readonly Located[]> {
    if (this.#roots === undefined || (withOthers && !this.#isOthers)) {
      this.#isOthers = withOthers;
      this.#roots = this.#findRoots(withOthers);
    }
    return this.#roots;
  }

  async #findRoots(withOthers: boolean): Promise<readonly Located[]> {
    const { namespace, user, shared, reading } = this.#options;
    const roots = [await namespace.requireDirectory(rootPath, reading)];
    if (user === shared) return roots;
    roots.push(await namespace.requireDirectory(childPath(rootPath, sharedUserName), reading));
    if (!withOthers) return roots;
    const from = await namespace.locate(resolvePath("/from"), reading);
    if (from === undefined) return roots;
    for await (const owner of namespace.children(from, reading))
      for await (const share of namespace.children(owner, reading)) roots.push(share);
    return roots;
  }
}

/** A file that was shared by itself is where a space begins, and has nothing below it. */
function isFileRoot({ entry }: Located): boolean {
  return entry.kind === "file";
}

function openPast(
  owner: UserKeys,
  parentKeyring: Keyring,
  { parent, token, pastWrap, wrapGeneration }: LastName,
  node: NodeId,
  kind: Touched["kind"],
): OpenedWrap {
  const wrap = openPastWrap(owner, node, pastWrap);
  return openWrap(parentKeyring, { parent, token, node }, { kind, generation: wrapGeneration, wrap });
}

/** A directory in another one, by its opened keys. */
export function located(parent: Located, node: NodeId, token: Uint8Array, opened: OpenedWrap): Located {
  const name = openName(parent.keyring, parent.node, token);
  const { keyring, isStale } = opened;
  const attributes = opened.directory ?? { mode: 0, modifiedMs: 0 };
  const place = newDirectory(parent, { node, keyring }, { name, ...attributes });
  return { ...place, parent: parent.node, token, isStale: isStale || parent.isStale };
}
