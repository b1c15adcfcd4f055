/**
 * DfsClient: everything that a person or another program can ask of the network.
 *
 * The peer implements it; the control socket serves it to other processes; the shell, the gateways and the tests
 * speak only to it. Every call takes a signal and ends with a DfsError when it fails. Each method lists the kinds
 * that a caller should expect; besides those, every call may fail with `unreachable`, `timeout`, `busy`,
 * `interrupted`, `not-logged-in` or `internal`. A path that begins with `/@WHEN` leads to the past, which every call that
 * reads can read, and which fails with `permission` for whoever would change it.
 */
import type { AccountsClient, InviteRequest } from "./accounts.ts";
import type { DirectoryClient } from "./directory-names.ts";
import type { ChecksClient } from "./checks.ts";
import type { DfsError } from "./errors.ts";
import type { HistoryClient } from "./history.ts";
import type { ChunkId, FileKey, NetworkId, PeerId, PeerName, ShelfId } from "./ids.ts";
import type { FindQuery } from "./find-query.ts";
import type { JobsClient } from "./jobs.ts";
import type { DfsPath } from "./names.ts";
import type { ChangeTag, UndoClient } from "./undo.ts";
import type { WorkDone } from "./work-done.ts";

export interface CallOptions {
  /** Cancels the call; the call then fails with `interrupted` (or `timeout` for a timeout signal). */
  readonly signal?: AbortSignal | undefined;
  /**
   * Reads (`stat`, `list`, `names`, `entries`, `walk`, `find`, `read`, `get`, `why`) may be answered from what any coordinator has, however old;
   * see `staleness`. Without it they see every change that was confirmed before they began, or fail with `no-quorum`.
   */
  readonly stale?: boolean | undefined;
  /** Of a call that changes files: the change that it is part of. Without it, `undo` knows nothing of the call. */
  readonly change?: ChangeTag | undefined;
}

/** How old a stale answer is that this client would give now. */
export interface Staleness {
  /** Milliseconds since the answering coordinator last knew that it was up to date; 0 when a majority confirmed just now. */
  readonly ageMs: number;
  /** Whether a majority of the coordinators answers. */
  readonly hasQuorum: boolean;
  /** The coordinator that answers. */
  readonly servedBy: PeerName;
}

/** One file or directory, as the user sees it. */
export interface Entry {
  readonly kind: "file" | "directory";
  readonly path: DfsPath;
  /** Last part of the path; `/` for the root. */
  readonly name: string;
  /** Plaintext bytes of a file; 0 for a directory. */
  readonly sizeBytes: number;
  /** POSIX permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Modification time of the content, in milliseconds since 1970 (may have a fraction). */
  readonly modifiedMs: number;
  /** When this revision was committed, in milliseconds since 1970. */
  readonly committedMs: number;
  /** Revision of a file, from 1; 0 for a directory. */
  readonly revision: number;
  /** Disks that hold the content; 0 for a directory. */
  readonly copies: number;
  /** Sealed bytes that putting this revision added to its shelf: what it costs beyond what was there. */
  readonly addedBytes: number;
  /** The same, of the file's earlier revisions. */
  readonly historyBytes: number;
  /** Key of the content in the finger table; absent for directories. */
  readonly fileKey?: FileKey | undefined;
  /** When the file goes away by itself, in milliseconds since 1970; absent when it stays. */
  readonly expiresMs?: number | undefined;
}

/** What `find` tells of an entry. */
export interface Found {
  readonly kind: Entry["kind"];
  readonly path: DfsPath;
  /** With `whole`. */
  readonly entry?: Entry | undefined;
}

export interface FindOptions extends CallOptions {
  /** Everything about each entry, which takes longer than its path alone. */
  readonly whole?: boolean | undefined;
}

export interface ListOptions extends CallOptions {
  /** Where the page before ended, as its `next` said. */
  readonly cursor?: string | undefined;
  /** Entries wanted at the most; a page may be shorter. */
  readonly limit?: number | undefined;
}

export interface ListPage {
  /** In no particular order: names are sealed where they are stored, so only a client can sort them. */
  readonly entries: readonly Entry[];
  /** Why entries of this page were left out: their names or attributes break the rules. `path` shows which, in escapes. */
  readonly refused?: readonly DfsError[] | undefined;
  /** Absent on the last page. */
  readonly next?: string | undefined;
}

