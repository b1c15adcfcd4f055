/** What one put knows of its sources without reading them, and what it notes of those that it has read. */
import type { FileStamp } from "../../core/file-stamp.ts";
import type { ShelfId } from "../../core/ids.ts";
import type { Space } from "../located.ts";
import type { StoredFile } from "../put-targets.ts";
import type { KnownContent } from "./known-content.ts";
import type { KnownFiles, KnownSpace } from "./known-files.ts";

/** A local file, as it was found. */
export interface FoundFile {
  readonly localPath: string;
  readonly mode: number;
  readonly modifiedMs: number;
  readonly stamp: FileStamp;
}

/** A file that need not be read, and where its content is. */
export interface KnownFile extends StoredFile, Pick<KnownContent, "shelf"> {}

/** A file that is being read now. */
export interface Reading {
  /** Notes what it came to. */
  note(file: StoredFile, shelf: ShelfId): void;
}

export class KnownSources {
  readonly #files: KnownFiles | undefined;
  readonly #isUsed: boolean;
  readonly #spaces = new WeakMap<Space, KnownSpace>();

  /** Without `isUsed` everything is read, and noted again. */
  constructor(files: KnownFiles | undefined, isUsed: boolean) {
    this.#files = files;
    this.#isUsed = isUsed;
  }

  /** What a file comes to, to be put into a space; undefined where it has to be read. */
  find({ localPath, mode, modifiedMs, stamp }: FoundFile, space: Space): KnownFile | undefined {
    const known = this.#isUsed ? this.#space(space)?.find(localPath, stamp) : undefined;
    return known && { ...known, pages: [], addedBytes: 0, mode, modifiedMs };
  }

  /** To be called before a file is read. */
  reading(localPath: string, space: Space): Reading {
    const readMs = this.#files?.nowMs() ?? 0;
    return {
      note: ({ stamp, fileKey, reference, storedBytes }, shelf) => {
        if (stamp !== undefined)
          this.#space(space)?.note(localPath, stamp, { fileKey, reference, storedBytes, shelf }, readMs);
      },
    };
  }

  /** Writes down what was noted. */
  end(): void {
    this.#files?.write();
  }

  #space(space: Space): KnownSpace | undefined {
    const known = this.#spaces.get(space) ?? this.#files?.space(space.dedupSecret);
    if (known !== undefined) this.#spaces.set(space, known);
    return known;
  }
}
