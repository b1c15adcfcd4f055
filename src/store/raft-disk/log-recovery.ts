/**
 * Reads the log back. Nothing on the disk is changed before all of it was found good.
 *
 * The segments are replayed in order, from the newest one that begins a log; each record follows the one before by its
 * sequence number, and each segment must begin where the one before ended. Later entries replace earlier ones of the
 * same index.
 */
import { dirname } from "node:path";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { raftRecordBytesMax } from "../../core/limits.ts";
import type { HardState } from "../../raft/types.ts";
import type { LogEnd, LogFiles } from "./log-files.ts";
import {
  decodePayload,
  decodeRecordHeader,
  decodeSegmentHeader,
  isPayloadIntact,
  recordHeaderBytes,
  segmentHeaderBytes,
} from "./log-format.ts";
import type { RecordPayload, SegmentHeader } from "./log-format.ts";
import { LogIndex } from "./log-index.ts";
import type { RecordPlace } from "./log-index.ts";
import { judgeTail } from "./torn-tail.ts";

/** A record must fit, whatever a segment's size was when it was written. */
const segmentFileBytesMax = 2 * raftRecordBytesMax;

/** A segment that is part of the log. */
export interface RecoveredSegment {
  readonly number: number;
  readonly mark: Uint8Array;
  /** Length of its file, after the cut. */
  readonly bytes: number;
}

/** The log as it was found. */
export interface RecoveredLog {
  readonly hardState: HardState;
  readonly index: LogIndex;
  /** Ascending; the last one is to be written on. */
  readonly segments: readonly RecoveredSegment[];
  /** Segments from before the log's beginning, to be removed; ascending. */
  readonly voidSegments: readonly number[];
  /** Where the last record of the last segment begins and where it ends; both at the header's end where there is none. */
  readonly lastRecord: { readonly from: number; readonly to: number };
  /** What follows there is a torn write, to be cut. */
  readonly isTorn: boolean;
  /** The sequence of the next record. */
  readonly sequence: number;
  /** It was closed here, so everything is durable already. */
  readonly wasClosed: boolean;
}

/** Reads the log in `files`. Fails with `not-found` where there is none, `integrity`, `version`, or as the system does. */
export async function recoverLog(files: LogFiles): Promise<RecoveredLog> {
  const numbers = await files.numbers();
  if (numbers.length === 0)
    throw new DfsError("not-found", `there is no consensus log in ${files.folder}`, { path: files.folder });
  const { at, header } = await beginning(files, numbers);
  const replay = new Replay(files, header);
  const own = numbers.slice(at);
  for (const number of own) await replay.segment(number, number === own.at(-1));
  return replay.finish(numbers.slice(0, at));
}

/** An `integrity` error that says where the damage is and what to do. */
export function damagedLog(path: string, offset: number, what: string, cause?: unknown): DfsError {
  const folder = dirname(path);
  return new DfsError(
    "integrity",
    `the consensus log is damaged: ${path}, at byte ${offset}: ${what}; move the folder ${folder} away, and the other ` +
      `coordinators give this peer a fresh copy; if it was the only coordinator, see dfs-peer --recover-as-new-group`,
    { op: "consensus-log", path, cause },
  );
}

/** The newest segment that begins a log, or the oldest when what came before it was compacted: its position and header. */
async function beginning(files: LogFiles, numbers: readonly number[]): Promise<{ at: number; header: SegmentHeader }> {
  for (let at = numbers.length - 1; ; at--) {
    const number = numbers[at] as number;
    const bytes = await files.operations.read(files.path(number), 0, segmentHeaderBytes);
    const header = headerOf(files, number, bytes);
    if (header.begins || at === 0) return { at, header };
  }
}

function headerOf(files: LogFiles, number: number, bytes: Uint8Array): SegmentHeader {
  const header = decodeSegmentHeader(bytes);
  if (header === undefined) throw damagedLog(files.path(number), 0, "the segment's header is not what was written");
  if (header.number !== number) throw damagedLog(files.path(number), 0, `this is segment ${header.number}`);
  return header;
}

/** Puts the log together again, segment by segment. */
class Replay {
  readonly #files: LogFiles;
  readonly #segments: RecoveredSegment[] = [];
  /** The log is known from its beginning on: nothing at or below the base can have been replaced. */
  readonly #isWhole: boolean;
  #index: LogIndex;
  #hardState: HardState;
  #sequence: number;
  #lastRecord = { from: 0, to: 0 };
  #isTorn = false;

  constructor(files: LogFiles, { begins, previous, hardState, sequence }: SegmentHeader) {
    this.#files = files;
    this.#isWhole = begins;
    this.#index = new LogIndex(previous);
    this.#hardState = hardState;
    this.#sequence = sequence;
  }

