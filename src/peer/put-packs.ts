/**
 * Small files of a put, many at a time: read and sealed in one piece of work, sent in few messages.
 *
 * A pack is only a faster way: whatever keeps one as a whole from going through, each of its files is put by itself, which
 * finds out what is the matter.
 */
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import { fromThreadError } from "../chunking/chunking-messages.ts";
import type { Pack, PackedFile } from "../chunking/seal-pack.ts";
import type { ByteWindow } from "../core/byte-window.ts";
import { assert } from "../core/errors.ts";
import type { ShelfId } from "../core/ids.ts";
import { packBytesMax, packFileBytesMax, packFilesMax } from "../core/limits.ts";
import type { PauseGate } from "./jobs/pause-gate.ts";
import type { KnownSources, Reading } from "./known-files/known-sources.ts";
import type { Located, Space } from "./located.ts";
import { type PutRooms, sealedBytesAtMost } from "./put-room.ts";
import type { Seen, StoredFile } from "./put-targets.ts";
import type { FileJob } from "./put-walk.ts";
import { TaskGroup } from "./task-group.ts";
import type { UploadSession } from "./upload-session.ts";
import type { UploadSessions } from "./upload-sessions.ts";

/** A file that goes in a pack; `seen` is what is at its name, where that was found out. */
interface GatheredFile {
  readonly job: FileJob;
  readonly seen: Seen | undefined;
}

/** What a put does with the files of its packs. */
interface PackSteps {
  /** What the file takes the place of, where it has to be read and sent; undefined where everything about it is done. */
  readonly toBeSent: (
    job: FileJob,
    seen: Seen | undefined,
  ) => Promise<{ readonly existing: Located | undefined } | undefined>;
  /** Its chunks are on the shelf. */
  readonly onStored: (
    job: FileJob,
    existing: Located | undefined,
    session: UploadSession,
    file: StoredFile,
  ) => Promise<void>;
  /** It could not be read or sent. */
  readonly onUnsent: (
    job: FileJob,
    existing: Located | undefined,
    session: UploadSession,
    error: unknown,
  ) => Promise<void>;
  readonly onFailed: (job: FileJob, error: unknown) => void;
  /** Puts a file by itself. */
  readonly putAlone: (job: FileJob) => Promise<void>;
}

export interface PutPacksOptions {
  readonly sessions: UploadSessions;
  readonly rooms: PutRooms;
  readonly known: KnownSources;
  readonly pool: ChunkingPool;
  /** Bounds the bytes in flight of the whole transfer. */
  readonly window: ByteWindow;
  readonly gate: PauseGate;
  /** Packs under way at the most. */
  readonly atOnce: number;
  readonly signal: AbortSignal;
  readonly steps: PackSteps;
}

/** A file that is sent, and what it replaces. */
interface Sent {
  readonly job: FileJob;
  readonly existing: Located | undefined;
}

/** Files that go to one shelf, sealed for one space. */
interface Shipment {
  readonly space: Space;
  /** Where the files are that they replace; new ones go anywhere. */
  readonly shelf: ShelfId | undefined;
  readonly files: Sent[];
}

export class PutPacks {
  readonly #options: PutPacksOptions;
  #gathered: GatheredFile[] = [];
  #gatheredBytes = 0;
  readonly #underWay: TaskGroup;

  constructor(options: PutPacksOptions) {
    this.#options = options;
    this.#underWay = new TaskGroup(options.atOnce);
  }

  /** Whether a file of this size goes in a pack. */
  takes(sizeBytes: number): boolean {
    return sizeBytes <= packFileBytesMax;
  }

  /** Adds a file to the pack that is being gathered; resolves when the one before, where that was full, is under way. */
  async add(file: GatheredFile): Promise<void> {
    const { sizeBytes } = file.job;
    const isFull = this.#gathered.length >= packFilesMax || this.#gatheredBytes + sizeBytes > packBytesMax;
    if (isFull) await this.#begin();
    this.#gathered.push(file);
    this.#gatheredBytes += sizeBytes;
  }

  /** Resolves when the commit of each file that was added waits for its turn, or the file has failed by itself. */
  async settled(): Promise<void> {
    await this.#begin();
    await this.#underWay.settled();
  }