/** What to put: a file or directory of this machine (absolute path), or bytes as they come. */
export type PutSource =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "stream"; readonly bytes: AsyncIterable<Uint8Array>; readonly name: string };

export interface PutRequest {
  readonly sources: readonly PutSource[];
  /** As with `cp`: an existing directory receives each source under its own name; otherwise the one source gets this path. */
  readonly target: DfsPath;
  /** Directories with all that is in them; without it a directory fails with `is-directory`. */
  readonly recursive?: boolean | undefined;
  /** Nothing is sent or changed; events and summary say what would be. */
  readonly dryRun?: boolean | undefined;
  /** An existing file gets a new revision; without it, one whose content differs fails with `exists`. */
  readonly force?: boolean | undefined;
  /** Files that are there already with the same size and modification time are skipped without being read. */
  readonly resume?: boolean | undefined;
  /** Every file is read. Without it, one that is as it was when this user put it from this machine before need not be. */
  readonly checksum?: boolean | undefined;
  /**
   * The file must be at this revision when the new one is committed, 0: must not exist; otherwise the put fails with
   * `conflict`, whose message names the revision that is there. Implies `force`. Only with one file as source: else `usage`.
   */
  readonly ifRevision?: number | undefined;
  /**
   * When the files of this put go away by themselves, in milliseconds since 1970; a time that has passed is `usage`.
   * Without it they stay: a file is unchanged only when content and expiry are the same.
   */
  readonly expiresMs?: number | undefined;
  /**
   * Disks that each file is to be on, 1 to `copiesMax`; without it the network's `copies`. The put succeeds with fewer
   * only down to the network's `minCopies`, and `done` events and the summary say how many there are.
   */
  readonly copies?: number | undefined;
  /** Files in work at once. */
  readonly parallel?: number | undefined;
}

export interface GetRequest {
  readonly sources: readonly DfsPath[];
  /** Absolute local path; as with `cp`: an existing directory receives each source, otherwise the one source gets this path. */
  readonly target: string;
  readonly recursive?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  /** Existing local files are replaced; without it they fail with `exists`. */
  readonly force?: boolean | undefined;
  /** Files already there with the same size and time are skipped, and unfinished files (`NAME.dfs-part`) are continued after their chunks are verified. */
  readonly resume?: boolean | undefined;
  /** Of one file: this revision instead of the newest. */
  readonly revision?: number | undefined;
  /** Files in work at once. */
  readonly parallel?: number | undefined;
}

/** What a running transfer tells, in this order per file: started, any number of progress, then done or failed; or passed, among others. */
export type TransferEvent =
  /** The tree so far has this many files and bytes; grows until the tree is walked. */
  | { readonly type: "found"; readonly files: number; readonly bytes: number }
  | { readonly type: "started"; readonly path: string; readonly sizeBytes: number }
  /** Bytes of this file that are through by now (not a difference). */
  | { readonly type: "progress"; readonly path: string; readonly bytes: number }
  | {
      readonly type: "done";
      readonly path: string;
      readonly outcome: "written" | "unchanged" | "would-write";
      readonly revision: number;
      readonly copies: number;
    }
  /** So many more files, of so many bytes, are through, and nothing else is told of them: they were there already, or are small ones of a tree that is got. */
  | { readonly type: "passed"; readonly files: number; readonly bytes: number }
  | { readonly type: "failed"; readonly path: string; readonly error: DfsError };

export interface TransferOptions extends CallOptions {
  readonly onEvent?: ((event: TransferEvent) => void) | undefined;
}

/** Totals of a transfer. Sealed bytes are counted where chunks travel or are stored, plaintext bytes elsewhere. */
export interface TransferSummary {
  readonly files: number;
  readonly directories: number;
  /** Plaintext bytes of the files. */
  readonly bytes: number;
  /** Files whose content was there already. */
  readonly unchanged: number;
  /** Files that failed; each had its `failed` event. */
  readonly failed: number;
  /** Chunks of the files, with the pages that list them. */
  readonly chunks: number;
  /** Chunks (and their sealed bytes) that had to be stored, on this peer's own disk or another's; for a get: fetched. */
  readonly newChunks: number;
  readonly newBytes: number;
  /** Of those, what went over the network. */
  readonly sentChunks: number;
  readonly sentBytes: number;
  /** The fewest disks that any of the files is on. */
  readonly copies: number;
  /** Of a put: the disks that its files are to be on; absent for a get. */
  readonly copiesWanted?: number | undefined;
  readonly elapsedMs: number;
}

