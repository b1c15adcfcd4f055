/** One file's chunks and pages on their way to a shelf. */
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { FileBuilder, FinishedFile } from "../chunking/file-builder.ts";
import type { StoredBytes } from "../chunking/file-record.ts";
import type { SealedChunk } from "../chunking/seal.ts";
import type { SealedChunks } from "../chunking/sealing.ts";
import type { ByteWindow } from "../core/byte-window.ts";
import type { TransferReport } from "./transfer-report.ts";
import type { UploadSession } from "./upload-session.ts";

export interface FileUploadOptions {
  /** How events name the file. */
  readonly label: string;
  readonly session: UploadSession;
  /** Bounds the bytes in flight of the whole transfer. */
  readonly window: ByteWindow;
  readonly report: TransferReport;
  readonly builder: FileBuilder;
  readonly pool: ChunkingPool;
  readonly signal: AbortSignal;
}

export class FileUpload {
  /** Chunks and pages that were handed to the session. */
  chunks = 0;
  readonly #options: FileUploadOptions;
  readonly #storing = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;
  #addedBytes = 0;
  #throughBytes = 0;

  constructor(options: FileUploadOptions) {
    this.#options = options;
  }

  /** Resolves when every chunk and page is durable on the shelf, with what the file comes to and how many bytes it added. */
  async run(chunks: SealedChunks): Promise<FinishedFile & { addedBytes: number }> {
    const { builder } = this.#options;
    for await (const batch of chunks.batches()) {
      const pages = batch.flatMap((chunk) => builder.add(chunk));
      await this.#storeSealed(batch);
      if (pages.length > 0) await this.#store(pages, 0);
    }
    const finished = builder.finish();
    if (finished.pages.length > 0) await this.#store(finished.pages, 0);
    return { ...finished, addedBytes: await this.settled() };
  }

  /** Resolves when nothing is on its way any more, with the bytes that were added. Fails when something could not be stored. */
  async settled(): Promise<number> {
    await Promise.all(this.#storing);
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#addedBytes;
  }

  #storeSealed(batch: readonly SealedChunk[]): Promise<void> {
    const { pool } = this.#options;
    const plaintextBytes = batch.reduce((sum, chunk) => sum + chunk.plaintextBytes, 0);
    const stored = batch.map(({ digest, sealed }) => ({ digest, bytes: sealed }));
    return this.#store(stored, plaintextBytes, () => pool.reclaim(batch));
  }

  /** Resolves when there is room for the chunks in flight; what becomes of them is known at the end. */
  async #store(chunks: readonly StoredBytes[], plaintextBytes: number, onStored?: () => void): Promise<void> {
    const { label, session, window, report, signal } = this.#options;
    const bytes = bytesOf(chunks); // there are none once the memory is given back
    await window.take(bytes, signal);
    if (this.#failure !== undefined) {
      window.give(bytes);
      throw this.#failure.error;
    }
    this.chunks += chunks.length;
    const stored = session
      .store(chunks)
      .then((areNew) => {
        this.#addedBytes += bytesOf(chunks.filter((_, place) => areNew[place] === true));
        this.#throughBytes += plaintextBytes;
        report.progress(label, this.#throughBytes);
        onStored?.();
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        window.give(bytes);
        this.#storing.delete(stored);
      });
    this.#storing.add(stored);
  }
}

function bytesOf(chunks: readonly StoredBytes[]): number {
  return chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
