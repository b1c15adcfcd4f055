/** Every mistake that the mutation gate puts back: those of the core, and those of whoever drives it and keeps its disk. */
import type { RaftFault } from "../../src/raft/faults.ts";

/** Mistakes of the driver, the disk and the state machine, as switches of their simulated twins. */
type DriverFault =
  /** 2: messages leave before anything is on the disk, and not only a leader's. */
  | "send-before-sync"
  /** 2: term and vote are written, but not synced before the vote leaves. */
  | "vote-without-sync"
  /** 3: the driver advances before the sync, so that the leader's own entries count too early. */
  | "advance-before-sync"
  /** 7: replaying the log keeps what was there first. */
  | "replay-keeps-first"
  /** 7: replaying the log skips records at or below the snapshot, and what they overwrite. */
  | "replay-skips-old-records"
  /** 8: the applied index is stored apart from the state. */
  | "applied-apart-from-state"
  /** 10: the log is dropped before the snapshot is on the disk. */
  | "drop-log-before-snapshot"
  /** 10: after a crash between snapshot and log, the log goes on behind what the snapshot has replaced. */
  | "write-behind-old-log"
  /** 15: a machine that lost its disk comes back under its old id. */
  | "return-under-old-id"
  /** 21: the snapshot lacks the session table. */
  | "snapshot-without-sessions"
  /** 21: entries expire by the local clock inside apply. */
  | "expire-by-local-clock"
  /** 22: a bad record in the middle is cut like a torn tail. */
  | "cut-in-the-middle"
  /** 23: records carry no checksum. */
  | "records-without-checksum"
  /** 23: of a write that was torn, the records before the tear are kept. */
  | "keep-part-of-a-write"
  /** 25: a write begins while another is under way. */
  | "overlapping-writes";

export type Mistake = RaftFault | DriverFault;

/** The row of the table of pitfalls that each mistake belongs to. */
export const pitfallOf: Readonly<Record<Mistake, number>> = {
  "count-old-terms": 1,
  "send-before-sync": 2,
  "vote-without-sync": 2,
  "advance-before-sync": 3,
  "truncate-matching": 4,
  "compare-length-only": 5,
  "commit-beyond-new": 6,
  "heartbeat-full-commit": 6,
  "replay-keeps-first": 7,
  "replay-skips-old-records": 7,
  "applied-apart-from-state": 8,
  "snapshot-without-configuration": 9,
  "restore-old-snapshot": 9,
  "restore-matching-snapshot": 9,
  "campaign-with-snapshot": 9,
  "drop-log-before-snapshot": 10,
  "write-behind-old-log": 10,
  "skip-no-op": 11,
  "read-before-no-op": 11,
  "change-before-no-op": 12,
  "several-pending-changes": 13,
  "forget-pending-change": 13,
  "campaign-with-unapplied-change": 13,
  "learners-refuse-votes": 14,
  "promote-lagging": 14,
  "removed-leader-stays": 15,
  "reuse-ids": 15,
  "return-under-old-id": 15,
  "rest-at-two": 15,
  "votes-without-commit": 15,
  "confirm-with-old-acks": 16,
  "reuse-read-ids": 16,
  "lease-reads": 17,
  "pre-vote-raises-term": 18,
  "pre-vote-ignores-log": 18,
  "pre-vote-hides-term": 18,
  "vote-despite-leader": 19,
  "ignore-old-leader": 19,
  "propose-during-transfer": 20,
  "transfer-never-ends": 20,
  "snapshot-without-sessions": 21,
  "expire-by-local-clock": 21,
  "cut-in-the-middle": 22,
  "records-without-checksum": 23,
  "keep-part-of-a-write": 23,
  "hint-without-term": 24,
  "overlapping-writes": 25,
};

export const allMistakes = Object.keys(pitfallOf) as readonly Mistake[];
