/**
 * Get: find the holders, fetch chunks from several at once, verify each, write it in its place, rename at the end.
 *
 * Verifying, opening and writing happen in worker threads; the main loop only moves sealed bytes. What is in flight is
 * bounded for the whole transfer.
 */
import { setMaxListeners } from "node:events";
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import { sealOverheadBytes } from "../chunking/seal.ts";
import { ByteWindow } from "../core/byte-window.ts";
import type { GetRequest, TransferSummary } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { packsAtOnceMax, transferFilesDefault, transferFilesMax, transferWindowBytes } from "../core/limits.ts";
import { checkLocalName } from "../core/local-names.ts";
import { type DfsPath, isWithin } from "../core/names.ts";
import type { ReadCallOptions } from "./coordination/catalogue-access.ts";
import type { ContentSourceOptions, FetchCounters, FileContent } from "./content-source.ts";
import { FileFilling } from "./file-filling.ts";
import { foreseeHolders } from "./foreseen-holders.ts";
import { PauseGate, type PausableOptions } from "./jobs/pause-gate.ts";
import { type Destination, destinationOf } from "./get-destination.ts";
import { GetPacks, type PackableFile } from "./get-packs.ts";
import { PartFile, type LocalStatus, entryStatus, writtenAt } from "./local-target.ts";
import type { Located, RefusedChild, Space } from "./located.ts";
import type { Namespace } from "./namespace.ts";
import { OpenFolder } from "./open-folder.ts";
import type { TargetEntry, TargetFolder } from "./target-folder.ts";
import { TaskGroup } from "./task-group.ts";
import { TransferReport, isOwnFault } from "./transfer-report.ts";

export interface GetOptions {
  readonly namespace: Namespace;
  readonly pool: ChunkingPool;
  readonly content: ContentSourceOptions;
  /** The platform whose rules for names hold, as Node names it; this one without it. */
  readonly platform?: NodeJS.Platform | undefined;
}

/** A file that is got: how events name it, and the space that it comes from. */
interface FilledFile {
  readonly path: string;
  readonly space: Space;
}
/** A file that was found: where it goes, and how events name it. */
interface FileJob {
  readonly place: Located;
  readonly target: { readonly folder: TargetFolder | undefined; readonly name: string };
  readonly path: string;
  /** Held until the file is through. */
  readonly above: OpenFolder | undefined;
}
/** A file that has to be written. */
interface WantedFile extends PackableFile, FilledFile {
  readonly target: TargetEntry;
  readonly mode: number;
  readonly modifiedMs: number;
  readonly outcome: { readonly sizeBytes: number; readonly revision: number; readonly copies: number };
}

export class GetTransfer {
  readonly #options: GetOptions;
  readonly #request: GetRequest;
  readonly #signal: AbortSignal;
  readonly #gate: PauseGate;
  readonly #reading: ReadCallOptions;
  readonly #report: TransferReport;
  readonly #window = new ByteWindow(transferWindowBytes);
  readonly #files: TaskGroup;
  readonly #packs: GetPacks<FileJob, WantedFile>;
  readonly #platform: NodeJS.Platform;
  readonly #fetched: FetchCounters = { fetchedChunks: 0, fetchedBytes: 0 };
  /** The tree was not walked to its end: folders stay as they are, so that a later get can go on in them. */
  #isBroken = false;
  #chunks = 0;
  /** Sealed bytes of those chunks. */
  #bytes = 0;

