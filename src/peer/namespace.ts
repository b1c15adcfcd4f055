/**
 * One user's names: paths on one side, nodes, tokens and sealed attributes of the catalogue on the other.
 *
 * Whoever has the keys of a directory opens the names, keys and attributes of what is in it, and so on downwards from the
 * root; what the catalogue stores it cannot read.
 */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import type { EntryRow } from "../catalogue/rows.ts";
import type { Entry } from "../core/client.ts";
import type { ChildName } from "../core/directory-names.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";
import { openedAtOnce, pageRowsMax } from "../core/limits.ts";
import { type DfsPath, baseName, childPath, parentPath, pathParts, printable, rootPath } from "../core/names.ts";
import { openName, sealName } from "../identity/name-token.ts";
import { timeAndPath } from "../core/past-path.ts";
import { sealPastWrap } from "../identity/past-wrap.ts";
import { openWrap } from "../identity/wrap.ts";
import type { UserKeys } from "../identity/user-keys.ts";
import type { CatalogueReader, ReadCallOptions } from "./coordination/catalogue-access.ts";
import { atOneMoment } from "./coordination/read-moment.ts";
import type { FileContent } from "./content-source.ts";
import { type Doors, leadsToOthers, spacePathOf } from "./doors.ts";
import {
  type Located,
  type RefusedChild,
  type Space,
  openEntry,
  openKeys,
  openOldRevision,
  openedNames,
  refusedChild,
  rootOf,
} from "./located.ts";
import { OpenedEntries } from "./opened-entries.ts";
import { rangesText } from "./number-ranges.ts";
import { leadsToPast, pastDoor, pastSpace } from "./past-space.ts";
import { requireNewName } from "./sealed-operations.ts";
import type { Others } from "./sharing/others.ts";
import type { ShareBoxes } from "./sharing/share-boxes.ts";

/** How to read several entries. */
export interface ReadManyOptions extends ReadCallOptions {
  /** Hears of entries that are left out; without it the first one fails the reading with its error. */
  readonly onRefused?: ((child: RefusedChild) => void) | undefined;
  /** Hears of some children of a directory before the first of them is given out. */
  readonly onPage?: ((children: readonly Located[]) => void) | undefined;
}

export interface LocatedPage {
  readonly children: readonly Located[];
  readonly refused: readonly RefusedChild[];
  readonly next?: Uint8Array | undefined;
}

/** Some names in a directory, of whose files nothing but the name was opened. */
interface ChildNamesPage {
  readonly names: readonly ChildName[];
  readonly refused: readonly RefusedChild[];
  readonly next?: Uint8Array | undefined;
}

/** What the catalogue has of a name. */
interface NamedRow {
  readonly name: string;
  readonly token: Uint8Array;
  readonly row: EntryRow;
}

/** A file, with how to read it. */
export type File = Located & { readonly content: FileContent };

/** A revision that is kept. */
export interface KeptRevision {
  readonly revision: number;
  /** Since when it is kept only for its time, in milliseconds since 1970; null for one that stays. */
  readonly outMs: number | null;
  /** The file as it was at it. Fails with `integrity`. */
  readonly get: () => File;
}

const rootMode = 0o755;

export class Namespace {
  /** Boxes of what the user shares; absent for the shared user. */
  readonly boxes: ShareBoxes | undefined;
  readonly #user: UserKeys;
  readonly #root: Located;
  readonly #doors: Doors | undefined;
  readonly #catalogue: CatalogueReader;
  readonly #copies: (row: EntryRow) => number;

  /**
   * `copies` tells on how many disks a file is by now; without it, what was said at its commit holds. With `others`, doors
   * lead out of the user's own tree; the shared user has none, and reaches its own alone.
   */
  constructor(
    user: UserKeys,
    catalogue: CatalogueReader,
    copies: (row: EntryRow) => number = (row) => row.copies,
    others?: Pick<Others, "doors" | "boxes">,
  ) {
    const { rootDirectory, rootKeyring, userId } = user;
    const reserved = (name: string): string | undefined =>
      leadsToPast(name) ?? (others === undefined ? undefined : leadsToOthers(name));
    const space: Space = {
      owner: userId,
      path: rootPath,
      // Asked for each time, because it is gone once the user has logged out.
      get dedupSecret() {
        return user.dedupSecret;
      },
      forPast: (node, wrap) => sealPastWrap(user, node, wrap),
      reserved,
      opened: new OpenedEntries(),
    };
    this.#root = rootOf(space, rootDirectory, rootKeyring, { name: rootPath, mode: rootMode, modifiedMs: 0 });
    this.#user = user;
    this.#catalogue = catalogue;
    this.#copies = copies;
    this.#doors = others?.doors;
    this.boxes = others?.boxes;
  }

