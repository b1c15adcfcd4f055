/** What a writer needs of a shelf, wherever its owner is. */
import type { StoredBytes } from "../../chunking/file-record.ts";
import type { FileKey, LeaseId, ShelfId } from "../../core/ids.ts";

/** What a shelf says of records that are on its disks. */
export interface Confirmation {
  /** Disks that have each of them, by now. */
  readonly copies: number;
  /** The epoch by which this holds: a commit names it, and is refused once there is a newer one. */
  readonly epoch: number;
}

/**
 * Besides the kinds named, each call may fail with `unreachable`, `timeout`, `busy`, and `moved` where the owner has
 * changed: another try then finds the new one.
 */
export interface ShelfPort {
  readonly shelf: ShelfId;
  /** Whether chunks reach its owner without crossing the network, as things are now. */
  readonly isLocal: boolean;
  /**
   * Opens or renews a claim on the chunks of one upload, of which files want up to `copies` (0: what the network wants).
   * Resolves with how long it runs from now, in milliseconds.
   */
  holdLease(lease: LeaseId, copies: number, signal: AbortSignal): Promise<number>;
  /** Which of the chunks the owner has; those are protected by the lease from now on. At most `haveIdsMax` digests. */
  pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]>;
  /**
   * Resolves when the chunks are on the disks of the chain that can be reached. One, or as many as fit into a message
   * (`chunkBundleBytesMax`, `chunkBundlePiecesMax`). Fails with `no-space`, `integrity`, `not-found` (no such lease).
   */
  putChunks(lease: LeaseId, chunks: readonly StoredBytes[], signal: AbortSignal): Promise<void>;
  /**
   * Resolves when each record, with every chunk it names, is on as many disks as the answer says. `copies` wanted; 0 leaves
   * that to the network. Fails with `not-found` when a chunk is missing or there is no such lease.
   */
  addRecords(lease: LeaseId, fileKeys: readonly FileKey[], copies: number, signal: AbortSignal): Promise<Confirmation>;
  /** Ends the claim: records that the catalogue names stay, everything else of this lease goes. */
  endLease(lease: LeaseId, signal: AbortSignal): Promise<void>;
}

/** Whether a file fits on a shelf, as far as that is known. */
export type Fits = (shelf: ShelfId) => Promise<boolean>;
