/** Reads single chunks out of the segments, and sets damaged ones aside. */
import type { FileHandle } from "node:fs/promises";
import { checkDigest } from "../chunking/digest.ts";
import type { StoredBytes } from "../chunking/file-record.ts";
import { DfsError } from "../core/errors.ts";
import { chunkIdOf } from "../core/ids.ts";
import type { PlaceChunks, ReadOptions } from "./chunk-store.ts";
import type { ChunkRow } from "./chunk-table.ts";
import type { Quarantine } from "./quarantine.ts";
import { RecentPages } from "./recent-pages.ts";
import { takeRun, runsOf } from "./chunk-runs.ts";
import { decodeRecordHeader, isPayloadIntact, recordBytes, recordHeaderBytes } from "./segment-format.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { StoreIndex } from "./store-index.ts";

/** A chunk moves when its segment is compacted; twice while one read is under way would take two rewritten segments. */
const attemptsMax = 3;

type Allocate = NonNullable<ReadOptions["allocate"]>;

const allocateNew: Allocate = (bytes) => new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);

/** Reads for `ChunkStore.get`, the pages of records for those who walk them, and what a scrub has its doubts about. */
export class ChunkReader {
  readonly #files: SegmentFiles;
  readonly #index: StoreIndex;
  readonly #quarantine: Quarantine;
  readonly #recent = new RecentPages();

  constructor(files: SegmentFiles, index: StoreIndex, quarantine: Quarantine) {
    this.#files = files;
    this.#index = index;
    this.#quarantine = quarantine;
  }

  /** The bytes of a chunk, in memory that `allocate` gives. Fails with `not-found`, `integrity` (it is then set aside), or the system's error. */
  async read(digest: Uint8Array, allocate: Allocate = allocateNew): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt += 1) {
      const row = this.#index.chunks.here(digest);
      if (row === undefined) throw new DfsError("not-found", `chunk ${chunkIdOf(digest)} is not here`);
      try {
        return await this.#files.use(row.segment, (handle) => this.#readAt(handle, row, allocate));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        if (attempt < attemptsMax) continue;
        this.#lose(row);
        throw this.#lost(row);
      }
    }
  }

  /**
   * The bytes of several chunks, as `ChunkStore.getMany`: those that lie close together are read in one go. What cannot be
   * read so, because it is damaged or has moved meanwhile, is read by itself.
   */
  async readMany(digests: readonly Uint8Array[], place: PlaceChunks): Promise<readonly (Uint8Array | undefined)[]> {
    const rows = this.#index.chunks.allHere(digests);
    const memories = place(rows.map((row) => row?.bytes ?? 0));
    const wanted = memories.flatMap((memory, at) => {
      const row = rows[at];
      return row === undefined ? [] : [{ at, row, memory }];
    });
    const found: (Uint8Array | undefined)[] = memories.map(() => undefined);
    for (const run of runsOf(wanted)) {
      const isRead = await this.#files.use(run.segment, (handle) => takeRun(handle, run)).catch(() => []);
      for (const [place, { at, row, memory }] of run.pieces.entries())
        found[at] = isRead[place] === true ? memory : await this.#readInto(memory, row.digest);
    }
    return found;
  }

  async #readInto(memory: Uint8Array, digest: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return await this.read(digest, () => memory);
    } catch (error) {
      if (error instanceof DfsError && (error.kind === "not-found" || error.kind === "integrity")) return undefined;
      throw error;
    }
  }

  /** The bytes of a record's page, as `read`; one that was stored a moment ago is not read from the disk, and may be gone since. */
  async readPage(digest: Uint8Array): Promise<Uint8Array> {
    return this.#recent.find(digest) ?? this.read(digest);
  }

  /** These bytes are on the disk, and may be a page that is soon read. */
  noteStored({ digest, bytes }: StoredBytes): void {
    this.#recent.keep(digest, bytes);
  }

  /** Reads a chunk and re-hashes it. Returns false when it is damaged; it is then set aside. Fails with the system's error. */
  async verify(digest: Uint8Array): Promise<boolean> {
    try {
      const row = this.#index.chunks.here(digest);
      const bytes = await this.read(digest);
      if (isDigestOf(digest, bytes)) return true;
      // Its checksum is right, so that it was stored like this.
      if (row !== undefined) this.#lose(row);
      return false;
    } catch (error) {
      if (!(error instanceof DfsError) || (error.kind !== "integrity" && error.kind !== "not-found")) throw error;
      return error.kind === "not-found";
    }
  }

  async #readAt(handle: FileHandle, row: ChunkRow, allocate: Allocate): Promise<Uint8Array> {
    const header = Buffer.alloc(recordHeaderBytes);
    const payload = allocate(row.bytes);
    const { bytesRead } = await handle.readv([header, payload], row.offset);
    if (bytesRead < recordBytes(row.bytes) && bytesRead > 0) await readRest(handle, header, payload, row, bytesRead);
    const found = decodeRecordHeader(header);
    if (found !== undefined && isPayloadIntact(found, payload) && Buffer.compare(found.digest, row.digest) === 0)
      return payload;
    // Somebody else may have read it at the same time.
    if (this.#lose(row)) await this.#quarantine.copy(handle, row, recordBytes(row.bytes));
    throw this.#lost(row);
  }

  #lose(row: ChunkRow): boolean {
    return this.#index.transaction(() => this.#index.chunks.lose(row.digest, row));
  }

  #lost(row: ChunkRow): DfsError {
    return new DfsError(
      "integrity",
      `chunk ${chunkIdOf(row.digest)} is damaged on this disk and was set aside; fetch it from another holder`,
      { path: this.#files.path(row.segment) },
    );
  }
}

function isDigestOf(digest: Uint8Array, bytes: Uint8Array): boolean {
  try {
    checkDigest("chunk", bytes, digest);
    return true;
  } catch {
    return false;
  }
}

/** The system may read less than asked for; a file that ends too early leaves zeros, which the checksum finds out. */
async function readRest(
  handle: FileHandle,
  header: Buffer,
  payload: Uint8Array,
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
  payload.set(record.subarray(recordHeaderBytes));
}
