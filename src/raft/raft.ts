/**
 * Consensus as a pure state machine: no network, disk, clock or promise inside.
 *
 * A *group* of members keeps one *log* of entries in the same order. In each *term* at most one member is the *leader*;
 * *voters* elect it and decide what is *committed*, *learners* only follow. A *snapshot* stands for a prefix of the log.
 * The driver hands in messages (`step`), time (`tick`) and wishes (`propose` and its like), and carries out what
 * `ready` yields, in the order that `Ready` states, before it calls `advance`. Until then nothing of it counts: the
 * member's own vote and its own entries count once they are on its disk, like those of anybody else.
 *
 * The shape follows etcd-io/raft; the rules are those of the Raft paper and dissertation (Ongaro, 2014). Left out on
 * purpose: lease reads, asynchronous log writes, joint consensus and forwarded proposals.
 */
import {
  raftAppendBytesMax,
  raftAppendsInFlightMax,
  raftApplyBytesMax,
  raftPromoteLagEntriesMax,
  raftReadsPendingMax,
  raftUncommittedBytesMax,
} from "../core/limits.ts";
import { acknowledgeOwn, appendOwn, flushAppends } from "./replication.ts";
import { countOwnVote, mayCampaign, preCampaign } from "./election.ts";
import { applyChange, changeRefusal } from "./membership.ts";
import type { ChangeRefusal } from "./membership.ts";
import { hardStateOf, hasFreshLeader, isBroken, isVoter, RaftState } from "./state.ts";
import { stepMessage } from "./step.ts";
import type { Role } from "./state.ts";
import { canBeginRound, expireReads, flushReads, startRead } from "./reads.ts";
import type { Configuration, Entry, HardState, MemberId, RaftStorage, Ready } from "./types.ts";
import type { ConfigChange } from "./configuration.ts";
import type { Message } from "./messages.ts";
import type { ProgressMode } from "./progress.ts";
import type { RaftFault } from "./faults.ts";
import { assert } from "../core/errors.ts";
import { encodeConfigChange } from "./configuration.ts";
import { startTransfer, tickLeader } from "./leader.ts";
import { noFaults } from "./faults.ts";
import { nobody } from "./types.ts";

/** How a member is started. */
export interface RaftOptions {
  readonly id: MemberId;
  readonly storage: RaftStorage;
  /** Random numbers from 0 up to but not including 1; the only source of chance. */
  readonly random: () => number;
  /** The last index whose effects the state machine has kept; the storage's configuration is the one of that moment. */
  readonly applied: number;
  /** Ticks without a leader before a member campaigns: this many to twice as many. */
  readonly electionTicks: number;
  /** Ticks between two heartbeats; several must fit into an election timeout. */
  readonly heartbeatTicks: number;
  /* The bounds, each with its default in core/limits.ts. */
  readonly appendBytesMax?: number;
  readonly appendsInFlightMax?: number;
  readonly uncommittedBytesMax?: number;
  readonly applyBytesMax?: number;
  readonly readsPendingMax?: number;
  readonly promoteLagEntriesMax?: number;
  /** For tests only (see faults.ts). */
  readonly faults?: ReadonlySet<RaftFault>;
}

/** Why a proposal was not taken. Nothing of a refused proposal is in the log. */
type Refusal = "not-leader" | "transferring" | "too-much-uncommitted" | ChangeRefusal;

/** Taken: it is at this place of the leader's log, and may still be lost with the leader. Refused: `leader` may take it. */
export type Proposal =
  | { readonly accepted: true; readonly index: number; readonly term: number }
  | { readonly accepted: false; readonly reason: Refusal; readonly leader: MemberId };

/** What a leader knows of one member. */
export interface MemberProgress {
  readonly mode: ProgressMode;
  readonly match: number;
  readonly next: number;
  /** Heard of within the last election timeout. */
  readonly isActive: boolean;
}

/** One moment of a member, for people, tests and decisions outside. */
export interface RaftStatus {
  readonly id: MemberId;
  readonly role: Role;
  readonly term: number;
  readonly vote: MemberId;
  /** Nobody when unknown. */
  readonly leader: MemberId;
  /** The leader was heard of within the shortest election timeout. */
  readonly isLeaderFresh: boolean;
  readonly commit: number;
  readonly applied: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly configuration: Configuration;
  /** To whom the leadership is being handed, or nobody. */
  readonly transferTarget: MemberId;
}

