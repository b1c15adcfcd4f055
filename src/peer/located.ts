/** Files and directories as a user sees them: rows of the catalogue, opened with the keys of the directory that they are in. */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import type { EntryRow, ListedRow, RevisionRow } from "../catalogue/rows.ts";
import type { Entry } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { FileKey, NodeId, ShelfId, UserId } from "../core/ids.ts";
import { openedAtOnce } from "../core/limits.ts";
import { type DfsPath, baseName, childPath, printable, rootPath } from "../core/names.ts";
import { Keyring } from "../identity/keyring.ts";
import { openName } from "../identity/name-token.ts";
import { type OpenedWrap, openWrap } from "../identity/wrap.ts";
import { type RevisionAttributes, openRevision } from "./attributes.ts";
import type { ReadCallOptions } from "./coordination/catalogue-access.ts";
import type { FileContent } from "./content-source.ts";
import type { OpenedEntries } from "./opened-entries.ts";

/** A tree, or a part of one, as it stands in a user's view. */
export interface Space {
  /** Whose tree it is: the catalogue is asked for its rows under this id. */
  readonly owner: UserId;
  /** Where it begins in the view. */
  readonly path: DfsPath;
  /** Seals the chunks of what this user writes into it. */
  readonly dedupSecret: Uint8Array;
  /** What the owner alone can open of a wrap later, when the name has ended. */
  readonly forPast: (node: NodeId, wrap: Uint8Array) => Uint8Array;
  /** Why this user cannot change anything in it, as a sentence; absent where it may. */
  readonly refusal?: string | undefined;
  /** Where a name leads that nothing can have where the space begins, because there is a door of this name: the end of a sentence. */
  readonly reserved?: ((name: string) => string | undefined) | undefined;
  /** Of a tree as it was: when, and how to open what is kept of it. */
  readonly past?: Past | undefined;
  /** What was opened of it lately; absent where nothing is looked at twice. */
  readonly opened?: OpenedEntries | undefined;
}

/** A time of the past, and who can open what is kept of it. */
interface Past {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** The wrap in the past wrap of a node. Fails with `integrity`. */
  readonly open: (node: NodeId, pastWrap: Uint8Array) => Uint8Array;
}

/** What is behind a directory of the view that is no directory of anybody's tree. */
export interface Door {
  child(name: string, options: ReadCallOptions): Promise<Located | undefined>;
  /** In the order of their names. */
  children(options: ReadCallOptions): Promise<readonly Located[]>;
}

/** A file or directory, its place in the catalogue, and the keys of what is in it. */
export interface Located {
  readonly path: DfsPath;
  readonly space: Space;
  readonly node: NodeId;
  /** The directory that it is in, and its name there; absent for a root and for a door. */
  readonly parent?: NodeId;
  readonly token?: Uint8Array;
  readonly keyring: Keyring;
  /** Whether somebody who lost a share may know the newest key: it is replaced before anything is sealed by it. */
  readonly isStale: boolean;
  readonly entry: Entry;
  /** How to read a file; absent for directories. */
  readonly content?: FileContent | undefined;
  /** Disks that a file asked for; 0 leaves that to the network. */
  readonly copiesWanted?: number;
  /** What is in it, where the catalogue has no such directory. */
  readonly door?: Door | undefined;
}

/** An entry that another program put into the catalogue under a name, or with attributes, that nobody should use. */
export interface RefusedChild {
  /** `invalid-name` or `integrity`; its path is that of the directory and `shown`. */
  readonly error: DfsError;
  /** The name in escapes, as far as it can be told. */
  readonly shown: string;
  /** Enough to remove it, with all that is in it; its path is that of its directory. */
  readonly place: Located;
}

/** What is needed of a directory to seal something for it. */
export type Directory = Pick<Located, "path" | "space" | "node" | "keyring" | "isStale">;

/** A directory where a space begins. */
export function rootOf(
  space: Space,
  node: NodeId,
  keyring: Keyring,
  entry: Pick<Entry, "name" | "mode" | "modifiedMs">,
): Located {
  const { path } = space;
  return { path, space, node, keyring, isStale: false, entry: directoryEntry({ ...entry, path, committedMs: 0 }) };
}

/** A directory that is about to be made, or has just been. */
export function newDirectory(
  { path: parentPath, space }: Directory,
  { node, keyring }: Pick<Located, "node" | "keyring">,
  attributes: Pick<Entry, "name" | "mode" | "modifiedMs">,
): Located {
  const path = childPath(parentPath, attributes.name);
  return { path, space, node, keyring, isStale: false, entry: directoryEntry({ ...attributes, path, committedMs: 0 }) };
}

/**
 * What the catalogue has of a name in a directory; `copies` is on how many disks a file is. Fails with `integrity` when
 * any part of it was not sealed for this name, or is not as it was sealed.
 */
