/**
 * The manifest: which key opens which chunk of a file, and how many plaintext bytes it covers. Sealed for the user.
 *
 * A page's entries are 32 bytes digest, 32 bytes key, 8 bytes big-endian plaintext bytes. A file of one chunk has no
 * manifest; up to `recordPageEntriesMax` chunks make one page; more make an index page over pages. Each page is
 * sealed as a chunk is, and its holders cannot tell it from one.
 */
import { assert, DfsError } from "../core/errors.ts";
import { digestBytes } from "../core/ids.ts";
import { chunkBytesMax, recordPageEntriesMax } from "../core/limits.ts";
import type { ContentReference, FilledReference } from "./content-reference.ts";
import { decodePage, malformed, PageWriter, viewBytes } from "./page.ts";
import type { PageLevel } from "./page.ts";
import { keyBytes, openChunk, sealChunk } from "./seal.ts";
import type { SealedChunk } from "./seal.ts";

/** What a manifest remembers of a sealed chunk. */
export type ManifestEntry = Pick<SealedChunk, "digest" | "key" | "plaintextBytes">;

/** How to read a file, and the pages that were not given out before. */
export interface FinishedManifest {
  readonly reference: ContentReference;
  readonly pages: readonly SealedChunk[];
}

/** One data chunk of a file: what opens it and where its plaintext lies. */
export interface ManifestChunk extends ManifestEntry {
  /** Offset of the chunk's first byte in the file. */
  readonly offsetBytes: number;
}

/** Bytes of a file: from `offsetBytes`, `lengthBytes` or as many as there are. */
export interface ByteRange {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** Fetches the sealed bytes of the page with this 32-byte digest. */
export type FetchSealedPage = (digest: Uint8Array) => Promise<Uint8Array>;

const keyOffset = digestBytes;
const plaintextOffset = digestBytes + keyBytes;
const manifestEntryBytes = plaintextOffset + 8;

/** Writes the manifest of one file. Memory is bounded by two pages. */
export class ManifestBuilder {
  readonly #dedupSecret: Uint8Array;
  readonly #leaf = new PageWriter(manifestEntryBytes);
  readonly #index = new PageWriter(manifestEntryBytes);
  #first: ManifestEntry | undefined;
  #leafPlaintextBytes = 0;
  #plaintextBytes = 0;

  constructor(dedupSecret: Uint8Array) {
    this.#dedupSecret = dedupSecret;
  }

