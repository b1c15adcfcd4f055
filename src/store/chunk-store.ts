/**
 * The chunk store: the chunks and file records on one peer's disk, and what keeps each of them there.
 *
 * A chunk is some bytes under their SHA-256; the store never looks inside. A record is a file record: its pages are
 * chunks too, and while the store has the record it counts one reference for every time the record names a chunk or a
 * page. A lease is one upload's claim: chunks that it pins stay although no record names them yet, and records that it
 * holds stay although nobody has committed them yet. Ending the lease says which of its records are there for good.
 * A chunk that is neither referenced nor pinned is dropped; its space comes back when its segment is compacted.
 *
 * This file is the port. `DiskChunkStore` keeps everything in segment files behind an SQLite index;
 * `MemoryChunkStore` is its twin for tests. Above it, the peer serves it to others and decides what to keep.
 *
 * Digests are 32 bytes. Callers have verified that chunks match their digests. The store never reads the clock.
 * Besides the kinds named at each method, every call may fail with `io` (the disk failed: restart the peer), `integrity`
 * (the index is damaged: it is rebuilt at the next start), `interrupted` (by its signal) and `internal`.
 */
import type { StoredBytes } from "../chunking/file-record.ts";
import type { CallOptions } from "../core/client.ts";
import type { FileKey, LeaseId } from "../core/ids.ts";

/** One open lease. */
export interface LeaseStatus {
  readonly lease: LeaseId;
  /**
   * When its owner should end it, in milliseconds since 1970. 0 for a lease that was found again after a crash which
   * lost its expiry: end it, keeping the records that are committed.
   */
  readonly expiresMs: number;
  /** How many records it holds. */
  readonly records: number;
}

/** What a store has and how much room is left. All sizes in bytes. */
export interface ChunkStoreStats {
  /** Chunks that can be served, record pages included. */
  readonly chunks: number;
  readonly records: number;
  /** Bytes of those chunks. */
  readonly bytes: number;
  /** Bytes that the segments take on the disk, dead ones included. */
  readonly diskBytes: number;
  /** Damaged pieces that were set aside and not removed by anybody since. */
  readonly quarantined: number;
  /** Bytes that puts may still add, after what is kept back and within the store's capacity; never negative. */
  readonly freeBytes: number;
}

/** The chunks and records of one peer. Calls may overlap freely. */
export interface ChunkStore {
  /** Makes the store ready, recovering from whatever ended it. Fails with `version` when a newer program wrote it. */
  start(): Promise<void>;

  /** Waits for the calls under way, then closes. Later calls fail with `internal`. */
  stop(): Promise<void>;

  /**
   * Opens a lease that runs until `expiresMs`; the store does not end it by itself.
   * For an open lease this is `renewLease`. Fails with `conflict` while the lease is being ended.
   */
  openLease(lease: LeaseId, expiresMs: number): Promise<void>;

  /** Lets a lease run until `expiresMs`, or longer if it did already. Fails with `not-found` when it is not open. */
  renewLease(lease: LeaseId, expiresMs: number): Promise<void>;

  /** Up to `limit` leases after `after`, sorted by id, those whose ending was cut short included. */
  leases(after: LeaseId | undefined, limit: number): Promise<readonly LeaseStatus[]>;

  /** Up to `limit` records after `after` that a lease holds, sorted by digest; none when it is not open. */
  leaseRecords(lease: LeaseId, after: FileKey | undefined, limit: number): Promise<readonly FileKey[]>;

  /**
   * Ends a lease: of the records that it holds, those in `keep` stay for good; the others go unless they were there
   * for good or another lease holds them. Then its pins go, with the chunks that nothing else needs.
   *
   * Once it resolves, what was kept survives a power cut. Runs in small steps; after a crash or an abort the lease is
   * still listed, takes no more chunks, and is to be ended again. Does nothing for a lease that is not open.
   */
  endLease(lease: LeaseId, keep: readonly FileKey[], options?: CallOptions): Promise<void>;

  /**
   * Pins those chunks that are here, and says for each whether it is.
   * A pin survives the end of the process; a power cut may take the last ones, which `addRecords` then finds out.
   * Fails with `not-found` when the lease is not open.
   */
  pin(lease: LeaseId, digests: readonly Uint8Array[], options?: CallOptions): Promise<readonly boolean[]>;

  /**
   * Stores chunks and pins them. Resolves once they survive a power cut; calls at the same time share one flush.
   * A chunk that is here already is only pinned. Waits while too much is queued; `signal` ends that wait alone.
   *
   * Fails with `not-found` when the lease is not open, `no-space` when the disk or the store's capacity is full (what
   * was there stays readable), `usage` for a chunk of no bytes or more than `sealedBytesMax`. When it fails, some
   * of the chunks may be stored: put them again, or end the lease.
   */
  put(lease: LeaseId, chunks: readonly StoredBytes[], options?: CallOptions): Promise<void>;

  /**
   * The bytes of a chunk, in an array that owns its whole buffer. Fails with `not-found` when it is not here, and
   * with `integrity` when it is damaged: then it is set aside and from now on is not here, until it is put again.
   */
  get(digest: Uint8Array, options?: CallOptions): Promise<Uint8Array>;

  /** Says for each chunk whether it is here, and protects none. */
  has(digests: readonly Uint8Array[]): Promise<readonly boolean[]>;

  /**
   * Adds records whose chunks and pages are all here, and lets the lease hold them; at most `recordsPerNoteMax`.
   * Resolves once all of them survive a power cut; after a crash before that, all of them are here or none.
   * For a record that is here already only the lease's hold is added.
   *
   * Fails with `not-found`, naming the count of missing chunks and the first of them, or when the lease is not open;
   * with `integrity` when a page is malformed or a chunk has another length than its record says. Then none is added.
   */
  addRecords(lease: LeaseId, fileKeys: readonly FileKey[], options?: CallOptions): Promise<void>;

  /** Says for each record whether it is here, held by a lease or for good. */
  hasRecords(fileKeys: readonly FileKey[]): Promise<readonly boolean[]>;

  /** Up to `limit` records after `after`, sorted by digest. */
  recordsPage(after: FileKey | undefined, limit: number): Promise<readonly FileKey[]>;

  /**
   * Drops a record that is here for good, with the chunks that nothing else needs. Does nothing for a record that is
   * not here; one that a lease holds stays until that lease ends. Once it resolves, it survives a power cut.
   */
  dropRecord(fileKey: FileKey): Promise<void>;

  /**
   * Gives space back: removes segments that are wholly dead, and rewrites the one with the largest dead share, if
   * that is more than half. Returns the bytes freed. For a timer of the store's owner; safe beside every other call.
   */
  compactOnce(options?: CallOptions): Promise<number>;

  stats(): Promise<ChunkStoreStats>;
}
