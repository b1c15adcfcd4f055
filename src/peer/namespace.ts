/**
 * One user's names: paths on one side, nodes, tokens and sealed attributes of the catalogue on the other.
 *
 * Names and attributes are opened and sealed here and nowhere else; what the catalogue stores it cannot read.
 */
import type { DirectoryPage, EntryRow } from "../catalogue/rows.ts";
import type { Entry } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";
import { pageRowsMax } from "../core/limits.ts";
import { baseName, childPath, type DfsPath, parentPath, pathParts, printable, rootPath } from "../core/names.ts";
import { openName, sealName } from "../identity/name-token.ts";
import type { UserKeys } from "../identity/user-keys.ts";
import { openNodeAttributes, sealNodeAttributes, type NodeAttributes } from "./attributes.ts";
import type { CatalogueReader, ReadCallOptions } from "./coordination/catalogue-access.ts";
import type { FileContent } from "./content-source.ts";
import { hexOf } from "./random-ids.ts";

/** A file or directory and its place in the catalogue. */
export interface Located {
  readonly path: DfsPath;
  readonly node: NodeId;
  /** The directory that it is in, and its name there; absent for the root. */
  readonly parent?: NodeId;
  readonly token?: Uint8Array;
  readonly entry: Entry;
  /** How to read a file; absent for directories. */
  readonly content?: FileContent | undefined;
  /** Disks that a file asked for; 0 leaves that to the network. */
  readonly copiesWanted?: number;
}

/** An entry that another program put into the catalogue under a name, or with attributes, that nobody should use. */
export interface RefusedChild {
  /** `invalid-name` or `integrity`; its path is that of the directory and `shown`. */
  readonly error: DfsError;
  /** The name in escapes, as far as it can be told. */
  readonly shown: string;
  /** Enough to remove it; its path is that of its directory. */
  readonly place: Located;
}

/** How to read several entries. */
export interface ReadManyOptions extends ReadCallOptions {
  /** Hears of entries that are left out; without it the first one fails the reading with its error. */
  readonly onRefused?: ((child: RefusedChild) => void) | undefined;
}

export interface LocatedPage {
  readonly children: readonly Located[];
  readonly refused: readonly RefusedChild[];
  readonly next?: Uint8Array | undefined;
}

const rootMode = 0o755;

export class Namespace {
  readonly user: UserKeys;
  readonly #catalogue: CatalogueReader;
  readonly #copies: (row: EntryRow) => number;

  /** `copies` tells on how many disks a file is by now; without it, what was said at its commit holds. */
  constructor(user: UserKeys, catalogue: CatalogueReader, copies: (row: EntryRow) => number = (row) => row.copies) {
    this.user = user;
    this.#catalogue = catalogue;
    this.#copies = copies;
  }

