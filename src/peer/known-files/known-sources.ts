/** What one put knows of its sources without reading them, and what it notes of those that it has read. */
import type { ChangeQuery } from "../../catalogue/user-reader.ts";
import type { ChangePage, EntryRow } from "../../catalogue/rows.ts";
import type { FileStamp } from "../../core/file-stamp.ts";
import type { ShelfId, UserId } from "../../core/ids.ts";
import type { Located, Space } from "../located.ts";
import type { FileTarget, StoredFile } from "../put-targets.ts";
import type { KnownContent, KnownPlace } from "./known-content.ts";
import type { KnownFiles, KnownSpace } from "./known-files.ts";
import { TreeChangesSince } from "./tree-changes-since.ts";

/** A local file, as it was found. */
export interface FoundFile {
  readonly localPath: string;
  readonly mode: number;
  readonly modifiedMs: number;
  readonly stamp: FileStamp;
}

/** A local file, and where it goes. */
export interface FoundTarget extends FileTarget {
  readonly found?: FoundFile | undefined;
}

/** A file that need not be read, and where its content is. */
export interface KnownFile extends StoredFile, Pick<KnownContent, "shelf"> {}

/** A file that is being read now. */
export interface Reading {
  /** Notes what it came to. */
  note(file: StoredFile, shelf: ShelfId): void;
}

/** What tells whether files of the network were changed since they were seen. */
export interface ChangedTrees {
  /** Names the catalogue's log; undefined where it is not known. */
  readonly log: string | undefined;
  readonly changes: (owner: UserId, query: ChangeQuery, signal: AbortSignal) => Promise<ChangePage>;
  /** On how many disks a file is by now. */
  readonly copies: (row: Pick<EntryRow, "shelf" | "copies" | "copiesWanted">) => number;
}

export interface KnownSourcesOptions {
  /** Absent where nothing is known. */
  readonly files: KnownFiles | undefined;
  /** False where everything is to be read, and noted anew. */
  readonly isUsed: boolean;
  readonly trees: ChangedTrees | undefined;
  readonly signal: AbortSignal;
}

export class KnownSources {
  readonly #options: KnownSourcesOptions;
  readonly #spaces = new WeakMap<Space, KnownSpace>();
  readonly #changes = new Map<UserId, TreeChangesSince>();
  readonly #log: string | undefined;

  constructor(options: KnownSourcesOptions) {
    this.#options = options;
    this.#log = options.trees?.log;
  }

  /**
   * Of files that go into one directory, those that were seen there and were touched since neither here nor there: they need
   * not be looked up. Others have to be, after this.
   */
  async untouched<Target extends FoundTarget>(targets: readonly Target[]): Promise<ReadonlyMap<Target, KnownPlace>> {
    const seen = new Map<Target, KnownPlace>();
    const [first] = targets;
    if (first === undefined || first.folder.isNew) return seen;
    const { space } = first.folder.place;
    const changes = this.#changesIn(space);
    if (changes === undefined || space.refusal !== undefined) return seen;
    let oldestIndex = Number.MAX_SAFE_INTEGER;
    for (const target of targets) {
      const place = this.#placeOf(target);
      if (place === undefined) continue;
      seen.set(target, { ...place, copies: this.#options.trees?.copies(place) ?? place.copies });
      oldestIndex = Math.min(oldestIndex, place.index);
    }
    await changes.cover(oldestIndex);
    for (const [target, { node, index }] of seen) if (!changes.isAsAt(node, index)) seen.delete(target);
    return seen;
  }

  /** What a file comes to, to be put into a space; undefined where it has to be read. */
  find(found: FoundFile, space: Space): KnownFile | undefined {
    const { localPath, mode, modifiedMs, stamp } = found;
    const known = this.#used(space)?.content(localPath, stamp);
    return known && { ...known, pages: [], addedBytes: 0, mode, modifiedMs, stamp };
  }

  /** Notes that a file's content is what `existing` has, which was looked up after `untouched`. */
  noteThere({ folder, found, name }: FoundTarget, known: KnownFile, existing: Located): void {
    const { content, copiesWanted = 0, entry, node, space } = existing;
    const index = this.#changes.get(space.owner)?.index;
    const isTold = index !== undefined && this.#log !== undefined && found !== undefined;
    if (!isTold || content?.shelf !== known.shelf || entry.expiresMs !== undefined) return;
    const { copies, mode, modifiedMs, revision } = entry;
    const seen = { node, revision, mode, modifiedMs, copies, copiesWanted, shelf: known.shelf };
    const place = { ...seen, log: this.#log, index, directory: folder.place.node, name };
    this.#space(space)?.note(found.localPath, found.stamp, known, Number.POSITIVE_INFINITY, place);
  }

  /** To be called before a file is read. */
  reading(localPath: string, space: Space): Reading {
    const readMs = this.#options.files?.nowMs() ?? 0;
    return {
      note: ({ stamp, fileKey, reference, storedBytes }, shelf) => {
        if (stamp !== undefined)
          this.#space(space)?.note(localPath, stamp, { fileKey, reference, storedBytes, shelf }, readMs);
      },
    };
  }

  /** Writes down what was noted. */
  end(): void {
    this.#options.files?.write();
  }

  /** Where a file was seen, if that was where it goes to now. */
  #placeOf({ folder, found, name }: FoundTarget): KnownPlace | undefined {
    const place = found && this.#used(folder.place.space)?.place(found.localPath, found.stamp);
    const isHere = place?.log === this.#log && place?.directory === folder.place.node && place.name === name;
    return isHere ? place : undefined;
  }

  #used(space: Space): KnownSpace | undefined {
    return this.#options.isUsed ? this.#space(space) : undefined;
  }

  #changesIn({ owner }: Space): TreeChangesSince | undefined {
    const { files, isUsed, signal, trees } = this.#options;
    if (!isUsed || files === undefined || trees === undefined || this.#log === undefined) return undefined;
    const changes = this.#changes.get(owner) ?? new TreeChangesSince((query) => trees.changes(owner, query, signal));
    this.#changes.set(owner, changes);
    return changes;
  }

  #space(space: Space): KnownSpace | undefined {
    const known = this.#spaces.get(space) ?? this.#options.files?.space(space.dedupSecret);
    if (known !== undefined) this.#spaces.set(space, known);
    return known;
  }
}
