/**
 * Configuration changes: one at a time, in force once applied (as in etcd; dissertation, 4.1 to 4.3).
 *
 * Two configurations that may both elect a leader differ by at most one change, because a change is proposed only when
 * the one before is applied, because an entry that follows a change carries its commit index along, and because nobody
 * campaigns with a committed change that it has not applied. Until a majority of the voters has applied a removal,
 * the removed member may still be needed to elect a leader, and must not be switched off.
 */
import { changedConfiguration, decodeConfigChange } from "./configuration.ts";
import type { ConfigChange } from "./configuration.ts";
import type { Entry } from "./types.ts";
import { commitReached } from "./replication.ts";
import { becomeFollower, hasCommittedInTerm, isBroken, isVoter, newProgress } from "./state.ts";
import type { RaftState } from "./state.ts";
import { nobody } from "./types.ts";

/** Why a leader cannot take a change now. */
export type ChangeRefusal = "change-pending" | "term-not-committed" | "not-caught-up" | "change-invalid";

/** Why `change` cannot be proposed now; undefined when it can. */
export function changeRefusal(state: RaftState, change: ConfigChange): ChangeRefusal | undefined {
  const isPending = state.pendingChangeIndex > state.log.applied;
  if (isPending && !isBroken(state, "several-pending-changes")) return "change-pending";
  if (!hasCommittedInTerm(state) && !isBroken(state, "change-before-no-op")) return "term-not-committed";
  if (changed(state, change) === undefined) return "change-invalid";
  if (change.type === "promote" && !isCaughtUp(state, change) && !isBroken(state, "promote-lagging"))
    return "not-caught-up";
  return undefined;
}

/** Puts the change of an applied entry into force; one that makes no sense any more changes nothing. */
export function applyChange(state: RaftState, entry: Entry): void {
  const configuration = changed(state, decodeConfigChange(entry.data));
  if (configuration === undefined) return;
  state.configuration = configuration;
  if (state.role === "leader") adjustLeader(state);
}

function adjustLeader(state: RaftState): void {
  const { configuration, progress } = state;
  if (!isVoter(state, state.id) && !isBroken(state, "removed-leader-stays")) {
    becomeFollower(state, state.term, nobody);
    return;
  }
  const members = [...configuration.voters, ...configuration.learners];
  for (const id of members) {
    if (progress.has(id)) continue;
    progress.set(id, newProgress(state));
    state.hasNews = true;
  }
  for (const id of progress.keys()) if (!members.includes(id)) progress.delete(id);
  if (!isVoter(state, state.transferTarget)) state.transferTarget = nobody;
  commitReached(state);
}

function changed(state: RaftState, change: ConfigChange): ReturnType<typeof changedConfiguration> {
  return changedConfiguration(state.configuration, change, isBroken(state, "reuse-ids"));
}

function isCaughtUp(state: RaftState, change: ConfigChange): boolean {
  const match = state.progress.get(change.id)?.match ?? 0;
  return match + state.settings.promoteLagEntriesMax >= state.log.committed && match > 0;
}
