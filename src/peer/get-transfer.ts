/**
 * Get: find the holders, fetch chunks from several at once, verify each, write it in its place, rename at the end.
 *
 * Verifying, opening and writing happen in worker threads; the main loop only moves sealed bytes. What is in flight is
 * bounded for the whole transfer.
 */
import { setMaxListeners } from "node:events";
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { ManifestChunk } from "../chunking/manifest.ts";
import { sealOverheadBytes } from "../chunking/seal.ts";
import { ByteWindow } from "../core/byte-window.ts";
import type { GetRequest, TransferOptions, TransferSummary } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { chunkBytesMax, transferFilesDefault, transferFilesMax, transferWindowBytes } from "../core/limits.ts";
import { baseName, isWithin } from "../core/names.ts";
import type { ReadCallOptions } from "./coordination/catalogue-access.ts";
import { ContentSource, type ContentSourceOptions, type FetchCounters, type FileContent } from "./content-source.ts";
import { PartFile, localChild, localStatus, makeFolder, setAttributes } from "./local-target.ts";
import type { Located, Namespace } from "./namespace.ts";
import { TaskGroup } from "./task-group.ts";
import { TransferReport } from "./transfer-report.ts";

export interface GetOptions {
  readonly namespace: Namespace;
  readonly pool: ChunkingPool;
  readonly content: ContentSourceOptions;
}

export class GetTransfer {
  readonly #options: GetOptions;
  readonly #request: GetRequest;
  readonly #signal: AbortSignal;
  readonly #reading: ReadCallOptions;
  readonly #report: TransferReport;
  readonly #window = new ByteWindow(transferWindowBytes);
  readonly #files: TaskGroup;
  readonly #fetched: FetchCounters = { fetchedChunks: 0, fetchedBytes: 0 };
  #chunks = 0;
  /** Sealed bytes of those chunks. */
  #bytes = 0;

  constructor(options: GetOptions, request: GetRequest, transfer: TransferOptions) {
    this.#options = options;
    this.#request = request;
    this.#signal = transfer.signal ?? new AbortController().signal;
    setMaxListeners(0, this.#signal); // every chunk in flight listens; the window bounds them
    this.#reading = { signal: this.#signal, stale: transfer.stale };
    this.#report = new TransferReport(transfer);
    this.#files = new TaskGroup(Math.min(request.parallel ?? transferFilesDefault, transferFilesMax));
  }

  /** Resolves when every file is in its place or has failed by itself; fails when nothing could be tried. */
  async run(): Promise<TransferSummary> {
    try {
      for (const path of this.#request.sources) {
        const source = await this.#options.namespace.require(path, this.#reading);
        await this.#getSource(source, await this.#destination(source));
      }
      this.#signal.throwIfAborted();
    } catch (error) {
      await this.#files.settled();
      throw toDfsError(this.#signal.aborted ? this.#signal.reason : error, { op: "get" });
    }
    const { fetchedChunks, fetchedBytes } = this.#fetched;
    this.#report.count({
      chunks: this.#chunks,
      newChunks: this.#chunks,
      newBytes: this.#bytes,
      sentChunks: fetchedChunks,
      sentBytes: fetchedBytes,
    });
    const summary = this.#report.summary();
    const isSingle = summary.failed === 1 && summary.files === 0 && summary.directories === 0;
    if (isSingle && this.#report.firstError !== undefined) throw this.#report.firstError;
    return summary;
  }

  /** As with `cp`: into an existing directory under the source's own name, else the one source becomes the target. */
  async #destination(source: Located): Promise<string> {
    const { target, sources } = this.#request;
    const status = await localStatus(target);
    if (status?.kind === "directory") {
      if (source.parent === undefined) return target;
      return localChild(target, baseName(source.path));
    }
    if (sources.length > 1) {
      const why = status === undefined ? "no such directory" : "not a directory";
      throw new DfsError(
        status === undefined ? "not-found" : "not-directory",
        `${why}; several sources need a directory to go into`,
        { path: target },
      );
    }
    return target;
  }

  async #getSource(source: Located, target: string): Promise<void> {
    if (source.entry.kind === "file") await this.#addFile(source, target, undefined);
    else if (this.#request.recursive === true) await this.#getTree(source, target);
    else
      throw new DfsError("is-directory", "is a directory; use -R to get it with all that is in it", {
        path: source.path,
      });
    await this.#files.settled();
  }

