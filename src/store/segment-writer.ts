/**
 * The writing end of the store: one segment at a time, appended to in groups.
 *
 * A group is what waits when the group before is done, and what comes in a moment if that is large chunks: its records are written, flushed once, carried out in the index
 * in one transaction, and only then does anybody hear of it. A group that fails is taken back as a whole. After a
 * failed flush nobody can know what the disk holds, and asking again may lie: the writer then refuses everything
 * until the store is started anew and reads what is really there.
 */
import { DfsError, toDfsError } from "../core/errors.ts";
import {
  flushGatherChunkBytesMin,
  flushGatherMs,
  flushGroupBytesMax,
  flushGroupBytesWanted,
  flushGroupChunksMax,
  reservedBytes,
  storeQueueBytesMax,
} from "../core/limits.ts";
import type { ShelfId } from "../core/ids.ts";
import type { Place } from "./chunk-table.ts";
import type { DiskOperations } from "./disk-operations.ts";
import { encodeRecordHeader, recordBytes } from "./segment-format.ts";
import type { LogRecord } from "./segment-format.ts";
import type { OpenSegment, SegmentFiles } from "./segment-files.ts";
import { newShelf } from "./shelf-state.ts";
import type { ShelfState } from "./shelf-state.ts";
import type { StoreIndex } from "./store-index.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** Something to append. Its parts are called by the writer, in this order, without anything of another group between. */
export interface AppendJob {
  /** Bytes and records that it will append at the most. */
  readonly bytesMax: number;
  readonly recordsMax: number;
  /** Whether it may use the space that the store keeps back: true for all that helps to free space. */
  readonly mayUseReserve: boolean;
  /** Whether it begins a new segment, with what it appends. */
  readonly beginsSegment?: boolean;
  /** The records to append, after those of the group's earlier jobs. When it fails, nothing of the job happens. */
  records(group: WritingGroup): readonly LogRecord[];
  /** Carries the job out in the index, with the place of each record; runs in the group's transaction and must not throw. */
  apply(places: readonly Place[]): void;
}

/** What the jobs of a group that is being put together lead to, before any of it is in the index. */
export class WritingGroup {
  readonly #index: StoreIndex;
  readonly #digests = new Set<string>();
  readonly #shelves = new Map<ShelfId, ShelfState>();

  constructor(index: StoreIndex) {
    this.#index = index;
  }

  hasChunk(digest: Uint8Array): boolean {
    return this.#digests.has(hex(digest));
  }

  addChunks(records: readonly LogRecord[]): void {
    for (const { digest } of records) if (digest !== undefined) this.#digests.add(hex(digest));
  }

  shelf(shelf: ShelfId): ShelfState {
    return this.#shelves.get(shelf) ?? this.#index.shelves.find(shelf)?.state ?? newShelf();
  }

  setShelf(shelf: ShelfId, state: ShelfState): void {
    this.#shelves.set(shelf, state);
  }
}

interface QueuedJob {
  readonly job: AppendJob;
  readonly resolve: () => void;
  readonly reject: (error: DfsError) => void;
}

interface PlannedJob {
  readonly queued: QueuedJob;
  readonly records: readonly LogRecord[];
  readonly places: Place[];
}

/** Where writing goes on: in `segment`, or in a new one after `lastNumber`. */
export interface WritingEnd {
  readonly lastNumber: number;
  readonly segment: OpenSegment | undefined;
}

/** What the writer works with. */
export interface SegmentWriterOptions {
  readonly files: SegmentFiles;
  readonly index: StoreIndex;
  readonly disk: DiskOperations;
  /** Bytes that all segments together may take. */
  readonly capacityBytes: number | undefined;
  /** Bytes after which a new segment begins; a group that is larger than that gets a segment of its own. */
  readonly segmentBytes: number;
}

