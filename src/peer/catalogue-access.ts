/**
 * The catalogue as a peer reaches it: on its own disk where it is the coordinator, over the wire where it is not.
 */
import type { CatalogueCounts, DirectoryPage, EntryRow, PeerRow, RevisionRow } from "../catalogue/rows.ts";
import type { NodeId, UserId } from "../core/ids.ts";

/** Reads of a user's tree; each may fail with `unreachable`, `timeout`. */
export interface CatalogueReader {
  /** What a name stands for; undefined for nothing. */
  entry(user: UserId, parent: NodeId, token: Uint8Array, signal?: AbortSignal): Promise<EntryRow | undefined>;
  /** One page of a directory in the order of its tokens, after the token `after`. */
  list(
    user: UserId,
    parent: NodeId,
    after: Uint8Array | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<DirectoryPage>;
  revision(node: NodeId, revision: number, signal?: AbortSignal): Promise<RevisionRow | undefined>;
}

/** The members as of a version of the membership. */
export interface MemberList {
  readonly version: number;
  readonly peers: readonly PeerRow[];
}

export interface CatalogueTotals {
  readonly counts: CatalogueCounts;
  readonly appliedIndex: number;
}

/** Where a peer was last heard of, by the coordinator; soft state, never in the catalogue. */
export interface Presence {
  readonly id: string;
  /** Milliseconds since its last heartbeat. */
  readonly ageMs: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
}

export interface Heartbeat {
  readonly usedBytes: number;
  readonly freeBytes: number;
}

export interface CatalogueAccess extends CatalogueReader {
  /** Whether the catalogue is on this peer's own disk. */
  readonly isLocal: boolean;
  members(signal?: AbortSignal): Promise<MemberList>;
  totals(signal?: AbortSignal): Promise<CatalogueTotals>;
  presence(signal?: AbortSignal): Promise<readonly Presence[]>;
  /** Says that this peer is up; returns the version of the membership. */
  heartbeat(beat: Heartbeat, signal?: AbortSignal): Promise<number>;
  /** Resolves with the encoded result once the command is committed. Fails with `integrity`, `permission` for a bad signature, and as ReplicatedLog.propose does. */
  propose(command: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}
