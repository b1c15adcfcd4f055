/**
 * Put: cut and seal, ask what is missing, send it, and commit only what is durable.
 *
 * Directories and files are committed in the order in which they are found, many to a command. Files are sealed and
 * sent several at once; the bytes in flight are bounded for the whole transfer.
 */
import { setMaxListeners } from "node:events";
import { basename } from "node:path";
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import { ByteWindow } from "../core/byte-window.ts";
import type { PutRequest, PutSource, TransferSummary } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { ShelfId, UserId } from "../core/ids.ts";
import { transferFilesDefault, transferFilesMax, transferWindowBytes, uploadTriesMax } from "../core/limits.ts";
import { baseName, checkName, childPath } from "../core/names.ts";
import type { CommandTarget } from "./command-session.ts";
import { CommitQueue } from "./commit-queue.ts";
import { sendFile } from "./file-sending.ts";
import { PauseGate, type PausableOptions } from "./jobs/pause-gate.ts";
import type { KnownFiles } from "./known-files/known-files.ts";
import { type KnownFile, KnownSources } from "./known-files/known-sources.ts";
import type { Located } from "./located.ts";
import type { Namespace } from "./namespace.ts";
import {
  checkPutRequest,
  checkRevision,
  checkSize,
  checkTarget,
  isSkipped,
  isUnchanged,
  revisionConflict,
} from "./put-rules.ts";
import { type FileJob, PutWalk } from "./put-walk.ts";
import { PutTargets, type Seen, type StoredFile } from "./put-targets.ts";
import { countNewBytes } from "./new-bytes.ts";
import { type Claim, type PutRoom, PutRooms, type Room } from "./put-room.ts";
import { TaskGroup } from "./task-group.ts";
import { TransferReport, isOwnFault } from "./transfer-report.ts";
import type { UploadSession } from "./upload-session.ts";
import { type ShelfChoice, UploadSessions } from "./upload-sessions.ts";

export interface PutOptions {
  readonly namespace: Namespace;
  readonly commands: CommandTarget;
  readonly pool: ChunkingPool;
  readonly shelves: ShelfChoice;
  /** What may be added to the files of a user, as it is known now. */
  readonly room: (owner: UserId, signal: AbortSignal) => Promise<Room>;
  /** Disks that a file is to be on whose put says nothing about it. */
  readonly usualCopies: () => number;
  /** Mode and time of what comes as a stream; without them it is as of now, for everybody to read. */
  readonly streamAttributes?: { readonly mode: number; readonly modifiedMs: number } | undefined;
  /** What is known of local files; without it each is read. */
  readonly known?: KnownFiles | undefined;
  /** Takes over an upload of which something is to be committed later; without it leases end with the put. */
  readonly keepUpload?: ((session: UploadSession) => void) | undefined;
}

