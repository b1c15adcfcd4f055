/** What a person can ask of the past of a file, besides reading it at `/@WHEN/…` (see past-path.ts). */
import type { CallOptions } from "./client.ts";
import type { FileKey } from "./ids.ts";
import type { DfsPath } from "./names.ts";

/** One revision of a file that is kept. */
export interface RevisionInfo {
  readonly revision: number;
  /** Plaintext bytes. */
  readonly sizeBytes: number;
  /** POSIX permission bits. */
  readonly mode: number;
  /** Modification time of the content, in milliseconds since 1970 (may have a fraction). */
  readonly modifiedMs: number;
  /** When it was committed, in milliseconds since 1970. */
  readonly committedMs: number;
  /** Disks that hold the content. */
  readonly copies: number;
  /** Sealed bytes that putting it added to its shelf. */
  readonly addedBytes: number;
  readonly fileKey: FileKey;
  /** Whether it is the one that reading the file gives. */
  readonly isCurrent: boolean;
  /**
   * From when on it may be removed for good, by the network's policy of now, in milliseconds since 1970. Absent while it
   * is among the newest revisions that a file keeps.
   */
  readonly keptUntilMs?: number | undefined;
  /** When the file goes away by itself, if this revision is current then; absent when it stays. */
  readonly expiresMs?: number | undefined;
}

export interface HistoryClient {
  /** Every revision of a file that is kept, the newest first; of a file of the past those up to the one of then. Fails with `not-found`, `is-directory`. */
  revisions(path: DfsPath, options?: CallOptions): AsyncIterable<RevisionInfo>;
  /**
   * Makes a new revision of a file, with the content, mode and time of an earlier one; no data moves. Returns its number.
   * Fails with `exists` for the newest one, `not-found` for one that is not kept, `is-directory`, `conflict`, `permission`.
   */
  restore(path: DfsPath, revision: number, options?: CallOptions): Promise<number>;
}
