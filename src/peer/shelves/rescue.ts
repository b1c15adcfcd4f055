/**
 * Keeps the last copy of a record from being dropped by mistake.
 *
 * A record with one copy is on its owner's disk alone. When another peer has taken over, and the former owner is back as
 * a link, it has records that the new owner lacks. What a revision still names comes to the owner before it may go there.
 */
import { copiesInSet } from "../../backup/replication/copies-in-set.ts";
import type { ShelfOwner } from "../../backup/replication/shelf-owner.ts";
import { toDfsError } from "../../core/errors.ts";
import { type FileKey, type ShelfId, digestOf, fileKeyOf } from "../../core/ids.ts";
import type { ShelfChange } from "../../core/shelf.ts";
import type { ChunkStore } from "../../store/chunk-store.ts";
import type { CatalogueAccess } from "../coordination/catalogue-access.ts";
import type { Log } from "../log.ts";
import type { LostRecords } from "./lost-records.ts";

export interface RescueOptions {
  readonly store: ChunkStore;
  readonly catalogue: CatalogueAccess;
  readonly lost: LostRecords;
  readonly log: Log;
}

export class Rescue {
  readonly #options: RescueOptions;
  /** Rescues under way, by shelf. */
  readonly #running = new Map<ShelfId, Promise<void>>();

  constructor(options: RescueOptions) {
    this.#options = options;
  }

  /** Of records that a link has beyond the owner's set: those that no revision names, or that the owner has by now. The others are fetched meanwhile. */
  async releasable(
    shelf: ShelfId,
    owner: () => ShelfOwner,
    fileKeys: readonly FileKey[],
    signal: AbortSignal,
  ): Promise<readonly FileKey[]> {
    const { catalogue, store } = this.#options;
    const areNamed = await catalogue.references(shelf, fileKeys, signal);
    const free = fileKeys.filter((_, index) => areNamed[index] !== true);
    const missing: FileKey[] = [];
    for (const fileKey of fileKeys.filter((_, index) => areNamed[index] === true)) {
      if ((await copiesInSet(store, shelf, fileKey)) > 0) free.push(fileKey);
      else missing.push(fileKey);
    }
    if (missing.length > 0 && !this.#running.has(shelf)) this.#start(shelf, owner, missing, signal);
    return free;
  }

  #start(shelf: ShelfId, owner: () => ShelfOwner, fileKeys: readonly FileKey[], signal: AbortSignal): void {
    const { log, lost } = this.#options;
    log.info(
      `shelf ${shelf.slice(0, 8)}: ${fileKeys.length} files with one copy come back from the peer that had them`,
    );
    const running = this.#wanted(shelf, fileKeys, signal)
      .then((changes) => lost.fetch(shelf, owner(), changes, signal))
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn(`files with one copy: ${toDfsError(error).message}; it is tried again`);
      })
      .finally(() => this.#running.delete(shelf));
    this.#running.set(shelf, running);
  }

  async #wanted(shelf: ShelfId, fileKeys: readonly FileKey[], signal: AbortSignal): Promise<readonly ShelfChange[]> {
    const changes: ShelfChange[] = [];
    for (const fileKey of fileKeys) {
      const [named] = await this.#options.catalogue.referencedKeys(shelf, keyBefore(fileKey), 1, signal);
      if (named?.fileKey === fileKey) changes.push(named);
    }
    return changes;
  }
}

/** The key whose digest comes right before; undefined for a digest of zeros. */
function keyBefore(fileKey: FileKey): FileKey | undefined {
  const digest = Uint8Array.from(digestOf(fileKey));
  for (let place = digest.length - 1; place >= 0; place -= 1) {
    const byte = digest[place] as number;
    digest[place] = (byte + 255) % 256;
    if (byte > 0) return fileKeyOf(digest);
  }
  return undefined;
}
