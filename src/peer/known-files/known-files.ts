/**
 * Known files: what the local files that were put before came to, so that those which are as they were then need not be
 * read again. restic and borg do the same.
 *
 * A row is found by an HMAC of the file's path, and its seal has the file's stamp (src/core/file-stamp.ts) as associated
 * data: it opens for the same user, space, path and state of the file, or not at all, so that neither damage nor
 * malice makes another content of it. Both keys are derived from the dedup secret that seals what the user writes in that
 * space: the file tells nothing to anybody who could not read the contents anyway. What a row says is no proof that the
 * content is still there: the shelf confirms it, or the file is read.
 *
 * A file that had been changed just before it was read is not entered: another change may have followed under the same
 * time, as file systems count it. (Git calls that racily clean.)
 */
import { createHmac } from "node:crypto";
import { type DfsError, toDfsError } from "../../core/errors.ts";
import type { FileStamp } from "../../core/file-stamp.ts";
import { knownFilesMax, knownFilesUnwrittenMax, fileTimeGranularityMs } from "../../core/limits.ts";
import { openBytes, sealBytes } from "../../identity/aead.ts";
import { deriveKey } from "../../identity/key-derivation.ts";
import type { Log } from "../log.ts";
import { hexOf } from "../random-ids.ts";
import {
  type KnownContent,
  type KnownPlace,
  decodeKnownContent,
  decodeKnownPlace,
  encodeKnown,
} from "./known-content.ts";
import { KnownTable, removeTable } from "./known-table.ts";

export interface KnownFilesOptions {
  /** Of the file. */
  readonly path: string;
  readonly nowMs: () => number;
  readonly log: Pick<Log, "warn">;
  /** Files that it remembers. */
  readonly filesMax?: number;
}

/** Bytes of a row's id: enough that no two paths have the same. */
const idBytes = 16;
const keyBytes = 32;

/** A file that cannot be used costs time, never a put: then nothing is known. */
export class KnownFiles {
  readonly #options: KnownFilesOptions;
  #table: KnownTable | undefined;
  #isGivenUp = false;
  /** Not written yet, by their ids in hexadecimal. */
  #unwritten = new Map<string, readonly [id: Uint8Array, sealed: Uint8Array]>();

  constructor(options: KnownFilesOptions) {
    this.#options = options;
  }

  /** By the clock that files are dated by, as far as this machine knows it. */
  nowMs(): number {
    return this.#options.nowMs();
  }

  /** What is known to whoever has this dedup secret. */
  space(dedupSecret: Uint8Array): KnownSpace {
    return new KnownSpace(this, dedupSecret);
  }

  /** The sealed row of an id. */
  row(id: Uint8Array): Uint8Array | undefined {
    const unwritten = this.#unwritten.get(hexOf(id));
    if (unwritten !== undefined) return unwritten[1];
    const found = this.#used((table) => table.get(id, this.nowMs()));
    if (found?.isNoted === false) this.keep(id, found.sealed);
    return found?.sealed;
  }

  /** Keeps a sealed row; it is written with others, by `write` at the latest. */
  keep(id: Uint8Array, sealed: Uint8Array): void {
    this.#unwritten.set(hexOf(id), [id, sealed]);
    if (this.#unwritten.size >= knownFilesUnwrittenMax) this.write();
  }

  /** Writes what was kept since. */
  write(): void {
    if (this.#unwritten.size === 0) return;
    const rows = [...this.#unwritten.values()];
    this.#unwritten = new Map();
    this.#used((table) => table.set(rows, this.nowMs()));
  }

  stop(): void {
    this.write();
    this.#table?.close();
    this.#table = undefined;
    this.#isGivenUp = true;
  }

  #used<Result>(work: (table: KnownTable) => Result): Result | undefined {
    if (this.#isGivenUp) return undefined;
    try {
      this.#table ??= new KnownTable(this.#options.path, this.#options.filesMax ?? knownFilesMax);
      return work(this.#table);
    } catch (thrown) {
      this.#giveUp(toDfsError(thrown));
      return undefined;
    }
  }

  /** A damaged file is removed, and the next use makes a new one; any other fault lasts until the peer starts again. */
  #giveUp(error: DfsError): void {
    const { log, path } = this.#options;
    this.#table?.close();
    this.#table = undefined;
    this.#isGivenUp = error.kind !== "integrity";
    if (!this.#isGivenUp) removeTable(path);
    log.warn(`known files: ${error.message}; files are read again instead`);
  }
}

/** What is known of the files that one user has put into one space. */
export class KnownSpace {
  readonly #files: KnownFiles;
  readonly #idKey: Uint8Array;
  readonly #sealingKey: Uint8Array;

  constructor(files: KnownFiles, dedupSecret: Uint8Array) {
    this.#files = files;
    this.#idKey = deriveKey(dedupSecret, "knownFileIds", keyBytes);
    this.#sealingKey = deriveKey(dedupSecret, "knownFiles", keyBytes);
  }

  /** What the file at an absolute path came to when it had this stamp; undefined when that is not known. */
  content(path: string, stamp: FileStamp): KnownContent | undefined {
    return this.#decoded(path, stamp, decodeKnownContent);
  }

  /** Where the file with this stamp was seen in the network; undefined when that is not known. */
  place(path: string, stamp: FileStamp): KnownPlace | undefined {
    return this.#decoded(path, stamp, decodeKnownPlace);
  }

  /**
   * Notes what a file came to that had this stamp when its reading began, at `readMs` or later; and where it was seen in
   * the network.
   */
  note(path: string, stamp: FileStamp, content: KnownContent, readMs: number, place?: KnownPlace): void {
    if (stamp.changedMs + fileTimeGranularityMs > readMs) return;
    const id = this.#id(path);
    this.#files.keep(id, sealBytes(this.#sealingKey, encodeKnown(content, place), associatedData(id, stamp)));
  }

  #decoded<Known>(path: string, stamp: FileStamp, decode: (bytes: Uint8Array) => Known): Known | undefined {
    const id = this.#id(path);
    const sealed = this.#files.row(id);
    if (sealed === undefined) return undefined;
    try {
      return decode(openBytes(this.#sealingKey, sealed, associatedData(id, stamp), "a known file"));
    } catch {
      return undefined; // of an earlier state of the file, or damaged: it is read
    }
  }

  #id(path: string): Uint8Array {
    return createHmac("sha256", this.#idKey).update(path).digest().subarray(0, idBytes);
  }
}

function associatedData(id: Uint8Array, stamp: FileStamp): Uint8Array {
  return Buffer.concat([id, Buffer.from(stamp.text)]);
}