  /** What is at `path`; undefined when nothing is. Fails with `not-directory` when the path leads through a file. */
  async locate(path: DfsPath, options: ReadCallOptions = {}): Promise<Located | undefined> {
    if (options.signal?.aborted === true) throw toDfsError(options.signal.reason);
    let place = this.#root();
    for (const name of pathParts(path)) {
      if (place.entry.kind === "file") throw new DfsError("not-directory", "not a directory", { path: place.path });
      const child = await this.child(place, name, options);
      if (child === undefined) return undefined;
      place = child;
    }
    return place;
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
  async requireFile(path: DfsPath, options: ReadCallOptions = {}): Promise<Located & { content: FileContent }> {
    const place = await this.require(path, options);
    if (place.content === undefined) throw new DfsError("is-directory", "is a directory", { path });
    return { ...place, content: place.content };
  }

  /** The child of a directory by its name; undefined when there is none. */
  async child(directory: Located, name: string, options: ReadCallOptions = {}): Promise<Located | undefined> {
    const token = sealName(this.user.nameKey, directory.node, name);
    const row = await this.#catalogue.entry(this.user.userId, directory.node, token, options);
    return row === undefined ? undefined : this.#open(directory, name, token, row);
  }

  /** Some children of a directory, in the order of their tokens. */
  async page(
    directory: Located,
    after: Uint8Array | undefined,
    limit: number,
    options: ReadCallOptions = {},
  ): Promise<LocatedPage> {
    const { rows, next } = await this.#catalogue.list(this.user.userId, directory.node, after, limit, options);
    const children: Located[] = [];
    const refused: RefusedChild[] = [];
    for (const row of rows) {
      let shown = "?";
      try {
        const name = openName(this.user.nameKey, directory.node, row.token);
        shown = printable(name);
        children.push(this.#open(directory, name, row.token, row));
      } catch (error) {
        refused.push(refusedChild(directory, row, shown, toDfsError(error)));
      }
    }
    return { children, refused, next: next ?? undefined };
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

  /** A revision of a file other than its newest. Fails with `not-found` when there is no such revision. */
  async revision(
    file: Located & { content: FileContent },
    revision: number,
    options: ReadCallOptions = {},
  ): Promise<FileContent> {
    if (revision === file.entry.revision) return file.content;
    const row = await this.#catalogue.revision(file.node, revision, options);
    if (row === undefined)
      throw new DfsError("not-found", `has no revision ${revision}; the newest is ${file.entry.revision}`, {
        path: file.path,
      });
    const { reference } = openNodeAttributes(this.user.attributeKey, file.node, row.attributes);
    if (reference === undefined)
      throw new DfsError("integrity", "a revision does not say how to read it", { path: file.path });
    return { fileKey: row.fileKey, shelf: row.shelf, reference };
  }

  sealName(directory: NodeId, name: string): Uint8Array {
    return sealName(this.user.nameKey, directory, name);
  }

  sealAttributes(node: NodeId, attributes: NodeAttributes): Uint8Array {
    return sealNodeAttributes(this.user.attributeKey, node, attributes);
  }

  openAttributes(node: NodeId, sealed: Uint8Array): NodeAttributes {
    return openNodeAttributes(this.user.attributeKey, node, sealed);
  }

  #root(): Located {
    return { path: rootPath, node: this.user.rootDirectory, entry: plainEntry("directory", rootPath) };
  }

  #open(directory: Located, name: string, token: Uint8Array, row: EntryRow): Located {
    const path = childPath(directory.path, name);
    const { mode, modifiedMs, reference } = this.openAttributes(row.node, row.attributes);
    const { kind, revision, sizeBytes, addedBytes, historyBytes, committedMs } = row;
    const common = {
      kind,
      path,
      name,
      mode,
      modifiedMs,
      committedMs,
      revision,
      sizeBytes,
      copies: this.#copies(row),
      addedBytes,
      historyBytes,
      expiresMs: row.expiresMs ?? undefined,
    };
    const place = { path, node: row.node, parent: directory.node, token };
    if (row.fileKey === null || row.shelf === null) return { ...place, entry: common };
    if (reference === undefined || reference.plaintextBytes !== sizeBytes) {
      throw new DfsError("integrity", "its catalogue entry does not say how to read it", { path });
    }
    const content = { fileKey: row.fileKey, shelf: row.shelf, reference };
    const { copiesWanted } = row;
    return { ...place, entry: { ...common, fileKey: row.fileKey }, content, copiesWanted };
  }
}

/** An entry of which no more is known. */
function plainEntry(kind: Entry["kind"], path: DfsPath): Entry {
  const name = baseName(path);
  const nothing = {
    sizeBytes: 0,
    modifiedMs: 0,
    committedMs: 0,
    revision: 0,
    copies: 0,
    addedBytes: 0,
    historyBytes: 0,
  };
  return { kind, path, name, mode: rootMode, ...nothing };
}

function refusedChild(
  directory: Located,
  row: DirectoryPage["rows"][number],
  name: string,
  cause: DfsError,
): RefusedChild {
  const { path: folder } = directory;
  const shown = cause.kind === "invalid-name" ? (cause.path ?? name) : name;
  const error = new DfsError(cause.kind, cause.message, {
    path: `${folder === rootPath ? "" : folder}/${shown}`,
    cause,
  });
  const { node, token, kind } = row;
  return {
    error,
    shown,
    place: { path: folder, node, parent: directory.node, token, entry: plainEntry(kind, folder) },
  };
}

/** A page's end as text for a caller, and back. Fails with `usage` on anything that was not a cursor. */
export function cursorText(token: Uint8Array | undefined): string | undefined {
  return token === undefined ? undefined : hexOf(token);
}

export function cursorToken(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (!/^([0-9a-f]{2})+$/.test(text)) throw new DfsError("usage", "not the cursor of a listing");
  return Buffer.from(text, "hex");
}
