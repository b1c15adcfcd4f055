/** What upkeep needs from outside: the disk, the catalogue, the other links, and time. The peer satisfies them all. */
import type { StoredBytes } from "../../chunking/file-record.ts";
import type { CallOptions } from "../../core/client.ts";
import type { FileKey, LeaseId, PeerId, ShelfId } from "../../core/ids.ts";
import type { ChainLink, ShelfChange } from "../../core/shelf.ts";

/** Time, so that a test can advance it by hand. */
export interface UpkeepClock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Resolves after `ms`; fails as soon as `signal` aborts. */
  delay(ms: number, signal: AbortSignal): Promise<void>;
}

/** Leaves room for users: resolves when background work on so many bytes may begin. Fails as soon as `signal` aborts. */
export interface UpkeepPacer {
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/** Where a part says, in a sentence, what it will try again by itself. */
interface UpkeepLog {
  warn(message: string): void;
}

/** What every part that runs by itself is given. */
export interface UpkeepOptions {
  readonly clock: UpkeepClock;
  readonly log: UpkeepLog;
}

/** One step of re-hashing. */
export interface ScrubStep {
  /** Where the next step begins; undefined when the store was walked to its end. */
  readonly cursor: string | undefined;
  readonly chunks: number;
  readonly bytes: number;
  /** Digests of the chunks that were set aside. */
  readonly damaged: readonly Uint8Array[];
}

/** The part of the chunk store that scrub and mending use; see there for what each call does. */
export interface ScrubStore {
  scrub(cursor: string | undefined, maxBytes: number, options?: CallOptions): Promise<ScrubStep>;
  missing(after: Uint8Array | undefined, limit: number): Promise<readonly Uint8Array[]>;
  recordsOf(digest: Uint8Array, limit: number): Promise<readonly RecordPlace[]>;
  shelves(): Promise<readonly { readonly savepoint: { readonly shelf: ShelfId } }[]>;
  openLease(lease: LeaseId, shelf: ShelfId, expiresMs: number): Promise<void>;
  endLease(lease: LeaseId, options?: CallOptions): Promise<void>;
  put(lease: LeaseId, chunks: readonly StoredBytes[], options?: CallOptions): Promise<void>;
  stats(): Promise<{ readonly chunks: number; readonly bytes: number; readonly missing: number }>;
}

/** A file record and the shelf in whose set it is. */
export interface RecordPlace {
  readonly shelf: ShelfId;
  readonly fileKey: FileKey;
}

/**
 * Gets a chunk from another link of one of these shelves, or from any other holder, within a deadline of its own. What
 * it returns is verified.
 * Fails with `not-found` when all answered and nobody has it, and with a kind for which a retry helps otherwise.
 */
export type FetchChunk = (digest: Uint8Array, shelves: readonly ShelfId[], signal: AbortSignal) => Promise<Uint8Array>;

/** Keeps a small text over restarts, in one atomic file. */
export interface ScrubState {
  /** Undefined while nothing was saved. */
  load(): Promise<string | undefined>;
  save(text: string): Promise<void>;
}

/** The part of the chunk store that challenges use. */
export interface ChallengeStore extends Pick<AnswerStore, "get"> {
  shelfPage(
    shelf: ShelfId,
    page: { readonly position: number; readonly after?: FileKey; readonly limit: number },
  ): Promise<readonly (ShelfChange & { readonly bytes: number })[]>;
  recordChunks(fileKey: FileKey, after: number, limit: number): Promise<readonly ChunkPlace[]>;
}

/** A chunk or page of a record, and its place in the order of all of them: `after` is that of the last one plus 1. */
export interface ChunkPlace {
  readonly digest: Uint8Array;
  readonly position: number;
}

/** The part of the chunk store that answering a challenge uses. */
export interface AnswerStore {
  get(digest: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
}

/** What one link asks of another: a proof that it has these bytes of a chunk at this moment. */
export interface ChallengeQuestion {
  /** 32 fresh random bytes. */
  readonly nonce: Uint8Array;
  /** The chunk's 32-byte digest. */
  readonly digest: Uint8Array;
  readonly offset: number;
  /** At least 1. */
  readonly length: number;
}

/** The other links, as challenges and audits reach them. Every call has a deadline of its own. */
export interface ChallengedLinks {
  /** The answer to `question`, 32 bytes. Fails with `not-found` or `integrity` when the peer does not have the chunk. */
  ask(peer: PeerId, shelf: ShelfId, question: ChallengeQuestion, signal: AbortSignal): Promise<Uint8Array>;
  /** For each of up to `haveIdsMax` chunks whether the peer says that it has it. */
  has(peer: PeerId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]>;
}

/** A shelf's chain, as the catalogue has it. */
export interface KnownChain {
  readonly shelf: ShelfId;
  readonly epoch: number;
  readonly links: readonly ChainLink[];
}

/** The part of the catalogue that challenges use. */
export interface ChallengeCatalogue {
  /** The chains of which this peer is a link. */
  chains(signal: AbortSignal): Promise<readonly KnownChain[]>;
  /** For each key whether a revision on this shelf names it; linearizable. */
  references(shelf: ShelfId, fileKeys: readonly FileKey[], signal: AbortSignal): Promise<readonly boolean[]>;
}

/** The part of the chunk store that collection uses. */
export interface CollectorStore extends Pick<ChallengeStore, "shelfPage"> {
  isHeld(fileKeys: readonly FileKey[]): Promise<readonly boolean[]>;
}

/** The part of the catalogue that collection uses, for one shelf. All answers are linearizable. */
export interface CollectorCatalogue {
  /** Up to `limit` keys that no revision names any more and that the owner has not dropped yet. */
  drops(limit: number, signal: AbortSignal): Promise<readonly FileKey[]>;
  /** For each key whether a revision on the shelf names it. */
  references(fileKeys: readonly FileKey[], signal: AbortSignal): Promise<readonly boolean[]>;
  /** Takes keys out of `drops`. Fails with `moved` unless this peer owns the shelf at `epoch`. */
  forgetDrops(epoch: number, fileKeys: readonly FileKey[], signal: AbortSignal): Promise<void>;
  /** Keys that revisions name, with the most copies that any of them wants, after `after`, in order of digest. */
  referencedKeys(after: FileKey | undefined, limit: number, signal: AbortSignal): Promise<readonly ShelfChange[]>;
}

/** The shelf's owner on this peer. */
export interface CollectorOwner {
  /** The epoch at which this peer owns the shelf; undefined while it does not. */
  epoch(): number | undefined;
  /**
   * Drops records by numbered changes; at most `recordsPerCallMax`. Resolves once it is done here.
   * Fails with `moved`, and drops nothing, unless this peer owns the shelf at `epoch` when the changes are numbered.
   */
  drop(epoch: number, fileKeys: readonly FileKey[], signal: AbortSignal): Promise<void>;
}

/** The part of the chunk store that compaction uses. */
export interface CompactorStore {
  compactOnce(options?: { readonly share?: number; readonly signal?: AbortSignal }): Promise<number>;
  stats(): Promise<{ readonly diskBytes: number; readonly deadBytes: number }>;
}
