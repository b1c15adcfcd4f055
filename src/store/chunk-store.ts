/**
 * The chunk store: the chunks and file records on one peer's disk, and what keeps each of them there.
 *
 * A chunk is some bytes under their SHA-256; the store never looks inside. A record is a file record: its pages are
 * chunks too. A shelf's set says which records are here and for how many copies; a record is here exactly while it is
 * in the set of at least one shelf, and then it counts one reference for every time it names a chunk or a page. A
 * lease is one upload's claim: chunks that it pins stay although no record names them yet, and it remembers which
 * records were added under it, but it keeps none of them. A chunk that is neither referenced nor pinned is dropped; its
 * space comes back when its segment is compacted.
 *
 * A savepoint says which of the owner's numbered changes of a set are on this disk. It never says more than that,
 * whatever ends the store: it is part of the same log as the changes. Where damage may have hidden a change, nothing is
 * claimed any more (sequence 0), and the set is what was found. A chunk that is damaged or lost lowers no savepoint:
 * `missing` names it.
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
import type { FileKey, LeaseId, ShelfId, StoreId } from "../core/ids.ts";
import type { Savepoint, ShelfChange } from "../core/shelf.ts";
import type { ShelfBatch } from "./shelf-state.ts";

/** One open lease. */
export interface LeaseStatus {
  readonly lease: LeaseId;
  /** The shelf that its upload goes to. */
  readonly shelf: ShelfId;
  /**
   * When its owner should end it, in milliseconds since 1970. 0 for a lease that was found again after a crash which
   * lost its expiry: end it.
   */
  readonly expiresMs: number;
  /** How many records it holds. */
  readonly records: number;
}

/** What is here of one shelf. */
export interface ShelfStats {
  readonly savepoint: Savepoint;
  readonly records: number;
  /** Bytes of the chunks that its records name, each as often as it is named. */
  readonly bytes: number;
}

/** A numbered change, as it was made. */
export interface LoggedChange extends ShelfChange {
  readonly sequence: number;
}

/** A record of a shelf's set. `bytes`: of the chunks that it names, each as often as it is named. */
export interface ShelfEntry extends ShelfChange {
  readonly bytes: number;
}

/** How many records of a set begin with one byte, and their sum. */
export interface ShelfBucket {
  readonly count: number;
  /** 32 bytes, as in set-digest.ts. */
  readonly digest: Uint8Array;
}

/** A part of a set, in order of the keys' digests. */
export interface ShelfPageQuery {
  /** Only records with more copies than this: what the link at this position has to have. */
  readonly position: number;
  /** Only keys whose digest begins with this byte. */
  readonly bucket?: number | undefined;
  readonly after?: FileKey | undefined;
  readonly limit: number;
}

/** A chunk or page that a record names. */
export interface RecordPart {
  readonly digest: Uint8Array;
  readonly bytes: number;
  /** Its place in the order of all parts: give that of the last one plus 1 as `after` to go on. */
  readonly position: number;
}

/** A record in a shelf's set. */
export interface RecordPlace {
  readonly shelf: ShelfId;
  readonly fileKey: FileKey;
}

/** What one step of re-hashing came to. */
export interface ScrubStep {
  /** Where the next step begins; nothing when this was the last one. */
  readonly cursor: string | undefined;
  /** Chunks that were looked at, and their bytes. */
  readonly chunks: number;
  readonly bytes: number;
  /** Those of them that are damaged: they were set aside, and are missing if a record names them. */
  readonly damaged: readonly Uint8Array[];
}

/**
 * Gets the length of each chunk that is to be read, in their order, 0 for one that is not here; gives memory of these lengths
 * for as many of the first as are wanted.
 */
export type PlaceChunks = (lengths: readonly number[]) => readonly Uint8Array[];

/** How a chunk is read. */
export interface ReadOptions extends CallOptions {
  /** Gives the memory to read into, of at least so many bytes; otherwise the result owns its whole buffer. */
  readonly allocate?: ((bytes: number) => Uint8Array) | undefined;
}

/** How changes are made. With a lease, the lease holds the records that are added. */
export interface ChangeOptions extends CallOptions {
  readonly lease?: LeaseId | undefined;
}

/** How space is given back. */
export interface CompactOptions extends CallOptions {
  /** The dead share from which on a segment is rewritten; half of it unless told otherwise. */
  readonly share?: number | undefined;
}

/** What a store has and how much room is left. All sizes in bytes. */
export interface ChunkStoreStats {
  /** Chunks that can be served, record pages included. */
  readonly chunks: number;
  readonly records: number;
  /** Bytes of those chunks. */
  readonly bytes: number;
  /** Chunks and pages that some record names and that are not here. */
  readonly missing: number;
  /** Bytes that the segments take on the disk, dead ones included. */
  readonly diskBytes: number;
  /** Bytes of those that nothing here needs: what compaction can give back in the end. */
  readonly deadBytes: number;
  /** Damaged pieces that were set aside and not removed by anybody since. */
  readonly quarantined: number;
  /** Bytes that puts may still add, after what is kept back and within the store's capacity; never negative. */
  readonly freeBytes: number;
}

