/** Changes of a user's tree that move no data: making, removing, renaming and copying entries. */
import type { Operation } from "../catalogue/operation.ts";
import type { CopyOptions, MoveOptions, RemoveOptions } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";
import { batchOperationsMax } from "../core/limits.ts";
import { type DfsPath, baseName, isWithin, parentPath, pathParts, rootPath } from "../core/names.ts";
import { CommandRefused, type CommandTarget } from "./command-session.ts";
import type { Located, Namespace, RefusedChild } from "./namespace.ts";
import { newNodeId } from "./random-ids.ts";

const directoryMode = 0o755;

export class TreeChanges {
  readonly #namespace: Namespace;
  readonly #commands: CommandTarget;
  readonly #nowMs: () => number;

  constructor(namespace: Namespace, commands: CommandTarget, nowMs: () => number) {
    this.#namespace = namespace;
    this.#commands = commands;
    this.#nowMs = nowMs;
  }

  async makeDirectory(
    path: DfsPath,
    { parents, signal }: { parents?: boolean | undefined; signal?: AbortSignal | undefined },
  ): Promise<void> {
    if (parents !== true) return this.#makeOne(path, signal);
    const existing = await this.#namespace.locate(path, { signal });
    if (existing === undefined) return this.#makeMissing(path, signal);
    if (existing.entry.kind !== "directory") throw alreadyThere(path);
  }

