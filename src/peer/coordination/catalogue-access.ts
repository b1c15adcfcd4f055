/**
 * The catalogue as a peer reaches it: on its own disk where it is a coordinator, over the wire where it is not.
 */
import type { PastState } from "../../catalogue/catalogue-reader.ts";
import type { FailingLink } from "./failing-links.ts";
import type {
  CatalogueCounts,
  ChangePage,
  DirectoryPage,
  EffectPage,
  EntryRow,
  InviteRow,
  NodeRow,
  PeerRow,
  PolicyRow,
  ReferencedKey,
  RevisionPage,
  RevisionRow,
  SharePage,
  ShelfRow,
  UserPage,
  UserRow,
} from "../../catalogue/rows.ts";
import type { EffectQuery } from "../../catalogue/effects-reader.ts";
import type { ShareQuery } from "../../catalogue/share-reader.ts";
import type { ChangeQuery } from "../../catalogue/user-reader.ts";
import type { FileKey, NodeId, PeerId, ShelfId, UserId, UserName, SessionId } from "../../core/ids.ts";
import type { PeerState } from "../../core/client.ts";
import type { MemberId } from "../../raft/types.ts";
import type { GroupId } from "./group-mark.ts";
import type { ReadMoment } from "./read-moment.ts";

export interface ReadCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The answer may be what any coordinator has, however old; otherwise it includes all that was acknowledged before. */
  readonly stale?: boolean | undefined;
  /** For `entry`, `entries` and `list`: a state of the past instead of the newest. */
  readonly at?: PastState | undefined;
  /** For `list`: only what the names need; the rows of files are then without keys, and none has attributes or what a revision has. */
  readonly isBrief?: boolean | undefined;
  /** Shared by the reads of one call, the first of which waits until the coordinator is up to date. */
  readonly moment?: ReadMoment | undefined;
}

/** Reads of a user's tree; each may fail with `unreachable`, `timeout`, and `no-quorum` unless it may be stale. */
export interface CatalogueReader {
  /** What a name stands for; undefined for nothing. */
  entry(user: UserId, parent: NodeId, token: Uint8Array, options?: ReadCallOptions): Promise<EntryRow | undefined>;
  /** What some names stand for, null for nothing; fewer than asked for, but at least one, where all would not fit into an answer. */
  entries(
    user: UserId,
    parent: NodeId,
    tokens: readonly Uint8Array[],
    options?: ReadCallOptions,
  ): Promise<readonly (EntryRow | null)[]>;
  /** One page of a directory in the order of its tokens, after the token `after`. */
  list(
    user: UserId,
    parent: NodeId,
    after: Uint8Array | undefined,
    limit: number,
    options?: ReadCallOptions,
  ): Promise<DirectoryPage>;
  revision(node: NodeId, revision: number, options?: ReadCallOptions): Promise<RevisionRow | undefined>;
  /** One page of the revisions of a file that are kept, the newest first: those before the number `before`. */
  revisions(node: NodeId, before: number | undefined, limit: number, options?: ReadCallOptions): Promise<RevisionPage>;
  /** A node and every directory above it, up to the root of its tree; none for a node that is not remembered. */
  lineage(node: NodeId, options?: ReadCallOptions): Promise<readonly NodeRow[]>;
  /** One page of shares, after where the page before ended. */
  shares(query: ShareQuery, after: SharePage["next"], options?: ReadCallOptions): Promise<SharePage>;
}

/** Reads of users, invites and changes; each may fail as the reads of a tree do. No answer holds a credential. */
export interface UserReader {
  /** One page of the users in the order of their names, after the name `after`. */
  users(after: UserName | undefined, limit: number, options?: ReadCallOptions): Promise<UserPage>;
  /** Undefined where there is no such user any more. */
  user(user: UserId, options?: ReadCallOptions): Promise<UserRow | undefined>;
  userByName(name: UserName, options?: ReadCallOptions): Promise<UserRow | undefined>;
  /** Invites that still count by the clock of the coordinator, those that expire first in front. */
  invites(options?: ReadCallOptions): Promise<readonly InviteRow[]>;
  /** One page of what changed in a user's tree after an entry. */
  changes(user: UserId, query: ChangeQuery, options?: ReadCallOptions): Promise<ChangePage>;
  /** The encoded result of the last command of a session; undefined where another one was the last, or none. */
  outcome(session: SessionId, sequence: number, options?: ReadCallOptions): Promise<Uint8Array | undefined>;
  /** One page of what an entry of the log did to users' trees, as far as it is kept. */
  effects(query: EffectQuery, options?: ReadCallOptions): Promise<EffectPage>;
}