/** The chunks and records of one peer. Calls may overlap freely. */
export interface ChunkStore {
  /** Makes the store ready, recovering from whatever ended it. Fails with `version` when another version of the program wrote it. */
  start(): Promise<void>;

  /** Waits for the calls under way, then closes. Later calls fail with `internal`. */
  stop(): Promise<void>;

  /** 16 random bytes made with the store, before anything else of it. Another id says: what was here before is lost. */
  storeId(): Promise<StoreId>;

  /**
   * Opens a lease for an upload to a shelf. It runs until `expiresMs`; the store does not end it by itself.
   * For an open lease this is `renewLease`. Fails with `conflict` while the lease is being ended, and when it is open
   * for another shelf.
   */
  openLease(lease: LeaseId, shelf: ShelfId, expiresMs: number): Promise<void>;

  /** Lets a lease run until `expiresMs`, or longer if it did already. Fails with `not-found` when it is not open. */
  renewLease(lease: LeaseId, expiresMs: number): Promise<void>;

  /** Up to `limit` leases after `after`, sorted by id, those whose ending was cut short included. */
  leases(after: LeaseId | undefined, limit: number): Promise<readonly LeaseStatus[]>;

  /**
   * Up to `limit` records after `after` that were added under a lease, sorted by digest; none when it is not open.
   * Those that were dropped since are listed too.
   */
  leaseRecords(lease: LeaseId, after: FileKey | undefined, limit: number): Promise<readonly FileKey[]>;

  /**
   * Ends a lease: it holds its records no more, and its pins go, with the chunks that nothing else needs. Records stay
   * in the sets that they are in.
   *
   * Runs in small steps; after a crash or an abort the lease is still listed, takes no more chunks, and is to be ended
   * again. Does nothing for a lease that is not open.
   */
  endLease(lease: LeaseId, options?: CallOptions): Promise<void>;

  /** Says for each record whether a lease holds it that has not ended. */
  isHeld(fileKeys: readonly FileKey[]): Promise<readonly boolean[]>;

  /**
   * Pins those chunks that are here, and says for each whether it is.
   * A pin survives the end of the process; a power cut may take the last ones, which adding a record then finds out.
   * Fails with `not-found` when the lease is not open.
   */
  pin(lease: LeaseId, digests: readonly Uint8Array[], options?: CallOptions): Promise<readonly boolean[]>;

  /**
   * Stores chunks and pins them. Resolves once they survive a power cut; calls at the same time share one flush.
   * A chunk that is here already is only pinned; one that was missing is back. Waits while too much is queued; `signal`
   * ends that wait alone.
   *
   * Fails with `not-found` when the lease is not open, `no-space` when the disk or the store's capacity is full (what
   * was there stays readable), `usage` for a chunk of no bytes or more than `sealedBytesMax`. When it fails, some
   * of the chunks may be stored: put them again, or end the lease.
   */
  put(lease: LeaseId, chunks: readonly StoredBytes[], options?: CallOptions): Promise<void>;

  /**
   * The bytes of a chunk. Fails with `not-found` when it is not here, and
   * with `integrity` when it is damaged: then it is set aside and from now on is not here, until it is put again.
   */
  get(digest: Uint8Array, options?: ReadOptions): Promise<Uint8Array>;

  /**
   * The bytes of several chunks, of as many as `place` gives memory for, in that memory; undefined for one that is not here.
   * One that is damaged is set aside, as by `get`, and undefined as well.
   */
  getMany(
    digests: readonly Uint8Array[],
    place: PlaceChunks,
    options?: CallOptions,
  ): Promise<readonly (Uint8Array | undefined)[]>;

  /** Says for each chunk whether it is here, and protects none. */
  has(digests: readonly Uint8Array[]): Promise<readonly boolean[]>;

  /**
   * Says for each record whether it is in a set and all that it names is here. Quick while nothing is missing;
   * otherwise it walks the records.
   */
  hasRecords(fileKeys: readonly FileKey[]): Promise<readonly boolean[]>;

  /** Up to `limit` records after `after` that are in any set, sorted by digest. */
  recordsPage(after: FileKey | undefined, limit: number): Promise<readonly FileKey[]>;

  /**
   * The pages and chunks that a record in a set names, here or not, so that another link can be given them: first all
   * pages, a page before what it lists, then the chunks in order. Begins at place `after`, and leaves out what is in this
   * answer already; fewer than `limit` only at the end. Fails with `not-found` when the record is in no set or a
   * page of it is missing, with `integrity` when a page is damaged.
   */
  recordChunks(fileKey: FileKey, after: number, limit: number): Promise<readonly RecordPart[]>;

  /** Which records in sets name a chunk or page; up to `limit`. Reads every record: only for repair. */
  recordsOf(digest: Uint8Array, limit: number, options?: CallOptions): Promise<readonly RecordPlace[]>;

