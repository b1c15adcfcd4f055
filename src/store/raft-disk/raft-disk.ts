/**
 * The log of the consensus group on this peer's disk.
 *
 * A *record* is all that one save writes: the hard state and entries, together or not at all. Records follow each other
 * in *segments*, files of one folder; compaction removes the oldest. The *base* is the last entry that is gone, or the
 * last that a snapshot stands for. What comes later replaces what came before: a record whose first entry is there
 * already ends the life of that entry and of all behind it.
 *
 * The driver in src/peer writes; src/raft reads, through the driver. A save is one write and one flush. A disk that once
 * failed to write is not trusted again: the log must be opened anew.
 */
import { DfsError, assert, toDfsError } from "../../core/errors.ts";
import { raftCacheBytesMax, raftSegmentBytesMax } from "../../core/limits.ts";
import type { Entry, HardState } from "../../raft/types.ts";
import { EntryCache } from "./entry-cache.ts";
import { systemFiles } from "./file-operations.ts";
import type { FileOperations } from "./file-operations.ts";
import { LogFiles } from "./log-files.ts";
import type { LogPosition, LogUpdate } from "./log-format.ts";
import type { RecordPlace } from "./log-index.ts";
import { LogIndex } from "./log-index.ts";
import { recoverLog } from "./log-recovery.ts";
import { LogTail } from "./log-tail.ts";
import type { SegmentStart } from "./log-tail.ts";
import { openTail } from "./open-tail.ts";
import { RecordReader } from "./record-reader.ts";
import type { ReadableSegment } from "./record-reader.ts";

export type { LogPosition } from "./log-format.ts";

/** Where the log is, and its bounds, whose defaults are in core/limits.ts. */
export interface RaftDiskOptions {
  /** A folder for the log alone. */
  readonly folder: string;
  readonly operations?: FileOperations;
  /** A segment takes no further record beyond this; a longer record gets one of its own. */
  readonly segmentBytesMax?: number;
  /** Newest entries kept in memory. */
  readonly cacheBytesMax?: number;
}

/** What one save makes durable, all of it or nothing. */
export interface RaftDiskUpdate {
  /** Undefined: as it was. */
  readonly hardState: HardState | undefined;
  /** Consecutive; they take the place of everything from the first one's index on. */
  readonly entries: readonly Entry[];
}

/** How much there is. */
export interface RaftDiskStats {
  readonly entries: number;
  /** On the disk. */
  readonly bytes: number;
  readonly segments: number;
}

interface OpenState {
  readonly closed: Map<number, ClosedSegment>;
  readonly index: LogIndex;
  readonly hardState: HardState;
  readonly tail: LogTail;
}

interface ClosedSegment extends ReadableSegment {
  readonly fileBytes: number;
}

/**
 * An open log. What a call writes is durable, and visible to readers, when it resolves; until then they see what was.
 *
 * Writing calls must not overlap: that is a broken invariant. When one fails, with `no-space`, `io` or another kind of
 * the system's errors, each later one fails with the same error; reading goes on.
 */
export class RaftDisk {
  readonly #files: LogFiles;
  readonly #segmentBytesMax: number;
  readonly #cache: EntryCache;
  readonly #reader: RecordReader;
  /** All segments but the last, oldest first. */
  readonly #closed: Map<number, ClosedSegment>;
  #index: LogIndex;
  #hardState: HardState;
  #tail: LogTail;
  #isWriting = false;
  #isClosed = false;
  #failure: DfsError | undefined;

  private constructor(options: RaftDiskOptions, files: LogFiles, state: OpenState) {
    this.#files = files;
    this.#segmentBytesMax = options.segmentBytesMax ?? raftSegmentBytesMax;
    this.#cache = new EntryCache(options.cacheBytesMax ?? raftCacheBytesMax);
    this.#reader = new RecordReader(files);
    this.#closed = state.closed;
    this.#index = state.index;
    this.#hardState = state.hardState;
    this.#tail = state.tail;
  }