export interface ReadOptions extends CallOptions {
  /** First byte; negative counts from the end, as in `tail -c`. */
  readonly offsetBytes?: number | undefined;
  readonly lengthBytes?: number | undefined;
  readonly revision?: number | undefined;
}

export interface RemoveOptions extends CallOptions {
  /** A directory with all that is in it; without it a directory fails with `is-directory`. */
  readonly recursive?: boolean | undefined;
}

export interface MoveOptions extends CallOptions {
  /** An existing file at the target is replaced; without it the call fails with `exists`. */
  readonly force?: boolean | undefined;
}

export interface CopyOptions extends MoveOptions {
  readonly recursive?: boolean | undefined;
}

/** Where a peer stands, by its last heartbeat: up, suspect after 5 s, down after 15 s, out after 10 min unless set otherwise. */
export type PeerState = "up" | "suspect" | "down" | "out";

/** What was ordered about a peer's storage: that everything moves off it, and then that it goes; `abandon` gives up what only it has. */
export type StorageOrder = "drain" | "remove" | "abandon";

export interface RevokeOptions extends CallOptions {
  /** Gives up what only the peer has. */
  readonly force?: boolean | undefined;
}

export interface PeerInfo {
  readonly id: PeerId;
  readonly name: PeerName;
  readonly zone: string;
  readonly addresses: readonly string[];
  readonly state: PeerState;
  /** Whether it votes in the coordinators' group; learners do not. */
  readonly coordinator: boolean;
  readonly self: boolean;
  readonly connected: boolean;
  /** Absent where nothing was ordered. */
  readonly storageOrder?: StorageOrder | undefined;
  /** Bytes that it offers, that are used, and that are free; 0 for a peer without a shelf. */
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
  /** Milliseconds since its last heartbeat reached the coordinator. */
  readonly lastSeenMs: number;
}

/** One member of the coordinators' group. */
export interface GroupMember {
  readonly name: PeerName;
  readonly role: "voter" | "learner";
  readonly isLeader: boolean;
  /** Whether it answered lately. */
  readonly isActive: boolean;
  /** Last log index known to be on its disk; only the leader knows, so absent while there is none. */
  readonly matchIndex?: number | undefined;
  /** Log entries that it lacks; absent like `matchIndex`. */
  readonly lagEntries?: number | undefined;
}

/** The coordinators' group: who agrees on the catalogue, and how far each of them is. */
export interface GroupStatus {
  /** Whether a majority of the voters answers; without it nothing can be written. */
  readonly hasQuorum: boolean;
  readonly term: number;
  readonly leader?: PeerName | undefined;
  readonly commitIndex: number;
  /** Last log index that the answering coordinator has applied. */
  readonly appliedIndex: number;
  readonly members: readonly GroupMember[];
  /** How old a stale answer of the answering coordinator would be, as in `Staleness`. */
  readonly ageMs: number;
}

export interface NetworkStatus {
  readonly networkId: NetworkId;
  readonly self: PeerInfo;
  /** One word on which to act: all is well, something needs attention, or writes cannot succeed. */
  readonly health: "healthy" | "degraded" | "unavailable";
  /** Why, as a sentence; and the command that helps, where there is one. */
  readonly reason: string;
  readonly advice?: string | undefined;
  readonly peers: { readonly up: number; readonly suspect: number; readonly down: number; readonly out: number };
  readonly group: GroupStatus;
  readonly files: number;
  readonly directories: number;
  readonly logicalBytes: number;
  readonly storedBytes: number;
  /** Chunks and records on this peer's own disk. */
  readonly store: {
    readonly chunks: number;
    readonly records: number;
    readonly bytes: number;
    readonly freeBytes: number;
    readonly quarantined: number;
    /** Chunks that are damaged or lost here and not mended yet. */
    readonly missing: number;
  };
  /** How safe the files are: every shelf's disks against what it should have. */
  readonly safety: SafetyStatus;
  /** File keys that wait to be announced. */
  readonly announceQueue: number;
  /** What this peer's process has done. */
  readonly work: WorkDone;
  readonly uptimeMs: number;
  readonly version: string;
}

/** How many disks the files are on, over all shelves. */
export interface SafetyStatus {
  /** Copies that the network wants of each file that asks for nothing else. */
  readonly copies: number;
  /** The fewest disks that any shelf with files is on, complete; 0 where one cannot be read at all. */
  readonly fewestCopies: number;
  /** Revisions on shelves that have fewer complete disks than they should, and their sealed bytes. */
  readonly belowRevisions: number;
  readonly belowBytes: number;
  /** Revisions on shelves of which no complete disk is up. */
  readonly unreadableRevisions: number;
  /** Whether repair waits because too many peers vanished at once, and who they are. */
  readonly halted?: readonly PeerName[] | undefined;
}

