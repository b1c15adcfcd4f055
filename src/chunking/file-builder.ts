/** Builds a file's record and manifest together, from its sealed chunks in order. */
import type { FileKey } from "../core/ids.ts";
import type { ContentReference } from "./content-reference.ts";
import { RecordBuilder } from "./file-record.ts";
import type { StoredBytes } from "./file-record.ts";
import { ManifestBuilder } from "./manifest.ts";
import type { ManifestEntry } from "./manifest.ts";
import { sealOverheadBytes } from "./seal.ts";
import type { SealedChunk } from "./seal.ts";

/** What a file comes to. */
export interface FinishedFile {
  /** Where holders find the file record. */
  readonly fileKey: FileKey;
  /** How the owner reads the file: secret. Its `plaintextBytes` is the file's size. */
  readonly reference: ContentReference;
  /** The pages that `add` has not given out; they must be stored too. */
  readonly pages: readonly StoredBytes[];
  /** Bytes that holders store for the file: its chunks and all its pages. */
  readonly storedBytes: number;
}

/**
 * Takes the sealed chunks of one file in order; whoever calls stores the chunks, and the pages that come back.
 * The record lists the data chunks first and then the manifest's pages. Memory is bounded by a few pages.
 */
export class FileBuilder {
  readonly #record = new RecordBuilder();
  readonly #manifest: ManifestBuilder;
  /** Manifest pages given out already: one for 8,192 chunks, so there are few. */
  readonly #manifestPages: { readonly digest: Uint8Array; readonly sealedBytes: number }[] = [];
  #storedBytes = 0;

  constructor(dedupSecret: Uint8Array) {
    this.#manifest = new ManifestBuilder(dedupSecret);
  }

  /** Adds the next chunk; returns the pages that this filled, seldom any. Fails with `quota` when there are too many. */
  add(chunk: ManifestEntry): readonly StoredBytes[] {
    const sealedBytes = chunk.plaintextBytes + sealOverheadBytes;
    this.#storedBytes += sealedBytes;
    return this.#counted([
      ...this.#record.add(chunk.digest, sealedBytes),
      ...this.#manifest.add(chunk).map((page) => this.#keep(page)),
    ]);
  }

  /** Ends the file; the builder is of no use afterwards. Fails as `add` does. */
  finish(): FinishedFile {
    const { reference, pages: sealedPages } = this.#manifest.finish();
    const manifestPages = sealedPages.map((page) => this.#keep(page));
    const filled = this.#manifestPages.flatMap(({ digest, sealedBytes }) => this.#record.add(digest, sealedBytes));
    const { fileKey, pages } = this.#record.finish();
    const rest = this.#counted([...manifestPages, ...filled, ...pages]);
    return { fileKey, reference, pages: rest, storedBytes: this.#storedBytes };
  }

  #keep({ digest, sealed }: SealedChunk): StoredBytes {
    this.#manifestPages.push({ digest, sealedBytes: sealed.length });
    return { digest, bytes: sealed };
  }

  #counted(pages: readonly StoredBytes[]): readonly StoredBytes[] {
    for (const { bytes } of pages) this.#storedBytes += bytes.length;
    return pages;
  }
}