  /**
   * Adds the next data chunk. Returns the sealed page that this filled, or nothing; whoever calls stores it.
   * Fails with `quota` when the file has more chunks than a manifest can list (67,108,864).
   */
  add(chunk: ManifestEntry): readonly SealedChunk[] {
    const full = this.#leaf.isFull ? [this.#takeLeaf()] : [];
    this.#first ??= chunk;
    append(this.#leaf, chunk);
    this.#leafPlaintextBytes += chunk.plaintextBytes;
    this.#plaintextBytes += chunk.plaintextBytes;
    return full;
  }

  /** Ends the manifest; the builder is of no use afterwards. Fails as `add` does. */
  finish(): FinishedManifest {
    const plaintextBytes = this.#plaintextBytes;
    if (this.#first === undefined) return { reference: { depth: "empty", plaintextBytes: 0 }, pages: [] };
    if (this.#index.count === 0 && this.#leaf.count === 1)
      return { reference: referTo(this.#first, 0, plaintextBytes), pages: [] };
    const last = this.#takeLeaf();
    if (this.#index.count === 1) return { reference: referTo(last, 1, plaintextBytes), pages: [last] };
    const top = sealChunk(this.#dedupSecret, this.#index.take(1));
    return { reference: referTo(top, 2, plaintextBytes), pages: [last, top] };
  }

  #takeLeaf(): SealedChunk {
    if (this.#index.isFull) throw new DfsError("quota", "the file has too many chunks for one manifest; split it");
    const page = sealChunk(this.#dedupSecret, this.#leaf.take(0));
    append(this.#index, { digest: page.digest, key: page.key, plaintextBytes: this.#leafPlaintextBytes });
    this.#leafPlaintextBytes = 0;
    return page;
  }
}

function append(page: PageWriter, { digest, key, plaintextBytes }: ManifestEntry): void {
  const entry = page.append();
  viewBytes(entry, 0, digestBytes).set(digest);
  viewBytes(entry, keyOffset, keyBytes).set(key);
  entry.setBigUint64(plaintextOffset, BigInt(plaintextBytes));
}

function referTo({ digest, key }: ManifestEntry, depth: 0 | 1 | 2, plaintextBytes: number): FilledReference {
  return { depth, digest, key, plaintextBytes };
}

/**
 * The data chunks that touch a range of a file, in order; only the pages that touch it are fetched.
 *
 * `fetchPage` gets a page's 32-byte digest and returns its sealed bytes; its errors pass through. A range beyond the
 * end of the file yields what there is. Fails with `integrity` or `version` when a page is not the one that its parent
 * names, or when plaintext sizes do not add up to what the parent says.
 */
export async function* readManifest(
  reference: ContentReference,
  fetchPage: FetchSealedPage,
  { offsetBytes, lengthBytes }: ByteRange,
): AsyncGenerator<ManifestChunk, void> {
  assert(offsetBytes >= 0 && lengthBytes >= 0, "a range has a negative bound");
  if (reference.depth === "empty" || lengthBytes === 0) return;
  const { depth, digest, key, plaintextBytes } = reference;
  const whole = { digest, key, plaintextBytes, offsetBytes: 0 };
  const range = { offsetBytes, lengthBytes };
  const leaves = depth === 2 ? touching(await readPage(whole, 1, fetchPage), range) : [whole];
  for (const leaf of leaves) {
    const chunks = depth === 0 ? [checkedSize(leaf, 0)] : await readPage(leaf, 0, fetchPage);
    yield* touching(chunks, range);
  }
}

function touching(chunks: readonly ManifestChunk[], { offsetBytes, lengthBytes }: ByteRange): ManifestChunk[] {
  const end = offsetBytes + lengthBytes;
  return chunks.filter((chunk) => chunk.offsetBytes < end && chunk.offsetBytes + chunk.plaintextBytes > offsetBytes);
}

async function readPage(parent: ManifestChunk, level: PageLevel, fetchPage: FetchSealedPage): Promise<ManifestChunk[]> {
  const sealed = await fetchPage(parent.digest);
  const page = decodePage("manifest page", openChunk(sealed, parent.key, parent.digest), manifestEntryBytes);
  if (page.level !== level) throw malformed("manifest page", `its level is ${page.level} where ${level} is due`);
  const end = parent.offsetBytes + parent.plaintextBytes;
  const chunks: ManifestChunk[] = [];
  let offsetBytes = parent.offsetBytes;
  for (const entry of page.entries) {
    const chunk = checkedSize(manifestChunk(entry, offsetBytes), level);
    chunks.push(chunk);
    offsetBytes += chunk.plaintextBytes;
  }
  if (offsetBytes !== end) throw malformed("manifest page", "its plaintext sizes do not add up");
  return chunks;
}

function manifestChunk(entry: DataView, offsetBytes: number): ManifestChunk {
  return {
    digest: viewBytes(entry, 0, digestBytes),
    key: viewBytes(entry, keyOffset, keyBytes),
    plaintextBytes: Number(entry.getBigUint64(plaintextOffset)),
    offsetBytes,
  };
}

/** Each data chunk has 1 to `chunkBytesMax` bytes, each page covers 1 to as many as its chunks can have. */
function checkedSize(chunk: ManifestChunk, level: PageLevel): ManifestChunk {
  const bytesMax = level === 0 ? chunkBytesMax : chunkBytesMax * recordPageEntriesMax;
  if (chunk.plaintextBytes >= 1 && chunk.plaintextBytes <= bytesMax) return chunk;
  throw malformed("manifest", `no ${level === 0 ? "chunk" : "page"} covers ${chunk.plaintextBytes} bytes`);
}
