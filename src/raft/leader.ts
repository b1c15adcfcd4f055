/** What a leader does with answers and with time. */
import type { AppendResponse, HeartbeatResponse } from "./messages.ts";
import { becomeFollower, isBroken, send } from "./state.ts";
import { broadcastHeartbeat, commitReached, fillWindow, sendAppend } from "./replication.ts";
import type { MemberId } from "./types.ts";
import type { Progress } from "./progress.ts";
import type { RaftState } from "./state.ts";
import { confirmReads } from "./reads.ts";
import { majorityOf } from "./quorum.ts";
import { nobody } from "./types.ts";

/** Takes an acknowledgement or a rejection. */
export function handleAppendResponse(state: RaftState, response: AppendResponse): void {
  const progress = state.progress.get(response.from);
  if (state.role !== "leader" || progress === undefined) return;
  progress.isActive = true;
  if (response.rejected) handleRejection(state, response, progress);
  else handleAcknowledgement(state, response, progress);
}

/** Takes a sign of life: perhaps reads are confirmed, perhaps an append was lost. */
export function handleHeartbeatResponse(state: RaftState, response: HeartbeatResponse): void {
  const progress = state.progress.get(response.from);
  if (state.role !== "leader" || progress === undefined) return;
  progress.heard();
  if (progress.match < state.log.lastIndex || progress.mode === "probe")
    sendAppend(state, response.from, progress, true);
  const round = isBroken(state, "confirm-with-old-acks") ? state.reads.round : response.round;
  progress.round = Math.max(progress.round, round);
  confirmReads(state);
}

/** One tick of a leader: each election timeout it must have heard of a majority, or it steps down. */
export function tickLeader(state: RaftState): void {
  state.electionElapsed++;
  state.heartbeatElapsed++;
  if (state.electionElapsed >= state.settings.electionTicks) {
    state.electionElapsed = 0;
    if (!isBroken(state, "transfer-never-ends")) state.transferTarget = nobody;
    if (!hasActiveMajority(state)) {
      becomeFollower(state, state.term, nobody);
      return;
    }
  }
  if (state.heartbeatElapsed >= state.settings.heartbeatTicks) broadcastHeartbeat(state);
}

/** Begins to hand over to `target`: at once if it has the whole log, otherwise as soon as it does. */
export function startTransfer(state: RaftState, target: MemberId, progress: Progress): void {
  state.transferTarget = target;
  state.electionElapsed = 0;
  if (progress.match === state.log.lastIndex) sendTimeoutNow(state, target);
  else sendAppend(state, target, progress, true);
}

function handleRejection(state: RaftState, response: AppendResponse, progress: Progress): void {
  const { index, hintIndex, hintTerm } = response;
  const agreed = hintTerm > 0 ? state.log.lastAgreement(hintIndex, hintTerm).index : hintIndex;
  if (progress.reject(index, agreed)) sendAppend(state, response.from, progress, true);
}

function handleAcknowledgement(state: RaftState, { from, index }: AppendResponse, progress: Progress): void {
  const isNews = progress.acknowledge(index);
  const isProbeAnswered = progress.mode === "probe" && progress.match === index;
  const isCaughtUp = progress.mode === "snapshot" && progress.match + 1 >= state.log.firstIndex;
  if (isProbeAnswered || isCaughtUp) progress.becomeReplicate();
  if (isNews) commitReached(state);
  fillWindow(state, from, progress);
  if (state.transferTarget === from && progress.match === state.log.lastIndex) sendTimeoutNow(state, from);
}

function hasActiveMajority(state: RaftState): boolean {
  const { voters } = state.configuration;
  const active = voters.filter((id) => id === state.id || state.progress.get(id)?.isActive === true).length;
  for (const progress of state.progress.values()) progress.isActive = false;
  return active >= majorityOf(voters.length);
}

function sendTimeoutNow(state: RaftState, to: MemberId): void {
  send(state, { type: "timeout-now", from: state.id, to, term: state.term });
}
