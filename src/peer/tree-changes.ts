/** Changes of a user's tree that move no data: making, removing, renaming and copying entries. */
import type { Operation } from "../catalogue/operation.ts";
import type { CopyOptions, MoveOptions, RemoveOptions } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import { batchOperationsMax } from "../core/limits.ts";
import { type DfsPath, baseName, isWithin, pathParts, rootPath } from "../core/names.ts";
import { Keyring } from "../identity/keyring.ts";
import type { PlainAttributes } from "../identity/wrap.ts";
import { CommandRefused, type CommandTarget } from "./command-session.ts";
import { KeyRenewal, whenRekeyed } from "./key-renewal.ts";
import { type Directory, type Located, type RefusedChild, newDirectory } from "./located.ts";
import type { Namespace } from "./namespace.ts";
import { newNodeId } from "./random-ids.ts";
import {
  type NewDirectory,
  makeDirectoryOperation,
  moveOperation,
  removeOperation,
  requireNamed,
} from "./sealed-operations.ts";
import { TreeCopy, copyOperation, replacingCopyOperation } from "./tree-copy.ts";

const directoryMode = 0o755;

interface MakeOptions {
  /** Whatever is missing on the way is made too, and what is there already is no failure. */
  readonly parents?: boolean | undefined;
  /** Without them it is as of now, for everybody to read. */
  readonly attributes?: PlainAttributes | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class TreeChanges {
  readonly #namespace: Namespace;
  readonly #commands: CommandTarget;
  readonly #renewal: KeyRenewal;
  readonly #nowMs: () => number;

  constructor(namespace: Namespace, commands: CommandTarget, nowMs: () => number) {
    this.#namespace = namespace;
    this.#commands = commands;
    this.#renewal = new KeyRenewal(namespace, commands);
    this.#nowMs = nowMs;
  }

  async makeDirectory(path: DfsPath, { parents, attributes, signal }: MakeOptions): Promise<void> {
    if (parents !== true) return whenRekeyed(() => this.#makeOne(path, attributes, signal));
    const existing = await this.#namespace.locate(path, { signal });
    if (existing === undefined) return whenRekeyed(() => this.#makeMissing(path, signal));
    if (existing.entry.kind !== "directory") throw alreadyThere(path);
  }

  /** Whether the name is free only the catalogue can tell for sure, so it is not asked before, unless it may be taken by an older key. */
  async #makeOne(
    path: DfsPath,
    attributes: PlainAttributes | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (path === rootPath) throw alreadyThere(path);
    const parent = await this.#parentFor(path, signal);
    const isTaken =
      parent.keyring.generation > 1 && (await this.#namespace.child(parent, baseName(path), { signal })) !== undefined;
    if (isTaken) throw alreadyThere(path);
    try {
      await this.#commands.execute(
        [makeDirectoryOperation(parent, this.#newDirectory(baseName(path), attributes))],
        signal,
      );
    } catch (error) {
      throw error instanceof CommandRefused && error.kind === "exists" ? alreadyThere(path) : error;
    }
  }

  /** Everything that is missing on the way is made in one command. */
  async #makeMissing(path: DfsPath, signal: AbortSignal | undefined): Promise<void> {
    let place: Located | undefined;
    for await (const found of this.#namespace.way(path, { signal })) place = found;
    if (place === undefined || place.entry.kind !== "directory")
      throw new DfsError("not-directory", "not a directory", { path: place?.path ?? path });
    let parent: Directory = await this.#renewal.fresh(place, signal);
    const operations: Operation[] = [];
    for (const name of pathParts(path).slice(pathParts(place.path).length)) {
      const made = this.#newDirectory(name);
      operations.push(makeDirectoryOperation(parent, made));
      parent = newDirectory(parent, made, made);
    }
    if (operations.length > 0) await this.#commands.execute(operations, signal);
  }

  #newDirectory(name: string, attributes?: PlainAttributes): NewDirectory {
    const nowMs = this.#nowMs();
    const { mode, modifiedMs } = attributes ?? { mode: directoryMode, modifiedMs: nowMs };
    return { name, node: newNodeId(nowMs), keyring: Keyring.generate(), mode, modifiedMs };
  }

  async removeDirectory(path: DfsPath, signal?: AbortSignal): Promise<void> {
    const place = await this.#namespace.requireDirectory(path, { signal });
    await this.#commands.execute([removeOperation(place)], signal);
  }

  /** Removes a file, or a tree from its leaves up; an interrupted removal leaves what it had not come to. */
  async remove(path: DfsPath, { recursive, signal }: RemoveOptions): Promise<number> {
    const place = await this.#namespace.require(path, { signal });
    requireNamed(place, "removed");
    if (place.entry.kind === "directory" && recursive !== true)
      throw new DfsError("is-directory", "is a directory; use -r to remove it with all that is in it", { path });
    let removed = 0;
    let batch: Operation[] = [];
    const flush = async (): Promise<void> => {
      if (batch.length > 0) await this.#commands.execute(batch, signal);
      removed += batch.length;
      batch = [];
    };
    for await (const leaf of this.#leavesFirst(place, signal)) {
      batch.push(removeOperation(leaf));
      if (batch.length === batchOperationsMax) await flush();
    }
    await flush();
    return removed;
  }

  async *#leavesFirst(place: Located, signal: AbortSignal | undefined): AsyncGenerator<Located> {
    if (place.entry.kind === "directory") {
      const refused: Located[] = [];
      const onRefused = (child: RefusedChild): void => void refused.push(child.place);
      for await (const child of this.#namespace.children(place, { signal, onRefused }))
        yield* this.#leavesFirst(child, signal);
      for (const child of refused) yield* this.#leavesFirst(child, signal);
    }
    yield place;
  }

  move(from: DfsPath, to: DfsPath, options: MoveOptions): Promise<void> {
    return whenRekeyed(() => this.#move(from, to, options));
  }

  async #move(from: DfsPath, to: DfsPath, { force, signal }: MoveOptions): Promise<void> {
    const source = requireNamed(await this.#namespace.require(from, { signal }), "moved");
    if (from === to) return;
    this.#namespace.requireNoDoor(to);
    if (isWithin(to, from)) throw new DfsError("usage", "cannot be moved into itself", { path: from });
    const existing = await this.#replaceable(source, to, force, signal);
    const parent = await this.#parentFor(to, signal);
    const replaced = existing === undefined ? undefined : requireNamed(existing, "replaced");
    // Giving the target's keys new ones may have given the source's new ones.
    const moved = source.isStale ? await this.#namespace.require(from, { signal }) : source;
    const fresh = requireNamed(await this.#renewal.fresh(moved, signal), "moved");
    const operation = moveOperation(fresh, parent, baseName(to), replaced);
    const { operations } = await this.#renewal.move(fresh, parent, operation, signal);
    await this.#commands.execute(operations, signal);
  }

  /** What is at the target and may be replaced; undefined when nothing is there. Fails with `exists`, `is-directory`, `not-directory`. */
  async #replaceable(
    source: Located,
    target: DfsPath,
    force: boolean | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Located | undefined> {
    const existing = await this.#namespace.locate(target, { signal });
    if (existing === undefined) return undefined;
    if (existing.entry.kind === "directory")
      throw new DfsError("is-directory", "exists and is a directory", { path: target });
    if (source.entry.kind === "directory")
      throw new DfsError("not-directory", "exists and is not a directory", { path: target });
    if (force !== true) throw new DfsError("exists", "exists already; use -f to replace it", { path: target });
    return existing;
  }

  /** Copies entries; both then name the same content. Returns how many were made. */
  async copy(from: DfsPath, to: DfsPath, options: CopyOptions): Promise<number> {
    const { recursive, signal } = options;
    const source = await this.#namespace.require(from, { signal });
    if (source.entry.kind === "file") {
      await whenRekeyed(() => this.#copyFile(source, to, options));
      return 1;
    }
    if (recursive !== true)
      throw new DfsError("is-directory", "is a directory; use -r to copy it with all that is in it", { path: from });
    if (isWithin(to, from)) throw new DfsError("usage", "cannot be copied into itself", { path: from });
    if ((await this.#namespace.locate(to, { signal })) !== undefined)
      throw new DfsError("exists", "exists already", { path: to });
    return new TreeCopy(this.#namespace, this.#commands, this.#nowMs, signal).copy(source, to);
  }

  async #copyFile(source: Located, to: DfsPath, { force, signal }: CopyOptions): Promise<void> {
    if (source.path === to) throw new DfsError("usage", "cannot be copied onto itself", { path: to });
    this.#namespace.requireNoDoor(to);
    const existing = await this.#replaceable(source, to, force, signal);
    if (existing === undefined) {
      const parent = await this.#parentFor(to, signal);
      await this.#commands.execute([copyOperation(source, parent, baseName(to), this.#nowMs())], signal);
    } else {
      const replaced = await this.#renewal.fresh(existing, signal);
      await this.#commands.execute([replacingCopyOperation(source, replaced)], signal);
    }
  }

  /** The directory that something is to be sealed for. */
  async #parentFor(path: DfsPath, signal: AbortSignal | undefined): Promise<Located> {
    return this.#renewal.fresh(await this.#namespace.requireParent(path, { signal }), signal);
  }
}

function alreadyThere(path: DfsPath): DfsError {
  return new DfsError("exists", "exists already", { path });
}