  async segment(number: number, isLast: boolean): Promise<void> {
    const path = this.#files.path(number);
    const bytes = await this.#read(path);
    const header = headerOf(this.#files, number, bytes);
    this.#checkBeginning(path, header);
    let offset = segmentHeaderBytes;
    this.#lastRecord = { from: offset, to: offset };
    for (let next = this.#record(path, bytes, offset, header); next > offset;) {
      this.#lastRecord = { from: offset, to: next };
      offset = next;
      next = this.#record(path, bytes, offset, header);
    }
    const tail = judgeTail(bytes, offset, header.mark, this.#sequence);
    if (tail === "damaged" || (tail === "torn" && !isLast))
      throw damagedLog(path, offset, "a record is not what was written, and it was written to its end");
    this.#isTorn = tail === "torn";
    this.#segments.push({ number, mark: header.mark, bytes: this.#isTorn ? offset : bytes.length });
  }

  /** What was found; checks it against the note of the last close. */
  async finish(voidSegments: readonly number[]): Promise<RecoveredLog> {
    const [hardState, index, segments] = [this.#hardState, this.#index, this.#segments];
    const [lastRecord, isTorn, sequence] = [this.#lastRecord, this.#isTorn, this.#sequence];
    const closed = await this.#files.readClosed();
    if (closed !== undefined) this.#checkEnd(closed);
    return { hardState, index, segments, voidSegments, lastRecord, isTorn, sequence, wasClosed: closed !== undefined };
  }

  #checkEnd(closed: LogEnd): void {
    const { number } = this.#segments.at(-1) as RecoveredSegment;
    const end = this.#lastRecord.to;
    const isSame = closed.segment === number && closed.offset === end && closed.sequence === this.#sequence;
    if (isSame && !this.#isTorn) return;
    const where = `byte ${closed.offset} of segment ${closed.segment}`;
    throw damagedLog(this.#files.path(number), end, `the log ends here; when it was closed it ended at ${where}`);
  }

  async #read(path: string): Promise<Uint8Array> {
    const size = await this.#files.operations.size(path);
    if (size > segmentFileBytesMax) throw damagedLog(path, 0, `the segment has ${size} bytes, more than any can have`);
    return this.#files.operations.read(path, 0, size);
  }

  /** A segment goes on exactly where the one before ended; the first one told where the log begins. */
  #checkBeginning(path: string, { number, previous, hardState, sequence }: SegmentHeader): void {
    const before = this.#segments.at(-1)?.number ?? number - 1;
    if (before !== number - 1)
      throw damagedLog(path, 0, `segment ${before} comes before; what lies between is missing`);
    const { term, vote, commit } = this.#hardState;
    const isSame =
      previous.index === this.#index.lastIndex &&
      previous.term === this.#index.term(previous.index) &&
      sequence === this.#sequence &&
      hardState.term === term &&
      hardState.vote === vote &&
      hardState.commit === commit;
    const ends = `entry ${this.#index.lastIndex} and record ${this.#sequence - 1}`;
    const begins = `entry ${previous.index} and record ${sequence - 1}`;
    if (!isSame) throw damagedLog(path, 0, `it goes on behind ${begins}, and segment ${before} ends with ${ends}`);
  }

  /** Takes in the record at `offset` and returns where the next one begins; the same offset when there is none. */
  #record(path: string, bytes: Uint8Array, offset: number, { number, mark }: SegmentHeader): number {
    const header = decodeRecordHeader(bytes.subarray(offset), mark);
    if (header === undefined || header.sequence !== this.#sequence) return offset;
    const end = offset + recordHeaderBytes + header.payloadBytes;
    const payload = bytes.subarray(offset + recordHeaderBytes, end);
    if (!isPayloadIntact(header, payload)) return offset;
    try {
      this.#take(decodePayload(payload), { segment: number, offset, bytes: end - offset });
    } catch (error) {
      throw damagedLog(path, offset, toDfsError(error).message, error);
    }
    this.#sequence++;
    return end;
  }

  #take({ hardState, previousTerm, block }: RecordPayload, place: RecordPlace): void {
    this.#hardState = hardState;
    if (block.count === 0) return;
    const previous = { index: block.firstIndex - 1, term: previousTerm };
    // The entries that this replaces were compacted, together with those before them.
    if (previous.index < this.#index.base.index && !this.#isWhole) this.#index = new LogIndex(previous);
    else if (this.#index.term(previous.index) !== previousTerm)
      throw new DfsError("integrity", `entry ${block.firstIndex} does not follow entry ${previous.index}`);
    this.#index.append(block.positions(), place);
  }
}