/** How far a link of a chain is: it leads, has everything, is being given what it lacks, gets new files only, or is not there. */
export type LinkStanding = "owner" | "full" | "filling" | "new files only" | "away";

/** One link of a shelf's chain. Numbers that nobody could be asked for are absent. */
export interface BackupLink {
  readonly id: PeerId;
  readonly name: PeerName;
  readonly state: PeerState;
  readonly standing: LinkStanding;
  /** What it says that it has durably: epoch and number of the last change. */
  readonly epoch?: number | undefined;
  readonly sequence?: number | undefined;
  /** Changes and bytes that it lacks, as the owner knows; 0 for the owner. */
  readonly lagChanges?: number | undefined;
  readonly lagBytes?: number | undefined;
  /** Of a filling: bytes that are through, of how many. */
  readonly filledBytes?: number | undefined;
  readonly fillBytes?: number | undefined;
  /** When the owner last found its set equal to its own, in milliseconds since 1970. */
  readonly verifiedMs?: number | undefined;
}

/** One shelf and its chain, the owner first. */
export interface ShelfBackup {
  readonly shelf: ShelfId;
  /** Whose shelf it is; absent once that peer was removed. */
  readonly home?: PeerName | undefined;
  readonly epoch: number;
  /** Disks that it should be on. */
  readonly wanted: number;
  /** Revisions that are kept on it, and their sealed bytes. */
  readonly revisions: number;
  readonly bytes: number;
  readonly links: readonly BackupLink[];
}

/** Space, peer by peer and in all. */
export interface SpaceReport {
  readonly peers: readonly {
    readonly id: PeerId;
    readonly name: PeerName;
    readonly state: PeerState;
    readonly capacityBytes: number;
    readonly usedBytes: number;
    readonly freeBytes: number;
  }[];
  /** Plaintext bytes of the files as they are now. */
  readonly logicalBytes: number;
  /** Sealed bytes of one copy of everything that is kept: files as they are now, and earlier and removed revisions. */
  readonly storedBytes: number;
  /** On this peer's disk: bytes of live chunks, and of dead ones whose space is still to be given back. */
  readonly own: { readonly liveBytes: number; readonly deadBytes: number; readonly diskBytes: number };
}

/** What the network does with every file. */
export interface NetworkPolicy {
  /** Disks that a file is to be on. */
  readonly copies: number;
  /** Disks that a put needs at the least to succeed, or `copies` where that is less, or all peers that store files. */
  readonly minCopies: number;
  /** Newest revisions that every file keeps, the current one included. */
  readonly retainRevisions: number;
  /** How long other revisions, and removed files, are kept, in milliseconds. */
  readonly retainMs: number;
}

/** What is to change of a policy. */
export type PolicyChange = { readonly [Name in keyof NetworkPolicy]?: NetworkPolicy[Name] | undefined };

/** One peer's check of its own disk, as far as it has come. */
export interface FsckProgress {
  readonly peer: PeerName;
  readonly isDone: boolean;
  readonly chunks: number;
  readonly bytes: number;
  /** Bytes that there are to check. */
  readonly totalBytes: number;
  /** Chunks that were damaged or missing, and of those, how many were fetched again from another peer. */
  readonly damaged: number;
  readonly mended: number;
  /** Set where the peer could not be asked, or its check failed. */
  readonly error?: DfsError | undefined;
}

export interface FsckOptions extends CallOptions {
  /** Whose disks to check; without it, those of all peers that store files. */
  readonly peers?: readonly PeerName[] | undefined;
  readonly onProgress?: ((progress: FsckProgress) => void) | undefined;
}

/** What still keeps a peer from being drained or removed. */
export interface DrainProgress {
  readonly isDone: boolean;
  /** Shelves that still have the peer in their chain, with their sealed bytes. */
  readonly shelves: number;
  readonly bytes: number;
  /** What it waits for, as a sentence. */
  readonly reason: string;
}

/** One peer of the routing table. */
export interface Finger {
  readonly id: PeerId;
  readonly name?: PeerName | undefined;
  /** Bits that its hashed id shares with ours: the bucket that it is in. */
  readonly commonPrefixBits: number;
  readonly addresses: readonly string[];
}

