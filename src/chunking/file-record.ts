/**
 * The file record: which chunks one revision needs, without any secret.
 *
 * Holders replicate, scrub and count by it, so it lists every chunk of the file in order, then the manifest's pages.
 * It is one page, or an index page over full pages: an entry is 32 bytes digest and 4 bytes big-endian length.
 * The SHA-256 of the top page is the file key. Pages are stored like chunks, under their own SHA-256.
 */
import { DfsError } from "../core/errors.ts";
import { digestBytes, digestOf, fileKeyOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";
import { recordPageEntriesMax, sealedBytesMax } from "../core/limits.ts";
import { checkDigest, sha256 } from "./digest.ts";
import { decodePage, malformed, pageBytes, PageWriter, viewBytes } from "./page.ts";
import type { PageLevel } from "./page.ts";
import { sealOverheadBytes } from "./seal.ts";

/** A chunk (or, in an index page, a page) that a file needs: its 32-byte digest and its length as it is stored. */
export interface RecordEntry {
  readonly digest: Uint8Array;
  readonly bytes: number;
}

/** A record page, taken apart. Level 0 lists sealed chunks, level 1 lists pages of level 0. */
export interface RecordPage {
  readonly level: PageLevel;
  readonly entries: readonly RecordEntry[];
}

/** Bytes that a holder stores under their SHA-256: a sealed chunk, a sealed manifest page or a record page. */
export interface StoredBytes {
  readonly digest: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What a record comes to: its key, and the pages that were not given out before, the top one last. */
export interface FinishedRecord {
  readonly fileKey: FileKey;
  readonly topDigest: Uint8Array;
  readonly pages: readonly StoredBytes[];
}

const recordEntryBytes = digestBytes + 4;
const sealedBytesMin = sealOverheadBytes + 1;
const fullPageBytes = pageBytes(recordEntryBytes, recordPageEntriesMax);

/** Writes the record of one file. Memory is bounded by two pages. */
export class RecordBuilder {
  readonly #leaf = new PageWriter(recordEntryBytes);
  readonly #index = new PageWriter(recordEntryBytes);

  /**
   * Adds the next chunk. Returns the page that this filled, or nothing; whoever calls stores it.
   * Fails with `quota` when the file has more chunks than a record can list (67,108,864).
   */
  add(digest: Uint8Array, sealedBytes: number): readonly StoredBytes[] {
    const full = this.#leaf.isFull ? [this.#takeLeaf()] : [];
    append(this.#leaf, digest, sealedBytes);
    return full;
  }

  /** Ends the record; the builder is of no use afterwards. Fails as `add` does. */
  finish(): FinishedRecord {
    const last = this.#index.count === 0 ? storedPage(this.#leaf.take(0)) : this.#takeLeaf();
    const pages = this.#index.count === 0 ? [last] : [last, storedPage(this.#index.take(1))];
    const top = pages.at(-1) ?? last;
    return { fileKey: fileKeyOf(top.digest), topDigest: top.digest, pages };
  }

  #takeLeaf(): StoredBytes {
    if (this.#index.isFull) throw new DfsError("quota", "the file has too many chunks for one record; split it");
    const page = storedPage(this.#leaf.take(0));
    append(this.#index, page.digest, page.bytes.length);
    return page;
  }
}

function append(page: PageWriter, digest: Uint8Array, bytes: number): void {
  const entry = page.append();
  viewBytes(entry, 0, digestBytes).set(digest);
  entry.setUint32(digestBytes, bytes);
}

function storedPage(bytes: Uint8Array): StoredBytes {
  return { digest: sha256(bytes), bytes };
}

/**
 * Takes a record page apart; the digests are views into `bytes`.
 *
 * Fails with `version` on an unknown version, and with `integrity` on anything that `RecordBuilder` would not write:
 * another level, count or length; a chunk of fewer than 17 or more than `sealedBytesMax` bytes; an index of fewer than
 * two pages, or over a page that is not full and not the last.
 */
export function decodeRecordPage(bytes: Uint8Array): RecordPage {
  const page = decodePage("record page", bytes, recordEntryBytes);
  const entries = page.entries.map((entry) => ({
    digest: viewBytes(entry, 0, digestBytes),
    bytes: entry.getUint32(digestBytes),
  }));
  const fault = page.level === 0 ? leafFault(entries) : indexFault(entries);
  if (fault !== undefined) throw malformed("record page", fault);
  return { level: page.level, entries };
}

function leafFault(entries: readonly RecordEntry[]): string | undefined {
  const wrong = entries.find(({ bytes }) => bytes < sealedBytesMin || bytes > sealedBytesMax);
  return wrong === undefined ? undefined : `no sealed chunk has ${wrong.bytes} bytes`;
}

function indexFault(entries: readonly RecordEntry[]): string | undefined {
  const last = entries.at(-1);
  if (last === undefined || entries.length < 2) return "an index of fewer than two pages";
  if (entries.some((entry) => entry !== last && entry.bytes !== fullPageBytes))
    return "a page before the last is not full";
  const isWhole = (last.bytes - pageBytes(recordEntryBytes, 0)) % recordEntryBytes === 0;
  const isInRange = last.bytes >= pageBytes(recordEntryBytes, 1) && last.bytes <= fullPageBytes;
  return isWhole && isInRange ? undefined : `no page has ${last.bytes} bytes`;
}

/**
 * The chunks of a file in order, then its manifest's pages; pages are fetched as the walk reaches them.
 *
 * `fetchPage` gets a page's 32-byte digest and returns its bytes; its errors pass through. Every page is checked
 * against its digest and its length before it is taken apart. Fails with `integrity` or `version` on a bad page.
 */
export async function* walkRecord(
  fileKey: FileKey,
  fetchPage: (digest: Uint8Array) => Promise<Uint8Array>,
): AsyncGenerator<RecordEntry, void> {
  const topDigest = digestOf(fileKey);
  const top = checkedPage(await fetchPage(topDigest), topDigest);
  if (top.level === 0) {
    yield* top.entries;
    return;
  }
  for (const { digest, bytes } of top.entries) {
    const page = await fetchPage(digest);
    if (page.length !== bytes) throw malformed("record page", `${page.length} bytes where its index says ${bytes}`);
    const leaf = checkedPage(page, digest);
    if (leaf.level !== 0) throw malformed("record page", "an index lies below an index");
    yield* leaf.entries;
  }
}

function checkedPage(page: Uint8Array, digest: Uint8Array): RecordPage {
  if (page.length > fullPageBytes) throw malformed("record page", `${page.length} bytes are more than a page has`);
  checkDigest("record page", page, digest);
  return decodeRecordPage(page);
}
