/** The database's own file, page by page: its sums, and whether it is what its sums say. */
import { closeSync, fstatSync } from "node:fs";
import { crc32 } from "node:zlib";
import { pageReadBytes } from "../../core/limits.ts";
import { damaged } from "./refusals.ts";
import type { Steps } from "./steps.ts";
import { type PageSums, noSalt } from "./sums-file.ts";
import { openedToRead, readAt } from "./wal-file.ts";

/** Where a database says how long its pages are, and of which version it is. Source: sqlite.org/fileformat.html, The Database Header. */
const headBytes = 100;
const pageBytesOffset = 16;
const versionOffset = 60;

/** What the head of the database at `path` says about itself; undefined where there is none. */
export function databaseHead(path: string): { pageBytes: number; userVersion: number } | undefined {
  const file = openedToRead(path);
  if (file === undefined) return undefined;
  try {
    const head = Buffer.concat([readAt(file, 0, headBytes), Buffer.alloc(headBytes)]);
    const pageBytes = head.readUInt16BE(pageBytesOffset);
    return { pageBytes: pageBytes === 1 ? 65_536 : pageBytes, userVersion: head.readUInt32BE(versionOffset) };
  } finally {
    closeSync(file);
  }
}

/** The sums of the complete database at `path`, which has no write-ahead log. Fails with `integrity` when it has no whole pages. */
export function* sumsOfDatabase(path: string): Steps<PageSums> {
  const { pageBytes } = databaseHead(path) ?? { pageBytes: 0 };
  if (pageBytes < 512) throw damaged(path, "it is no database");
  const pages: number[] = [];
  const bytes = yield* readPages(path, pageBytes, (_, page) => pages.push(crc32(page)));
  if (bytes !== pages.length * pageBytes) throw damaged(path, "its last page is cut off");
  return { pageBytes, salt: noSalt, frames: 0, isArriving: false, pages: Uint32Array.from(pages) };
}

/**
 * Fails with `integrity` unless every page of the database at `path` is as its sums say, but for those of which
 * `overlay`, a write-ahead log, holds a newer version.
 */
export function* verifyDatabase(path: string, sums: PageSums, overlay: ReadonlyMap<number, number>): Steps {
  const { pageBytes, pages } = sums;
  const isSound = (number: number, page: Uint8Array): boolean =>
    overlay.has(number) || crc32(page) === pages[number - 1];
  if (databaseHead(path) === undefined) throw damaged(path, "it is gone");
  const bytes = yield* readPages(path, pageBytes, (number, page) => {
    if (number <= pages.length && !isSound(number, page))
      throw damaged(path, `page ${number}, at byte ${(number - 1) * pageBytes}, is not what was written`);
  });
  if (bytes > pages.length * pageBytes) throw damaged(path, `it is longer than its ${pages.length} pages`);
  // Where not even the first page is there, SQLite throws the log away.
  for (let number = Math.floor(bytes / pageBytes) + 1; number <= pages.length; number += 1)
    if (number === 1 || !overlay.has(number)) throw damaged(path, `it is cut off at byte ${bytes}, in page ${number}`);
}

/** Gives the whole pages to `take`, one after the other, and returns the length of the file. Fails as the system does. */
function* readPages(path: string, pageBytes: number, take: (number: number, page: Uint8Array) => void): Steps<number> {
  const file = openedToRead(path);
  if (file === undefined) return 0;
  try {
    const { size } = fstatSync(file);
    const pieceBytes = Math.max(pageBytes, pageReadBytes - (pageReadBytes % pageBytes));
    for (let start = 0; start + pageBytes <= size; start += pieceBytes) {
      const piece = readAt(file, start, pieceBytes);
      for (let at = 0; at + pageBytes <= piece.length; at += pageBytes)
        take((start + at) / pageBytes + 1, piece.subarray(at, at + pageBytes));
      yield "turn";
    }
    return size;
  } finally {
    closeSync(file);
  }
}