export interface FingersReport {
  readonly self: PeerId;
  readonly fingers: readonly Finger[];
  /** Holder records that this peer keeps for others and itself. */
  readonly records: number;
  readonly announceQueue: number;
  readonly cachedKeys: number;
  /** Some of the records kept here, newest first. */
  readonly sample: readonly { readonly fileKey: FileKey; readonly holder: PeerId; readonly expiresMs: number }[];
}

/** Where a file is and how it would be found: the answer to `why is this safe, or why not`. */
export interface WhyReport {
  readonly path: DfsPath;
  readonly revision: number;
  readonly sizeBytes: number;
  readonly fileKey: FileKey;
  readonly shelf: ShelfId;
  /** Disks that the file asked for. */
  readonly copiesWanted: number;
  /** Peers that the catalogue says keep this shelf: the owner first. */
  readonly chain: readonly {
    readonly id: PeerId;
    readonly name: PeerName;
    readonly state: PeerState;
    readonly standing: LinkStanding;
  }[];
  /** Peers that were asked just now, and whether each has every chunk. */
  readonly holders: readonly {
    readonly id: PeerId;
    readonly name?: PeerName | undefined;
    readonly answered: boolean;
    readonly complete: boolean;
  }[];
  /** Where the holders were learned from. */
  readonly foundBy: "cache" | "finger-table" | "catalogue";
  /** Why the finger table did not answer, when the catalogue had to. */
  readonly fallbackReason?: string | undefined;
  readonly chunks: number;
  readonly sealedBytes: number;
  readonly firstChunks: readonly ChunkId[];
  /** How many more disks may fail before the file is lost: complete answering holders minus one. */
  readonly failuresToLoss: number;
}

export interface Invite {
  /** The one string that a new machine needs. */
  readonly text: string;
  readonly expiresMs: number;
}

/** What can be done with a member of the coordinators' group: let it vote, let it vote no more, let it lead. */
export type CoordinatorChange = "add" | "remove" | "transfer";

