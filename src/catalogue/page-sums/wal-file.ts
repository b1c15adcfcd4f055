/** The write-ahead log of a database as a file. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { pageReadBytes } from "../../core/limits.ts";
import type { Steps } from "./steps.ts";
import { WalScan, frameHeaderBytes, walHeaderBytes } from "./wal-scan.ts";

/** What a look at the file found. */
export interface WalReading {
  /** Undefined when the file is missing or does not begin as a log does: then SQLite counts no frame of it. */
  readonly scan: WalScan | undefined;
  readonly sizeBytes: number;
  /** Behind the last commit lies something that belongs to this log and does not count. */
  readonly isTorn: boolean;
}

/** The write-ahead log that belongs to the database at `path`. */
export function walPath(path: string): string {
  return `${path}-wal`;
}

/** Reads the log of the database at `path`; what `known` has read of the same log is not read again. Fails as the system does. */
export function* readWal(path: string, known?: WalScan): Steps<WalReading> {
  const file = openedToRead(walPath(path));
  if (file === undefined) return { scan: undefined, sizeBytes: 0, isTorn: false };
  try {
    const begun = WalScan.begin(readAt(file, 0, walHeaderBytes));
    const scan = begun !== undefined && begun.salt === known?.salt ? known : begun;
    if (scan !== undefined) yield* readFrames(file, scan);
    const { size: sizeBytes } = fstatSync(file);
    const isTorn = scan === undefined ? sizeBytes > 0 : scan.claims(readAt(file, scan.endBytes, frameHeaderBytes));
    return { scan, sizeBytes, isTorn };
  } finally {
    closeSync(file);
  }
}

function* readFrames(file: number, scan: WalScan): Steps {
  const pieceFrames = Math.max(1, Math.floor(pageReadBytes / scan.frameBytes));
  let run: ReturnType<WalScan["take"]>;
  for (let at = scan.endBytes; ; yield "turn") {
    const bytes = readAt(file, at, pieceFrames * scan.frameBytes);
    const whole = bytes.length - (bytes.length % scan.frameBytes);
    run = scan.take(bytes.subarray(0, whole), run);
    at += whole;
    if (run === undefined || bytes.length < pieceFrames * scan.frameBytes) return;
  }
}

/** The open file; undefined where there is none. */
export function openedToRead(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Up to `bytes` bytes of a file; fewer where it ends. */
export function readAt(file: number, position: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  for (let read = -1; read !== 0 && filled < bytes; filled += read)
    read = readSync(file, buffer, filled, bytes - filled, position + filled);
  return buffer.subarray(0, filled);
}
