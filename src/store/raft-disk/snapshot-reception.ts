/** A snapshot that another member sends, as it arrives. */
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { FileOperations, WritableFile } from "./file-operations.ts";
import { isIntact } from "./snapshot-file.ts";
import type { SnapshotAnnouncement, SnapshotFile } from "./snapshot-file.ts";

/** How a reception is made: where the part lies, how much of it is there, and who keeps the whole. */
export interface ReceptionParts {
  readonly operations: FileOperations;
  readonly announced: SnapshotAnnouncement;
  readonly path: string;
  /** Undefined when all of it is there. */
  readonly file: WritableFile | undefined;
  readonly offset: number;
  /** Makes the part, which is durable, a whole snapshot. */
  readonly keep: () => Promise<SnapshotFile>;
}

/**
 * Takes the pieces of one snapshot in order; calls must not overlap. It ends with `finish`, with `abandon`, or when the
 * folder is told to receive another: then everything fails with `interrupted`.
 */
export class SnapshotReception {
  readonly #parts: ReceptionParts;
  #offset: number;
  #isOver = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    this.#offset = parts.offset;
  }

  /** Bytes that are here; the next piece begins there. */
  get offset(): number {
    return this.#offset;
  }

  /** Writes the next piece. Fails with `protocol` when it is longer than announced, or with the kind of the system's error. */
  async append(bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    const { announced, file, path } = this.#parts;
    if (this.#offset + bytes.length > announced.bytes)
      throw new DfsError("protocol", `a snapshot of ${announced.bytes} bytes goes on behind its end`);
    try {
      const writing = file?.write([bytes], this.#offset) ?? Promise.resolve();
      this.#writing = writing.catch(() => undefined);
      await writing;
      this.#offset += bytes.length;
    } catch (error) {
      throw toDfsError(error, { op: "snapshot.receive", path });
    }
  }

  /**
   * Checks the whole and keeps it, durably. Fails with `integrity` when it is not what was announced: it is then
   * dropped, unless it merely ended too early. Or with the kind of the system's error.
   */
  async finish(): Promise<SnapshotFile> {
    this.#checkOpen();
    const { announced, path, operations, file } = this.#parts;
    if (this.#offset < announced.bytes)
      throw new DfsError("integrity", `a snapshot ended after ${this.#offset} of ${announced.bytes} bytes`, { path });
    this.#isOver = true;
    try {
      await file?.flush();
      await file?.close();
      if (await isIntact(operations, path, announced)) return await this.#parts.keep();
    } catch (error) {
      // After a failed flush nobody knows what of the part is on the disk.
      await operations.remove(path).catch(() => undefined);
      throw toDfsError(error, { op: "snapshot.receive", path });
    }
    await operations.remove(path);
    throw new DfsError("integrity", `a snapshot arrived damaged; it has to be sent again`, { path });
  }

  /** Stops receiving; what is here stays for another try. Calling it again does nothing. */
  async abandon(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#writing;
    await this.#parts.file?.close();
  }

  #checkOpen(): void {
    if (this.#isOver) throw new DfsError("interrupted", "this snapshot is not received any more");
  }
}