  /** Whether the name is free only the catalogue can tell for sure, so it is not asked before. */
  async #makeOne(path: DfsPath, signal: AbortSignal | undefined): Promise<void> {
    if (path === rootPath) throw alreadyThere(path);
    const parent = await this.#namespace.requireParent(path, { signal });
    try {
      await this.#commands.execute(
        [this.#makeOperation(parent.node, baseName(path), newNodeId(this.#nowMs()))],
        signal,
      );
    } catch (error) {
      throw error instanceof CommandRefused && error.kind === "exists" ? alreadyThere(path) : error;
    }
  }

  /** Everything that is missing on the way is made in one command. */
  async #makeMissing(path: DfsPath, signal: AbortSignal | undefined): Promise<void> {
    const operations: Operation[] = [];
    let place: Located | undefined = await this.#namespace.require(rootPath, { signal });
    let node = place.node;
    for (const name of pathParts(path)) {
      if (place !== undefined && place.entry.kind !== "directory")
        throw new DfsError("not-directory", "not a directory", { path: place.path });
      place = place === undefined ? undefined : await this.#namespace.child(place, name, { signal });
      const child: NodeId = place?.node ?? newNodeId(this.#nowMs());
      if (place === undefined) operations.push(this.#makeOperation(node, name, child));
      node = child;
    }
    await this.#commands.execute(operations, signal);
  }

  #makeOperation(parent: NodeId, name: string, node: NodeId): Operation {
    const attributes = this.#namespace.sealAttributes(node, { mode: directoryMode, modifiedMs: this.#nowMs() });
    return { op: "makeDirectory", parent, token: this.#namespace.sealName(parent, name), node, attributes };
  }

  async removeDirectory(path: DfsPath, signal?: AbortSignal): Promise<void> {
    const place = await this.#namespace.requireDirectory(path, { signal });
    await this.#commands.execute([removeOperation(place)], signal);
  }

  /** Removes a file, or a tree from its leaves up; an interrupted removal leaves what it had not come to. */
  async remove(path: DfsPath, { recursive, signal }: RemoveOptions): Promise<number> {
    const place = await this.#namespace.require(path, { signal });
    if (place.parent === undefined) throw new DfsError("permission", "the root cannot be removed", { path });
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

  async move(from: DfsPath, to: DfsPath, { force, signal }: MoveOptions): Promise<void> {
    const source = await this.#namespace.require(from, { signal });
    if (source.parent === undefined || source.token === undefined)
      throw new DfsError("permission", "the root cannot be moved", { path: from });
    if (from === to) return;
    if (isWithin(to, from)) throw new DfsError("usage", "cannot be moved into itself", { path: from });
    const existing = await this.#replaceable(source, to, force, signal);
    const parent = await this.#namespace.requireParent(to, { signal });
    const operation: Operation = {
      op: "move",
      fromParent: source.parent,
      fromToken: source.token,
      toParent: parent.node,
      toToken: this.#namespace.sealName(parent.node, baseName(to)),
      node: source.node,
      replace: existing?.node ?? null,
    };
    await this.#commands.execute([operation], signal);
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
  async copy(from: DfsPath, to: DfsPath, { force, recursive, signal }: CopyOptions): Promise<number> {
    const source = await this.#namespace.require(from, { signal });
    if (source.entry.kind === "file") {
      if (from === to) throw new DfsError("usage", "cannot be copied onto itself", { path: from });
      const existing = await this.#replaceable(source, to, force, signal);
      const parent = await this.#namespace.requireParent(to, { signal });
      await this.#commands.execute([this.#copyOperation(source, parent.node, baseName(to), existing)], signal);
      return 1;
    }
    if (recursive !== true)
      throw new DfsError("is-directory", "is a directory; use -r to copy it with all that is in it", { path: from });
    if (isWithin(to, from)) throw new DfsError("usage", "cannot be copied into itself", { path: from });
    if ((await this.#namespace.locate(to, { signal })) !== undefined)
      throw new DfsError("exists", "exists already", { path: to });
    return this.#copyTree(source, to, signal);
  }

  async #copyTree(source: Located, to: DfsPath, signal: AbortSignal | undefined): Promise<number> {
    const parent = await this.#namespace.requireParent(to, { signal });
    /** The copy of each directory from the source down to where the walk is. */
    const stack: { readonly path: DfsPath; readonly node: NodeId }[] = [];
    let made = 0;
    let batch: Operation[] = [];
    for await (const place of this.#namespace.walk(source, { signal })) {
      while (stack.length > 0 && stack.at(-1)?.path !== parentPath(place.path)) stack.pop();
      const directory = place === source ? parent.node : (stack.at(-1)?.node as NodeId);
      const name = place === source ? baseName(to) : place.entry.name;
      if (place.entry.kind === "directory") {
        const node = newNodeId(this.#nowMs());
        const { mode, modifiedMs } = place.entry;
        batch.push({
          op: "makeDirectory",
          parent: directory,
          token: this.#namespace.sealName(directory, name),
          node,
          attributes: this.#namespace.sealAttributes(node, { mode, modifiedMs }),
        });
        stack.push({ path: place.path, node });
      } else batch.push(this.#copyOperation(place, directory, name, undefined));
      made += 1;
      if (batch.length < batchOperationsMax) continue;
      await this.#commands.execute(batch, signal);
      batch = [];
    }
    if (batch.length > 0) await this.#commands.execute(batch, signal);
    return made;
  }

  #copyOperation(source: Located, parent: NodeId, name: string, existing: Located | undefined): Operation {
    const node = existing?.node ?? newNodeId(this.#nowMs());
    const { mode, modifiedMs, revision } = source.entry;
    return {
      op: "copyFile",
      parent,
      token: this.#namespace.sealName(parent, name),
      node,
      baseRevision: existing?.entry.revision ?? 0,
      sourceNode: source.node,
      sourceRevision: revision,
      attributes: this.#namespace.sealAttributes(node, { mode, modifiedMs, reference: source.content?.reference }),
    };
  }
}

function alreadyThere(path: DfsPath): DfsError {
  return new DfsError("exists", "exists already", { path });
}

function removeOperation({ parent, token, node, entry }: Located): Operation {
  if (parent === undefined || token === undefined)
    throw new DfsError("permission", "the root cannot be removed", { path: entry.path });
  return { op: "removeEntry", parent, token, node, kind: entry.kind };
}