/** A source's own name and where it goes. */
interface Destination {
  readonly folder: Located;
  readonly name: string;
}

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
    this.#known = new KnownSources(options.known, request.checksum !== true);
    const isDryRun = request.dryRun === true;
    this.#targets = new PutTargets(options.namespace, options.commands, isDryRun, this.#signal);
    this.#files = new TaskGroup(Math.min(request.parallel ?? transferFilesDefault, transferFilesMax));
  }

  /** Resolves when everything is committed or has failed by itself; fails when nothing could be tried. */
  async run(): Promise<TransferSummary> {
    try {
      checkPutRequest(this.#request, Date.now());
      const place = await this.#options.namespace.locate(this.#request.target, { signal: this.#signal });
      checkTarget(this.#request, place);
      for (const source of this.#request.sources) await this.#putOne(source, place);
      await this.#files.settled();
      this.#signal.throwIfAborted();
    } catch (error) {
      await this.#files.settled();
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

  /** What one of several sources is, keeps only that one from being put. */
  async #putOne(source: PutSource, place: Located | undefined): Promise<void> {
    try {
      await this.#putSource(source, await this.#destination(source, place));
    } catch (error) {
      if (this.#request.sources.length === 1 || !isOwnFault(error)) throw error;
      this.#report.failed(source.kind === "path" ? source.path : source.name, error);
    }
  }

  /** As with `cp`: into an existing directory under the source's own name, else the one source becomes the target. */
  async #destination(source: PutSource, place: Located | undefined): Promise<Destination> {
    const { target } = this.#request;
    const ownName = source.kind === "path" ? basename(source.path) : source.name;
    if (place?.entry.kind === "directory") return { folder: place, name: checkName(ownName) };
    return {
      folder: await this.#options.namespace.requireParent(target, { signal: this.#signal }),
      name: baseName(target),
    };
  }

  async #putSource(source: PutSource, { folder: place, name }: Destination): Promise<void> {
    const folder = await this.#targets.folder(place);
    if (source.kind === "stream") {
      const job = {
        folder,
        name,
        path: childPath(folder.place.path, name),
        label: "-",
        sizeBytes: 0,
        modifiedMs: this.#options.streamAttributes?.modifiedMs ?? Date.now(),
        bytes: source.bytes,
        localPath: "",
      };
      await this.#files.add(() => this.#putFile(job));
      return;
    }
    await new PutWalk({
      request: this.#request,
      targets: this.#targets,
      commits: this.#commits,
      report: this.#report,
      putFile: (job, seen) => this.#putSeen(job, seen),
      signal: this.#signal,
    }).run(source.path, folder, name);
  }

  /** Resolves when the file is through, where there is nothing to do for it, or when it is its turn. */
  async #putSeen(job: FileJob, seen: Seen | undefined): Promise<void> {
    if (seen?.found !== undefined && !this.#gate.isShut)
      try {
        if (this.#isSettled(job, this.#targets.replaceable(job, seen))) return;
      } catch (error) {
        return this.#report.failed(job.label, error);
      }
    await this.#files.add(() => this.#putFile(job, seen));
  }

  async #putFile(job: FileJob, seen?: Seen): Promise<void> {
    try {
      await this.#gate.pass(this.#signal);
      this.#signal.throwIfAborted();
      const existing = await this.#targets.existing(job, seen);
      if (!this.#isSettled(job, existing)) await this.#putOver(job, existing);
    } catch (error) {
      if (!this.#signal.aborted) this.#report.failed(job.label, error);
    }
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
    const isSettled = isSkippable || (known !== undefined && this.#isThere(existing, known, job));
    if (isSettled) this.#unchanged(job, existing);
    return isSettled;
  }

  #knownOf({ found, folder }: FileJob, existing: Located | undefined): KnownFile | undefined {
    return found && this.#known.find(found, (existing ?? folder.place).space);
  }

  async #putOver(job: FileJob, existing: Located | undefined): Promise<void> {
    if (this.#request.dryRun === true) {
      this.#report.done(job.label, "would-write", {
        sizeBytes: job.sizeBytes,
        revision: (existing?.entry.revision ?? 0) + 1,
        copies: this.#request.copies ?? this.#options.usualCopies(),
      });
      return;
    }
    this.#report.started(job.label, job.sizeBytes);
    const known = this.#knownOf(job, existing);
    if (known === undefined || !(await this.#putKnown(job, existing, known))) await this.#upload(job, existing);
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
    if (existing !== undefined && this.#isThere(existing, file, job)) {
      this.#unchanged(job, existing);
      return 0;
    }
    await this.#addCommit(job, existing, session, file, attempt);
    return file.addedBytes;
  }

  /** Resolves when the commit waits for its turn. */
  async #addCommit(
    job: FileJob,
    existing: Located | undefined,
    session: UploadSession,
    file: StoredFile,
    attempt: number,
  ): Promise<void> {
    await job.folder.made;
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
      this.#report.done(job.label, "written", { sizeBytes: file.reference.plaintextBytes, revision, copies });
    } catch (thrown) {
      if (this.#signal.aborted) return;
      const error = toDfsError(thrown);
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
