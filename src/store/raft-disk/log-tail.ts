/** The end of the log: the segment that is written on. */
import { toDfsError } from "../../core/errors.ts";
import { raftZerosAheadBytes } from "../../core/limits.ts";
import type { HardState } from "../../raft/types.ts";
import type { WritableFile } from "./file-operations.ts";
import type { LogEnd, LogFiles } from "./log-files.ts";
import { bytesOf, encodeRecord, segmentHeaderBytes } from "./log-format.ts";
import type { LogPosition, LogUpdate } from "./log-format.ts";
import type { RecordPlace } from "./log-index.ts";

const zeros = new Uint8Array(raftZerosAheadBytes);

/** What the next segment takes over. */
export interface SegmentStart {
  readonly begins: boolean;
  readonly previous: LogPosition;
  readonly hardState: HardState;
}

/** A segment that takes records; its methods fail with the system's error, and nothing may be written after that. */
export class LogTail {
  readonly number: number;
  readonly mark: Uint8Array;
  readonly #file: WritableFile;
  #endBytes: number;
  #fileBytes: number;
  #sequence: number;

  constructor(
    file: WritableFile,
    at: { number: number; mark: Uint8Array; endBytes: number; fileBytes: number; sequence: number },
  ) {
    this.#file = file;
    this.number = at.number;
    this.mark = at.mark;
    this.#endBytes = at.endBytes;
    this.#fileBytes = at.fileBytes;
    this.#sequence = at.sequence;
  }

  /** Makes the first segment of a log; it is durable when this resolves. */
  static async first(files: LogFiles, start: SegmentStart): Promise<LogTail> {
    return LogTail.#create(files, 1, 1, start);
  }

  static async #create(files: LogFiles, number: number, sequence: number, start: SegmentStart): Promise<LogTail> {
    const { mark, file } = await files.create({ number, sequence, ...start });
    const [endBytes, fileBytes] = [segmentHeaderBytes, segmentHeaderBytes];
    return new LogTail(file, { number, mark, endBytes, fileBytes, sequence });
  }

  /** Makes the segment that follows this one; it is durable when this resolves. */
  async next(files: LogFiles, start: SegmentStart): Promise<LogTail> {
    return LogTail.#create(files, this.number + 1, this.#sequence, start);
  }

  /** Where the last record ends. */
  get endBytes(): number {
    return this.#endBytes;
  }

  /** Length of the file, with the zeros behind the last record. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Where the log ends. */
  get end(): LogEnd {
    return { segment: this.number, offset: this.#endBytes, sequence: this.#sequence };
  }

  /** The bytes of a record to be appended here. */
  encode(update: LogUpdate): readonly Uint8Array[] {
    return encodeRecord(this.mark, this.#sequence, update);
  }

  /** Whether the record belongs into the next segment. */
  isFullFor(record: readonly Uint8Array[], segmentBytesMax: number): boolean {
    return this.#endBytes > segmentHeaderBytes && this.#endBytes + bytesOf(record) > segmentBytesMax;
  }

  /** Appends a record; it is durable when this resolves. Zeros go ahead where the file has to grow for a small one. */
  async append(record: readonly Uint8Array[], segmentBytesMax: number): Promise<RecordPlace> {
    const [offset, bytes] = [this.#endBytes, bytesOf(record)];
    const end = offset + bytes;
    const room = Math.max(0, Math.min(segmentBytesMax - end, zeros.length));
    const ahead = end <= this.#fileBytes || bytes > zeros.length ? 0 : room;
    const written = await this.#write(record, offset, ahead);
    await this.#file.flush();
    this.#endBytes = end;
    this.#fileBytes = Math.max(this.#fileBytes, end + written);
    this.#sequence++;
    return { segment: this.number, offset, bytes };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Writes a record with zeros ahead, or without them on a disk that has room for the record alone; returns how many. */
  async #write(record: readonly Uint8Array[], offset: number, ahead: number): Promise<number> {
    if (ahead > 0)
      try {
        await this.#file.write([...record, zeros.subarray(0, ahead)], offset);
        return ahead;
      } catch (error) {
        if (toDfsError(error).kind !== "no-space") throw error;
      }
    await this.#file.write(record, offset);
    return 0;
  }
}