export interface DfsClient
  extends AccountsClient, ChecksClient, DirectoryClient, HistoryClient, JobsClient, UndoClient {
  /** Whether the connection to the peer is gone: every further call fails, and another client is needed. */
  readonly hasEnded?: boolean | undefined;
  /** The entry at `path`. Fails with `not-found`, `not-directory`. */
  stat(path: DfsPath, options?: CallOptions): Promise<Entry>;
  /** One page of a directory. Fails with `not-found`, `not-directory`. */
  list(path: DfsPath, options?: ListOptions): Promise<ListPage>;
  /**
   * The entry at `path` and everything below it, depth first, each directory before what is in it; siblings in no
   * particular order. Memory is bounded by the depth of the tree. Fails with `not-found`, and in the end with
   * `invalid-name` or `integrity` where entries were left out because their names or attributes break the rules.
   */
  walk(path: DfsPath, options?: CallOptions): AsyncIterable<Entry>;
  /**
   * What is at `path` and below it, itself included, as far as it passes every test, in no particular order. The peer keeps
   * an index of the user's names for it, which it makes at the first call. Fails with `not-found`, `not-directory`,
   * and in the end as walk does for entries that were left out.
   */
  find(path: DfsPath, query: FindQuery, options?: FindOptions): AsyncIterable<Found>;
  /** Makes a directory; with `parents` also those above it, and an existing one is fine. Fails with `exists`, `not-found`, `not-directory`. */
  mkdir(path: DfsPath, options?: CallOptions & { readonly parents?: boolean | undefined }): Promise<void>;
  /** Removes an empty directory. Fails with `not-found`, `not-directory`, `not-empty`, and `permission` for the root. */
  rmdir(path: DfsPath, options?: CallOptions): Promise<void>;
  /** Removes a file or, with `recursive`, a tree. Fails with `not-found`, `is-directory`, and `permission` for the root. Returns how many entries went. */
  remove(path: DfsPath, options?: RemoveOptions): Promise<number>;
  /** Renames or moves to exactly `to`. Fails with `not-found`, `exists`, `is-directory`, `not-directory`, and `usage` for a directory into itself. */
  move(from: DfsPath, to: DfsPath, options?: MoveOptions): Promise<void>;
  /** Copies to exactly `to`; no data moves. Fails with `not-found`, `exists`, `is-directory`, and `usage` for a directory into itself. Returns how many entries were made. */
  copy(from: DfsPath, to: DfsPath, options?: CopyOptions): Promise<number>;
  /**
   * Resolves when everything is durable and committed, or failed by itself (`summary.failed`). Fails when nothing could
   * be tried: `not-found`, `is-directory`, `not-directory`, `exists`; with `ifRevision` also `conflict` and `usage`.
   */
  put(request: PutRequest, options?: TransferOptions): Promise<TransferSummary>;
  /** Writes each file as `NAME.dfs-part`, verifies it, then renames. Fails when nothing could be tried; otherwise see `summary.failed`. */
  get(request: GetRequest, options?: TransferOptions): Promise<TransferSummary>;
  /** Bytes of a file, in order; only the chunks of the range are fetched. Fails with `not-found`, `is-directory`, `integrity`. */
  read(path: DfsPath, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** Fails with `not-found`, `is-directory`. */
  why(path: DfsPath, options?: CallOptions): Promise<WhyReport>;
  /** Answers without a quorum too. */
  status(options?: CallOptions): Promise<NetworkStatus>;
  /** How old the answers of calls with `stale` are now. Answers without a quorum too. */
  staleness(options?: CallOptions): Promise<Staleness>;
  peers(options?: CallOptions): Promise<readonly PeerInfo[]>;
  fingers(options?: CallOptions): Promise<FingersReport>;
  /** A new invite, for one machine unless told otherwise. Fails with `permission`, and `usage` for uses and times out of range. */
  invite(options?: CallOptions & InviteRequest): Promise<Invite>;
  /**
   * Resolves when the coordinators' group has its new shape (add, remove), or when the peer leads (transfer); at once when
   * that is so already. Fails with `not-found` for an unknown peer, and `usage`, with the reason, for what cannot be done.
   */
  changeCoordinator(change: CoordinatorChange, peer: PeerName, options?: CallOptions): Promise<void>;
  /** Every shelf with its chain: who has what of whom. */
  backup(options?: CallOptions): Promise<readonly ShelfBackup[]>;
  /** Where the space is. */
  space(options?: CallOptions): Promise<SpaceReport>;
  policy(options?: CallOptions): Promise<NetworkPolicy>;
  /** Changes what is given of the policy. Fails with `usage` for values out of range. */
  setPolicy(change: PolicyChange, options?: CallOptions): Promise<NetworkPolicy>;
  /**
   * Orders what shall become of a peer's storage, or, with null, takes an order back; resolves at once. Fails with
   * `not-found`, and with `usage`, with the reason, for what cannot be done.
   */
  orderStorage(peer: PeerName, order: StorageOrder | null, options?: CallOptions): Promise<void>;
  /**
   * Ends a peer's membership at once, without moving anything off it: for a machine that was stolen. Resolves when that is
   * committed; every other peer then cuts it off within 2 s, and what it had is repaired from the other copies. Fails
   * with `not-found`, and with `usage`, with the reason, for what cannot be done: for this peer itself, for one without
   * which no majority of the coordinators is left, and, without `force`, for one that alone has what then is lost.
   */
  revokePeer(peer: PeerName, options?: RevokeOptions): Promise<void>;
  /** How far an order is. `isDone`: nothing depends on the peer any more, and after `remove` and `abandon` it is no member. Fails with `not-found` only for a name that was never given. */
  drainProgress(peer: PeerName, options?: CallOptions): Promise<DrainProgress>;
  /** Re-hashes every chunk on the peers' disks, and mends what is damaged. Resolves when all have ended, with the last progress of each. */
  fsck(options?: FsckOptions): Promise<readonly FsckProgress[]>;
  /** A client of its own whose changes wait for `commit`. This client is not part of it. */
  begin(options?: CallOptions): Promise<DfsTransaction>;
  /** Lets go of the connection, or stops the peer that runs in this process. */
  close(): Promise<void>;
}

/**
 * Changes that happen all at once or not at all. Reads in it see its own changes on top of the network's; nobody else
 * sees them before `commit`. `close` without `commit` abandons them all. `begin` in it fails with `usage`.
 */
export interface DfsTransaction extends DfsClient {
  /**
   * Commits all changes as one. Fails with `conflict` when somebody else changed what the changes rest on, and then
   * nothing happened. Whatever came of it, the transaction is over: every later call but `close` fails with `usage`.
   * Returns how many changes were made.
   */
  commit(options?: CallOptions): Promise<{ readonly changes: number }>;
}
