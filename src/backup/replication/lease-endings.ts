/**
 * Ends leases, and finds out which of their records may be dropped then: those that nobody can commit any more.
 *
 * The catalogue is told that the lease has ended, and says which of its records a revision names. The others are
 * doubtful until they are dropped. Meanwhile another put may add one again: then its lease holds it. If that ends in turn
 * and the catalogue says that the record was committed, it is doubtful no more.
 */
import { toDfsError } from "../../core/errors.ts";
import type { FileKey, LeaseId } from "../../core/ids.ts";
import { leaseKeysMax, recordsPerCallMax } from "../../core/limits.ts";
import type { Feeds } from "./feeds.ts";
import type { ChainPort, ShelfStore } from "./ports.ts";
import type { Reign } from "./reign.ts";

export interface LeaseEndingsOptions {
  readonly store: ShelfStore;
  readonly chain: ChainPort;
  readonly reign: Reign;
  readonly feeds: Feeds;
  /**
   * Drops those of the chosen records that no lease holds; they are chosen when no change can come in between any more.
   * Fails with `moved` when somebody else may have owned the shelf since that reign.
   */
  readonly drop: (reign: number, choose: () => readonly FileKey[], signal: AbortSignal) => Promise<void>;
}

export class LeaseEndings {
  readonly #options: LeaseEndingsOptions;
  /** The doubtful records of each ending that is under way. */
  readonly #doubtful = new Set<Set<FileKey>>();

  constructor(options: LeaseEndingsOptions) {
    this.#options = options;
  }

  /** A revision names these records, whatever the catalogue said before. */
  #trust(fileKeys: readonly FileKey[]): void {
    for (const doubtful of this.#doubtful) for (const fileKey of fileKeys) doubtful.delete(fileKey);
  }

  /** See `ShelfOwner.endLease`. */
  async end(lease: LeaseId, signal: AbortSignal): Promise<void> {
    const { drop, feeds, reign: reigning, store } = this.#options;
    const { epoch, reign } = reigning.acting();
    const doubtful = new Set<FileKey>();
    this.#doubtful.add(doubtful);
    try {
      await this.#endInCatalogue(epoch, lease, doubtful, signal);
      feeds.endLease(lease);
      await store.endLease(lease, { signal });
      while (doubtful.size > 0) await drop(reign, () => takeSome(doubtful), signal);
    } finally {
      this.#doubtful.delete(doubtful);
    }
  }

  /** Adds the lease's records to the doubtful ones, and takes away from all that are doubtful what a revision names. */
  async #endInCatalogue(epoch: number, lease: LeaseId, doubtful: Set<FileKey>, signal: AbortSignal): Promise<void> {
    const { chain, reign, store } = this.#options;
    let after: FileKey | undefined;
    do {
      const page: readonly FileKey[] = await store.leaseRecords(lease, after, leaseKeysMax);
      after = page.length < leaseKeysMax ? undefined : page.at(-1);
      for (const fileKey of page) doubtful.add(fileKey);
      const named = await chain.endLease(epoch, lease, page, signal).catch((error: unknown) => {
        if (toDfsError(error).kind === "moved") reign.moved(epoch);
        throw error;
      });
      this.#trust(named);
    } while (after !== undefined);
  }
}

function takeSome(fileKeys: Set<FileKey>): readonly FileKey[] {
  const some = [...fileKeys].slice(0, recordsPerCallMax);
  for (const fileKey of some) fileKeys.delete(fileKey);
  return some;
}
