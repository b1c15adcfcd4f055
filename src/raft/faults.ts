/**
 * Test-only switches that put a known mistake back into the core, so that the simulator can prove that it would notice.
 *
 * Production code never sets one. Each name is the mistake; the number in front of it is its row in the table of
 * pitfalls that docs/TESTING.md prints with the invariant that catches it.
 */
export type RaftFault =
  /** 1: an entry of an older term commits as soon as a majority has it. */
  | "count-old-terms"
  /** 4: a follower truncates behind every append, also where the entries match. */
  | "truncate-matching"
  /** 5: the longer log wins a vote, whatever its last term. */
  | "compare-length-only"
  /** 6: a follower commits up to its last index instead of the last new one. */
  | "commit-beyond-new"
  /** 6: a heartbeat carries the whole commit index instead of what its receiver is known to have. */
  | "heartbeat-full-commit"
  /** 9: a restored snapshot leaves the old configuration in place. */
  | "snapshot-without-configuration"
  /** 9: a snapshot at or below the commit index is restored all the same. */
  | "restore-old-snapshot"
  /** 9: a snapshot that the log already matches throws the rest of the log away. */
  | "restore-matching-snapshot"
  /** 9: a member campaigns while a snapshot waits to be stored. */
  | "campaign-with-snapshot"
  /** 11: a new leader appends nothing. */
  | "skip-no-op"
  /** 11: a new leader answers reads before an entry of its term has committed. */
  | "read-before-no-op"
  /** 12: a new leader changes the configuration before an entry of its term has committed. */
  | "change-before-no-op"
  /** 13: a second configuration change may follow before the first is applied. */
  | "several-pending-changes"
  /** 13: a new leader forgets that its log may hold a change that is still pending. */
  | "forget-pending-change"
  /** 13: a member campaigns with a committed configuration change that it has not applied. */
  | "campaign-with-unapplied-change"
  /** 14: a member that believes to be a learner refuses its vote. */
  | "learners-refuse-votes"
  /** 14: a learner is promoted however far it lags. */
  | "promote-lagging"
  /** 15: a leader that was removed goes on leading. */
  | "removed-leader-stays"
  /** 15: the id of a removed member may be added again. */
  | "reuse-ids"
  /** 15: the plan grows the group by one voter even when no second one is ready. */
  | "rest-at-two"
  /** 15: votes do not tell what is committed, so that those whom a leader leaves behind may never learn that it is gone. */
  | "votes-without-commit"
  /** 16: acknowledgements of earlier heartbeats confirm a read. */
  | "confirm-with-old-acks"
  /** 16: a forwarded read travels under the caller's number instead of a fresh one. */
  | "reuse-read-ids"
  /** 17: a leader answers reads by itself as long as its lease seems to hold. */
  | "lease-reads"
  /** 18: a pre-vote raises the term of whoever is asked. */
  | "pre-vote-raises-term"
  /** 18: a pre-vote is granted without a look at the log. */
  | "pre-vote-ignores-log"
  /** 18: a pre-vote at or below the own term is refused without telling that term. */
  | "pre-vote-hides-term"
  /** 19: a vote is given although the leader is fresh. */
  | "vote-despite-leader"
  /** 19: messages of a leader of an older term are ignored. */
  | "ignore-old-leader"
  /** 20: proposals are taken while the leadership is being handed over. */
  | "propose-during-transfer"
  /** 20: a transfer goes on for ever. */
  | "transfer-never-ends"
  /** 24: a rejection hints at the previous index only, without a term. */
  | "hint-without-term";

/** A group without any mistake in it: what production runs. */
export const noFaults: ReadonlySet<RaftFault> = new Set<RaftFault>();