  /** The stack holds the folders from the source down to where the walk is. */
  async #getTree(source: Located, target: string): Promise<void> {
    const stack: { place: Located; path: string; folder: OpenFolder | undefined }[] = [];
    const leave = (): void => stack.pop()?.folder?.release();
    for await (const place of this.#options.namespace.walk(source, this.#reading)) {
      while (stack.length > 0 && !isWithin(place.path, (stack.at(-1) as { place: Located }).place.path)) leave();
      const parent = stack.at(-1);
      if (parent !== undefined && parent.folder === undefined) continue; // its folder failed, and said so
      const path = parent === undefined ? target : localChild(parent.path, place.entry.name);
      if (place.entry.kind === "directory") stack.push({ place, path, folder: await this.#enterFolder(place, path) });
      else await this.#addFile(place, path, parent?.folder);
    }
    while (stack.length > 0) leave();
  }

  async #enterFolder(place: Located, path: string): Promise<OpenFolder | undefined> {
    this.#report.directory();
    try {
      if (this.#request.dryRun !== true) await makeFolder(path);
      // The root of the file space has no attributes of its own to give.
      const keepsOwn = this.#request.dryRun === true || place.parent === undefined;
      return new OpenFolder(() => (keepsOwn ? undefined : this.#files.watch(this.#finishFolder(place, path))));
    } catch (error) {
      this.#report.failed(path, error);
      return undefined;
    }
  }

  async #finishFolder({ entry: { mode, modifiedMs } }: Located, path: string): Promise<void> {
    await setAttributes(path, mode, modifiedMs).catch((error: unknown) => this.#report.failed(path, error));
  }

  async #addFile(place: Located, path: string, folder: OpenFolder | undefined): Promise<void> {
    this.#report.found(place.entry.sizeBytes);
    folder?.hold();
    await this.#files.add(async () => {
      try {
        this.#signal.throwIfAborted();
        await this.#getFile(place, path);
      } catch (error) {
        if (!this.#signal.aborted) this.#report.failed(path, error);
      } finally {
        folder?.release();
      }
    });
  }

  async #getFile(place: Located, path: string): Promise<void> {
    const { revision, resume = false, force = false, dryRun } = this.#request;
    const { namespace } = this.#options;
    if (place.content === undefined) throw new DfsError("is-directory", "is a directory", { path: place.path });
    const content =
      revision === undefined
        ? place.content
        : await namespace.revision({ ...place, content: place.content }, revision, this.#reading);
    const { mode, modifiedMs, copies } = place.entry;
    const sizeBytes = content.reference.plaintextBytes;
    const outcome = { sizeBytes, revision: revision ?? place.entry.revision, copies };
    const status = await localStatus(path);
    if (status?.kind === "directory") throw new DfsError("is-directory", "exists and is a directory", { path });
    const isThere =
      status?.kind === "file" && status.sizeBytes === sizeBytes && Math.abs(status.modifiedMs - modifiedMs) < 1;
    if (resume && isThere) return this.#report.done(path, "unchanged", outcome);
    if (status !== undefined && !force) throw new DfsError("exists", "exists; use -f to replace it", { path });
    if (dryRun === true) return this.#report.done(path, "would-write", outcome);
    this.#report.started(path, sizeBytes);
    const part = await PartFile.open(path, { resume, force });
    try {
      await this.#fill(part, content, path);
    } catch (error) {
      await part.leave();
      throw error;
    }
    await part.finish({ sizeBytes, mode, modifiedMs, force });
    this.#report.done(path, "written", outcome);
  }

  /** Writes every chunk in its place; several are on their way at once, in no order. */
  async #fill(part: PartFile, content: FileContent, path: string): Promise<void> {
    const source = new ContentSource(content, this.#options.content, this.#fetched);
    const writing = new Set<Promise<void>>();
    let failure: { error: unknown } | undefined;
    let writtenBytes = 0;
    const start = (chunk: ManifestChunk): void => {
      const written = this.#writeChunk(part, source, chunk)
        .then(() => {
          writtenBytes += chunk.plaintextBytes;
          this.#report.progress(path, writtenBytes);
        })
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          this.#window.give(chunk.plaintextBytes);
          writing.delete(written);
        });
      writing.add(written);
    };
    try {
      for await (const chunk of source.chunks(0, content.reference.plaintextBytes, this.#signal)) {
        await this.#window.take(chunk.plaintextBytes, this.#signal);
        start(chunk);
        if (failure !== undefined) break;
      }
    } finally {
      await Promise.all(writing); // the file must stay open while anything is written to it
    }
    if (failure !== undefined) throw failure.error;
  }

  async #writeChunk(
    part: PartFile,
    source: ContentSource,
    { digest, key, offsetBytes, plaintextBytes }: ManifestChunk,
  ): Promise<void> {
    const { pool, namespace } = this.#options;
    this.#chunks += 1;
    this.#bytes += plaintextBytes + sealOverheadBytes;
    const options = { signal: this.#signal };
    if (offsetBytes + plaintextBytes <= part.presentBytes && plaintextBytes <= chunkBytesMax) {
      if (await pool.matches(part.fd, offsetBytes, plaintextBytes, key, namespace.user.dedupSecret, options)) return;
    }
    const sealed = await source.fetch(
      digest,
      (fetched) => pool.openInto(part.fd, offsetBytes, fetched, key, digest, options),
      this.#signal,
    );
    this.#options.content.links.reclaim(sealed);
  }
}

/** Counts the files of a folder that are under way; `finish` is called when the walk has left it and none is. */
class OpenFolder {
  readonly #finish: () => void;
  #holds = 1;

  constructor(finish: () => void) {
    this.#finish = finish;
  }

  hold(): void {
    this.#holds += 1;
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#finish();
  }
}
