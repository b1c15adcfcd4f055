/** Linearizable reads, at the leader and through it (dissertation, 6.4). There are no lease reads: clocks drift and processes pause. */
import type { ReadRequest, ReadResponse } from "./messages.ts";
import { broadcastHeartbeat } from "./replication.ts";
import { hasCommittedInTerm, isBroken, send } from "./state.ts";
import type { MemberId } from "./types.ts";
import type { RaftState } from "./state.ts";
import { majorityReached } from "./quorum.ts";
import { nobody } from "./types.ts";

/** Starts a read of this member's own; returns false when it knows no leader or too many reads wait. */
export function startRead(state: RaftState, context: number): boolean {
  if (state.role === "leader") return queueRead(state, state.id, context);
  if (state.leader === nobody || state.forwardedReads.size >= state.settings.readsPendingMax) return false;
  const readId = isBroken(state, "reuse-read-ids") ? context : state.nextReadId++;
  state.forwardedReads.set(readId, { context, askedTick: state.ticks });
  send(state, { type: "read-request", from: state.id, to: state.leader, term: state.term, readId });
  return true;
}

/** A follower's read; one that finds no room is dropped, and its follower asks again. */
export function handleReadRequest(state: RaftState, { from, readId }: ReadRequest): void {
  if (state.role === "leader") queueRead(state, from, readId);
}

/** The leader's answer to a read that went through it. One that nobody asked for, or asked for twice, says nothing. */
export function handleReadResponse(state: RaftState, { readId, index }: ReadResponse): void {
  const read = state.forwardedReads.get(readId);
  if (read === undefined) return;
  state.forwardedReads.delete(readId);
  state.readStates.push({ context: read.context, index });
}

/** Whether reads wait for their round and it can begin: only an entry of its own term tells a leader what is committed. */
export function canBeginRound(state: RaftState): boolean {
  if (state.role !== "leader" || !state.reads.isGathering) return false;
  return hasCommittedInTerm(state) || isBroken(state, "read-before-no-op");
}

/** Before messages leave: one round of heartbeats for all reads that have gathered. */
export function flushReads(state: RaftState): void {
  if (!canBeginRound(state)) return;
  state.reads.beginRound(state.log.committed);
  broadcastHeartbeat(state);
  confirmReads(state);
}

/** Answers the reads whose round a majority has acknowledged. The leader itself acknowledges at once. */
export function confirmReads(state: RaftState): void {
  const { reads, progress, configuration, id } = state;
  if (reads.size === 0) return;
  const rounds = configuration.voters.map((voter) => (voter === id ? reads.round : (progress.get(voter)?.round ?? 0)));
  const reached = isBroken(state, "lease-reads") ? reads.round : majorityReached(rounds);
  for (const confirmed of reads.confirm(reached))
    for (const read of confirmed.reads) answerRead(state, read.from, read.id, confirmed.index);
}

/** Gives up forwarded reads that were not answered within an election timeout: the caller asks again. */
export function expireReads(state: RaftState): void {
  for (const [readId, read] of state.forwardedReads) {
    if (state.ticks - read.askedTick < state.settings.electionTicks) break;
    state.forwardedReads.delete(readId);
    state.readStates.push({ context: read.context, index: undefined });
  }
}

function queueRead(state: RaftState, from: MemberId, id: number): boolean {
  if (state.reads.size >= state.settings.readsPendingMax) return false;
  state.reads.add({ from, id });
  return true;
}

function answerRead(state: RaftState, from: MemberId, id: number, index: number): void {
  if (from === state.id) state.readStates.push({ context: id, index });
  else send(state, { type: "read-response", from: state.id, to: from, term: state.term, readId: id, index });
}
