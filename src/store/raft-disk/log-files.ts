/** The files of the log: `NNNNNNNN.log` for each segment, and `closed` while nobody uses the log. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ByteReader, ByteWriter } from "../../raft/byte-codec.ts";
import type { FileOperations, WritableFile } from "./file-operations.ts";
import { encodeSegmentHeader, markBytes, unlessImpossible } from "./log-format.ts";
import type { SegmentHeader } from "./log-format.ts";

const segmentName = /^(\d{8,16})\.log$/;
const temporaryEnding = ".tmp";
const closedName = "closed";
const closedMagic = new TextEncoder().encode("dfs-end\n");
const closedBytes = 36;

/**
 * Where the log ended when it was closed: nothing can be missing up to there. The file `closed`, 36 bytes: magic
 * `dfs-end\n` (8), number of the last segment (u64), where its last record ends (u64), sequence of the next record
 * (u64), CRC-32 of the 32 before (u32).
 */
export interface LogEnd {
  readonly segment: number;
  readonly offset: number;
  readonly sequence: number;
}

/** The files in one folder. Every method fails with the system's error. */
export class LogFiles {
  readonly folder: string;
  readonly operations: FileOperations;

  constructor(folder: string, operations: FileOperations) {
    this.folder = folder;
    this.operations = operations;
  }

  path(number: number): string {
    return join(this.folder, `${String(number).padStart(8, "0")}.log`);
  }

  /** The numbers of all segments, ascending. */
  async numbers(): Promise<number[]> {
    const names = await this.operations.names(this.folder);
    return names
      .flatMap((name) => segmentName.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  /** Makes a segment with its header. When it resolves, segment and name are durable; until then it is there as a whole or not at all. */
  async create(
    header: Omit<SegmentHeader, "mark">,
  ): Promise<{ readonly mark: Uint8Array; readonly file: WritableFile }> {
    const mark = new Uint8Array(randomBytes(markBytes));
    const path = this.path(header.number);
    const file = await this.#writeDurably(path, encodeSegmentHeader({ ...header, mark }));
    return { mark, file };
  }

  /** Removes a segment; it is gone after a power cut too. */
  async remove(number: number): Promise<void> {
    await this.operations.remove(this.path(number));
    await this.operations.syncFolder(this.folder);
  }

  /** Notes that the log ends here and is not used any more. */
  async writeClosed({ segment, offset, sequence }: LogEnd): Promise<void> {
    const body = new ByteWriter(closedBytes - 4).raw(closedMagic).u64(segment).u64(offset).u64(sequence).finish();
    const bytes = new ByteWriter(closedBytes).raw(body).u32(crc32(body)).finish();
    const file = await this.#writeDurably(join(this.folder, closedName), bytes);
    await file.close();
  }

  /** The note, if there is one that can be read. */
  async readClosed(): Promise<LogEnd | undefined> {
    const names = await this.operations.names(this.folder);
    if (!names.includes(closedName)) return undefined;
    const bytes = await this.operations.read(join(this.folder, closedName), 0, closedBytes);
    if (bytes.length < closedBytes) return undefined;
    const reader = new ByteReader(bytes);
    const body = reader.raw(closedBytes - 4);
    if (reader.u32() !== crc32(body) || !Buffer.from(body).subarray(0, closedMagic.length).equals(closedMagic))
      return undefined;
    const fields = new ByteReader(body.subarray(closedMagic.length));
    return unlessImpossible(() => ({ segment: fields.u64(), offset: fields.u64(), sequence: fields.u64() }));
  }

  /** Takes the note away, and what unfinished writes left, before anything is written. All names are then durable. */
  async unseal(): Promise<void> {
    for (const name of await this.operations.names(this.folder))
      if (name === closedName || name.endsWith(temporaryEnding)) await this.operations.remove(join(this.folder, name));
    await this.operations.syncFolder(this.folder);
  }

  async #writeDurably(path: string, bytes: Uint8Array): Promise<WritableFile> {
    const temporary = `${path}${temporaryEnding}`;
    const file = await this.operations.open(temporary, "new");
    try {
      await file.write([bytes], 0);
      await file.flush();
      await this.operations.rename(temporary, path);
      await this.operations.syncFolder(this.folder);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}
