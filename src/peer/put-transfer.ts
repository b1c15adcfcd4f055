/**
 * Put: cut and seal, ask what is missing, send it, and commit only what is durable.
 *
 * Directories come before what is in them, many changes to a command. Small files are sealed and sent in packs
 * (put-packs.ts), large ones several at once; the bytes in flight are bounded for the whole transfer.
 */
import { setMaxListeners } from "node:events";
import { ByteWindow } from "../core/byte-window.ts";
import type { PutRequest, PutSource, TransferSummary } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { ShelfId } from "../core/ids.ts";
import {
  packsAtOnceMax,
  transferFilesDefault,
  transferFilesMax,
  transferWindowBytes,
  uploadTriesMax,
} from "../core/limits.ts";
import { CommitQueue } from "./commit-queue.ts";
import { sendFile } from "./file-sending.ts";
import { PauseGate, type PausableOptions } from "./jobs/pause-gate.ts";
import { type KnownFile, KnownSources } from "./known-files/known-sources.ts";
import type { Located } from "./located.ts";
import {
  checkPutRequest,
  checkRevision,
  checkSize,
  checkTarget,
  isAsAsked,
  isSkipped,
  isUnchanged,
  revisionConflict,
} from "./put-rules.ts";
import type { PutOptions } from "./put-options.ts";
import { PutPacks } from "./put-packs.ts";
import { type FileJob, PutWalk, streamJob } from "./put-walk.ts";
import { type Destination, PutTargets, type Seen, type StoredFile } from "./put-targets.ts";
import { countNewBytes } from "./new-bytes.ts";
import { type Claim, type PutRoom, PutRooms } from "./put-room.ts";
import { TaskGroup } from "./task-group.ts";
import { TransferReport, isOwnFault } from "./transfer-report.ts";
import type { UploadSession } from "./upload-session.ts";
import { UploadSessions } from "./upload-sessions.ts";

export class PutTransfer {
  readonly #options: PutOptions;
  readonly #request: PutRequest;
  readonly #signal: AbortSignal;
  readonly #gate: PauseGate;
  readonly #report: TransferReport;
  readonly #commits: CommitQueue;
  readonly #targets: PutTargets;
  readonly #window = new ByteWindow(transferWindowBytes);
  readonly #sessions: UploadSessions;
  readonly #known: KnownSources;
  readonly #rooms: PutRooms;
  readonly #files: TaskGroup;
  readonly #packs: PutPacks;

