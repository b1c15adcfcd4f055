/** Where a put's files go: directories and files of the network, and the commits that are sealed by their keys. */
import { basename } from "node:path";
import type { PutSource } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import type { FileStamp } from "../core/file-stamp.ts";
import { lookupFreshMs } from "../core/limits.ts";
import { type DfsPath, baseName, checkName, childPath } from "../core/names.ts";
import type { FinishedFile } from "../chunking/file-builder.ts";
import { Keyring } from "../identity/keyring.ts";
import type { CommandTarget } from "./command-session.ts";
import type { Change, FileToCommit } from "./commit-queue.ts";
import { KeyRenewal } from "./key-renewal.ts";
import { type Located, newDirectory } from "./located.ts";
import type { Namespace } from "./namespace.ts";
import { newNodeId } from "./random-ids.ts";
import { makeDirectoryOperation, newFile, nextRevision, requireNewName, requireWritable } from "./sealed-operations.ts";
import type { UploadSession } from "./upload-session.ts";

/** A source's own name and where it goes. */
export interface Destination {
  readonly folder: Located;
  readonly name: string;
}

/** A directory that files go into. */
export interface Folder {
  /** As it was looked up last. */
  place: Located;
  /** Whether this transfer makes it, so that nothing can be in it yet. */
  readonly isNew: boolean;
  readonly made: Promise<unknown>;
}

/** Where a file goes. */
export interface FileTarget {
  readonly folder: Folder;
  readonly name: string;
  readonly path: DfsPath;
}

/** What was at a name: nothing, or what there was; and when, by `performance.now()`. */
export interface Seen {
  readonly found: Located | undefined;
  readonly atMs: number;
}

/** A file whose chunks are on their shelf. */
export interface StoredFile extends FinishedFile {
  readonly addedBytes: number;
  readonly mode: number;
  readonly modifiedMs: number;
  /** Of a file of this machine, as it was read. */
  readonly stamp?: FileStamp | undefined;
}

/** What a put asks for of each file. */
interface FileWishes {
  readonly copiesWanted: number;
  readonly expiresMs: number | null;
}

export class PutTargets {
  readonly #namespace: Namespace;
  readonly #renewal: KeyRenewal;
  readonly #isDryRun: boolean;
  readonly #signal: AbortSignal;

  /** A dry run changes no keys. */
  constructor(namespace: Namespace, commands: CommandTarget, isDryRun: boolean, signal: AbortSignal) {
    this.#namespace = namespace;
    this.#renewal = new KeyRenewal(namespace, commands);
    this.#isDryRun = isDryRun;
    this.#signal = signal;
  }

  /** As with `cp`: into an existing directory under the source's own name, else the one source becomes the target. */
  async destination(target: DfsPath, source: PutSource, place: Located | undefined): Promise<Destination> {
    const ownName = source.kind === "path" ? basename(source.path) : source.name;
    if (place?.entry.kind === "directory") return { folder: place, name: checkName(ownName) };
    return { folder: await this.#namespace.requireParent(target, { signal: this.#signal }), name: baseName(target) };
  }

  /** A directory that is there. Fails as KeyRenewal.fresh does. */
  async folder(place: Located, made: Promise<unknown> = Promise.resolve()): Promise<Folder> {
    const fresh = this.#isDryRun ? place : await this.#renewal.fresh(place, this.#signal);
    return { place: fresh, isNew: false, made };
  }

  /**
   * What is at a name, which need not be asked for where it was `seen` just now; undefined when nothing is. Fails with
   * `permission` and `invalid-name` where nothing can be put.
   */
  async existing(target: FileTarget, seen?: Seen): Promise<Located | undefined> {
    const { folder, name } = target;
    if (folder.isNew) return undefined;
    if (seen !== undefined && performance.now() - seen.atMs < lookupFreshMs) return this.replaceable(target, seen);
    const found = await this.#namespace.child(folder.place, name, { signal: this.#signal });
    return this.replaceable(target, { found });
  }

  /** What was seen at a name, as far as something can be put there. Fails with `permission` and `invalid-name`. */
  replaceable({ folder, name }: FileTarget, { found }: Pick<Seen, "found">): Located | undefined {
    if (found === undefined) requireNewName(folder.place, name);
    else if (found.entry.kind === "file") requireWritable(found);
    return found;
  }

  /** What is at some names of a directory. A name that is left out is to be asked for by itself, and fails by itself. */
  async seen({ isNew, place }: Folder, names: readonly string[]): Promise<ReadonlyMap<string, Seen>> {
    if (isNew) return new Map();
    try {
      const atMs = performance.now();
      const { children, refused } = await this.#namespace.namedChildren(place, names, { signal: this.#signal });
      const seen = new Map<string, Seen>();
      if (refused.length === 0) for (const name of names) seen.set(name, { found: undefined, atMs });
      for (const found of children) seen.set(found.entry.name, { found, atMs });
      return seen;
    } catch {
      return new Map();
    }
  }

  /** A directory to make in another one, and what makes it. */
  directory(
    { folder: parent, name }: FileTarget,
    { mode, modifiedMs }: { readonly mode: number; readonly modifiedMs: number },
  ): { readonly place: Located; readonly change: Change } {
    const made = { name, mode, modifiedMs, node: newNodeId(Date.now()), keyring: Keyring.generate() };
    return {
      place: newDirectory(parent.place, made, made),
      change: {
        operation: () => makeDirectoryOperation(parent.place, made),
        refresh: () => this.#refreshNew({ folder: parent, name, path: childPath(parent.place.path, name) }),
      },
    };
  }

  /** The commit of a file whose chunks are stored: a new one, or the next revision of `present`. */
  file(
    target: FileTarget,
    present: Located | undefined,
    session: UploadSession,
    stored: StoredFile,
    wishes: FileWishes,
  ): FileToCommit {
    const { fileKey, reference, storedBytes, addedBytes, mode, modifiedMs } = stored;
    const content = { fileKey, sizeBytes: reference.plaintextBytes, ...wishes };
    const attributes = { mode, modifiedMs, reference };
    let existing = present;
    const baseRevision = existing?.entry.revision ?? 0;
    return {
      session,
      fileKey,
      operation: () => ({
        op: "putFile",
        ...(existing === undefined
          ? newFile(target.folder.place, target.name, newNodeId(Date.now()), content, attributes)
          : nextRevision(existing, baseRevision, content, attributes)),
        ...content,
        sealedBytes: storedBytes,
        addedBytes,
        shelf: session.port.shelf,
        lease: session.lease,
      }),
      refresh: async () => {
        if (existing === undefined) await this.#refreshNew(target);
        else existing = await this.#refreshed(target, existing);
      },
    };
  }

  /** Looks a directory up again, in which nothing has the name: not even by one of its older keys. */
  async #refreshNew(target: FileTarget): Promise<void> {
    await this.#refreshFolder(target.folder);
    if ((await this.existing({ ...target, folder: { ...target.folder, isNew: false } })) !== undefined)
      throw new DfsError("exists", "exists already", { path: target.path });
  }

  /** The file with its keys of now; as it was when the name stands for something else by now, which the commit tells. */
  async #refreshed(target: FileTarget, existing: Located): Promise<Located> {
    await this.#refreshFolder(target.folder);
    const now = await this.existing(target);
    if (now?.node !== existing.node) return existing;
    return this.#renewal.fresh(now, this.#signal);
  }

  async #refreshFolder(folder: Folder): Promise<void> {
    const { path } = folder.place;
    const place = await this.#namespace.requireDirectory(path, { signal: this.#signal });
    folder.place = await this.#renewal.fresh(place, this.#signal);
  }
}
