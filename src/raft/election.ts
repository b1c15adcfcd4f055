/** Campaigns and votes (paper, 5.2 and 5.4.1; pre-votes: dissertation, 9.6). */
import { majorityOf } from "./quorum.ts";
import { appendOwn } from "./replication.ts";
import { becomeFollower, drawTimeout, enterRole, isBroken, isVoter, newProgress, send } from "./state.ts";
import type { RaftState } from "./state.ts";
import type { VoteRequest, VoteResponse } from "./messages.ts";
import { nobody } from "./types.ts";
import type { MemberId } from "./types.ts";

const noData = new Uint8Array(0);

/** Whether this member may lead: a voter, with its whole state on the disk and its configuration up to date. */
export function mayCampaign(state: RaftState): boolean {
  if (!isVoter(state, state.id)) return false;
  if (state.log.pendingSnapshot !== undefined && !isBroken(state, "campaign-with-snapshot")) return false;
  if (isBroken(state, "campaign-with-unapplied-change")) return true;
  return !state.log.hasUnappliedChange(state.settings.applyBytesMax);
}

/** Asks the others whether they would vote for this member; neither its term nor its vote changes. */
export function preCampaign(state: RaftState): void {
  state.role = "pre-candidate";
  state.leader = nobody;
  state.votes.clear();
  drawTimeout(state);
  requestVotes(state, "pre-vote", state.term + 1, false);
  countVote(state, state.id, true);
}

/** Raises the term and asks for votes. The own vote counts once it is on the disk (see `countOwnVote`). */
export function campaign(state: RaftState, isTransfer: boolean): void {
  enterRole(state, "candidate", state.term + 1, nobody);
  state.vote = state.id;
  requestVotes(state, "vote", state.term, isTransfer);
}

/** After an advance: counts the own vote, which now is on the disk. */
export function countOwnVote(state: RaftState): void {
  if (state.role !== "candidate" || state.persisted.term !== state.term || state.persisted.vote !== state.id) return;
  if (!state.votes.has(state.id)) countVote(state, state.id, true);
}

/** Answers a request for a vote or a pre-vote of the own or a higher term. */
export function handleVoteRequest(state: RaftState, request: VoteRequest): void {
  const granted = isVoteFree(state, request) && isLogGoodEnough(state, request) && !isRefusingLearner(state);
  answerVote(state, request, granted);
  if (!granted || request.type === "pre-vote") return;
  state.electionElapsed = 0;
  state.vote = request.from;
}

/** Sends the answer. A refusal carries this member's own term, so that a candidate which is behind learns of it. */
export function answerVote(state: RaftState, request: VoteRequest, granted: boolean): void {
  const type = request.type === "vote" ? "vote-response" : "pre-vote-response";
  const term = granted ? request.term : state.term;
  const { committed: commit } = state.log;
  const commitTerm = state.log.term(commit) ?? 0;
  send(state, { type, from: state.id, to: request.from, term, granted, commit, commitTerm });
}

/**
 * Commits what a voter knows to be committed, whatever its term. Without this, the members of a group whose leader has
 * removed itself may never learn of it: they would wait for its vote, which it refuses as its log is longer. A campaign
 * in a configuration that turns out to be over ends. (The idea is raft-rs's.)
 */
export function learnCommit(state: RaftState, { commit, commitTerm }: VoteResponse): void {
  const { log } = state;
  if (state.role === "leader" || commit <= log.committed || !log.matches(commit, commitTerm)) return;
  if (isBroken(state, "votes-without-commit")) return;
  log.commitTo(commit);
  const isOver = log.hasUnappliedChange(state.settings.applyBytesMax);
  if (isOver && state.role !== "follower") becomeFollower(state, state.term, nobody);
}

/** Takes the answer to the campaign that is running. */
export function handleVoteResponse(state: RaftState, response: VoteResponse): void {
  learnCommit(state, response);
  const expected = state.role === "candidate" ? "vote-response" : "pre-vote-response";
  if (state.role !== "follower" && state.role !== "leader" && response.type === expected)
    countVote(state, response.from, response.granted);
}

function requestVotes(state: RaftState, type: VoteRequest["type"], term: number, isTransfer: boolean): void {
  const { lastIndex, lastTerm } = state.log;
  for (const to of state.configuration.voters) {
    if (to === state.id) continue;
    send(state, { type, from: state.id, to, term, lastIndex, lastTerm, isTransfer });
  }
}

function countVote(state: RaftState, from: MemberId, granted: boolean): void {
  if (!state.votes.has(from)) state.votes.set(from, granted);
  const { voters } = state.configuration;
  const majority = majorityOf(voters.length);
  const grants = voters.filter((id) => state.votes.get(id) === true).length;
  const refusals = voters.filter((id) => state.votes.get(id) === false).length;
  if (grants >= majority) {
    if (state.role === "pre-candidate") campaign(state, false);
    else becomeLeader(state);
  } else if (refusals > voters.length - majority) becomeFollower(state, state.term, nobody);
}

function becomeLeader(state: RaftState): void {
  enterRole(state, "leader", state.term, state.id);
  for (const id of [...state.configuration.voters, ...state.configuration.learners])
    state.progress.set(id, newProgress(state));
  state.progress.get(state.id)?.becomeReplicate();
  // Any entry of the past may be a change that is still pending.
  if (!isBroken(state, "forget-pending-change")) state.pendingChangeIndex = state.log.lastIndex;
  if (!isBroken(state, "skip-no-op")) appendOwn(state, "no-op", noData);
  state.progress.get(state.id)?.acknowledge(state.log.stable);
  state.hasNews = true;
}

function isVoteFree(state: RaftState, request: VoteRequest): boolean {
  if (state.vote === request.from) return true;
  if (request.type === "pre-vote" && request.term > state.term) return true;
  return state.vote === nobody && state.leader === nobody;
}

function isLogGoodEnough(state: RaftState, request: VoteRequest): boolean {
  if (request.type === "pre-vote" && isBroken(state, "pre-vote-ignores-log")) return true;
  return state.log.isUpToDate(request.lastIndex, request.lastTerm);
}

/** A member that does not know yet that it was promoted must vote all the same; only a mistake refuses. */
function isRefusingLearner(state: RaftState): boolean {
  return isBroken(state, "learners-refuse-votes") && !isVoter(state, state.id);
}
