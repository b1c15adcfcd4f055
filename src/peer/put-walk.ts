/** The walk of a put through one source of this machine: directories are made on the way, files are handed on to be put. */
import type { PutRequest } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import { type DfsPath, childPath } from "../core/names.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { FoundFile } from "./known-files/known-sources.ts";
import { type Inspect, type LocalItem, walkLocal } from "./local-tree.ts";
import { PutLookups } from "./put-lookups.ts";
import type { FileTarget, Folder, PutTargets, Seen } from "./put-targets.ts";
import type { TransferReport } from "./transfer-report.ts";

/** A file to put, and where. */
export interface FileJob extends FileTarget {
  /** How events and errors name it: the local path, or `-`. */
  readonly label: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly bytes: AsyncIterable<Uint8Array> | undefined;
  readonly localPath: string;
  /** A file of this machine, as the walk found it; absent for a stream. */
  readonly found?: FoundFile | undefined;
  /** Whether it is put in a pack, with other small files. */
  readonly isPacked?: boolean;
}

/** A stream to put as `name`. */
export function streamJob(folder: Folder, name: string, bytes: AsyncIterable<Uint8Array>, modifiedMs: number): FileJob {
  const path = childPath(folder.place.path, name);
  return { folder, name, path, label: "-", sizeBytes: 0, modifiedMs, bytes, localPath: "" };
}

export interface PutWalkOptions {
  readonly request: Pick<PutRequest, "ifRevision" | "recursive" | "dryRun">;
  readonly targets: PutTargets;
  readonly commits: CommitQueue;
  readonly report: TransferReport;
  readonly inspect: Inspect;
  /** Gives back those of some files of one directory for which there may be something to do. */
  readonly settle: (jobs: readonly FileJob[]) => Promise<readonly FileJob[]>;
  /** Puts a file; `seen` is what is at its name, where that was found out. Resolves when the walk may go on. */
  readonly putFile: (job: FileJob, seen: Seen | undefined) => Promise<void>;
  readonly signal: AbortSignal;
}

export class PutWalk {
  readonly #options: PutWalkOptions;
  readonly #lookups: PutLookups<FileJob>;
  /** The path from the source down to where the walk is. */
  readonly #folders: Folder[] = [];

  constructor(options: PutWalkOptions) {
    this.#options = options;
    this.#lookups = new PutLookups(options.targets, options.settle, options.putFile);
  }

  /** Walks the file or directory at `localPath`, which goes into `top` as `name`; once. Fails with `is-directory` and `usage` for what the request does not allow. */
  async run(localPath: string, top: Folder, name: string): Promise<void> {
    const { inspect, report, signal } = this.#options;
    for await (const item of walkLocal(localPath, inspect, signal)) {
      if (item.kind === "refused") report.failed(item.localPath, item.error);
      else await this.#visit(item, top, item.names.at(-1) ?? name);
    }
    await this.#lookups.flush();
  }

  async #visit(item: Exclude<LocalItem, { kind: "refused" }>, top: Folder, name: string): Promise<void> {
    const depth = item.names.length;
    this.#folders.length = Math.min(this.#folders.length, depth);
    const folder = depth === 0 ? top : this.#folders[depth - 1];
    if (folder === undefined) return; // its directory was refused, and said so
    const path = childPath(folder.place.path, name);
    if (item.kind === "directory") {
      this.#requireRecursion(item.localPath);
      this.#folders[depth] = await this.#enter(item, folder, name, path);
      return;
    }
    const { localPath, sizeBytes, modifiedMs } = item;
    this.#options.report.found(sizeBytes);
    const file = { label: localPath, sizeBytes, modifiedMs, bytes: undefined, localPath, found: item };
    await this.#lookups.add({ folder, name, path, ...file });
  }

  #requireRecursion(path: string): void {
    const { ifRevision, recursive } = this.#options.request;
    if (ifRevision !== undefined)
      throw new DfsError("usage", "is a directory, and only a file has revisions", { path });
    if (recursive !== true)
      throw new DfsError("is-directory", "is a directory; use -R to put it with all that is in it", { path });
  }

  async #enter(
    item: { mode: number; modifiedMs: number; localPath: string },
    folder: Folder,
    name: string,
    path: DfsPath,
  ): Promise<Folder> {
    const { commits, report, request, targets } = this.#options;
    const target = { folder, name, path };
    const existing = await targets.existing(target);
    if (existing?.entry.kind === "directory") return targets.folder(existing, folder.made);
    if (existing !== undefined) throw new DfsError("not-directory", "exists and is not a directory", { path });
    const { place, change } = targets.directory(target, item);
    report.directory();
    if (request.dryRun === true) return { place, isNew: true, made: folder.made };
    await commits.room();
    const made = commits.add(change);
    made.catch((error: unknown) => report.failed(item.localPath, error));
    return { place, isNew: true, made };
  }
}
