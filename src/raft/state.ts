/**
 * What one member knows, and the steps that every role shares.
 *
 * The functions of the other files work on this object: election, leader, follower, replication, membership, reads.
 * Nobody outside the folder sees it; `raft.ts` is the door.
 */
import type { Configuration, HardState, MemberId, RaftStorage, ReadState } from "./types.ts";
import type { RaftFault } from "./faults.ts";
import { raftOutboxMessagesMax } from "../core/limits.ts";
import type { Message } from "./messages.ts";
import { Progress } from "./progress.ts";
import { RaftLog } from "./raft-log.ts";
import { ReadQueue } from "./read-queue.ts";
import { nobody } from "./types.ts";

/** `pre-candidate` asks whether it would win before it raises its term. */
export type Role = "follower" | "pre-candidate" | "candidate" | "leader";

/** Every setting, filled in. */
export interface Settings {
  readonly id: MemberId;
  readonly storage: RaftStorage;
  readonly random: () => number;
  readonly applied: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly appendBytesMax: number;
  readonly appendsInFlightMax: number;
  readonly uncommittedBytesMax: number;
  readonly applyBytesMax: number;
  readonly readsPendingMax: number;
  readonly promoteLagEntriesMax: number;
  readonly faults: ReadonlySet<RaftFault>;
}

/** A read of this member's own, on its way through the leader. */
interface ForwardedRead {
  readonly context: number;
  readonly askedTick: number;
}

/** Read ids start anywhere below this, so that an answer from before a restart names no read of after it. */
const readIdStartMax = 2 ** 52;

/** All of one member; every file of the folder may change it, in the manner of its name. */
export class RaftState {
  readonly settings: Settings;
  readonly id: MemberId;
  readonly log: RaftLog;
  term: number;
  vote: MemberId;
  role: Role = "follower";
  leader: MemberId = nobody;
  configuration: Configuration;
  /** What the last advance left on the disk. */
  persisted: HardState;
  electionElapsed = 0;
  heartbeatElapsed = 0;
  /** Drawn anew for every wait, between one and two election timeouts. */
  timeoutTicks = 0;
  /** Answers of a running election. */
  readonly votes = new Map<MemberId, boolean>();
  /** What a leader knows of each member, itself included. */
  readonly progress = new Map<MemberId, Progress>();
  /** To whom the leadership is being handed. */
  transferTarget: MemberId = nobody;
  /** No configuration change may be proposed before this index is applied. */
  pendingChangeIndex = 0;
  /** Bytes of proposals that have not been applied; kept by a leader. */
  uncommittedBytes = 0;
  /** The others should hear of the leader or of its commit index, even if there is no entry for them. */
  hasNews = false;
  readonly reads = new ReadQueue();
  readonly forwardedReads = new Map<number, ForwardedRead>();
  nextReadId: number;
  ticks = 0;
  outbox: Message[] = [];
  readStates: ReadState[] = [];

  constructor(settings: Settings) {
    const { hardState, configuration } = settings.storage.initialState();
    this.settings = settings;
    this.id = settings.id;
    this.log = new RaftLog(settings.storage, hardState.commit, settings.applied, settings.faults);
    this.configuration = configuration;
    this.persisted = hardState;
    // A snapshot that was stored just before a crash may be of a newer term than the hard state, which comes after it.
    const isBehindLog = this.log.lastTerm > hardState.term;
    this.term = isBehindLog ? this.log.lastTerm : hardState.term;
    this.vote = isBehindLog ? nobody : hardState.vote;
    this.nextReadId = Math.floor(settings.random() * readIdStartMax);
    drawTimeout(this);
  }
}

/** Whether a test has put this mistake into the member. */
export function isBroken(state: RaftState, fault: RaftFault): boolean {
  return state.settings.faults.has(fault);
}

/** What of the state must survive a crash. */
export function hardStateOf(state: RaftState): HardState {
  return { term: state.term, vote: state.vote, commit: state.log.committed };
}

/** Whether `id` votes in the configuration that is in force here. */
export function isVoter(state: RaftState, id: MemberId): boolean {
  return state.configuration.voters.includes(id);
}

/** Whether another message finds room before the driver takes the next. */
export function hasRoom(state: RaftState): boolean {
  return state.outbox.length < raftOutboxMessagesMax;
}

/** Gives the driver a message to send. Without room it is lost, as on any network: heartbeats set right what that leaves undone. */
export function send(state: RaftState, message: Message): void {
  if (hasRoom(state)) state.outbox.push(message);
}

/** Whether the leader has an entry of its own term committed, without which it does not know what is committed. */
export function hasCommittedInTerm(state: RaftState): boolean {
  return state.log.matches(state.log.committed, state.term);
}

/** Whether a leader was heard of within the shortest election timeout. */
export function hasFreshLeader(state: RaftState): boolean {
  return state.leader !== nobody && state.electionElapsed < state.settings.electionTicks;
}

/** Waits between one and two election timeouts from now on. */
export function drawTimeout(state: RaftState): void {
  const { electionTicks, random } = state.settings;
  state.electionElapsed = 0;
  state.timeoutTicks = electionTicks + Math.floor(random() * electionTicks);
}

/** Starts a role afresh, in `term`; a new term has no vote yet. */
export function enterRole(state: RaftState, role: Role, term: number, leader: MemberId): void {
  if (term !== state.term) {
    state.term = term;
    state.vote = nobody;
  }
  state.role = role;
  state.leader = leader;
  state.heartbeatElapsed = 0;
  state.transferTarget = nobody;
  state.pendingChangeIndex = 0;
  state.uncommittedBytes = 0;
  state.votes.clear();
  state.progress.clear();
  drawTimeout(state);
  dropReads(state);
}

/** Follows `leader`, or nobody yet, in `term`. */
export function becomeFollower(state: RaftState, term: number, leader: MemberId): void {
  enterRole(state, "follower", term, leader);
}

/** What a leader assumes of a member that it has not heard of. */
export function newProgress(state: RaftState): Progress {
  return new Progress(state.log.lastIndex + 1, state.settings.appendsInFlightMax);
}

/** Tells the callers of unanswered reads to ask again: who could answer them has changed. */
function dropReads(state: RaftState): void {
  for (const read of state.reads.drop())
    if (read.from === state.id) state.readStates.push({ context: read.id, index: undefined });
  for (const { context } of state.forwardedReads.values()) state.readStates.push({ context, index: undefined });
  state.forwardedReads.clear();
}