  /** Resolves when what was gathered is under way. */
  async #begin(): Promise<void> {
    const { gate, signal, steps } = this.#options;
    const pack = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (pack.length === 0) return;
    await this.#underWay.add(async () => {
      try {
        await gate.pass(signal);
        signal.throwIfAborted();
        await this.#put(pack);
      } catch (error) {
        for (const { job } of pack) steps.onFailed(job, error);
      }
    });
  }

  async #put(pack: readonly GatheredFile[]): Promise<void> {
    const { steps } = this.#options;
    const [first, second] = pack;
    if (first !== undefined && second === undefined) return steps.putAlone(first.job);
    const shipments: Shipment[] = [];
    for (const { job, seen } of pack) {
      try {
        const wanted = await steps.toBeSent(job, seen);
        if (wanted !== undefined) addTo(shipments, job, wanted.existing);
      } catch (error) {
        steps.onFailed(job, error);
      }
    }
    await Promise.all(shipments.map((shipment) => this.#ship(shipment)));
  }

  async #eachAlone(files: readonly Sent[]): Promise<void> {
    for (const { job } of files) await this.#options.steps.putAlone(job);
  }

  async #ship({ space, shelf, files }: Shipment): Promise<void> {
    const { rooms, sessions, signal, window } = this.#options;
    const room = rooms.of(space.owner);
    const bytes = files.reduce((sum, { job }) => sum + sealedBytesAtMost(job.sizeBytes), 0);
    const session = await sessions.for(shelf, (candidate) => room.fits(candidate, bytes)).catch(() => undefined);
    // Room for one file after the other there may be, where there is none for all as if each were new.
    const claim = session && (await room.admitWhole(session.port.shelf, bytes));
    if (session === undefined || claim === undefined) return this.#eachAlone(files);
    let addedBytes: number | undefined;
    try {
      await window.take(bytes, signal);
      try {
        addedBytes = await this.#send(space, session, files);
      } finally {
        window.give(bytes);
      }
    } finally {
      claim.settle(addedBytes ?? 0);
    }
    if (addedBytes === undefined) await this.#eachAlone(files);
  }

  /** Resolves with the bytes that were added; undefined where nothing could be sealed. */
  async #send(space: Space, session: UploadSession, files: readonly Sent[]): Promise<number | undefined> {
    const { known, pool, signal } = this.#options;
    const readings = files.map(({ job }) => known.reading(job.localPath, space));
    const paths = files.map(({ job }) => job.localPath);
    const pack = await pool.sealPack(paths, space.dedupSecret, { signal }).catch(() => undefined);
    if (pack === undefined) return undefined;
    const added = await Promise.all(
      files.map((file, place) => this.#sendOne(pack, place, session, file, readings[place] as Reading)),
    );
    return added.reduce((sum, bytes) => sum + bytes, 0);
  }

  async #sendOne(
    pack: Pack,
    place: number,
    session: UploadSession,
    { job, existing }: Sent,
    reading: Reading,
  ): Promise<number> {
    const { steps } = this.#options;
    try {
      const packed = pack.files[place];
      assert(packed !== undefined, "a pack has an outcome for each of its files");
      if ("error" in packed) throw fromThreadError(packed.error);
      const addedBytes = await storePieces(session, pack.memory, packed.pieces);
      const { fileKey, reference, storedBytes, stat } = packed;
      const { mode, modifiedMs, stamp } = stat;
      const file = { fileKey, reference, storedBytes, pages: [], addedBytes, mode, modifiedMs, stamp };
      reading.note(file, session.port.shelf);
      await steps.onStored(job, existing, session, file);
      return addedBytes;
    } catch (error) {
      await steps.onUnsent(job, existing, session, error);
      return 0;
    }
  }
}

async function storePieces(session: UploadSession, memory: Uint8Array, pieces: PackedFile["pieces"]): Promise<number> {
  const areNew = await session.store(
    pieces.map(({ digest, start, bytes }) => ({ digest, bytes: memory.subarray(start, start + bytes) })),
  );
  return pieces.reduce((sum, { bytes }, place) => sum + (areNew[place] === true ? bytes : 0), 0);
}

function addTo(shipments: Shipment[], job: FileJob, existing: Located | undefined): void {
  const { space } = existing ?? job.folder.place;
  const shelf = existing?.content?.shelf;
  const shipment = shipments.find((known) => known.space === space && known.shelf === shelf);
  if (shipment === undefined) shipments.push({ space, shelf, files: [{ job, existing }] });
  else shipment.files.push({ job, existing });
}