  /** Up to `limit` chunks and pages after `after` that some record names and that are not here, sorted. Put them again. */
  missing(after: Uint8Array | undefined, limit: number): Promise<readonly Uint8Array[]>;

  /** What is here of a shelf; nothing while nothing of it was ever here, or since it was forgotten. */
  savepoint(shelf: ShelfId): Promise<Savepoint | undefined>;

  /** Every shelf of which something is here, sorted by id. */
  shelves(): Promise<readonly ShelfStats[]>;

  /**
   * For the owner: numbers changes and carries them out in order; at most `recordsPerNoteMax`. Each gets the next number,
   * also one that changes nothing. Resolves once all of them survive a power cut; after a crash before that, all of
   * them are here or none. Calls at the same time share one flush. A higher epoch begins with the first change.
   *
   * A set that is not empty and for which nothing is claimed gets a number first: then `after` is 1.
   *
   * Fails with `moved` for an epoch before the shelf's; with `not-found`, naming the count of missing chunks and the first
   * of them, when a record that is to be added names what is not here, or when the lease is not open; with `integrity`
   * when a page is malformed or a chunk has another length than its record says; with `usage` for too many changes,
   * a number of copies beyond `copiesMax`, or a lease of another shelf. Then nothing is changed.
   */
  appendChanges(
    shelf: ShelfId,
    epoch: number,
    changes: readonly ShelfChange[],
    options?: ChangeOptions,
  ): Promise<{ readonly after: number; readonly savepoint: Savepoint }>;

  /**
   * For any other link: carries out the owner's changes, all or none; at most `recordsPerNoteMax`. They must be all
   * changes in (after, sequence] that this link has to have. Calls for one shelf take turns in the order in which they
   * were made.
   *
   * With `digest`: if that is what the set then comes to, the savepoint becomes (epoch, sequence), also when it said
   * more before; if not, nothing is claimed any more (sequence 0).
   * Without: the savepoint becomes (epoch, sequence) if it was (epoch, after) before, or if `after` is 0 and the set was
   * empty. Otherwise the changes are carried out and the savepoint stays, with its epoch: a number counts in its own epoch
   * only, and the first savepoint of a new one takes a digest. Changes up to a sequence that this epoch's savepoint
   * covers already are not carried out again; give them equal numbers (after = sequence) where they are to be.
   *
   * Fails as `appendChanges` does; `moved` for an epoch before any that was given here for this shelf.
   */
  applyChanges(shelf: ShelfId, batch: ShelfBatch, options?: ChangeOptions): Promise<Savepoint>;

  /**
   * A new owner begins: takes a higher epoch for the set as it is. Where the set has more or less than the savepoint
   * says, it gets the next number. Does nothing for the present epoch. Fails with `moved` for an earlier one.
   */
  beginEpoch(shelf: ShelfId, epoch: number): Promise<Savepoint>;

  /**
   * Up to `limit` changes behind a point of this shelf's history, in order; changes that changed nothing are left out.
   * Nothing when the point is not in the history that is remembered (`shelfChangesKept` changes, and none from before
   * an index was lost), and for sequence 0: then sets are compared.
   */
  changesSince(
    shelf: ShelfId,
    point: { readonly epoch: number; readonly sequence: number },
    limit: number,
  ): Promise<readonly LoggedChange[] | undefined>;

  /** The records with more than `position` copies, by the first byte of the key's digest: 256 rows. */
  buckets(shelf: ShelfId, position: number): Promise<readonly ShelfBucket[]>;

  /** The sum of those rows, 32 bytes; for position 0 it is the savepoint's digest. */
  setDigest(shelf: ShelfId, position: number): Promise<Uint8Array>;

  /** A page of a shelf's set; those whose chunks are still being counted after a crash say 0 bytes. */
  shelfPage(shelf: ShelfId, query: ShelfPageQuery): Promise<readonly ShelfEntry[]>;

  /**
   * For a peer that is no link any more: takes up to `limit` (at most `recordsPerNoteMax`) records out of a shelf's set,
   * claims nothing of it any more, and forgets the shelf with the last of them. Returns how many; 0 when it is gone.
   */
  forgetShelf(shelf: ShelfId, limit: number, options?: CallOptions): Promise<number>;

  /**
   * Re-hashes chunks from `cursor` on (undefined begins) until about `maxBytes` are read, at least one chunk. Damaged
   * ones are set aside as `get` does. Chunks that come during a pass may be left to the next one.
   */
  scrub(cursor: string | undefined, maxBytes: number, options?: CallOptions): Promise<ScrubStep>;

  /**
   * Gives some space back: removes segments that are wholly dead, or rewrites the one with the largest dead share, if that
   * is more than `share`. At most about one segment is rewritten in a call; call it until it returns 0. Returns
   * the bytes freed. Safe beside every other call.
   */
  compactOnce(options?: CompactOptions): Promise<number>;

  stats(): Promise<ChunkStoreStats>;
}
