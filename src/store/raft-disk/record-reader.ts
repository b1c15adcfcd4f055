/** Reads single records back, at once, for members that need older entries than the cache has. */
import { toDfsError } from "../../core/errors.ts";
import { raftReadAheadBytes } from "../../core/limits.ts";
import type { LogFiles } from "./log-files.ts";
import { decodePayload, decodeRecordHeader, isPayloadIntact, recordHeaderBytes } from "./log-format.ts";
import type { RecordPayload } from "./log-format.ts";
import type { RecordPlace } from "./log-index.ts";
import { damagedLog } from "./log-recovery.ts";

/** What of a segment was written, and how its records are known. */
export interface ReadableSegment {
  readonly mark: Uint8Array;
  /** Where its last record ends. */
  readonly endBytes: number;
}

/** Bytes of a segment from `offset` on. */
interface Stretch {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Keeps the last stretch that it read: whoever reads on finds the next records there. */
export class RecordReader {
  readonly #files: LogFiles;
  #stretch: Stretch = { segment: 0, offset: 0, bytes: new Uint8Array() };

  constructor(files: LogFiles) {
    this.#files = files;
  }

  /** The record at `place`; its bytes stay valid. Fails with `integrity` when it is not what was written, or as the system does. */
  read(place: RecordPlace, { mark, endBytes }: ReadableSegment): RecordPayload {
    const path = this.#files.path(place.segment);
    const record = this.#bytes(path, place, endBytes);
    const header = decodeRecordHeader(record, mark);
    const payload = record.subarray(recordHeaderBytes);
    if (header === undefined || !isPayloadIntact(header, payload))
      throw damagedLog(path, place.offset, "a record is not what was written");
    return decodePayload(payload);
  }

  #bytes(path: string, { segment, offset, bytes }: RecordPlace, endBytes: number): Uint8Array {
    const kept = this.#stretch;
    const from = offset - kept.offset;
    if (kept.segment === segment && from >= 0 && from + bytes <= kept.bytes.length)
      return kept.bytes.subarray(from, from + bytes);
    const length = Math.max(bytes, Math.min(raftReadAheadBytes, endBytes - offset));
    const read = this.#read(path, offset, length);
    this.#stretch = { segment, offset, bytes: length > raftReadAheadBytes ? new Uint8Array() : read };
    return read.subarray(0, bytes);
  }

  #read(path: string, offset: number, length: number): Uint8Array {
    try {
      return this.#files.operations.readNow(path, offset, length);
    } catch (error) {
      throw toDfsError(error, { op: "consensus-log.read", path });
    }
  }
}
