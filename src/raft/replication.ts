/** How a leader's log reaches the others, and when it counts as committed (paper, 5.3 and 5.4). */
import type { Entry, EntryKind, MemberId } from "./types.ts";
import type { Progress } from "./progress.ts";
import { assert } from "../core/errors.ts";
import { majorityReached } from "./quorum.ts";
import { hasRoom, isBroken, send } from "./state.ts";
import type { RaftState } from "./state.ts";

/** Appends one entry of the leader's own; the others get it when messages next leave. */
export function appendOwn(state: RaftState, kind: EntryKind, data: Uint8Array): Entry {
  const entry: Entry = { index: state.log.lastIndex + 1, term: state.term, kind, data };
  state.log.append([entry]);
  state.uncommittedBytes += data.length;
  return entry;
}

/** Before messages leave: sends everybody what they lack, and the commit index where it has moved. One append takes along all that was proposed since the last turn. */
export function flushAppends(state: RaftState): void {
  const hasNews = state.hasNews;
  state.hasNews = false;
  for (const [id, progress] of state.progress) {
    if (id === state.id) continue;
    const isSent = sendAppend(state, id, progress, false);
    if (isSent) fillWindow(state, id, progress);
    else if (hasNews) sendAppend(state, id, progress, true);
  }
}

/** Sends `id` what it lacks, in as many messages as its window allows. */
export function fillWindow(state: RaftState, id: MemberId, progress: Progress): void {
  while (sendAppend(state, id, progress, false));
}

/** Sends one append, or the snapshot when the log no longer reaches back. Returns whether something was sent. */
export function sendAppend(state: RaftState, id: MemberId, progress: Progress, mayBeEmpty: boolean): boolean {
  if (progress.isPaused) return false;
  const prevIndex = progress.next - 1;
  const prevTerm = state.log.term(prevIndex);
  if (prevTerm === undefined) return sendSnapshot(state, id, progress);
  const entries = state.log.entriesFrom(progress.next, state.settings.appendBytesMax);
  if (entries.length === 0 && !mayBeEmpty) return false;
  const commit = state.log.committed;
  send(state, { type: "append", from: state.id, to: id, term: state.term, prevIndex, prevTerm, entries, commit });
  progress.sent(entries.at(-1)?.index ?? prevIndex);
  return true;
}

function sendSnapshot(state: RaftState, id: MemberId, progress: Progress): boolean {
  // A member that is away would only make the snapshot fail, and what was sent meanwhile would be lost with it.
  if (!progress.isActive || !hasRoom(state)) return false;
  const snapshot = state.log.snapshotToSend();
  if (snapshot === undefined) return false;
  assert(snapshot.index >= state.log.firstIndex - 1, "the snapshot does not reach the log that follows it");
  progress.becomeSnapshot(snapshot.index);
  send(state, { type: "snapshot", from: state.id, to: id, term: state.term, snapshot });
  return true;
}

/** Sends everybody a sign of life, with the round of the reads that it confirms. */
export function broadcastHeartbeat(state: RaftState): void {
  state.heartbeatElapsed = 0;
  for (const [id, progress] of state.progress) {
    if (id === state.id) continue;
    // Beyond its match index the member's log may differ from ours.
    const known = isBroken(state, "heartbeat-full-commit") ? Number.POSITIVE_INFINITY : progress.match;
    const commit = Math.min(known, state.log.committed);
    const round = state.reads.round;
    send(state, { type: "heartbeat", from: state.id, to: id, term: state.term, commit, round });
  }
}

/** Commits what a majority has, if it is of this term (figure 8). */
export function commitReached(state: RaftState): void {
  const reached = majorityReached(state.configuration.voters.map((id) => state.progress.get(id)?.match ?? 0));
  if (reached <= state.log.committed) return;
  if (!state.log.matches(reached, state.term) && !isBroken(state, "count-old-terms")) return;
  state.log.commitTo(reached);
  state.hasNews = true;
}

/** Counts the leader's own entries that are on its disk, like those of anybody else. */
export function acknowledgeOwn(state: RaftState): void {
  state.progress.get(state.id)?.acknowledge(state.log.stable);
  commitReached(state);
}
