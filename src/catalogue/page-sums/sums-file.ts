/** The file of the sums: one CRC-32 for each page of the database, and how far the write-ahead log is in them. */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { damaged } from "./refusals.ts";
import { type Steps, flushFolderOf } from "./steps.ts";
import type { WalScan } from "./wal-scan.ts";

/** The sums of a database. */
export interface PageSums {
  readonly pageBytes: number;
  /** The salts of a write-ahead log, 16 hexadecimal digits; of none: zeros. */
  readonly salt: string;
  /** The sums are those of the pages as they are once so many frames of that log are folded into the database. */
  readonly frames: number;
  /** The database itself is still on its way: see `arrival.ts`. */
  readonly isArriving: boolean;
  /** CRC-32 of each page; page 1 comes first. */
  readonly pages: Uint32Array;
}

/** The salts of no log. */
export const noSalt = "0".repeat(16);

const magic = Buffer.from("dfs-sums");
const formatVersion = 1;
const headBytes = 36;
const crcBytes = 4;

/** The sums once all frames that `scan` has read are folded in. */
export function foldedSums(sums: PageSums, scan: WalScan): PageSums {
  const { pageBytes } = sums;
  const { salt, frames, databasePages } = scan;
  // Pages that SQLite never writes, such as the one at 1 GiB, read as zeros.
  const pages = new Uint32Array(databasePages).fill(crc32(Buffer.alloc(pageBytes)), sums.pages.length);
  pages.set(sums.pages.subarray(0, databasePages));
  for (const [page, crc] of scan.pages) if (page <= databasePages) pages[page - 1] = crc;
  return { pageBytes, salt, frames, isArriving: false, pages };
}

/** The file of the sums that belongs to the database at `path`. */
export function sumsPath(path: string): string {
  return `${path}-sums`;
}

/** The same while it is being written. */
export function unfinishedSumsPath(path: string): string {
  return `${sumsPath(path)}.tmp`;
}

/** The bytes of the file. */
export function encodeSums({ pageBytes, salt, frames, isArriving, pages }: PageSums): Uint8Array {
  const bytes = Buffer.alloc(headBytes + crcBytes * pages.length + crcBytes);
  magic.copy(bytes);
  for (const [place, word] of [formatVersion, pageBytes, pages.length, isArriving ? 1 : 0].entries())
    bytes.writeUInt32BE(word, magic.length + 4 * place);
  bytes.write(salt, 24, "hex");
  bytes.writeUInt32BE(frames, 32);
  for (let page = 0; page < pages.length; page += 1)
    bytes.writeUInt32BE(pages[page] as number, headBytes + crcBytes * page);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -crcBytes)), bytes.length - crcBytes);
  return bytes;
}

/** What the bytes of the file at `path` say. Fails with `integrity` when they are not what was written, `version`. */
export function decodeSums(encoded: Uint8Array, path: string): PageSums {
  const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const isWhole = bytes.length >= headBytes + crcBytes && bytes.subarray(0, magic.length).equals(magic);
  if (!isWhole || crc32(bytes.subarray(0, -crcBytes)) !== bytes.readUInt32BE(bytes.length - crcBytes))
    throw damaged(path, "its checksum does not match its content");
  if (bytes.readUInt32BE(8) !== formatVersion)
    throw new DfsError("version", `${path} is of a newer version: use the program that wrote it`, { path });
  const count = bytes.readUInt32BE(16);
  if (bytes.length !== headBytes + crcBytes * count + crcBytes) throw damaged(path, "its length does not fit");
  const arriving = bytes.readUInt32BE(20);
  if (arriving > 1) throw damaged(path, `it does not say whether the database is still arriving, but ${arriving}`);
  return {
    pageBytes: bytes.readUInt32BE(12),
    salt: bytes.toString("hex", 24, 32),
    frames: bytes.readUInt32BE(32),
    isArriving: arriving === 1,
    pages: Uint32Array.from({ length: count }, (_, page) => bytes.readUInt32BE(headBytes + crcBytes * page)),
  };
}

/** The sums of the database at `path`; undefined where there are none. Fails with `integrity`, `version`, `io`. */
export function readSums(path: string): PageSums | undefined {
  const file = sumsPath(path);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw toDfsError(error, { op: "catalogue.sums", path: file });
  }
  return decodeSums(bytes, file);
}

/** Puts the sums of the database at `path` in place of the former ones: whole and durable, or not at all. Fails as the system does. */
export function* writeSums(path: string, sums: PageSums): Steps {
  const temporary = unfinishedSumsPath(path);
  const file = openSync(temporary, "w", 0o600);
  try {
    const bytes = encodeSums(sums);
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
    yield { flush: file };
    renameSync(temporary, sumsPath(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  yield* flushFolderOf(path);
}