/** Appends jobs in the order of their arrival. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  readonly #room = new WaitingRoom(storeQueueBytesMax);
  readonly #queue: QueuedJob[] = [];
  #queuedBytes = 0;
  /** Ends the wait for more chunks; undefined while there is none. */
  #endGathering: (() => void) | undefined;
  #segment: OpenSegment | undefined;
  #lastNumber: number;
  #isRunning = false;
  #running: Promise<void> = Promise.resolve();
  #failure: DfsError | undefined;

  /** Goes on at `end`. */
  constructor(options: SegmentWriterOptions, end: WritingEnd) {
    this.#options = options;
    this.#lastNumber = end.lastNumber;
    this.#segment = end.segment;
  }

  /** Number of the segment that is being appended to, or of the last one; lower ones no longer change. */
  get activeNumber(): number {
    return this.#lastNumber;
  }

  /** Resolves once there is a new segment, and the one before it no longer changes. Fails as `append` does. */
  async beginSegment(): Promise<void> {
    const nothing = { bytesMax: 0, recordsMax: 0, mayUseReserve: true, records: () => [], apply: () => undefined };
    await this.append({ ...nothing, beginsSegment: true });
  }

  /** Refuses everything from now on with `failure`. */
  fail(failure: DfsError): void {
    this.#failure ??= failure;
  }

  /**
   * Resolves once the job's records survive a power cut and it is carried out. Waits first while too much is queued.
   * Fails with `no-space`, `io`, or `interrupted` while it waits; then nothing of the job has happened.
   */
  async append(job: AppendJob, signal?: AbortSignal): Promise<void> {
    await this.#room.enter(job.bytesMax, signal);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#queue.push({ job, resolve, reject });
        this.#queuedBytes += job.bytesMax;
        if (!this.#isRunning) this.#running = this.#run();
        else if (!this.#isWorthWaiting()) this.#endGathering?.();
      });
    } finally {
      this.#room.leave(job.bytesMax);
    }
  }

  /** Waits for everything queued, then closes the segment. */
  async stop(): Promise<void> {
    while (this.#isRunning) await this.#running;
    await this.#segment?.handle.close();
    this.#segment = undefined;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Whoever calls in this turn of the loop is still in time for the first group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      await this.#gather();
      const group = this.#takeGroup();
      try {
        const planned = await this.#plan(group);
        await this.#write(planned);
        for (const { queued } of planned) queued.resolve();
      } catch (error) {
        for (const { reject } of group) reject(toDfsError(error, { op: "chunk-store.append" }));
      }
    }
    this.#isRunning = false;
  }

  /** Waits a moment for more large chunks, which come in streams, to share the flush. */
  async #gather(): Promise<void> {
    if (!this.#isWorthWaiting()) return;
    await new Promise<void>((resolve) => {
      this.#endGathering = resolve;
      setTimeout(resolve, flushGatherMs);
    });
    this.#endGathering = undefined;
  }

  /** Whether all that waits is large chunks, and not many of them. */
  #isWorthWaiting(): boolean {
    if (this.#queuedBytes >= flushGroupBytesWanted) return false;
    return this.#queue.every(({ job }) => !job.mayUseReserve && job.bytesMax >= flushGatherChunkBytesMin);
  }

  #takeGroup(): QueuedJob[] {
    let bytes = 0;
    let records = 0;
    const end = this.#queue.findIndex(({ job }) => {
      bytes += job.bytesMax;
      records += job.recordsMax;
      return bytes > flushGroupBytesMax || records > flushGroupChunksMax;
    });
    const group = this.#queue.splice(0, end === -1 ? this.#queue.length : Math.max(end, 1));
    for (const { job } of group) this.#queuedBytes -= job.bytesMax;
    return group;
  }

  /** Asks each job for its records; refuses those for which there is no room. */
  async #plan(group: readonly QueuedJob[]): Promise<PlannedJob[]> {
    if (this.#failure !== undefined) throw this.#failure;
    const written = new WritingGroup(this.#options.index);
    const planned: PlannedJob[] = [];
    let roomBytes = group.some(({ job }) => !job.mayUseReserve) ? await this.freeBytes() : 0;
    for (const queued of group) {
      const records = plannedRecords(queued, written);
      if (records === undefined) continue;
      const bytes = sumBytes(records);
      if (!queued.job.mayUseReserve && bytes > roomBytes) {
        queued.reject(noSpace(this.#options.files.folder));
        continue;
      }
      roomBytes -= bytes;
      written.addChunks(records);
      planned.push({ queued, records, places: [] });
    }
    return planned;
  }

  /** Bytes that may still be appended, after what is kept back and within the capacity. Fails with the system's error. */
  async freeBytes(): Promise<number> {
    const { disk, files, index, capacityBytes } = this.#options;
    const onDisk = (await disk.freeBytes(files.folder)) - reservedBytes;
    const withinCapacity = capacityBytes === undefined ? onDisk : capacityBytes - index.segments.totals().diskBytes;
    return Math.max(0, Math.min(onDisk, withinCapacity));
  }

  async #write(planned: readonly PlannedJob[]): Promise<void> {
    const bytes = sumBytes(planned.flatMap(({ records }) => records));
    const begins = planned.some(({ queued }) => queued.job.beginsSegment === true);
    const segment = bytes === 0 && !begins ? undefined : await this.#segmentFor(bytes, begins);
    if (segment === undefined || bytes === 0) return this.#options.index.transaction(() => applyAll(planned));
    const buffers = layOut(planned, segment);
    try {
      await this.#options.disk.write(segment.handle, buffers, segment.endBytes);
      await this.#flush(segment);
      this.#options.index.transaction(() => {
        applyAll(planned);
        this.#options.index.segments.setIndexed(segment.number, segment.endBytes + bytes);
      });
      segment.endBytes += bytes;
    } catch (error) {
      await this.#takeBack(segment);
      throw error;
    }
  }

  async #flush({ handle, number }: OpenSegment): Promise<void> {
    try {
      await this.#options.disk.flush(handle);
    } catch (error) {
      const path = this.#options.files.path(number);
      this.fail(
        new DfsError("io", `the disk failed to store ${path}; nothing more is written until the peer is restarted`, {
          path,
          cause: error,
        }),
      );
      throw this.#failure;
    }
  }

  /** What a failed group wrote goes, so that it is not mistaken for something that was acknowledged. */
  async #takeBack(segment: OpenSegment): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      await segment.handle.truncate(segment.endBytes);
    } catch (error) {
      this.fail(toDfsError(error, { op: "chunk-store.take-back", path: this.#options.files.path(segment.number) }));
    }
  }

  /** The segment that takes the next `bytes`; a new one when they do not fit into the last, or when one is to begin. */
  async #segmentFor(bytes: number, begins: boolean): Promise<OpenSegment> {
    const last = this.#segment;
    if (!begins && last !== undefined && last.endBytes + bytes <= this.#options.segmentBytes) return last;
    const next = await this.#options.files.create(this.#lastNumber + 1);
    try {
      this.#options.index.segments.insert(next.number, next.mark, next.endBytes);
    } catch (error) {
      await next.handle.close();
      throw error;
    }
    this.#segment = next;
    this.#lastNumber = next.number;
    await last?.handle.close();
    return next;
  }
}

function plannedRecords(queued: QueuedJob, group: WritingGroup): readonly LogRecord[] | undefined {
  try {
    return queued.job.records(group);
  } catch (error) {
    queued.reject(toDfsError(error, { op: "chunk-store.append" }));
    return undefined;
  }
}

function sumBytes(records: readonly LogRecord[]): number {
  return records.reduce((sum, { payload }) => sum + recordBytes(payload.length), 0);
}

function applyAll(planned: readonly PlannedJob[]): void {
  for (const { queued, places } of planned) queued.job.apply(places);
}

/** Gives every record its place; returns the bytes to write from the segment's end on. */
function layOut(planned: readonly PlannedJob[], segment: OpenSegment): Uint8Array[] {
  let offset = segment.endBytes;
  const buffers: Uint8Array[] = [];
  for (const { records, places } of planned) {
    for (const record of records) {
      places.push({ segment: segment.number, offset });
      buffers.push(encodeRecordHeader(segment.mark, record), record.payload);
      offset += recordBytes(record.payload.length);
    }
  }
  return buffers;
}

function noSpace(folder: string): DfsError {
  return new DfsError("no-space", `no room for more chunks in ${folder}; free some space or give the peer more`, {
    path: folder,
  });
}

function hex(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("hex");
}