  constructor(options: GetOptions, request: GetRequest, transfer: PausableOptions) {
    this.#options = options;
    this.#gate = transfer.gate ?? new PauseGate();
    this.#platform = options.platform ?? process.platform;
    this.#request = request;
    this.#signal = transfer.signal ?? new AbortController().signal;
    setMaxListeners(0, this.#signal); // every chunk in flight listens; the window bounds them
    this.#reading = { signal: this.#signal, stale: transfer.stale };
    this.#report = new TransferReport(transfer);
    const parallel = Math.min(request.parallel ?? transferFilesDefault, transferFilesMax);
    this.#files = new TaskGroup(parallel);
    this.#packs = new GetPacks({
      pool: options.pool,
      content: options.content,
      counters: this.#fetched,
      window: this.#window,
      gate: this.#gate,
      atOnce: Math.min(parallel, packsAtOnceMax),
      signal: this.#signal,
      steps: {
        prepare: (job) => this.#prepare(job),
        onWritten: (wanted, chunks) => this.#onPackWritten(wanted, chunks),
        onFailed: ({ path }, error) => this.#report.failed(path, error),
        getAlone: (_, wanted) => this.#getAlone(wanted),
        onEnd: ({ above }) => above?.release(),
      },
    });
  }

  /** Resolves when every file is in its place or has failed by itself; fails when nothing could be tried. */
  async run(): Promise<TransferSummary> {
    try {
      for (const path of this.#request.sources) await this.#getOne(path);
      this.#signal.throwIfAborted();
    } catch (error) {
      await this.#settled();
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

  /** Resolves when every file that was found so far is through. */
  async #settled(): Promise<void> {
    await this.#packs.settled();
    await this.#files.settled();
  }

  /** What one of several sources is, keeps only that one from being got. */
  async #getOne(path: DfsPath): Promise<void> {
    try {
      const source = await this.#options.namespace.require(path, this.#reading);
      const destination = await destinationOf(source.path, this.#request, this.#platform);
      await this.#getSource(source, destination);
    } catch (error) {
      if (this.#request.sources.length === 1 || !isOwnFault(error)) throw error;
      this.#report.failed(path, error);
    }
  }

  async #getSource(source: Located, destination: Destination): Promise<void> {
    try {
      if (destination.name !== undefined && source.entry.kind === "file") await this.#addFile(source, destination);
      else if (this.#request.recursive === true) await this.#getTree(source, destination);
      else
        throw new DfsError("is-directory", "is a directory; use -R to get it with all that is in it", {
          path: source.path,
        });
    } finally {
      await this.#settled();
      await destination.folder.close();
    }
  }

  /** The stack holds the folders from the source down to where the walk is. */
  async #getTree(source: Located, destination: Destination): Promise<void> {
    const stack: { place: Located; folder: OpenFolder | undefined }[] = [];
    const leave = (): void => stack.pop()?.folder?.release();
    const onRefused = ({ error, shown, place: { parent } }: RefusedChild): void => {
      const above = stack.findLast(({ place }) => place.node === parent)?.folder;
      if (above !== undefined) this.#report.failed(above.shown(shown), error);
    };
    try {
      const onPage = (children: readonly Located[]): void => this.#foresee(children);
      for await (const place of this.#options.namespace.walk(source, { ...this.#reading, onRefused, onPage })) {
        while (stack.length > 0 && !isWithin(place.path, (stack.at(-1) as { place: Located }).place.path)) leave();
        const above = stack.at(-1);
        if (above === undefined) stack.push({ place, folder: await this.#enterTop(place, destination) });
        else if (above.folder !== undefined) {
          const folder = await this.#addBelow(place, above.folder);
          if (place.entry.kind === "directory") stack.push({ place, folder });
        } else if (place.entry.kind === "directory") stack.push({ place, folder: undefined }); // one above failed, and said so
      }
    } catch (error) {
      this.#isBroken = true;
      throw error;
    } finally {
      while (stack.length > 0) leave();
    }
  }

  /** While files are on their way, the holders of those that wait for their turn are looked up; those of packs are when they begin. */
  #foresee(children: readonly Located[]): void {
    const { revision, resume, dryRun } = this.#request;
    if (revision !== undefined || resume === true || dryRun === true) return;
    const alone = children.flatMap(({ content }) => (content && !this.#packs.takes(content) ? [content] : []));
    // It has a deadline of its own, and nothing waits for it.
    void foreseeHolders(alone.slice(this.#files.room), this.#options.content, this.#signal);
  }

  async #enterTop(place: Located, { folder, name }: Destination): Promise<OpenFolder | undefined> {
    if (name !== undefined) return this.#enterFolder(place, { folder, name });
    this.#report.directory();
    // The root of the file space has no attributes of its own to give.
    return new OpenFolder(folder.path, folder, () => undefined);
  }

  /** Adds the file, or enters the folder, `place` of a folder; a name that cannot be used here fails by itself. */
  async #addBelow(place: Located, above: OpenFolder): Promise<OpenFolder | undefined> {
    const { name, kind } = place.entry;
    try {
      checkLocalName(name, this.#platform);
      above.claim(name);
    } catch (error) {
      this.#report.failed(above.shown(name), error);
      return undefined;
    }
    const target = { folder: above.target, name };
    if (kind === "directory") return this.#enterFolder(place, target, above);
    await this.#addFile(place, target, above);
    return undefined;
  }

  /** With `dryRun`, a folder that is not there yet stays so. */
  async #enterFolder(
    place: Located,
    { folder, name }: { readonly folder: TargetFolder | undefined; readonly name: string },
    above?: OpenFolder,
  ): Promise<OpenFolder | undefined> {
    const path = above?.shown(name) ?? folder?.shown(name) ?? name;
    this.#report.directory();
    try {
      if (this.#request.dryRun === true) {
        const isThere = folder !== undefined && (await entryStatus({ folder, name }))?.kind === "directory";
        const target = isThere ? await folder.folder(name) : undefined;
        return new OpenFolder(path, target, () => void target?.close());
      }
      const target = await folder?.folder(name);
      above?.hold(); // its own time is set after that of what is in it
      const finish = (): void => this.#files.watch(this.#finishFolder(place, target).finally(() => above?.release()));
      return new OpenFolder(path, target, finish, above);
    } catch (error) {
      this.#report.failed(path, error);
      return undefined;
    }
  }

  async #finishFolder({ entry: { mode, modifiedMs } }: Located, folder: TargetFolder | undefined): Promise<void> {
    if (folder === undefined) return;
    const hasOwnTime = modifiedMs > 0; // a door has none
    if (!this.#isBroken && hasOwnTime)
      await folder.setAttributes(mode, modifiedMs).catch((error: unknown) => this.#report.failed(folder.path, error));
    await folder.close();
  }

  async #addFile(
    place: Located,
    target: { readonly folder: TargetFolder | undefined; readonly name: string },
    above?: OpenFolder,
  ): Promise<void> {
    this.#report.found(place.entry.sizeBytes);
    const path = above?.shown(target.name) ?? target.folder?.shown(target.name) ?? target.name;
    const job = { place, target, path, above };
    above?.hold();
    if (this.#isPacked(job)) return this.#packs.add(job);
    await this.#files.add(async () => {
      try {
        await this.#gate.pass(this.#signal);
        this.#signal.throwIfAborted();
        const wanted = await this.#prepare(job);
        if (wanted !== undefined) await this.#getAlone(wanted);
      } catch (error) {
        if (!this.#signal.aborted) this.#report.failed(path, error);
      } finally {
        above?.release();
      }
    });
  }

  /** Small files of a tree go many at a time, where the folder that they are written into can be held open meanwhile. */
  #isPacked({ place: { content }, target: { folder }, above }: FileJob): boolean {
    const { revision, dryRun } = this.#request;
    const isSimple = above !== undefined && revision === undefined && dryRun !== true;
    return isSimple && folder?.isHeld === true && content !== undefined && this.#packs.takes(content);
  }

  /** What is to be written; undefined where the file is there already, or nothing is to be written. */
  async #prepare({ place, target: { folder, name }, path }: FileJob): Promise<WantedFile | undefined> {
    const { revision, resume = false, force = false, dryRun } = this.#request;
    const { namespace } = this.#options;
    if (place.content === undefined) throw new DfsError("is-directory", "is a directory", { path: place.path });
    const newest = { ...place, content: place.content };
    const { content, entry } =
      revision === undefined ? newest : await namespace.revision(newest, revision, this.#reading);
    const { mode, modifiedMs, copies } = entry;
    const sizeBytes = content.reference.plaintextBytes;
    const outcome = { sizeBytes, revision: entry.revision, copies };
    const status = folder === undefined || folder.isNew ? undefined : await entryStatus({ folder, name });
    if (status?.kind === "directory") throw new DfsError("is-directory", "exists and is a directory", { path });
    const isThere =
      status?.kind === "file" && status.sizeBytes === sizeBytes && Math.abs(status.modifiedMs - modifiedMs) < 1;
    if (resume && isThere) {
      this.#report.done(path, "unchanged", outcome);
      return undefined;
    }
    if (status !== undefined) checkReplaceable(status, force, path);
    if (dryRun === true || folder === undefined) {
      this.#report.done(path, "would-write", outcome);
      return undefined;
    }
    const { space } = place;
    const target = { folder, name };
    const placed = (): ReturnType<WantedFile["place"]> => writtenAt(target, { mode, modifiedMs, force });
    return { content, copies, place: placed, path, space, target, mode, modifiedMs, outcome };
  }

  #onPackWritten({ outcome }: WantedFile, chunks: number): void {
    this.#chunks += chunks;
    this.#bytes += outcome.sizeBytes + chunks * sealOverheadBytes;
    this.#report.passed("written", outcome);
  }

  async #getAlone({ content, target, mode, modifiedMs, outcome, path, space }: WantedFile): Promise<void> {
    const { resume = false, force = false } = this.#request;
    const { sizeBytes } = outcome;
    this.#report.started(path, sizeBytes);
    const part = await PartFile.open(target, { resume, force });
    try {
      await this.#fill(part, content, { path, space });
    } catch (error) {
      await part.leave();
      throw error;
    }
    await part.finish({ sizeBytes, mode, modifiedMs, force });
    this.#report.done(path, "written", outcome);
  }

  async #fill(part: PartFile, content: FileContent, { path, space }: FilledFile): Promise<void> {
    const { content: sources, pool } = this.#options;
    const filling = new FileFilling({
      part,
      content,
      dedupSecret: space.dedupSecret,
      pool,
      sources,
      counters: this.#fetched,
      window: this.#window,
      gate: this.#gate,
      signal: this.#signal,
      onProgress: (bytes) => this.#report.progress(path, bytes),
    });
    try {
      await filling.run();
    } finally {
      this.#chunks += filling.counters.chunks;
      this.#bytes += filling.counters.bytes;
    }
  }
}

/** Fails with `exists` unless what is there may be replaced. */
function checkReplaceable({ kind }: LocalStatus, force: boolean, path: string): void {
  if (!force) throw new DfsError("exists", "exists; use -f to replace it", { path });
  if (kind === "other") throw new DfsError("exists", "exists and is neither a file nor a link", { path });
}