  /**
   * Makes an empty log behind `base`, with this hard state; durable when it resolves. Makes the folder where it is not
   * there. Fails with `exists` when it holds a log, or with the kind of the system's error.
   */
  static async create(options: RaftDiskOptions, base: LogPosition, hardState: HardState): Promise<RaftDisk> {
    const files = new LogFiles(options.folder, options.operations ?? systemFiles);
    try {
      await files.operations.makeFolder(files.folder);
      if ((await files.numbers()).length > 0)
        throw new DfsError("exists", `there is a consensus log in ${files.folder} already`, { path: files.folder });
      await files.unseal();
      const tail = await LogTail.first(files, { begins: true, previous: base, hardState });
      return new RaftDisk(options, files, { closed: new Map(), index: new LogIndex(base), hardState, tail });
    } catch (error) {
      throw toDfsError(error, { op: "consensus-log.create", path: files.folder });
    }
  }

  /**
   * Opens the log in the folder. What the last save left unfinished is cut off; everything that is visible is durable.
   *
   * Fails with `not-found` when there is no log, and with `integrity` when the log is damaged: the message says where and
   * what to do, and nothing was changed. `version` when a newer program wrote it, or the kind of the system's error.
   */
  static async open(options: RaftDiskOptions): Promise<RaftDisk> {
    const files = new LogFiles(options.folder, options.operations ?? systemFiles);
    try {
      const log = await recoverLog(files);
      const tail = await openTail(files, log);
      const closed = log.segments
        .slice(0, -1)
        .map(({ number, mark, bytes }) => [number, { mark, endBytes: bytes, fileBytes: bytes }] as const);
      return new RaftDisk(options, files, { ...log, closed: new Map(closed), tail });
    } catch (error) {
      throw toDfsError(error, { op: "consensus-log.open", path: files.folder });
    }
  }

  /** As last saved. */
  get hardState(): HardState {
    return this.#hardState;
  }

  /** The index before the first entry, and its term. */
  get base(): LogPosition {
    return this.#index.base;
  }

  firstIndex(): number {
    return this.#index.base.index + 1;
  }

  /** The last entry's index, or the base's when there is none. */
  lastIndex(): number {
    return this.#index.lastIndex;
  }

  /** The term of an entry or of the base; undefined for any other index. */
  term(index: number): number | undefined {
    return this.#index.term(index);
  }

  /**
   * Entries from `low` up to but not including `high`: at least one, then as many as fit into `bytesMax` of data. The
   * newest come from memory, older ones from the disk, at once. Stops when any of them is not in the log. Fails with
   * `integrity` when the disk does not have what was written, or with the kind of the system's error.
   */
  entries(low: number, high: number, bytesMax: number): readonly Entry[] {
    assert(low >= this.firstIndex() && high <= this.lastIndex() + 1, `entries ${low} to ${high} are not in the log`);
    const entries: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#walk(low, high)) {
      bytes += entry.data.length;
      if (bytes > bytesMax && entries.length > 0) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Writes one record. Without entries and hard state there is nothing to write. Stops when the entries leave a gap, touch what is compacted, or have a term that falls. */
  async save(update: RaftDiskUpdate): Promise<void> {
    await this.#write(async () => {
      const { entries, hardState = this.#hardState } = update;
      if (entries.length === 0 && update.hardState === undefined) return;
      const previousTerm = this.#previousTerm(entries);
      const place = await this.#append({ hardState, previousTerm, entries });
      this.#hardState = hardState;
      this.#index.append(entries, place);
      this.#cache.append(entries);
    });
  }

