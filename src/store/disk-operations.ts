/** What the chunk store asks of the disk where failures matter most, so that tests can fail it. */
import { statfsSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { countFlush } from "../core/work-done.ts";

/** All methods fail with the system's error. */
export interface DiskOperations {
  /** Writes all of `buffers` from `position` on. When it fails, any part of them may be written. */
  write(handle: FileHandle, buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Makes what was written survive a power cut. */
  flush(handle: FileHandle): Promise<void>;
  /** Bytes that this user may still write on the disk that holds `folder`. */
  freeBytes(folder: string): Promise<number>;
}

/** The disk as the operating system offers it. */
export const systemDisk: DiskOperations = {
  async write(handle, buffers, position) {
    const wanted = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    const { bytesWritten } = await handle.writev(buffers, position);
    if (bytesWritten < wanted) await writeRest(handle, Buffer.concat(buffers, wanted), bytesWritten, position);
  },
  flush(handle) {
    countFlush();
    return handle.datasync();
  },
  async freeBytes(folder) {
    // It takes a few microseconds, less than handing it to a thread.
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  },
};

/** The system wrote a part, as it does when the disk is about to be full: the next try says why. */
async function writeRest(handle: FileHandle, bytes: Buffer, from: number, position: number): Promise<void> {
  let written = from;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
