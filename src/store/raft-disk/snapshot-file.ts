/** What a snapshot file is called, and whether it is what its name says. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DfsError } from "../../core/errors.ts";
import { digestBytes } from "../../core/ids.ts";
import { snapshotFileBytesMax, snapshotReadBytesMax } from "../../core/limits.ts";
import type { FileOperations } from "./file-operations.ts";

/** A snapshot as it is told to others. */
export interface SnapshotAnnouncement {
  /** The last entry that it stands for. */
  readonly index: number;
  readonly term: number;
  /** Length of the file. */
  readonly bytes: number;
  /** SHA-256 of the file, 32 bytes. */
  readonly digest: Uint8Array;
}

/** A snapshot on this peer's disk. */
export interface SnapshotFile extends SnapshotAnnouncement {
  readonly path: string;
}

const namePattern = /^(\d{1,16})-(\d{1,16})-(\d{1,16})-([0-9a-f]{64})\.(snapshot|part)$/;

/** `INDEX-TERM-BYTES-DIGEST`, the index in 16 digits, the digest in hexadecimal; the ending says whether all of it is there. */
export function snapshotName({ index, term, bytes, digest }: SnapshotAnnouncement, isWhole: boolean): string {
  const digestText = Buffer.from(digest).toString("hex");
  return `${String(index).padStart(16, "0")}-${term}-${bytes}-${digestText}.${isWhole ? "snapshot" : "part"}`;
}

/** The whole snapshot of this name in `folder`; undefined for any other name. */
export function parseSnapshotName(folder: string, name: string): SnapshotFile | undefined {
  const [, index, term, bytes, digest = "", ending] = namePattern.exec(name) ?? [];
  if (ending !== "snapshot") return undefined;
  const snapshot = {
    index: Number(index),
    term: Number(term),
    bytes: Number(bytes),
    digest: new Uint8Array(Buffer.from(digest, "hex")),
  };
  return snapshotName(snapshot, true) === name ? { ...snapshot, path: join(folder, name) } : undefined;
}

/** Fails with `protocol` when no snapshot can be like that. */
export function checkAnnouncement({ index, term, bytes, digest }: SnapshotAnnouncement): void {
  const areNumbers = [index, term].every((number) => Number.isSafeInteger(number) && number >= 1);
  const isLength = Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= snapshotFileBytesMax;
  if (!areNumbers || !isLength || digest.length !== digestBytes)
    throw new DfsError("protocol", `no snapshot has ${bytes} bytes, index ${index} and term ${term}`);
}

/** SHA-256 of a file's first `bytes` bytes. Fails with the system's error. */
export async function digestOfFile(operations: FileOperations, path: string, bytes: number): Promise<Uint8Array> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes; at += snapshotReadBytesMax)
    hash.update(await operations.read(path, at, Math.min(snapshotReadBytesMax, bytes - at)));
  return new Uint8Array(hash.digest());
}

/** Whether a file is as long as announced and has the announced digest. Fails with the system's error. */
export async function isIntact(
  operations: FileOperations,
  path: string,
  { bytes, digest }: SnapshotAnnouncement,
): Promise<boolean> {
  if ((await operations.size(path)) !== bytes) return false;
  return Buffer.from(await digestOfFile(operations, path, bytes)).equals(digest);
}