export function openEntry(directory: Located, name: string, token: Uint8Array, row: EntryRow, copies: number): Located {
  const parent = directory.node;
  const opened = openKeys(directory, token, row);
  // Nothing is sealed in the past.
  const isStale = directory.space.past === undefined && (opened.isStale || directory.isStale);
  // The name was checked when its token was opened or sealed.
  const path = (directory.path === rootPath ? `/${name}` : `${directory.path}/${name}`) as DfsPath;
  const { space } = directory;
  const { node, committedMs } = row;
  const { keyring } = opened;
  // Objects are written out: a listing makes a hundred thousand, and to spread one takes longer than to open it.
  if (opened.directory === undefined)
    return openFile({ path, space, node, parent, token, keyring, isStale }, name, row, copies);
  const { mode, modifiedMs } = opened.directory;
  const entry = directoryEntry({ path, name, mode, modifiedMs, committedMs });
  return { path, space, node, parent, token, keyring, isStale, entry };
}

/** The keys of what a name in a directory stands for, now or in the past. Fails with `integrity` when they were not sealed for this name. */
export function openKeys({ keyring, node: parent, space }: Located, token: Uint8Array, row: EntryRow): OpenedWrap {
  const { past } = space;
  const wrap = past === undefined ? row.wrap : past.open(row.node, row.wrap);
  const binding = { parent, token, node: row.node };
  const wrapped = { kind: row.kind, generation: row.generation, wrap };
  return space.opened?.wrap(keyring, binding, wrapped) ?? openWrap(keyring, binding, wrapped);
}

/** A file by its keyring. Fails with `integrity` when its revision is not as it was sealed. */
export function openFile(place: Omit<Located, "entry">, name: string, row: EntryRow, copies: number): Located {
  const { path, space, parent, token, keyring, isStale } = place;
  const { kind, node, revision, fileKey, shelf, sizeBytes, copiesWanted, expiresMs } = row;
  const { addedBytes, historyBytes, committedMs } = row;
  if (fileKey === null || shelf === null) throw new DfsError("integrity", "its entry holds no content", { path });
  const fields = { node, revision, fileKey, sizeBytes, expiresMs, copiesWanted };
  const attributes = openRevision(keyring, fields, row.attributes);
  const { mode, modifiedMs } = attributes;
  const entry: Entry = {
    kind,
    path,
    name,
    mode,
    modifiedMs,
    committedMs,
    revision,
    sizeBytes,
    copies,
    addedBytes,
    historyBytes,
    expiresMs: expiresMs ?? undefined,
    fileKey,
  };
  const content = contentOf(fileKey, shelf, attributes);
  return { path, space, node, parent, token, keyring, isStale, entry, content, copiesWanted } as Located;
}

/** A file as it was at a revision; `copies` tells on how many disks that is. Fails with `integrity` when it is not as it was sealed. */
export function openOldRevision(file: Located, row: RevisionRow, copies: (row: EntryRow) => number): Located {
  const { node, keyring, entry } = file;
  const { generation } = keyring;
  const kept = { ...row, node, kind: "file", wrap: noWrap, generation, committedMs: row.createdMs } as const;
  return openFile(file, entry.name, kept, copies(kept));
}

function contentOf(fileKey: FileKey, shelf: ShelfId, attributes: RevisionAttributes): FileContent {
  return {
    fileKey,
    shelf,
    get reference() {
      return attributes.reference;
    },
  };
}

/** What `open` makes of each row with its name, some at a time so that others get their turn; rows whose names, or what `open` opens, break the rules are refused. */
export async function openedNames<Item>(
  directory: Located,
  rows: readonly ListedRow[],
  open: (name: string, row: ListedRow) => Item,
): Promise<{ readonly opened: Item[]; readonly refused: RefusedChild[] }> {
  const { keyring, node, space } = directory;
  const opened: Item[] = [];
  const refused: RefusedChild[] = [];
  for (const [place, row] of rows.entries()) {
    if (place % openedAtOnce === openedAtOnce - 1) await turnOfEvents();
    let shown = "?";
    try {
      const name = space.opened?.name(keyring, node, row.token) ?? openName(keyring, node, row.token);
      shown = printable(name);
      opened.push(open(name, row));
    } catch (error) {
      refused.push(refusedChild(directory, row, shown, toDfsError(error)));
    }
  }
  return { opened, refused };
}

/** What cannot be opened in a directory: nothing in it can be opened either. */
export function refusedChild(
  directory: Located,
  row: Pick<ListedRow, "kind" | "node" | "token">,
  name: string,
  cause: DfsError,
): RefusedChild {
  const { path, space } = directory;
  const shown = cause.kind === "invalid-name" ? (cause.path ?? name) : name;
  const where = `${path === rootPath ? "" : path}/${shown}`;
  const { kind, node, token } = row;
  const empty = directoryEntry({ path, name: baseName(path), mode: 0, modifiedMs: 0, committedMs: 0 });
  const entry: Entry = { ...empty, kind };
  const place = {
    path,
    space,
    node,
    parent: directory.node,
    token,
    keyring: Keyring.generate(),
    isStale: false,
    entry,
  };
  return { error: new DfsError(cause.kind, cause.message, { path: where, cause }), shown, place };
}

const noWrap = new Uint8Array(0);

function directoryEntry({
  path,
  name,
  mode,
  modifiedMs,
  committedMs,
}: Pick<Entry, "path" | "name" | "mode" | "modifiedMs" | "committedMs">): Entry {
  return {
    kind: "directory",
    path,
    name,
    mode,
    modifiedMs,
    committedMs,
    revision: 0,
    sizeBytes: 0,
    copies: 0,
    addedBytes: 0,
    historyBytes: 0,
  };
}
