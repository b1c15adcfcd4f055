/** Reads single chunks out of the segments, and sets damaged ones aside. */
import type { FileHandle } from "node:fs/promises";
import { DfsError } from "../core/errors.ts";
import { chunkIdOf } from "../core/ids.ts";
import type { ChunkRow } from "./chunk-table.ts";
import type { Quarantine } from "./quarantine.ts";
import { decodeRecordHeader, isPayloadIntact, recordBytes, recordHeaderBytes } from "./segment-format.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { StoreIndex } from "./store-index.ts";

/** A chunk moves when its segment is compacted; twice while one read is under way would take two rewritten segments. */
const attemptsMax = 3;

/** Reads for `ChunkStore.get`, and the pages of records for those who walk them. */
export class ChunkReader {
  readonly #files: SegmentFiles;
  readonly #index: StoreIndex;
  readonly #quarantine: Quarantine;

  constructor(files: SegmentFiles, index: StoreIndex, quarantine: Quarantine) {
    this.#files = files;
    this.#index = index;
    this.#quarantine = quarantine;
  }

  /** The bytes of a chunk. Fails with `not-found`, `integrity` (it is then set aside), or the system's error. */
  async read(digest: Uint8Array): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt += 1) {
      const row = this.#index.chunks.here(digest);
      if (row === undefined) throw new DfsError("not-found", `chunk ${chunkIdOf(digest)} is not here`);
      try {
        return await this.#files.use(row.segment, (handle) => this.#readAt(handle, row));
      } catch (error) {
        const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
        if (!isGone || attempt === attemptsMax) throw isGone ? this.#lost(row) : error;
      }
    }
  }

  async #readAt(handle: FileHandle, row: ChunkRow): Promise<Uint8Array> {
    const header = Buffer.alloc(recordHeaderBytes);
    const payload = Buffer.allocUnsafeSlow(row.bytes);
    const { bytesRead } = await handle.readv([header, payload], row.offset);
    if (bytesRead < recordBytes(row.bytes) && bytesRead > 0) await readRest(handle, header, payload, row, bytesRead);
    const found = decodeRecordHeader(header);
    if (found !== undefined && isPayloadIntact(found, payload) && Buffer.compare(found.digest, row.digest) === 0)
      return new Uint8Array(payload.buffer);
    await this.#quarantine.copy(handle, row, recordBytes(row.bytes));
    throw this.#lost(row);
  }

  #lost(row: ChunkRow): DfsError {
    this.#index.transaction(() => this.#index.chunks.lose(row.digest, row));
    return new DfsError(
      "integrity",
      `chunk ${chunkIdOf(row.digest)} is damaged on this disk and was set aside; fetch it from another holder`,
      { path: this.#files.path(row.segment) },
    );
  }
}

/** The system may read less than asked for; a file that ends too early leaves zeros, which the checksum finds out. */
async function readRest(
  handle: FileHandle,
  header: Buffer,
  payload: Buffer,
  { offset }: ChunkRow,
  from: number,
): Promise<void> {
  const record = Buffer.concat([header, payload]);
  for (let at = from; at < record.length;) {
    const { bytesRead } = await handle.read(record, at, record.length - at, offset + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  record.copy(header, 0, 0, recordHeaderBytes);
  record.copy(payload, 0, recordHeaderBytes);
}
