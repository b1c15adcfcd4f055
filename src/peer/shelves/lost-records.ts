/**
 * Gets records back that the catalogue names and that are not in the set of a shelf that this peer owns, from whoever
 * else still has them: a former link of the chain, or any other holder.
 */
import type { ShelfOwner } from "../../backup/replication/shelf-owner.ts";
import { walkRecord } from "../../chunking/file-record.ts";
import { verifyStored } from "../../chunking/seal.ts";
import { toDfsError } from "../../core/errors.ts";
import type { FileKey, LeaseId, ShelfId } from "../../core/ids.ts";
import { chunkBytesAverage } from "../../core/limits.ts";
import type { ShelfChange } from "../../core/shelf.ts";
import type { ChunkStore } from "../../store/chunk-store.ts";
import { type HolderDirectory, HolderPicker } from "../holder-picker.ts";
import type { Log } from "../log.ts";
import type { PeerLinks } from "../peer-links.ts";
import { randomId } from "../random-ids.ts";

export interface LostRecordsOptions {
  readonly store: ChunkStore;
  readonly links: PeerLinks;
  readonly holders: HolderDirectory;
  readonly log: Log;
}

export class LostRecords {
  readonly #options: LostRecordsOptions;

  constructor(options: LostRecordsOptions) {
    this.#options = options;
  }

  /** Adds to the shelf what can be had of `lost`, one record after the other. What nobody has is told to the log. */
  async fetch(shelf: ShelfId, owner: ShelfOwner, lost: readonly ShelfChange[], signal: AbortSignal): Promise<void> {
    let failed = 0;
    for (const change of lost) {
      try {
        await this.#fetch(shelf, owner, change, signal);
      } catch (error) {
        signal.throwIfAborted();
        failed += 1;
        this.#options.log.debug(`record ${change.fileKey} is not to be had: ${toDfsError(error).message}`);
      }
    }
    if (failed > 0)
      this.#options.log.warn(`${failed} files of shelf ${shelf.slice(0, 8)} are on no disk that answers; see backup`);
  }

  async #fetch(
    shelf: ShelfId,
    owner: ShelfOwner,
    { fileKey, copies }: ShelfChange,
    signal: AbortSignal,
  ): Promise<void> {
    const lease = randomId<LeaseId>();
    await owner.holdLease(lease, copies, signal);
    try {
      const [isHere] = await this.#options.store.hasRecords([fileKey]);
      if (isHere !== true) await this.#fetchChunks(shelf, owner, lease, fileKey, signal);
      await owner.addRecords(lease, [fileKey], copies, signal);
    } finally {
      await owner.endLease(lease, signal).catch(() => undefined); // it runs out by itself
    }
  }

  async #fetchChunks(
    shelf: ShelfId,
    owner: ShelfOwner,
    lease: LeaseId,
    fileKey: FileKey,
    signal: AbortSignal,
  ): Promise<void> {
    const { holders, store } = this.#options;
    const picker = new HolderPicker(holders, fileKey, shelf);
    const fetchOne = async (digest: Uint8Array): Promise<Uint8Array> => {
      const [isHere] = await owner.pin(lease, [digest], signal);
      if (isHere === true) return store.get(digest, { signal });
      const bytes = await this.#ask(picker, digest, signal);
      await owner.putChunks(lease, [{ digest, bytes }], signal);
      return bytes;
    };
    for await (const { digest } of walkRecord(fileKey, fetchOne)) await fetchOne(digest);
  }

  #ask(picker: HolderPicker, digest: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { links } = this.#options;
    return picker.withHolder(
      {
        bytes: chunkBytesAverage,
        fetch: (peer, bounded, waitMs) => links.getChunk(peer, digest, bounded, waitMs),
      },
      async (bytes) => {
        verifyStored(bytes, digest);
        return bytes;
      },
      signal,
    );
  }
}