  constructor(options: PutOptions, request: PutRequest, transfer: PausableOptions) {
    this.#options = options;
    this.#request = request;
    this.#gate = transfer.gate ?? new PauseGate();
    this.#signal = transfer.signal ?? new AbortController().signal;
    setMaxListeners(0, this.#signal); // every chunk in flight listens; the window bounds them
    this.#report = new TransferReport(transfer);
    this.#commits = new CommitQueue(options.commands, this.#signal);
    this.#sessions = new UploadSessions({
      choice: options.shelves,
      copies: request.copies ?? 0,
      signal: this.#signal,
    });
    this.#rooms = new PutRooms((owner) => options.room(owner, this.#signal));
    this.#known = new KnownSources({
      files: options.known,
      isUsed: request.checksum !== true,
      trees: options.trees,
      signal: this.#signal,
    });
    const isDryRun = request.dryRun === true;
    this.#targets = new PutTargets(options.namespace, options.commands, isDryRun, this.#signal);
    const parallel = request.parallel ?? transferFilesDefault;
    this.#files = new TaskGroup(Math.min(parallel, transferFilesMax));
    this.#packs = new PutPacks({
      sessions: this.#sessions,
      rooms: this.#rooms,
      known: this.#known,
      pool: options.pool,
      window: this.#window,
      gate: this.#gate,
      atOnce: Math.min(parallel, packsAtOnceMax),
      signal: this.#signal,
      steps: {
        toBeSent: (job, seen) => this.#toBeSent(job, seen),
        onStored: (job, existing, session, file) => this.#addStored(job, existing, session, file, 1),
        onUnsent: (job, existing, session, error) => this.#onUnsent(job, existing, session, error),
        onFailed: (job, error) => this.#failed(job, error),
        putAlone: (job) => this.#putFile({ ...job, isPacked: false }),
      },
    });
  }

  /** Resolves when everything is committed or has failed by itself; fails when nothing could be tried. */
  async run(): Promise<TransferSummary> {
    try {
      checkPutRequest(this.#request, Date.now());
      const place = await this.#options.namespace.locate(this.#request.target, { signal: this.#signal });
      checkTarget(this.#request, place);
      for (const source of this.#request.sources) await this.#putOne(source, place);
      await this.#settled();
      this.#signal.throwIfAborted();
    } catch (error) {
      await this.#settled();
      throw toDfsError(this.#signal.aborted ? this.#signal.reason : error, { op: "put" });
    } finally {
      this.#known.end();
      await this.#sessions.end(this.#options.keepUpload);
    }
    this.#sessions.count(this.#report);
    const { copies: copiesWanted = this.#options.usualCopies() } = this.#request;
    const summary = { ...this.#report.summary(), copiesWanted };
    const isSingle = summary.failed === 1 && summary.files === 0 && summary.directories === 0;
    if (isSingle && this.#report.firstError !== undefined) throw this.#report.firstError;
    return summary;
  }

  /** Resolves when every file that was found so far is through, or has failed. */
  async #settled(): Promise<void> {
    await this.#packs.settled();
    await this.#files.settled();
  }

  /** What one of several sources is, keeps only that one from being put. */
  async #putOne(source: PutSource, place: Located | undefined): Promise<void> {
    try {
      await this.#putSource(source, await this.#targets.destination(this.#request.target, source, place));
    } catch (error) {
      if (this.#request.sources.length === 1 || !isOwnFault(error)) throw error;
      this.#report.failed(source.kind === "path" ? source.path : source.name, error);
    }
  }

  async #putSource(source: PutSource, { folder: place, name }: Destination): Promise<void> {
    const folder = await this.#targets.folder(place);
    if (source.kind === "stream") {
      const job = streamJob(folder, name, source.bytes, this.#options.streamAttributes?.modifiedMs ?? Date.now());
      return this.#files.add(() => this.#putFile(job));
    }
    await new PutWalk({
      request: this.#request,
      targets: this.#targets,
      commits: this.#commits,
      report: this.#report,
      inspect: (paths) => this.#options.pool.inspect(paths, { signal: this.#signal }),
      settle: (jobs) => this.#withoutUntouched(jobs),
      putFile: (job, seen) => this.#putSeen(job, seen),
      signal: this.#signal,
    }).run(source.path, folder, name);
  }

  /** Leaves out files that are where they go already, as far as that is known without looking. */
  async #withoutUntouched(jobs: readonly FileJob[]): Promise<readonly FileJob[]> {
    await this.#gate.pass(this.#signal);
    const untouched = await this.#known.untouched(jobs);
    return jobs.filter((job) => {
      const place = untouched.get(job);
      if (place === undefined || !isAsAsked(this.#request, place, job)) return true;
      this.#report.done(job.label, "unchanged", { ...place, sizeBytes: job.sizeBytes });
      return false;
    });
  }

  /** Resolves when the file is through, where there is nothing to do for it, or when it is its turn. */
  async #putSeen(job: FileJob, seen: Seen | undefined): Promise<void> {
    if (seen?.found !== undefined && !this.#gate.isShut)
      try {
        if (this.#isSettled(job, this.#targets.replaceable(job, seen))) return;
      } catch (error) {
        return this.#report.failed(job.label, error);
      }
    if (job.bytes !== undefined || !this.#packs.takes(job.sizeBytes))
      return this.#files.add(() => this.#putFile(job, seen));
    await this.#packs.add({ job: { ...job, isPacked: true }, seen });
  }

  #failed({ label }: FileJob, error: unknown): void {
    if (!this.#signal.aborted) this.#report.failed(label, error);
  }

  async #putFile(job: FileJob, seen?: Seen): Promise<void> {
    try {
      await this.#gate.pass(this.#signal);
      this.#signal.throwIfAborted();
      const wanted = await this.#toBeSent(job, seen);
      if (wanted !== undefined) await this.#upload(job, wanted.existing);
    } catch (error) {
      this.#failed(job, error);
    }
  }

  /** What a file takes the place of that has to be read and sent; undefined where everything about it is done. */
  async #toBeSent(job: FileJob, seen: Seen | undefined): Promise<{ existing: Located | undefined } | undefined> {
    const existing = await this.#targets.existing(job, seen);
    if (this.#isSettled(job, existing) || !(await this.#isUploadNeeded(job, existing))) return undefined;
    return { existing };
  }

  /** Whether what is there already is what would be put, as far as that is known without reading the file. Fails where it may not be replaced. */
  #isSettled(job: FileJob, existing: Located | undefined): boolean {
    if (existing?.entry.kind === "directory")
      throw new DfsError("is-directory", "exists and is a directory", { path: job.path });
    checkRevision(this.#request, existing, job.path);
    if (existing === undefined) return false;
    const isSkippable = isSkipped(this.#request, existing, job);
    if (!isSkippable && job.bytes === undefined) checkSize(this.#request, existing, job.sizeBytes, job.path);
    const known = isSkippable ? undefined : this.#knownOf(job, existing);
    const isKnown = known !== undefined && this.#isThere(existing, known, job);
    if (isKnown) this.#known.noteThere(job, known, existing);
    const isSettled = isSkippable || isKnown;
    if (isSettled) this.#unchanged(job, existing);
    return isSettled;
  }

  #knownOf({ found, folder }: FileJob, existing: Located | undefined): KnownFile | undefined {
    return found && this.#known.find(found, (existing ?? folder.place).space);
  }

  async #isUploadNeeded(job: FileJob, existing: Located | undefined): Promise<boolean> {
    if (this.#request.dryRun === true) {
      this.#report.done(job.label, "would-write", {
        sizeBytes: job.sizeBytes,
        revision: (existing?.entry.revision ?? 0) + 1,
        copies: this.#request.copies ?? this.#options.usualCopies(),
      });
      return false;
    }
    if (job.isPacked !== true) this.#report.started(job.label, job.sizeBytes);
    const known = this.#knownOf(job, existing);
    return known === undefined || !(await this.#putKnown(job, existing, known));
  }

  /** Whether a file is there as it would be put. Fails with `exists` when it differs and may not be replaced. */
  #isThere(existing: Located, file: StoredFile, { path }: FileJob): boolean {
    return isUnchanged(this.#request, existing, file, path) && !this.#asksForOtherCopies(existing);
  }

  /** Puts a file whose content a shelf has, as far as is known, without reading it; false where that is not possible. */
  async #putKnown(job: FileJob, existing: Located | undefined, known: KnownFile): Promise<boolean> {
    // An existing file's new revision goes to the same shelf.
    if (existing !== undefined && existing.content?.shelf !== known.shelf) return false;
    const session = await this.#sessions.forKnown(known.shelf);
    if (session === undefined) return false;
    await this.#addCommit(job, existing, session, known, 1);
    return true;
  }

  /** Of a file that is there already: only who may replace it can ask for another number of copies. */
  #asksForOtherCopies({ copiesWanted }: Located): boolean {
    const { copies, force } = this.#request;
    return copies !== undefined && force === true && copies !== copiesWanted;
  }

  #unchanged(job: FileJob, { entry: { sizeBytes, revision, copies } }: Located): void {
    this.#report.done(job.label, "unchanged", { sizeBytes, revision, copies });
  }

  async #upload(job: FileJob, existing: Located | undefined, attempt = 1): Promise<void> {
    const { owner, dedupSecret } = (existing ?? job.folder.place).space;
    const isKnown = job.bytes === undefined;
    const room = this.#rooms.of(owner);
    const fits = isKnown ? (shelf: ShelfId) => room.fits(shelf, job.sizeBytes) : undefined;
    const session = await this.#sessions.for(existing?.content?.shelf, fits);
    const claim = isKnown ? await this.#admit(job, session, room, dedupSecret) : undefined;
    let addedBytes = 0;
    try {
      addedBytes = await this.#store(job, existing, session, attempt);
    } finally {
      claim?.settle(addedBytes);
    }
  }

  /** Takes room for a file whose size is known, before anything of it is sent. */
  #admit(
    { localPath, sizeBytes }: FileJob,
    session: UploadSession,
    room: PutRoom,
    dedupSecret: Uint8Array,
  ): Promise<Claim> {
    const { pool } = this.#options;
    const counting = { session, pool, localPath, dedupSecret, signal: this.#signal };
    const countNew = (mostBytes: number): Promise<number> => countNewBytes({ ...counting, mostBytes });
    return room.admit({ shelf: session.port.shelf, sizeBytes, countNew });
  }

  /** Stores a file's chunks, and has it committed in time. Resolves with the bytes that it added. */
  async #store(job: FileJob, existing: Located | undefined, session: UploadSession, attempt: number): Promise<number> {
    const secret = (existing ?? job.folder.place).space.dedupSecret;
    const { pool, streamAttributes } = this.#options;
    const parts = { session, secret, pool, window: this.#window, report: this.#report };
    const reading = this.#known.reading(job.localPath, (existing ?? job.folder.place).space);
    const sending = sendFile({ ...job, ...parts, streamMode: streamAttributes?.mode }, this.#gate, this.#signal);
    const file = await sending.catch((error: unknown) => {
      if (!this.#mayGoElsewhere(job, existing, session, toDfsError(error), attempt)) throw error;
    });
    if (file === undefined) {
      await this.#upload(job, undefined, attempt + 1);
      return 0;
    }
    reading.note(file, session.port.shelf);
    await this.#addStored(job, existing, session, file, attempt);
    return file.addedBytes;
  }

  /** A file of a pack could not be read or sent: it may be put elsewhere, by itself. */
  async #onUnsent(job: FileJob, existing: Located | undefined, session: UploadSession, error: unknown): Promise<void> {
    if (!this.#mayGoElsewhere(job, existing, session, toDfsError(error), 1)) return this.#failed(job, error);
    await this.#upload({ ...job, isPacked: false }, existing, 2).catch((again: unknown) => this.#failed(job, again));
  }

  /** A file's chunks are on their shelf; resolves when its commit waits for its turn, where it needs one. */
  async #addStored(
    job: FileJob,
    existing: Located | undefined,
    session: UploadSession,
    file: StoredFile,
    attempt: number,
  ): Promise<void> {
    if (existing !== undefined && this.#isThere(existing, file, job)) this.#unchanged(job, existing);
    else await this.#addCommit(job, existing, session, file, attempt);
  }

  /** Resolves when the commit waits for its turn. */
  async #addCommit(
    job: FileJob,
    existing: Located | undefined,
    session: UploadSession,
    file: StoredFile,
    attempt: number,
  ): Promise<void> {
    await this.#commits.room();
    // The next file need not wait for this one's commit; the group waits for it at the end.
    this.#files.watch(this.#commit(job, existing, session, file, attempt));
  }

  async #commit(
    job: FileJob,
    existing: Located | undefined,
    session: UploadSession,
    file: StoredFile,
    attempt: number,
  ): Promise<void> {
    try {
      const { copies: copiesWanted = 0, expiresMs = null } = this.#request;
      const commit = this.#targets.file(job, existing, session, file, { copiesWanted, expiresMs });
      const { result, copies } = await this.#commits.add(commit);
      this.#sessions.noteCommitted(session);
      const revision = result.op === "putFile" ? result.revision : 0;
      // Thousands that wait for one message or one commit are not shown as if each were at work.
      if (job.isPacked === true) this.#report.started(job.label, job.sizeBytes);
      this.#report.done(job.label, "written", { sizeBytes: file.reference.plaintextBytes, revision, copies });
    } catch (thrown) {
      if (this.#signal.aborted) return;
      const error = await job.folder.made.then(
        () => toDfsError(thrown),
        (unmade: unknown) => toDfsError(unmade), // its directory was refused, and says why
      );
      const isLost = error.kind === "changed" && job.bytes === undefined && attempt < uploadTriesMax;
      if (isLost || this.#mayGoElsewhere(job, existing, session, error, attempt))
        await this.#upload(job, existing, attempt + 1).catch((again: unknown) => {
          if (!this.#signal.aborted) this.#report.failed(job.label, again);
        });
      else this.#report.failed(job.label, await this.#commitFault(job, error));
    }
  }

  /** Whether a new file that its shelf's owner failed is put on another shelf: one that can be read again. */
  #mayGoElsewhere(
    job: FileJob,
    existing: Located | undefined,
    session: UploadSession,
    { kind }: DfsError,
    attempt: number,
  ): boolean {
    const isOfOwner = ["unreachable", "timeout", "protocol", "integrity", "internal", "io", "no-space"].includes(kind);
    const isFree = existing === undefined && job.bytes === undefined && !this.#signal.aborted;
    return isOfOwner && isFree && attempt < uploadTriesMax && this.#sessions.leave(session);
  }

  /** A name that was taken first is a conflict for who asked that it be free. */
  async #commitFault(job: FileJob, error: DfsError): Promise<DfsError> {
    if (this.#request.ifRevision !== 0 || error.kind !== "exists") return error;
    const winner = await this.#targets.existing(job).catch(() => undefined);
    return winner?.entry.kind === "file"
      ? revisionConflict(winner.entry.revision, 0, job.path)
      : new DfsError("conflict", "something else took the name meanwhile: look again", { path: job.path });
  }
}
