/** Copies of files and trees within one space: both then name the same content, each sealed by keys of its own. */
import type { Operation, OperationOf } from "../catalogue/operation.ts";
import { DfsError } from "../core/errors.ts";
import { batchOperationsMax, rekeyTriesMax } from "../core/limits.ts";
import { type DfsPath, baseName, parentPath } from "../core/names.ts";
import { Keyring } from "../identity/keyring.ts";
import type { RevisionAttributes } from "./attributes.ts";
import type { CommandTarget } from "./command-session.ts";
import { KeyRenewal, isRekeyed } from "./key-renewal.ts";
import { type Located, newDirectory } from "./located.ts";
import type { Namespace } from "./namespace.ts";
import { newNodeId } from "./random-ids.ts";
import { type FileContentFields, makeDirectoryOperation, newFile, nextRevision } from "./sealed-operations.ts";

/** A directory that copies go into; its keys may be replaced meanwhile. */
interface CopyTarget {
  place: Located;
}

/** An operation that can be sealed again, and the directory whose keys it is sealed by. */
interface Pending {
  readonly target: CopyTarget;
  operation(): Operation;
}

/** The directory that the walk is in, and its copy. */
interface Level {
  readonly path: DfsPath;
  readonly target: CopyTarget;
}

/** A copy of a file under a new name. */
export function copyOperation(source: Located, parent: Located, name: string, nowMs: number): OperationOf<"copyFile"> {
  const { content, attributes } = contentOf(source);
  return { op: "copyFile", ...newFile(parent, name, newNodeId(nowMs), content, attributes), ...sourceOf(source) };
}

/** A copy of a file as the next revision of another one. */
export function replacingCopyOperation(source: Located, replaced: Located): OperationOf<"copyFile"> {
  const { content, attributes } = contentOf(source);
  return {
    op: "copyFile",
    ...nextRevision(replaced, replaced.entry.revision, content, attributes),
    ...sourceOf(source),
  };
}

export class TreeCopy {
  readonly #namespace: Namespace;
  readonly #commands: CommandTarget;
  readonly #renewal: KeyRenewal;
  readonly #nowMs: () => number;
  readonly #signal: AbortSignal | undefined;

  constructor(namespace: Namespace, commands: CommandTarget, nowMs: () => number, signal: AbortSignal | undefined) {
    this.#namespace = namespace;
    this.#commands = commands;
    this.#renewal = new KeyRenewal(namespace, commands);
    this.#nowMs = nowMs;
    this.#signal = signal;
  }

  /** Copies a directory with all that is in it to a path where nothing is; returns how many entries were made. */
  async copy(source: Located, to: DfsPath): Promise<number> {
    const top: CopyTarget = { place: await this.#freshDirectory(parentPath(to)) };
    /** From the source down to where the walk is. */
    const stack: Level[] = [];
    let made = 0;
    let batch: Pending[] = [];
    for await (const place of this.#namespace.walk(source, { signal: this.#signal })) {
      while (stack.length > 0 && stack.at(-1)?.path !== parentPath(place.path)) stack.pop();
      const target = place === source ? top : (stack.at(-1) as Level).target;
      const name = place === source ? baseName(to) : place.entry.name;
      if (place.entry.kind === "directory") batch.push(this.#directory(place, target, name, stack));
      else batch.push({ target, operation: () => copyOperation(place, target.place, name, this.#nowMs()) });
      made += 1;
      if (batch.length < batchOperationsMax) continue;
      await this.#commit(batch);
      batch = [];
    }
    if (batch.length > 0) await this.#commit(batch);
    return made;
  }

  #directory(place: Located, target: CopyTarget, name: string, stack: Level[]): Pending {
    const { mode, modifiedMs } = place.entry;
    const made = { name, mode, modifiedMs, node: newNodeId(this.#nowMs()), keyring: Keyring.generate() };
    stack.push({ path: place.path, target: { place: newDirectory(target.place, made, made) } });
    return { target, operation: () => makeDirectoryOperation(target.place, made) };
  }

  /** Seals and sends a batch, again where keys were replaced meanwhile. */
  async #commit(batch: readonly Pending[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#commands.execute(
          batch.map((pending) => pending.operation()),
          this.#signal,
        );
        return;
      } catch (error) {
        const refused = isRekeyed(error) && error.operation !== undefined ? batch[error.operation] : undefined;
        if (refused === undefined || tries >= rekeyTriesMax) throw error;
        refused.target.place = await this.#freshDirectory(refused.target.place.path);
      }
    }
  }

  async #freshDirectory(path: DfsPath): Promise<Located> {
    const place = await this.#namespace.requireDirectory(path, { signal: this.#signal });
    return this.#renewal.fresh(place, this.#signal);
  }
}

function sourceOf({ node, entry }: Located): Pick<OperationOf<"copyFile">, "sourceNode" | "sourceRevision"> {
  return { sourceNode: node, sourceRevision: entry.revision };
}

/** What a copy of a file is sealed as: it stays, whenever its source expires. */
function contentOf(source: Located): { content: FileContentFields; attributes: RevisionAttributes } {
  const { content, copiesWanted = 0, entry, path } = source;
  if (content === undefined) throw new DfsError("is-directory", "is a directory", { path });
  const { mode, modifiedMs, sizeBytes } = entry;
  const fields = { fileKey: content.fileKey, sizeBytes, expiresMs: null, copiesWanted };
  return { content: fields, attributes: { mode, modifiedMs, reference: content.reference } };
}
