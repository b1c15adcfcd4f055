/** Makes a log that was read back ready for writing. */
import type { LogFiles } from "./log-files.ts";
import type { RecoveredLog, RecoveredSegment } from "./log-recovery.ts";
import { LogTail } from "./log-tail.ts";

/**
 * Cuts off what the last save left unfinished and opens the last segment; everything that was read back is durable
 * when it resolves. Fails with the system's error.
 *
 * The last record is written once more: after a failed flush, or a crash before it, the system may show bytes that the
 * disk does not have, and flushing again would not write them.
 */
export async function openTail(files: LogFiles, log: RecoveredLog): Promise<LogTail> {
  const { number, mark, bytes } = log.segments.at(-1) as RecoveredSegment;
  const { from, to } = log.lastRecord;
  const path = files.path(number);
  const file = await files.operations.open(path, "there");
  try {
    if (log.isTorn) await file.truncate(to);
    if (!log.wasClosed) {
      await file.write([await files.operations.read(path, from, to - from)], from);
      await file.flush();
    }
    await files.unseal();
    for (const old of log.voidSegments) await files.remove(old);
    return new LogTail(file, { number, mark, endBytes: to, fileBytes: bytes, sequence: log.sequence });
  } catch (error) {
    await file.close();
    throw error;
  }
}