/** One coordinator, or a learner that may become one. */
interface RosterMember {
  /** Its number in the group. */
  readonly id: MemberId;
  readonly peer: PeerId;
  readonly isVoter: boolean;
}

/** Who the coordinators are. */
export interface Roster {
  readonly group: GroupId;
  /** Grows when the group is started anew from a survivor: a roster of a lower generation is of no use any more. */
  readonly generation: number;
  readonly members: readonly RosterMember[];
}

/** The members of the network, its coordinators and the chains of its shelves, as of a version of the membership. */
export interface MemberList {
  readonly version: number;
  readonly peers: readonly PeerRow[];
  readonly shelves: readonly ShelfRow[];
  readonly policy: PolicyRow;
  readonly roster: Roster;
}

export interface CatalogueTotals {
  readonly counts: CatalogueCounts;
  readonly appliedIndex: number;
}

/** Where a peer was last heard of, by the leader; soft state, never in the catalogue. */
export interface Presence {
  readonly id: string;
  /** Milliseconds since its last heartbeat. */
  readonly ageMs: number;
  /** What that means, by the leader's settings. */
  readonly standing: PeerState;
  readonly usedBytes: number;
  readonly freeBytes: number;
}

export interface Heartbeat {
  readonly usedBytes: number;
  readonly freeBytes: number;
  /** Links of the sender's own shelves that puts do without, for they fail. */
  readonly failing?: readonly FailingLink[] | undefined;
}

/** What a login gives to who knows the password. */
export interface LoginAnswer {
  /** The user's root key under the wrap key; see credentials.ts. */
  readonly wrappedKey: Uint8Array;
  readonly user: UserRow;
}

/** One member of the group as the coordinator that was asked sees it. */
interface GroupMemberReport extends RosterMember {
  readonly isLeader: boolean;
  /** Heard of lately. */
  readonly isActive: boolean;
  /** The last entry that is known to be on its disk; null where only the leader would know. */
  readonly matchIndex: number | null;
}

/** The group as one coordinator sees it; the leader sees most. */
export interface GroupReport {
  /** Who answers. */
  readonly from: PeerId;
  readonly hasQuorum: boolean;
  readonly isLeader: boolean;
  readonly leader: PeerId | null;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  /** Milliseconds since this coordinator was last known to be up to date. */
  readonly ageMs: number;
  readonly members: readonly GroupMemberReport[];
}

/** What a shelf's owner asks of the catalogue to know what may go; all that was acknowledged before is in the answers. */
export interface ShelfReader {
  /** Whether any revision names each of the keys on the shelf. */
  references(shelf: ShelfId, fileKeys: readonly FileKey[], signal?: AbortSignal): Promise<readonly boolean[]>;
  /** Up to `limit` keys that no revision on the shelf names any more and that wait to be dropped. */
  drops(shelf: ShelfId, limit: number, signal?: AbortSignal): Promise<readonly FileKey[]>;
  /** Up to `limit` keys after `after` that revisions on the shelf name, in the order of their digests. */
  referencedKeys(
    shelf: ShelfId,
    after: FileKey | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly ReferencedKey[]>;
}

/** What one coordinator can be asked; each call may fail with `unreachable`, `timeout`, and `not-leader` where only the leader can answer. */
export interface CatalogueAccess extends CatalogueReader, ShelfReader, UserReader {
  members(signal?: AbortSignal): Promise<MemberList>;
  totals(options?: ReadCallOptions): Promise<CatalogueTotals>;
  /** The group as it is known here and now; never fails for want of a quorum. */
  group(signal?: AbortSignal): Promise<GroupReport>;
  /** For the leader. */
  presence(signal?: AbortSignal): Promise<readonly Presence[]>;
  /** Says that this peer is up; returns the version of the membership. For the leader. */
  heartbeat(beat: Heartbeat, signal?: AbortSignal): Promise<number>;
  /** The salt of a user's password; one that looks like any other where there is no such user. For the leader. */
  loginSalt(name: UserName, signal?: AbortSignal): Promise<Uint8Array>;
  /** What the proof of a user's password gives. Fails with `permission` for a wrong one, and `busy` after many. For the leader. */
  login(name: UserName, proof: Uint8Array, signal?: AbortSignal): Promise<LoginAnswer>;
  /** Resolves with the encoded result once the command is committed. Fails with `integrity`, `permission` for a bad signature, and as ReplicatedLog.propose does. For the leader. */
  propose(command: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Hands the leadership to another coordinator. Fails with `usage` when that is none. For the leader. */
  transfer(to: PeerId, signal?: AbortSignal): Promise<void>;
}
