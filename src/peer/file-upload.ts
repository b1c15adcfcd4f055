/** One file's chunks and pages on their way to a shelf. */
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { FileBuilder, FinishedFile } from "../chunking/file-builder.ts";
import type { SealedChunk } from "../chunking/seal.ts";
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
  async run(chunks: AsyncIterable<SealedChunk>): Promise<FinishedFile & { addedBytes: number }> {
    const { builder } = this.#options;
    for await (const chunk of chunks) {
      await this.#store(chunk.digest, chunk.sealed, chunk.plaintextBytes, () => this.#options.pool.reclaim(chunk));
      for (const page of builder.add(chunk)) await this.#store(page.digest, page.bytes, 0);
    }
    const finished = builder.finish();
    for (const page of finished.pages) await this.#store(page.digest, page.bytes, 0);
    return { ...finished, addedBytes: await this.settled() };
  }

  /** Resolves when nothing is on its way any more, with the bytes that were added. Fails when something could not be stored. */
  async settled(): Promise<number> {
    await Promise.all(this.#storing);
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#addedBytes;
  }

  /** Resolves when there is room for the chunk in flight; what becomes of it is known at the end. */
  async #store(digest: Uint8Array, bytes: Uint8Array, plaintextBytes: number, onStored?: () => void): Promise<void> {
    const { label, session, window, report, signal } = this.#options;
    const { length } = bytes; // it is 0 once the memory is given back
    await window.take(length, signal);
    if (this.#failure !== undefined) {
      window.give(length);
      throw this.#failure.error;
    }
    this.chunks += 1;
    const stored = session
      .store(digest, bytes)
      .then((isNew) => {
        if (isNew) this.#addedBytes += length;
        this.#throughBytes += plaintextBytes;
        report.progress(label, this.#throughBytes);
        onStored?.();
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        window.give(length);
        this.#storing.delete(stored);
      });
    this.#storing.add(stored);
  }
}
