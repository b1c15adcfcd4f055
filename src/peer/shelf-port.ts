/** What a writer needs of a shelf, whether it is on this peer's own disk or another's. */
import type { FileKey, LeaseId, PeerId, ShelfId } from "../core/ids.ts";

export interface ShelfPort {
  readonly shelf: ShelfId;
  readonly owner: PeerId;
  /** Whether chunks reach it without crossing the network. */
  readonly isLocal: boolean;
  /** Opens or renews a claim on the chunks of one upload; resolves with how long it runs from now, in milliseconds. */
  holdLease(lease: LeaseId, signal: AbortSignal): Promise<number>;
  /** Which of the chunks are here; those are protected by the lease from now on. At most `haveIdsMax` digests. */
  pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]>;
  /** Resolves when the chunk is on the disk. Fails with `no-space`, `integrity`, `not-found` (no such lease). */
  putChunk(lease: LeaseId, digest: Uint8Array, sealed: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Resolves when each record, with every chunk it names, is durable here. Fails with `not-found` when a chunk is missing. */
  addRecords(lease: LeaseId, fileKeys: readonly FileKey[], signal: AbortSignal): Promise<void>;
  /** Ends the claim: records that the catalogue names stay, everything else of this lease goes. */
  endLease(lease: LeaseId, signal: AbortSignal): Promise<void>;
}
