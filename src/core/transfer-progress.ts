/** How far a transfer is: what it told so far, folded into a few numbers and the files in work. */
import type { TransferEvent } from "./client.ts";

interface RunningFile {
  readonly sizeBytes: number;
  readonly bytes: number;
}

/** Where a transfer stands. Holds the files in work only. */
export interface TransferProgress {
  /** Of any clock: rates count from here. */
  readonly startedMs: number;
  readonly foundFiles: number;
  readonly foundBytes: number;
  readonly endedFiles: number;
  readonly endedBytes: number;
  /** Of the files that ended, those that failed. */
  readonly failedFiles: number;
  readonly running: ReadonlyMap<string, RunningFile>;
}

/** A transfer that has told nothing yet; `nowMs` is any clock's time. */
export function startedProgress(nowMs: number): TransferProgress {
  return {
    startedMs: nowMs,
    foundFiles: 0,
    foundBytes: 0,
    endedFiles: 0,
    endedBytes: 0,
    failedFiles: 0,
    running: new Map(),
  };
}

/** The progress after `event`. */
export function afterEvent(progress: TransferProgress, event: TransferEvent): TransferProgress {
  switch (event.type) {
    case "found":
      return { ...progress, foundFiles: event.files, foundBytes: event.bytes };
    case "started":
      return withRunning(progress, event.path, { sizeBytes: event.sizeBytes, bytes: 0 });
    case "progress":
      return afterBytes(progress, event.path, event.bytes);
    case "passed":
      return {
        ...progress,
        endedFiles: progress.endedFiles + event.files,
        endedBytes: progress.endedBytes + event.bytes,
      };
    default:
      return afterEnd(progress, event);
  }
}

/** Bytes that are through: of the files that ended, and of those in work. */
export function passedBytes({ endedBytes, running }: Pick<TransferProgress, "endedBytes" | "running">): number {
  let bytes = endedBytes;
  for (const file of running.values()) bytes += file.bytes;
  return bytes;
}

function withRunning(progress: TransferProgress, path: string, file: RunningFile): TransferProgress {
  return { ...progress, running: new Map(progress.running).set(path, file) };
}

/** A file that is read anew after a pause does not go back. */
function afterBytes(progress: TransferProgress, path: string, bytes: number): TransferProgress {
  const file = progress.running.get(path);
  if (file === undefined || bytes <= file.bytes) return progress;
  return withRunning(progress, path, { ...file, bytes });
}

function afterEnd(progress: TransferProgress, event: TransferEvent & { type: "done" | "failed" }): TransferProgress {
  const running = new Map(progress.running);
  const sizeBytes = running.get(event.path)?.sizeBytes ?? 0;
  running.delete(event.path);
  const { endedFiles, endedBytes, failedFiles } = progress;
  return {
    ...progress,
    running,
    endedFiles: endedFiles + 1,
    endedBytes: endedBytes + sizeBytes,
    failedFiles: failedFiles + (event.type === "failed" ? 1 : 0),
  };
}
