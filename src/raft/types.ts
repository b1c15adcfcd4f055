/** The data of the consensus core: members, entries, snapshots, what a driver gets and what a storage must offer. */
import type { Message } from "./messages.ts";

declare const brand: unique symbol;
/** One member of the group: a whole number from 1. A member that lost its disk comes back under a new one. */
export type MemberId = number & { readonly [brand]: "MemberId" };

/** Stands for nobody: no vote given, no leader known. */
export const nobody = 0 as MemberId;

/** What an entry is for: a command of the state machine, the first entry of a leader's term, or a configuration change. */
export type EntryKind = "command" | "no-op" | "config";

/** One entry of the log. Indexes and terms are whole numbers from 1; `data` is opaque to the core but for `config`. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/** What must be on the disk before any message leaves that depends on it. */
export interface HardState {
  readonly term: number;
  /** Who got this member's vote in `term`, or nobody. */
  readonly vote: MemberId;
  readonly commit: number;
}

/** Who belongs to the group. Both lists are ascending and share no id. */
export interface Configuration {
  readonly voters: readonly MemberId[];
  readonly learners: readonly MemberId[];
  /** The highest id that was ever a member: ids at or below it are never given out again. */
  readonly highestId: number;
}

/** The state of the state machine after entry `index`. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly configuration: Configuration;
  /** Opaque to the core: the state, or a handle by which the driver finds it. */
  readonly data: Uint8Array;
}

/** The answer to a read: serve it once the applied index is at least `index`; undefined: ask again, the leader changed. */
export interface ReadState {
  readonly context: number;
  readonly index: number | undefined;
}

/**
 * Work for the driver, to be done in this order: store `snapshot` durably, then `hardState` and `entries`, fsync, send
 * `messages`, apply `snapshot` or `committed`, call `advance`, answer `readStates`. Unless `mustStoreFirst`, `messages`
 * may leave at any time before that, so that the others store while this member does.
 *
 * After a crash, `hardState` and `entries` of one Ready must be found together or not at all: the commit index must not
 * outlive the entries that came with it, and an entry behind a configuration change must not outlive the commit index
 * that says so. A write begins only when the one before is on the disk.
 */
export interface Ready {
  /** Absent when it has not changed. */
  readonly hardState: HardState | undefined;
  /** To append; the first may overwrite what the log has from that index on. */
  readonly entries: readonly Entry[];
  /** To store and to install in place of the state and of the whole log. */
  readonly snapshot: Snapshot | undefined;
  /** To apply, in order; the first follows the last that was applied. */
  readonly committed: readonly Entry[];
  readonly messages: readonly Message[];
  /**
   * Whether `messages` promise what is on this member's disk only after this Ready. Those of a leader in a term that it
   * has stored promise nothing: its own entries count for the majority once they are stored (dissertation, 10.2.1).
   */
  readonly mustStoreFirst: boolean;
  readonly readStates: readonly ReadState[];
}

/**
 * What the core reads of the log on the disk. It never writes: the driver does, with what `ready` yields, and what
 * was stored must be visible here when `advance` is called.
 */
export interface RaftStorage {
  /** The hard state, and the configuration as of the applied index that the core is started with. */
  initialState(): { readonly hardState: HardState; readonly configuration: Configuration };
  /** Entries from `low` up to but not including `high`: at least one, then as many as fit into `bytesMax` of data. Both lie within the log. */
  entries(low: number, high: number, bytesMax: number): readonly Entry[];
  /** The term of an entry, or of the snapshot right before the first; undefined when it is compacted or not there yet. */
  term(index: number): number | undefined;
  /** The first index that `entries` has, or would have: one after the snapshot or the compacted part. */
  firstIndex(): number;
  /** The last index, or that of the snapshot when no entry follows it. */
  lastIndex(): number;
  /** The newest snapshot, or undefined while there is none to send; the core asks again. */
  snapshot(): Snapshot | undefined;
}
