/** What a member does with its leader's messages (paper, 5.3 and 7). */
import type { AppendRequest, Heartbeat, SnapshotRequest, TimeoutNow } from "./messages.ts";
import { assert } from "../core/errors.ts";
import { becomeFollower, isBroken, send } from "./state.ts";
import { campaign, mayCampaign } from "./election.ts";
import type { MemberId } from "./types.ts";
import type { RaftState } from "./state.ts";

/** Recognises the sender as the leader of the term. */
export function followLeader(state: RaftState, leader: MemberId): void {
  assert(state.role !== "leader", `members ${state.id} and ${leader} both lead term ${state.term}`);
  if (state.role !== "follower" || state.leader !== leader) becomeFollower(state, state.term, leader);
  state.electionElapsed = 0;
}

/** Takes the entries when they fit to the log; otherwise says where the logs may agree. */
export function handleAppend(state: RaftState, request: AppendRequest): void {
  const { log } = state;
  const { prevIndex, prevTerm, entries, commit } = request;
  if (prevIndex < log.committed) {
    answerAppend(state, request.from, log.committed);
    return;
  }
  if (!log.matches(prevIndex, prevTerm)) {
    rejectAppend(state, request);
    return;
  }
  log.merge(entries);
  const lastNew = prevIndex + entries.length;
  log.commitTo(Math.min(commit, isBroken(state, "commit-beyond-new") ? log.lastIndex : lastNew));
  answerAppend(state, request.from, lastNew);
}

/** Takes the commit index along and answers with the round. */
export function handleHeartbeat(state: RaftState, { from, commit, round }: Heartbeat): void {
  state.log.commitTo(commit);
  send(state, { type: "heartbeat-response", from: state.id, to: from, term: state.term, round });
}

/** Restores the snapshot, unless this member has all of it already. */
export function handleSnapshot(state: RaftState, { from, snapshot }: SnapshotRequest): void {
  const { log } = state;
  const isOld = snapshot.index <= log.committed && !isBroken(state, "restore-old-snapshot");
  const hasIt = log.matches(snapshot.index, snapshot.term) && !isBroken(state, "restore-matching-snapshot");
  if (isOld) answerAppend(state, from, log.committed);
  else if (hasIt) {
    log.commitTo(snapshot.index);
    answerAppend(state, from, log.committed);
  } else {
    log.restore(snapshot);
    if (!isBroken(state, "snapshot-without-configuration")) state.configuration = snapshot.configuration;
    answerAppend(state, from, log.lastIndex);
  }
}

/** The leader hands over: campaigns at once, without a pre-vote. */
export function handleTimeoutNow(state: RaftState, { from }: TimeoutNow): void {
  if (state.role === "follower" && state.leader === from && mayCampaign(state)) campaign(state, true);
}

/** Answers a leader of an older term, so that it learns of the newer one and this member can come back. */
export function answerOldLeader(state: RaftState, from: MemberId): void {
  if (!isBroken(state, "ignore-old-leader")) answerAppend(state, from, 0);
}

function answerAppend(state: RaftState, to: MemberId, index: number): void {
  const { id: from, term } = state;
  send(state, { type: "append-response", from, to, term, index, rejected: false, hintIndex: 0, hintTerm: 0 });
}

function rejectAppend(state: RaftState, { from: to, prevIndex: index, prevTerm }: AppendRequest): void {
  const { id: from, term, log } = state;
  const isTermless = isBroken(state, "hint-without-term");
  const hint = isTermless
    ? { index: Math.min(index - 1, log.lastIndex), term: 0 }
    : log.lastAgreement(Math.min(index, log.lastIndex), prevTerm);
  const [hintIndex, hintTerm] = [hint.index, hint.term ?? 0];
  send(state, { type: "append-response", from, to, term, index, rejected: true, hintIndex, hintTerm });
}
