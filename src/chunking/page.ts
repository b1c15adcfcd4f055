/**
 * A page: the one layout that file records and manifests share.
 *
 * 1 byte version (1), 1 byte level (0: entries are chunks, 1: entries are pages of level 0), 4 bytes big-endian count,
 * then the entries, all of one size. Nothing follows the last entry. A page has at most `recordPageEntriesMax` entries.
 */
import { assert, DfsError } from "../core/errors.ts";
import { recordPageEntriesMax } from "../core/limits.ts";

/** 0: the entries are chunks. 1: the entries are pages of level 0. */
export type PageLevel = 0 | 1;

const pageVersion = 1;
const pageHeaderBytes = 6;
const firstCapacityEntries = 16;

/** Bytes of a page of `count` entries. */
export function pageBytes(entryBytes: number, count: number): number {
  return pageHeaderBytes + count * entryBytes;
}

/** Collects entries of `entryBytes` bytes each and writes them as a page. Memory grows with the entries, up to one page. */
export class PageWriter {
  readonly #entryBytes: number;
  #bytes: Uint8Array;
  #count = 0;

  constructor(entryBytes: number) {
    this.#entryBytes = entryBytes;
    this.#bytes = new Uint8Array(pageBytes(entryBytes, firstCapacityEntries));
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === recordPageEntriesMax;
  }

  /** Room for one more entry, to be filled at once: a view of `entryBytes` bytes. The page must not be full. */
  append(): DataView {
    assert(!this.isFull, "an entry is appended to a full page");
    const start = pageBytes(this.#entryBytes, this.#count);
    this.#count += 1;
    this.#grow(start + this.#entryBytes);
    return new DataView(this.#bytes.buffer, start, this.#entryBytes);
  }

  /** The page, in an array of its own; the writer is empty afterwards. */
  take(level: PageLevel): Uint8Array {
    const page = this.#bytes.slice(0, pageBytes(this.#entryBytes, this.#count));
    page.set([pageVersion, level]);
    new DataView(page.buffer).setUint32(2, this.#count);
    this.#count = 0;
    return page;
  }

  #grow(neededBytes: number): void {
    if (neededBytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.min(this.#bytes.length * 2, pageBytes(this.#entryBytes, recordPageEntriesMax)));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/**
 * Takes a page apart: its level and a view of each entry, over the same memory.
 *
 * Fails with `version` on a version that this program does not know, and with `integrity` on an unknown level, on more
 * entries than a page may have, and on a length that does not match the count. `what` names the page in the message.
 */
export function decodePage(
  what: string,
  bytes: Uint8Array,
  entryBytes: number,
): { level: PageLevel; entries: DataView[] } {
  if (bytes.length < pageHeaderBytes) throw malformed(what, `it has only ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint8(0);
  if (version !== pageVersion) {
    throw new DfsError(
      "version",
      `the ${what} is of version ${version}, and this program knows ${pageVersion}; update it`,
    );
  }
  const level = view.getUint8(1);
  if (level !== 0 && level !== 1) throw malformed(what, `level ${level} is unknown`);
  const count = view.getUint32(2);
  if (count > recordPageEntriesMax) throw malformed(what, `${count} entries are more than ${recordPageEntriesMax}`);
  if (bytes.length !== pageBytes(entryBytes, count))
    throw malformed(what, `${bytes.length} bytes are not ${count} entries`);
  const entries = Array.from(
    { length: count },
    (_, index) => new DataView(bytes.buffer, bytes.byteOffset + pageBytes(entryBytes, index), entryBytes),
  );
  return { level, entries };
}

/** The error for a page whose bytes are those that were meant, and that still breaks the format. */
export function malformed(what: string, fault: string): DfsError {
  return new DfsError("integrity", `the ${what} is malformed: ${fault}; put the file again`);
}

/** A view of `count` bytes of an entry, from `offset`. */
export function viewBytes(entry: DataView, offset: number, count: number): Uint8Array {
  return new Uint8Array(entry.buffer, entry.byteOffset + offset, count);
}
