/** What members say to each other. Every message has its sender's term, except that a pre-vote has the term it would campaign in. */
import type { Entry, MemberId, Snapshot } from "./types.ts";

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  readonly term: number;
}

/** Would you vote for me (`pre-vote`), or: vote for me (`vote`). */
export interface VoteRequest extends Envelope {
  readonly type: "pre-vote" | "vote";
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The leader asked for this election, so a fresh leader is no reason to ignore it. */
  readonly isTransfer: boolean;
}

/**
 * The answer. A grant has the term of the request, a refusal that of the voter. It also tells the last entry that the
 * voter knows to be committed: a candidate that does not know may count the votes of a configuration that is over.
 */
export interface VoteResponse extends Envelope {
  readonly type: "pre-vote-response" | "vote-response";
  readonly granted: boolean;
  readonly commit: number;
  readonly commitTerm: number;
}

/** Entries that follow the one at `prevIndex`, or none to probe and to tell the commit index. */
export interface AppendRequest extends Envelope {
  readonly type: "append";
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
}

/** Accepted: everything up to `index` matches the leader's log. Rejected: `index` is the request's `prevIndex`. */
export interface AppendResponse extends Envelope {
  readonly type: "append-response";
  readonly index: number;
  readonly rejected: boolean;
  /** After a rejection: where the logs may still agree, at the highest, and the term of the follower's entry there. */
  readonly hintIndex: number;
  readonly hintTerm: number;
}

/** A sign of life. `round` numbers the reads that it confirms. */
export interface Heartbeat extends Envelope {
  readonly type: "heartbeat";
  readonly commit: number;
  readonly round: number;
}

/** The answer, with the round that was asked. */
export interface HeartbeatResponse extends Envelope {
  readonly type: "heartbeat-response";
  readonly round: number;
}

/** The driver may stream what the snapshot's data stands for; it then calls `reportSnapshot`. */
export interface SnapshotRequest extends Envelope {
  readonly type: "snapshot";
  readonly snapshot: Snapshot;
}

/** Campaign at once: the leader hands over. */
export interface TimeoutNow extends Envelope {
  readonly type: "timeout-now";
}

/** A follower's read: which index must be applied before it is served? `readId` is never used twice. */
export interface ReadRequest extends Envelope {
  readonly type: "read-request";
  readonly readId: number;
}

/** The leader's answer to `readId`: serve once `index` is applied. */
export interface ReadResponse extends Envelope {
  readonly type: "read-response";
  readonly readId: number;
  readonly index: number;
}

/** Everything that members say. */
export type Message =
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | Heartbeat
  | HeartbeatResponse
  | SnapshotRequest
  | TimeoutNow
  | ReadRequest
  | ReadResponse;