  /** What is at `path`; undefined when nothing is. Fails with `not-directory` when the path leads through a file. */
  async locate(path: DfsPath, options: ReadCallOptions = {}): Promise<Located | undefined> {
    let place: Located | undefined;
    for await (const next of this.way(path, options)) place = next;
    return place?.path === path ? place : undefined;
  }

  /** Every directory on the way to `path` from the root, and what is there, as far as there is anything. Fails as locate does. */
  async *way(path: DfsPath, options: ReadCallOptions = {}): AsyncGenerator<Located> {
    if (options.signal?.aborted === true) throw toDfsError(options.signal.reason);
    const reading = atOneMoment(options);
    let place = this.#root;
    yield place;
    for (const name of pathParts(path)) {
      if (place.entry.kind === "file") throw new DfsError("not-directory", "not a directory", { path: place.path });
      const child = this.#door(place, name) ?? (await this.child(place, name, reading));
      if (child === undefined) return;
      yield (place = child);
    }
  }

  /** What a name leads to that is no name in the catalogue; undefined for every other one. Fails as pastDoor and Doors.at do. */
  #door(place: Located, name: string): Located | undefined {
    if (place === this.#root) {
      const door = pastDoor(name, Date.now());
      return door === undefined ? this.#doors?.at(name) : this.#pastRoot(door);
    }
    const isOwnPast =
      place.space.past !== undefined && place.path === place.space.path && place.node === this.#root.node;
    return isOwnPast ? this.#doors?.at(name, place.space) : undefined;
  }

  #pastRoot({ path, timeMs }: { readonly path: DfsPath; readonly timeMs: number }): Located {
    const { space, node, keyring } = this.#root;
    const past = pastSpace(space, path, this.#user, timeMs);
    return rootOf(past, node, keyring, { name: baseName(path), mode: rootMode, modifiedMs: 0 });
  }

  /** Fails with `invalid-name` for the path of a door, which nothing can be moved to. */
  requireNoDoor(path: DfsPath): void {
    if (path !== rootPath && parentPath(path) === rootPath) requireNewName(this.#root, baseName(path));
  }

  /** Where the space begins that a path is in; the past of a space is a part of it. */
  spacePath(path: DfsPath): DfsPath {
    return this.#doors === undefined ? rootPath : spacePathOf(timeAndPath(path).path);
  }

  /** Where a node of the user's own tree is; undefined when it is not there any more. Fails with `integrity`. */
  async pathOf(
    node: NodeId,
    options: ReadCallOptions = {},
  ): Promise<{ path: DfsPath; kind: Entry["kind"] } | undefined> {
    const rows = await this.#catalogue.lineage(node, options);
    let { path, keyring, node: parent } = this.#root;
    if (rows.at(-1)?.node !== parent || rows[0]?.node !== node) return undefined;
    for (const row of rows.slice(0, -1).toReversed()) {
      if (row.token === null || row.parent !== parent) return undefined;
      const opened = openWrap(keyring, { parent, token: row.token, node: row.node }, row);
      path = childPath(path, openName(keyring, parent, row.token));
      ({ keyring } = opened);
      parent = row.node;
    }
    return { path, kind: rows[0].kind };
  }

  /** What is at `path`. Fails with `not-found`, `not-directory`. */
  async require(path: DfsPath, options: ReadCallOptions = {}): Promise<Located> {
    const place = await this.locate(path, options);
    if (place === undefined) throw new DfsError("not-found", "no such file or directory", { path });
    return place;
  }

  /** The directory at `path`. Fails with `not-found`, `not-directory`. */
  async requireDirectory(path: DfsPath, options: ReadCallOptions = {}): Promise<Located> {
    const place = await this.require(path, options);
    if (place.entry.kind !== "directory") throw new DfsError("not-directory", "not a directory", { path });
    return place;
  }

  /** The directory that holds, or would hold, `path`. Fails with `not-found`, `not-directory`. */
  async requireParent(path: DfsPath, options: ReadCallOptions = {}): Promise<Located> {
    return this.requireDirectory(parentPath(path), options);
  }

  /** The file at `path`, with how to read it. Fails with `not-found`, `is-directory`. */
  async requireFile(path: DfsPath, options: ReadCallOptions = {}): Promise<File> {
    return fileOf(await this.require(path, options));
  }

  /** The child of a directory by its name, under whichever of the directory's keys it was named; undefined when there is none. */
  async child(directory: Located, name: string, options: ReadCallOptions = {}): Promise<Located | undefined> {
    const { door, keyring, node, space } = directory;
    if (door !== undefined) return door.child(name, options);
    for (let place = 0; place < keyring.generation; place += 1) {
      const token = sealName(keyring, node, name, place);
      const row = await this.#catalogue.entry(space.owner, node, token, readingOf(space, options));
      if (row !== undefined) return this.#open(directory, name, token, row);
    }
    return undefined;
  }

  /** Some children of a directory, in the order of their tokens. */
  async page(
    directory: Located,
    after: Uint8Array | undefined,
    limit: number,
    options: ReadCallOptions = {},
  ): Promise<LocatedPage> {
    const { door, node, space } = directory;
    if (door !== undefined) return pageOf(await door.children(options), after, limit);
    const { rows, next } = await this.#catalogue.list(space.owner, node, after, limit, readingOf(space, options));
    const { opened, refused } = await openedNames(directory, rows, (name, row) =>
      this.#open(directory, name, row.token, row),
    );
    return { children: opened, refused, next: next ?? undefined };
  }

  /** Some names in a directory, in the order of their tokens. */
  async namesPage(
    directory: Located,
    after: Uint8Array | undefined,
    limit: number,
    options: ReadCallOptions = {},
  ): Promise<ChildNamesPage> {
    const { door, node, space } = directory;
    if (door !== undefined) {
      const { children, next } = pageOf(await door.children(options), after, limit);
      return { names: children.map(({ entry: { name, kind } }) => ({ name, kind })), refused: [], next };
    }
    const reading = { ...readingOf(space, options), isBrief: true };
    const { rows, next } = await this.#catalogue.list(space.owner, node, after, limit, reading);
    const { opened, refused } = await openedNames(directory, rows, (name, row) => {
      if (row.kind === "directory") openKeys(directory, row.token, row);
      return { name, kind: row.kind };
    });
    return { names: opened, refused, next: next ?? undefined };
  }

  /** What these names stand for in a directory, in their order; those that stand for nothing are left out. */
  async namedChildren(
    directory: Located,
    names: readonly string[],
    options: ReadCallOptions = {},
  ): Promise<Pick<LocatedPage, "children" | "refused">> {
    const { door, keyring } = directory;
    if (door !== undefined) {
      const children = await Promise.all(names.map((name) => door.child(name, options)));
      return { children: children.filter((child) => child !== undefined), refused: [] };
    }
    const found = new Map<string, NamedRow>();
    for (let place = 0; place < keyring.generation && found.size < names.length; place += 1)
      for await (const named of this.#namedRows(directory, names, place, options))
        if (!found.has(named.name)) found.set(named.name, named);
    const children: Located[] = [];
    const refused: RefusedChild[] = [];
    for (const [place, name] of names.entries()) {
      if (place % openedAtOnce === openedAtOnce - 1) await turnOfEvents();
      const named = found.get(name);
      if (named === undefined) continue;
      const { row, token } = named;
      try {
        children.push(this.#open(directory, name, token, row));
      } catch (error) {
        const { kind, node } = row;
        refused.push(refusedChild(directory, { kind, node, token }, printable(name), toDfsError(error)));
      }
    }
    return { children, refused };
  }

  /** The rows of those names that the key at `place` of the directory's keyring gave their tokens. */
  async *#namedRows(
    { keyring, node, space }: Located,
    names: readonly string[],
    place: number,
    options: ReadCallOptions,
  ): AsyncGenerator<NamedRow> {
    const tokens = names.map((name) => sealName(keyring, node, name, place));
    for (let from = 0; from < tokens.length;) {
      const wanted = tokens.slice(from, from + pageRowsMax);
      const rows = await this.#catalogue.entries(space.owner, node, wanted, readingOf(space, options));
      if (rows.length === 0 || rows.length > wanted.length)
        throw new DfsError("protocol", "a coordinator answered for other names than it was asked for");
      for (const [at, row] of rows.entries()) {
        const [name, token] = [names[from + at], tokens[from + at]];
        if (row !== null && name !== undefined && token !== undefined) yield { name, row, token };
      }
      from += rows.length;
    }
  }

  /** All children of a directory, page by page. */
  async *children(directory: Located, options: ReadManyOptions = {}): AsyncGenerator<Located> {
    let after: Uint8Array | undefined;
    do {
      const { children, refused, next } = await this.page(directory, after, pageRowsMax, options);
      for (const child of refused) {
        if (options.onRefused === undefined) throw child.error;
        options.onRefused(child);
      }
      options.onPage?.(children);
      yield* children;
      after = next;
    } while (after !== undefined);
  }

  /** `place` and everything below it, each directory before its content. */
  async *walk(place: Located, options: ReadManyOptions = {}): AsyncGenerator<Located> {
    yield place;
    if (place.entry.kind !== "directory") return;
    for await (const child of this.children(place, options)) yield* this.walk(child, options);
  }

  /** A file as it was at a revision. Fails with `not-found`, naming those that there are, when there is no such revision, or was none then. */
  async revision(file: File, revision: number, options: ReadCallOptions = {}): Promise<File> {
    if (revision === file.entry.revision) return file;
    const isLater = file.space.past !== undefined && revision > file.entry.revision;
    const row = isLater ? undefined : await this.#catalogue.revision(file.node, revision, options);
    if (row === undefined) throw await this.#noRevision(file, revision, options);
    // What answers for another revision would open as that one.
    return fileOf(openOldRevision(file, { ...row, revision }, this.#copies));
  }

  /** The revisions of a file that are kept, the newest first, each with since when it is kept only for its time; of a file of the past those up to the one of then. */
  async *revisions(file: File, options: ReadCallOptions = {}): AsyncGenerator<KeptRevision> {
    const { entry, node, space } = file;
    let before = space.past === undefined ? undefined : entry.revision + 1;
    for (;;) {
      const { rows, next } = await this.#catalogue.revisions(node, before, pageRowsMax, options);
      for (const row of rows)
        yield { outMs: row.outMs, get: () => fileOf(openOldRevision(file, row, this.#copies)), revision: row.revision };
      if (next === null) return;
      before = next;
    }
  }

  async #noRevision(file: File, revision: number, options: ReadCallOptions): Promise<DfsError> {
    const kept: number[] = [];
    for await (const { revision: number } of this.revisions(file, options)) kept.push(number);
    return new DfsError("not-found", `has no revision ${revision}; kept: ${rangesText(kept.reverse())}`, {
      path: file.path,
    });
  }

  #open(directory: Located, name: string, token: Uint8Array, row: EntryRow): Located {
    return openEntry(directory, name, token, row, this.#copies(row));
  }
}

function fileOf(place: Located): File {
  const { content, path } = place;
  if (content === undefined) throw new DfsError("is-directory", "is a directory", { path });
  return { ...place, content };
}

/** How the catalogue is read in a space. */
function readingOf({ past }: Space, options: ReadCallOptions): ReadCallOptions {
  return past === undefined ? options : { ...options, at: { timeMs: past.timeMs } };
}

/** Some of what is behind a door, in the order of their names, after the name that the page before ended with. */
function pageOf(places: readonly Located[], after: Uint8Array | undefined, limit: number): LocatedPage {
  const last = after === undefined ? "" : Buffer.from(after).toString("utf8");
  const rest = places.filter(({ entry }) => entry.name > last);
  const children = rest.slice(0, Math.max(1, limit));
  const end = children.at(-1)?.entry.name;
  return {
    children,
    refused: [],
    next: children.length < rest.length && end !== undefined ? Buffer.from(end) : undefined,
  };
}