  /** Drops all entries and begins anew behind `base`: a snapshot was installed. After a crash it was done as a whole or not at all. */
  async reset(base: LogPosition, hardState: HardState): Promise<void> {
    await this.#write(async () => {
      const old = [...this.#closed.keys(), this.#tail.number];
      await this.#beginSegment({ begins: true, previous: base, hardState });
      this.#index = new LogIndex(base);
      this.#hardState = hardState;
      this.#cache.clear();
      await this.#remove(old);
    });
  }

  /** Removes the oldest segments, as far as they hold only entries up to `index`; the base then lies at or below it. */
  async compact(index: number): Promise<void> {
    await this.#write(async () => {
      const old = [...this.#closed.keys()].filter((number) => this.#index.lastIn(number) <= index);
      const last = old.at(-1);
      if (last === undefined) return;
      const baseIndex = this.#index.lastIn(last);
      this.#index.forget(last, { index: baseIndex, term: this.#index.term(baseIndex) as number });
      await this.#remove(old);
    });
  }

  /** How much there is at this moment. */
  stats(): RaftDiskStats {
    const closedBytes = [...this.#closed.values()].reduce((sum, { fileBytes }) => sum + fileBytes, 0);
    const entries = this.#index.lastIndex - this.#index.base.index;
    return { entries, bytes: closedBytes + this.#tail.fileBytes, segments: this.#closed.size + 1 };
  }

  /**
   * Closes the log, and notes where it ended, so that the next start knows that nothing is missing. Calling it again
   * does nothing. Fails with the kind of the system's error; the log is closed all the same.
   */
  async close(): Promise<void> {
    assert(!this.#isWriting, "the consensus log was closed while it was written");
    if (this.#isClosed) return;
    this.#isClosed = true;
    const isSound = this.#failure === undefined;
    this.#failure ??= new DfsError("internal", "the consensus log is closed");
    try {
      await this.#tail.close();
      if (isSound) await this.#files.writeClosed(this.#tail.end);
    } catch (error) {
      throw toDfsError(error, { op: "consensus-log.close", path: this.#files.folder });
    }
  }

  *#walk(low: number, high: number): Generator<Entry> {
    let at = low;
    while (at < high) {
      const cached = this.#cache.get(at);
      if (cached !== undefined) {
        yield cached;
        at++;
        continue;
      }
      const record = this.#index.find(at);
      const { block } = this.#reader.read(record, this.#closed.get(record.segment) ?? this.#tail);
      for (; at < high && at <= record.lastIndex; at++) yield block.entry(at - block.firstIndex);
    }
  }

  #previousTerm(entries: readonly Entry[]): number {
    const first = entries[0];
    if (first === undefined) return 0;
    assert(first.index > this.#index.base.index, `entry ${first.index} is compacted and cannot be written`);
    const term = this.#index.term(first.index - 1);
    assert(term !== undefined, `entry ${first.index} would leave a gap behind ${this.#index.lastIndex}`);
    assert(first.term >= term, `entry ${first.index} has term ${first.term} behind one of term ${term}`);
    return term;
  }

  async #append(update: LogUpdate): Promise<RecordPlace> {
    const segmentBytesMax = this.#segmentBytesMax;
    const record = this.#tail.encode(update);
    if (!this.#tail.isFullFor(record, segmentBytesMax)) return this.#tail.append(record, segmentBytesMax);
    const previous = { index: this.#index.lastIndex, term: this.#index.term(this.#index.lastIndex) as number };
    await this.#beginSegment({ begins: false, previous, hardState: this.#hardState });
    return this.#tail.append(this.#tail.encode(update), segmentBytesMax);
  }

  async #beginSegment(start: SegmentStart): Promise<void> {
    const old = this.#tail;
    this.#tail = await old.next(this.#files, start);
    this.#closed.set(old.number, { mark: old.mark, endBytes: old.endBytes, fileBytes: old.fileBytes });
    await old.close();
  }

  /** Oldest first, each durably, so that a crash never leaves a gap. */
  async #remove(segments: readonly number[]): Promise<void> {
    for (const number of segments) {
      await this.#files.remove(number);
      this.#closed.delete(number);
    }
  }

  async #write(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    assert(!this.#isWriting, "two writes to the consensus log overlap");
    this.#isWriting = true;
    try {
      await work();
    } catch (error) {
      this.#failure = unwritable(this.#files.folder, error);
      throw this.#failure;
    } finally {
      this.#isWriting = false;
    }
  }
}

function unwritable(path: string, error: unknown): DfsError {
  const { kind, message } = toDfsError(error);
  if (kind === "internal") return toDfsError(error);
  const wayOut = kind === "no-space" ? "free some space and restart the peer" : "see to the disk and restart the peer";
  const text = `the consensus log in ${path} cannot be written (${message}), and nothing more is written to it; ${wayOut}`;
  return new DfsError(kind, text, { op: "consensus-log.write", path, cause: error });
}
