/** What tells one state of a local file from every later one, without reading it. */
import type { BigIntStats } from "node:fs";

export interface FileStamp {
  /**
   * Device, inode, size in bytes, and in nanoseconds the times of the last change of its content and of anything about
   * it. The last one nobody can set: who changes a file and sets its modification time back changes the stamp.
   */
  readonly text: string;
  /** The later of both times, in milliseconds since 1970: a change soon after it may not show in the stamp. */
  readonly changedMs: number;
}

/** The stamp of a file with this status. */
export function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileStamp {
  const latestNs = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  return { text: `${dev}.${ino}.${size}.${mtimeNs}.${ctimeNs}`, changedMs: Number(latestNs) / 1e6 };
}
