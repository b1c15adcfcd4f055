/** What replication needs from outside: the disk, the other links, the catalogue, and time. The peer satisfies them all. */
import type { StoredBytes } from "../../chunking/file-record.ts";
import type { CallOptions } from "../../core/client.ts";
import type { FileKey, LeaseId, PeerId, ShelfId } from "../../core/ids.ts";
import type { ChainLink, Savepoint, ShelfChange } from "../../core/shelf.ts";

/** Time, so that a test can advance it by hand. */
export interface ReplicationClock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Resolves after `ms`; fails as soon as `signal` aborts. */
  delay(ms: number, signal: AbortSignal): Promise<void>;
}

/** Leaves room for users: resolves when a filling may send so many bytes more. Fails as soon as `signal` aborts. */
export interface ReplicationPacer {
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/** Where a part says, in a sentence, what it will try again by itself. */
export interface ReplicationLog {
  warn(message: string): void;
}

/** A shelf's chain, as the catalogue has it; the first link is the owner. */
export interface KnownChain {
  readonly epoch: number;
  readonly links: readonly ChainLink[];
}

/** Changes as an owner sends them to another link. */
export interface ChangesToApply {
  readonly epoch: number;
  /**
   * The link's sequence becomes `sequence` when it was `after`, and stays otherwise. Both are 0 where it is not to move,
   * because the owner does not know yet what the link has.
   */
  readonly after: number;
  readonly sequence: number;
  /** At most `recordsPerCallMax`; those with 0 copies leave the set. */
  readonly changes: readonly ShelfChange[];
  /** What the link's set comes to afterwards, when it is what it has to be: then the link takes `sequence` whatever it had. */
  readonly digest?: Uint8Array;
}

/** What part of a shelf is under one first byte of the keys' digests. */
export interface ShelfBucket {
  readonly count: number;
  /** 32 bytes: the sum of these records. */
  readonly digest: Uint8Array;
}

/** A chunk or page of a record, with its stored length, and its place among all of them. */
export interface ChunkOfRecord {
  readonly digest: Uint8Array;
  readonly bytes: number;
  readonly position: number;
}

/** A page of a shelf's records, in order of the keys' digests. */
interface ShelfPageRequest {
  /** Only records with more copies than this. */
  readonly position: number;
  /** Only records whose digest begins with this byte. */
  readonly bucket?: number;
  readonly after?: FileKey;
  readonly limit: number;
}

/** The part of the chunk store that replication uses; see there for what each call does. */
export interface ShelfStore {
  openLease(lease: LeaseId, shelf: ShelfId, expiresMs: number): Promise<void>;
  leases(
    after: LeaseId | undefined,
    limit: number,
  ): Promise<readonly { readonly lease: LeaseId; readonly shelf: ShelfId; readonly expiresMs: number }[]>;
  leaseRecords(lease: LeaseId, after: FileKey | undefined, limit: number): Promise<readonly FileKey[]>;
  endLease(lease: LeaseId, options?: CallOptions): Promise<void>;
  isHeld(fileKeys: readonly FileKey[]): Promise<readonly boolean[]>;
  hasRecords(fileKeys: readonly FileKey[]): Promise<readonly boolean[]>;
  pin(lease: LeaseId, digests: readonly Uint8Array[], options?: CallOptions): Promise<readonly boolean[]>;
  put(lease: LeaseId, chunks: readonly StoredBytes[], options?: CallOptions): Promise<void>;
  get(digest: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  recordChunks(fileKey: FileKey, after: number, limit: number): Promise<readonly ChunkOfRecord[]>;
  savepoint(shelf: ShelfId): Promise<Savepoint | undefined>;
  shelves(): Promise<readonly { readonly savepoint: Savepoint; readonly records: number; readonly bytes: number }[]>;
  appendChanges(
    shelf: ShelfId,
    epoch: number,
    changes: readonly ShelfChange[],
    options?: CallOptions & { readonly lease?: LeaseId | undefined },
  ): Promise<{ readonly after: number; readonly savepoint: Savepoint }>;
  applyChanges(
    shelf: ShelfId,
    changes: ChangesToApply,
    options?: CallOptions & { readonly lease?: LeaseId | undefined },
  ): Promise<Savepoint>;
  beginEpoch(shelf: ShelfId, epoch: number): Promise<Savepoint>;
  changesSince(
    shelf: ShelfId,
    point: { readonly epoch: number; readonly sequence: number },
    limit: number,
  ): Promise<readonly (ShelfChange & { readonly sequence: number })[] | undefined>;
  buckets(shelf: ShelfId, position: number): Promise<readonly ShelfBucket[]>;
  setDigest(shelf: ShelfId, position: number): Promise<Uint8Array>;
  shelfPage(shelf: ShelfId, request: ShelfPageRequest): Promise<readonly (ShelfChange & { readonly bytes: number })[]>;
  forgetShelf(shelf: ShelfId, limit: number, options?: CallOptions): Promise<number>;
}

/** How a link answers an owner that begins to send it changes. */
export interface FeedStart {
  /**
   * A number that the link has made up for this feed. It serves only the newest one: a call of an earlier one that arrives
   * late is refused, so that it can undo nothing.
   */
  readonly feed: number;
  /** Undefined while nothing of the shelf was ever there. */
  readonly savepoint: Savepoint | undefined;
}

/**
 * One other link, as the owner reaches it; its other end is `ShelfMirror`, and the chunk store for `pin` and `putChunks`.
 *
 * Every call has a deadline of its own, and each may fail with `unreachable`, `timeout`, `busy`, `no-space`, and `moved`
 * when the link knows that `epoch` is over. A call that failed may have had its effect, or have it later.
 */
export interface LinkPort {
  begin(shelf: ShelfId, epoch: number, signal: AbortSignal): Promise<FeedStart>;
  /** Opens or renews a lease there. */
  holdLease(shelf: ShelfId, epoch: number, lease: LeaseId, signal: AbortSignal): Promise<void>;
  /** Lets go of its pins and holds there. */
  endLease(shelf: ShelfId, epoch: number, lease: LeaseId, signal: AbortSignal): Promise<void>;
  /**
   * Resolves with the link's savepoint once the changes are durable there. The lease, where there is one, holds the records.
   * Fails with `not-found` when chunks of a record are missing there or the lease is not open, `conflict` when the
   * feed is not the newest one.
   */
  apply(
    shelf: ShelfId,
    feed: number,
    changes: ChangesToApply,
    lease: LeaseId | undefined,
    signal: AbortSignal,
  ): Promise<Savepoint>;
  /** The link's 256 buckets. */
  buckets(shelf: ShelfId, epoch: number, signal: AbortSignal): Promise<readonly ShelfBucket[]>;
  /** Up to `limit` (at most `recordsPerCallMax`) records of one bucket after `after`, in order of digest. */
  keys(
    shelf: ShelfId,
    epoch: number,
    bucket: number,
    after: FileKey | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly ShelfChange[]>;
  /** Which of at most `haveIdsMax` chunks are there; those are pinned from now on. Fails with `not-found` for a lease that is not open. */
  pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]>;
  /** Resolves when the chunks, as many as fit into a message, are durable there. Fails with `not-found` for a lease that is not open. */
  putChunks(lease: LeaseId, chunks: readonly StoredBytes[], signal: AbortSignal): Promise<void>;
}

/** The catalogue, for one shelf that this peer owns. Each call fails with `moved` when `epoch` is over. */
export interface ChainPort {
  /** Sets what a link claims to have, 0 for nothing; resolves with the chain's new epoch. */
  report(epoch: number, peer: PeerId, hasFrom: number, signal: AbortSignal): Promise<number>;
  /** Ends a lease: no later commit can name it. Resolves with those of at most `leaseKeysMax` keys that a revision names. */
  endLease(
    epoch: number,
    lease: LeaseId,
    fileKeys: readonly FileKey[],
    signal: AbortSignal,
  ): Promise<readonly FileKey[]>;
}
