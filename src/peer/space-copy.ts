/** Copies from one space into another: read with the keys of the one, and put anew under those of the other. */
import pLimit from "p-limit";
import type { CopyOptions } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { transferFilesDefault } from "../core/limits.ts";
import { type DfsPath, baseName, childPath, pathParts } from "../core/names.ts";
import { readContent } from "./content-reader.ts";
import type { ContentSourceOptions } from "./content-source.ts";
import type { Located } from "./located.ts";
import type { Namespace } from "./namespace.ts";
import type { PutOptions } from "./put-options.ts";
import { PutTransfer } from "./put-transfer.ts";
import type { TreeChanges } from "./tree-changes.ts";

export interface SpaceCopyOptions {
  readonly namespace: Namespace;
  readonly changes: TreeChanges;
  readonly put: () => PutOptions;
  readonly content: ContentSourceOptions;
}

export class SpaceCopy {
  readonly #options: SpaceCopyOptions;

  constructor(options: SpaceCopyOptions) {
    this.#options = options;
  }

  /** Copies a file, or a directory with all that is in it, to `to`; returns how many entries were made. Fails as a copy within a space does, and as get and put do. */
  async copy(from: DfsPath, to: DfsPath, { force, recursive, signal }: CopyOptions): Promise<number> {
    const { namespace } = this.#options;
    const bounded = signal ?? new AbortController().signal;
    const source = await namespace.require(from, { signal });
    const existing = await namespace.locate(to, { signal });
    if (source.entry.kind === "file") {
      if (existing?.entry.kind === "directory")
        throw new DfsError("is-directory", "exists and is a directory", { path: to });
      if (existing !== undefined && force !== true)
        throw new DfsError("exists", "exists already; use -f to replace it", { path: to });
      await this.#copyFile(source, to, bounded);
      return 1;
    }
    if (recursive !== true)
      throw new DfsError("is-directory", "is a directory; use -r to copy it with all that is in it", { path: from });
    if (existing !== undefined) throw new DfsError("exists", "exists already", { path: to });
    return this.#copyTree(source, to, bounded);
  }

  /** Directories one after the other, files several at once. Fails with the first failure, once nothing is under way any more. */
  async #copyTree(source: Located, to: DfsPath, signal: AbortSignal): Promise<number> {
    const { namespace, changes } = this.#options;
    const limited = pLimit(transferFilesDefault);
    const files = new Set<Promise<void>>();
    const above = pathParts(source.path).length;
    let failure: { error: unknown } | undefined;
    let made = 0;
    for await (const place of namespace.walk(source, { signal })) {
      if (failure !== undefined) break;
      const target = pathParts(place.path).slice(above).reduce(childPath, to);
      made += 1;
      if (place.entry.kind === "directory") {
        await changes.makeDirectory(target, { attributes: place.entry, signal });
        continue;
      }
      const copied = limited(() => this.#copyFile(place, target, signal))
        .catch((error: unknown) => void (failure ??= { error }))
        .finally(() => files.delete(copied));
      files.add(copied);
      if (files.size >= 2 * transferFilesDefault) await Promise.race(files);
    }
    await Promise.all(files);
    if (failure !== undefined) throw toDfsError(failure.error);
    return made;
  }

  /** The copy stays, whenever its source expires. */
  async #copyFile({ entry, content, copiesWanted }: Located, to: DfsPath, signal: AbortSignal): Promise<void> {
    if (content === undefined) throw new DfsError("is-directory", "is a directory", { path: entry.path });
    const range = { offsetBytes: 0, lengthBytes: entry.sizeBytes };
    const bytes = readContent(content, range, this.#options.content, signal);
    const source = { kind: "stream", bytes, name: baseName(to) } as const;
    const copies = copiesWanted === 0 ? undefined : copiesWanted;
    const options = { ...this.#options.put(), streamAttributes: entry };
    await new PutTransfer(options, { sources: [source], target: to, force: true, copies }, { signal }).run();
  }
}
