/** Since when a member has heard of its leader and of the others: what it knows of the group's health. */
import { memberSilentMs, noQuorumAfterMs } from "../../core/limits.ts";
import type { RaftStatus } from "../../raft/raft.ts";
import { type MemberId, nobody } from "../../raft/types.ts";

/** Times are milliseconds since 1970. */
export class LeaderWatch {
  readonly #nowMs: () => number;
  readonly #heardMs = new Map<MemberId, number>();
  /** Undefined while a leader is known. */
  #leaderlessSinceMs: number | undefined;
  #leaderHeardMs: number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#leaderlessSinceMs = nowMs();
    this.#leaderHeardMs = nowMs();
  }

  /** Takes note of how the member stands now. */
  observe({ leader, isLeaderFresh }: RaftStatus): void {
    const nowMs = this.#nowMs();
    if (leader === nobody) this.#leaderlessSinceMs ??= nowMs;
    else {
      this.#leaderlessSinceMs = undefined;
      if (isLeaderFresh) this.#leaderHeardMs = nowMs;
    }
  }

  /** A message of another member has come. */
  heard(member: MemberId): void {
    this.#heardMs.set(member, this.#nowMs());
  }

  /** Whether another member was heard of lately. */
  isActive(member: MemberId): boolean {
    return this.#nowMs() - (this.#heardMs.get(member) ?? 0) < memberSilentMs;
  }

  /** Whether a leader is known; it steps down by itself when no majority answers it. */
  get hasLeader(): boolean {
    return this.#leaderlessSinceMs === undefined;
  }

  /** Whether there has been no leader for longer than any election takes. */
  get hasNoQuorum(): boolean {
    const sinceMs = this.#leaderlessSinceMs;
    return sinceMs !== undefined && this.#nowMs() - sinceMs >= noQuorumAfterMs;
  }

  /** Milliseconds since a leader was heard of. */
  get staleMs(): number {
    return Math.max(0, this.#nowMs() - this.#leaderHeardMs);
  }
}