/**
 * One member of a group. Starting fails with `integrity` when the disk has lost what was committed. Everything fails
 * with `internal` on a broken invariant: the driver must then stop before it writes.
 */
export class Raft {
  readonly #state: RaftState;
  /** What the driver is carrying out. */
  #inFlight: Ready | undefined;

  constructor(options: RaftOptions) {
    assert(options.id > nobody, "a member's id is a whole number from 1");
    assert(options.heartbeatTicks < options.electionTicks, "an election timeout must hold more than one heartbeat");
    this.#state = new RaftState({
      ...options,
      appendBytesMax: options.appendBytesMax ?? raftAppendBytesMax,
      appendsInFlightMax: options.appendsInFlightMax ?? raftAppendsInFlightMax,
      uncommittedBytesMax: options.uncommittedBytesMax ?? raftUncommittedBytesMax,
      applyBytesMax: options.applyBytesMax ?? raftApplyBytesMax,
      readsPendingMax: options.readsPendingMax ?? raftReadsPendingMax,
      promoteLagEntriesMax: options.promoteLagEntriesMax ?? raftPromoteLagEntriesMax,
      faults: options.faults ?? noFaults,
    });
  }

  /** Takes in one message of another member. Old, repeated and misdirected ones do no harm. */
  step(message: Message): void {
    stepMessage(this.#state, message);
  }

  /** Lets one unit of time pass. */
  tick(): void {
    const state = this.#state;
    state.ticks++;
    expireReads(state);
    if (state.role === "leader") tickLeader(state);
    else if (++state.electionElapsed >= state.timeoutTicks && mayCampaign(state)) preCampaign(state);
  }

  /** Campaigns without waiting for the timeout: the first member of a group need not wait for a leader that cannot be. Does nothing at a leader or where this member may not lead. */
  campaign(): void {
    if (this.#state.role !== "leader" && mayCampaign(this.#state)) preCampaign(this.#state);
  }

  /** Appends a command to the leader's log. It is done when it comes back in `committed` with this index and term. */
  propose(data: Uint8Array): Proposal {
    const state = this.#state;
    const reason = this.#refusal();
    if (reason !== undefined) return { accepted: false, reason, leader: state.leader };
    const isTooMuch = state.uncommittedBytes + data.length > state.settings.uncommittedBytesMax;
    if (isTooMuch && state.uncommittedBytes > 0)
      return { accepted: false, reason: "too-much-uncommitted", leader: state.leader };
    const { index, term } = appendOwn(state, "command", data);
    return { accepted: true, index, term };
  }

  /** Appends a configuration change; it is in force once it is applied. Fails with `usage` when its context is too long. */
  proposeConfigChange(change: ConfigChange): Proposal {
    const state = this.#state;
    const reason = this.#refusal() ?? changeRefusal(state, change);
    if (reason !== undefined) return { accepted: false, reason, leader: state.leader };
    const { index, term } = appendOwn(state, "config", encodeConfigChange(change));
    state.pendingChangeIndex = index;
    return { accepted: true, index, term };
  }

  /**
   * Asks which index must be applied before a read that starts now may be served; the answer comes in `readStates`
   * under `context`. Returns false when no leader is known or too many reads wait. A follower asks its leader; where
   * no answer comes within an election timeout, or the leader changes, the read state says to ask again.
   */
  readIndex(context: number): boolean {
    return startRead(this.#state, context);
  }

  /**
   * Begins to hand the leadership to another voter. Proposals are refused until it leads, or an election timeout has
   * passed. Returns false when this member does not lead, a transfer to another is under way, or `target` is no other voter.
   */
  transferLeader(target: MemberId): boolean {
    const state = this.#state;
    const progress = state.progress.get(target);
    if (state.role !== "leader" || progress === undefined || target === state.id) return false;
    if (state.transferTarget !== nobody || !isVoter(state, target)) return state.transferTarget === target;
    startTransfer(state, target, progress);
    return true;
  }

  /** Tells that `id` cannot be reached: appends that are out may be lost, so the next ones go one at a time. */
  reportUnreachable(id: MemberId): void {
    const progress = this.#state.progress.get(id);
    if (progress?.mode === "replicate") progress.becomeProbe();
  }

  /** Tells how sending a snapshot to `id` ended. Every snapshot message must be followed by one report. */
  reportSnapshot(id: MemberId, isDelivered: boolean): void {
    const progress = this.#state.progress.get(id);
    if (progress?.mode !== "snapshot") return;
    if (!isDelivered) progress.snapshotIndex = 0;
    progress.becomeProbe();
    // Wait for a sign of life: the member has still to store it, or has to come back first.
    progress.isProbeSent = true;
  }

  /** Whether `ready` would yield anything. */
  hasReady(): boolean {
    const { outbox, readStates, log } = this.#state;
    if (this.#inFlight !== undefined) return false;
    if (outbox.length > 0 || readStates.length > 0 || log.unstable.length > 0 || log.hasMoreToApply) return true;
    return log.pendingSnapshot !== undefined || this.#changedHardState() !== undefined || canBeginRound(this.#state);
  }

  /** The next work for the driver. May be called again only after `advance`. */
  ready(): Ready {
    assert(this.#inFlight === undefined, "ready was called before the last work was done");
    const state = this.#state;
    flushReads(state);
    const isLeader = state.role === "leader";
    if (isLeader) flushAppends(state);
    const { term, vote } = state.persisted;
    const hasStoredTerm = term === state.term && vote === state.vote;
    const ready: Ready = {
      hardState: this.#changedHardState(),
      entries: [...state.log.unstable],
      snapshot: state.log.pendingSnapshot,
      committed: state.log.toApply(state.settings.applyBytesMax),
      messages: state.outbox,
      mustStoreFirst: !(isLeader && hasStoredTerm),
      readStates: state.readStates,
    };
    state.outbox = [];
    state.readStates = [];
    this.#inFlight = ready;
    return ready;
  }

  /** Tells that the work of the last `ready` is done: stored, fsynced, sent and applied. */
  advance(): void {
    const ready = this.#inFlight;
    assert(ready !== undefined, "advance was called without any work");
    this.#inFlight = undefined;
    const state = this.#state;
    if (ready.hardState !== undefined) state.persisted = ready.hardState;
    if (ready.snapshot !== undefined) state.log.snapshotStored(ready.snapshot.index);
    const last = ready.entries.at(-1);
    if (last !== undefined) state.log.storedTo(last.index, last.term);
    advanceApplied(state, ready.committed);
    countOwnVote(state);
    if (state.role === "leader") acknowledgeOwn(state);
  }

  get isLeader(): boolean {
    return this.#state.role === "leader";
  }

  /** One moment of this member. */
  status(): RaftStatus {
    const { id, role, term, vote, leader, log, configuration, transferTarget } = this.#state;
    const { committed: commit, applied, firstIndex, lastIndex, lastTerm } = log;
    const isLeaderFresh = hasFreshLeader(this.#state);
    return {
      id,
      role,
      term,
      vote,
      leader,
      isLeaderFresh,
      commit,
      applied,
      firstIndex,
      lastIndex,
      lastTerm,
      configuration,
      transferTarget,
    };
  }

  /** The members in force at the applied index, as a snapshot of that index must carry them. */
  get configuration(): Configuration {
    return this.#state.configuration;
  }

  /** What a leader knows of each member, itself included; empty at anybody else. A live view: copy what is to be kept. */
  progress(): ReadonlyMap<MemberId, MemberProgress> {
    return this.#state.progress;
  }

  #refusal(): "not-leader" | "transferring" | undefined {
    const state = this.#state;
    if (state.role !== "leader") return "not-leader";
    const isHandingOver = state.transferTarget !== nobody && !isBroken(state, "propose-during-transfer");
    return isHandingOver ? "transferring" : undefined;
  }

  #changedHardState(): HardState | undefined {
    const now = hardStateOf(this.#state);
    const { term, vote, commit } = this.#state.persisted;
    return now.term === term && now.vote === vote && now.commit === commit ? undefined : now;
  }
}

/** Notes what was applied, and puts its configuration changes into force unless a newer snapshot already has them. */
function advanceApplied(state: RaftState, committed: readonly Entry[]): void {
  for (const entry of committed) {
    state.log.appliedTo(entry.index);
    state.uncommittedBytes = Math.max(0, state.uncommittedBytes - entry.data.length);
    if (entry.kind === "config" && state.log.pendingSnapshot === undefined) applyChange(state, entry);
  }
}
