/** Which message means what: terms first, then one small function for each kind. */
import {
  answerOldLeader,
  followLeader,
  handleAppend,
  handleHeartbeat,
  handleSnapshot,
  handleTimeoutNow,
} from "./follower.ts";
import { answerVote, handleVoteRequest, handleVoteResponse, learnCommit } from "./election.ts";
import { becomeFollower, hasFreshLeader, isBroken } from "./state.ts";
import { handleAppendResponse, handleHeartbeatResponse } from "./leader.ts";
import { handleReadRequest, handleReadResponse } from "./reads.ts";
import type { Message } from "./messages.ts";
import type { RaftState } from "./state.ts";
import { nobody } from "./types.ts";

/** Takes in one message of another member. */
export function stepMessage(state: RaftState, message: Message): void {
  if (message.to !== state.id) return;
  if (message.term < state.term) answerOldTerm(state, message);
  else if (message.term === state.term || meetHigherTerm(state, message)) handle(state, message);
}

/** A message of an older term is ignored, but its sender may need to learn of the newer one. */
function answerOldTerm(state: RaftState, message: Message): void {
  switch (message.type) {
    case "append":
    case "heartbeat":
    case "snapshot":
      answerOldLeader(state, message.from);
      break;
    case "pre-vote":
      if (!isBroken(state, "pre-vote-hides-term")) answerVote(state, message, false);
      break;
    case "vote":
      answerVote(state, message, false);
      break;
    case "pre-vote-response":
    case "vote-response":
      learnCommit(state, message);
      break;
  }
}

/** Meets a message of a newer term: joins the term, unless the message is a mere question. Returns whether to go on with it. */
function meetHigherTerm(state: RaftState, message: Message): boolean {
  switch (message.type) {
    case "pre-vote":
      if (isIgnoredCandidate(state, message.isTransfer)) return false;
      if (isBroken(state, "pre-vote-raises-term")) becomeFollower(state, message.term, nobody);
      return true;
    case "vote":
      if (isIgnoredCandidate(state, message.isTransfer)) return false;
      becomeFollower(state, message.term, nobody);
      return true;
    case "pre-vote-response":
      if (!message.granted) becomeFollower(state, message.term, nobody);
      return message.granted;
    case "append":
    case "heartbeat":
    case "snapshot":
      becomeFollower(state, message.term, message.from);
      return true;
    default:
      becomeFollower(state, message.term, nobody);
      return true;
  }
}

/** Nobody is elected while the leader is fresh, unless the leader itself wishes it. */
function isIgnoredCandidate(state: RaftState, isTransfer: boolean): boolean {
  return !isTransfer && hasFreshLeader(state) && !isBroken(state, "vote-despite-leader");
}

function handle(state: RaftState, message: Message): void {
  switch (message.type) {
    case "pre-vote":
    case "vote":
      return handleVoteRequest(state, message);
    case "pre-vote-response":
    case "vote-response":
      return handleVoteResponse(state, message);
    case "append":
      followLeader(state, message.from);
      return handleAppend(state, message);
    case "heartbeat":
      followLeader(state, message.from);
      return handleHeartbeat(state, message);
    case "snapshot":
      followLeader(state, message.from);
      return handleSnapshot(state, message);
    case "timeout-now":
      return handleTimeoutNow(state, message);
    case "append-response":
      return handleAppendResponse(state, message);
    case "heartbeat-response":
      return handleHeartbeatResponse(state, message);
    case "read-request":
      return handleReadRequest(state, message);
    case "read-response":
      return handleReadResponse(state, message);
  }
}
