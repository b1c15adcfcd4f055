/** One file's way onto a shelf: read, cut and sealed, and sent as far as it is lacking there; held while its transfer is paused. */
import type { ChunkingPool, FileSealing } from "../chunking/chunking-pool.ts";
import { FileBuilder } from "../chunking/file-builder.ts";
import type { ByteWindow } from "../core/byte-window.ts";
import { FileUpload } from "./file-upload.ts";
import type { PauseGate } from "./jobs/pause-gate.ts";
import type { StoredFile } from "./put-targets.ts";
import type { TransferReport } from "./transfer-report.ts";
import type { UploadSession } from "./upload-session.ts";

/** What is sent, where, and sealed with what. */
export interface FileSending {
  /** How events name the file. */
  readonly label: string;
  readonly localPath: string;
  /** In place of a file of this machine: bytes as they come, and what such a file is like. */
  readonly bytes: AsyncIterable<Uint8Array> | undefined;
  readonly streamMode: number | undefined;
  readonly modifiedMs: number;
  readonly session: UploadSession;
  readonly secret: Uint8Array;
  readonly pool: ChunkingPool;
  /** Bounds the bytes in flight of the whole transfer. */
  readonly window: ByteWindow;
  readonly report: TransferReport;
}

const streamModeDefault = 0o644;

/**
 * Resolves when every chunk is durable on the shelf. A file that was paused is read again from its beginning, so that
 * nothing is held meanwhile; its chunks are kept by the upload's lease, and only what is lacking is sent.
 */
export async function sendFile(
  sending: FileSending,
  gate: PauseGate,
  signal: AbortSignal,
): Promise<StoredFile & { readonly addedBytes: number }> {
  const { session, secret, bytes } = sending;
  let earlierBytes = 0;
  const attempt = async (reading: AbortSignal): Promise<StoredFile & { readonly addedBytes: number }> => {
    const { chunks, stat } = seal(sending, reading);
    const upload = new FileUpload({ ...sending, builder: new FileBuilder(secret), signal: reading });
    try {
      const file = await upload.run(chunks);
      const { mode, modifiedMs, stamp } = await stat;
      return { ...file, mode, modifiedMs, stamp, addedBytes: earlierBytes + file.addedBytes };
    } catch (error) {
      if (!reading.aborted || signal.aborted) throw error;
      earlierBytes += await upload.settled();
      session.counters.chunks -= upload.chunks; // they are asked for again
      throw error;
    }
  };
  // A stream cannot be read again: it is held by whoever gives it.
  return bytes === undefined ? gate.during(signal, attempt) : attempt(signal);
}

function seal(
  { bytes, localPath, modifiedMs, pool, secret, streamMode = streamModeDefault }: FileSending,
  signal: AbortSignal,
): Pick<FileSealing, "chunks"> & { readonly stat: Promise<Pick<StoredFile, "mode" | "modifiedMs" | "stamp">> } {
  if (bytes !== undefined) {
    const stat = Promise.resolve({ mode: streamMode, modifiedMs });
    return { stat, chunks: pool.sealStream(bytes, secret, { signal }) };
  }
  const sealing = pool.sealFile(localPath, secret, { signal });
  sealing.stat.catch(() => undefined); // its failure is the chunks' failure as well
  return sealing;
}
