/** Leases of the owner's own at a link: they pin what is given until the records that need it are there. */
import type { LeaseId } from "../../core/ids.ts";
import { fillLeaseChunks } from "../../core/limits.ts";
import type { SessionContext } from "./feed-context.ts";

/** One lease, while somebody uses it. */
export interface GivingLease {
  readonly id: LeaseId;
  /** What was sent under it lately, or is on its way, and whether it arrived (false: the owner has lost it). */
  readonly sent: Map<string, Promise<boolean>>;
  users: number;
  chunks: number;
  renewedMs: number;
}

export class GivingLeases {
  readonly #context: SessionContext;
  #opening: Promise<GivingLease> | undefined;
  /** The one that the next user gets. */
  #current: GivingLease | undefined;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** An open lease, to be given back with `release`. */
  async take(): Promise<GivingLease> {
    const lease = this.#current ?? (await (this.#opening ??= this.#open()));
    lease.users += 1;
    return lease;
  }

  async #open(): Promise<GivingLease> {
    const { clock, newLease } = this.#context;
    const lease = { id: newLease(), sent: new Map(), users: 0, chunks: 0, renewedMs: clock.nowMs() };
    try {
      await this.#hold(lease.id);
      this.#current = lease;
      return lease;
    } finally {
      this.#opening = undefined;
    }
  }

  #hold(lease: LeaseId): Promise<void> {
    const { calls, host, port, shelf } = this.#context;
    return calls.run((signal) => port.holdLease(shelf, host.epoch(), lease, signal));
  }

  /** So many more chunks are to be pinned under it. It runs on; when they are many, the next user gets another one. */
  async use(lease: GivingLease, chunks: number): Promise<void> {
    const { clock, leaseMs } = this.#context;
    lease.chunks += chunks;
    if (lease.chunks > fillLeaseChunks) {
      lease.sent.clear();
      lease.chunks = chunks;
      if (this.#current === lease) this.#current = undefined;
    }
    if (clock.nowMs() - lease.renewedMs < leaseMs / 3) return;
    lease.renewedMs = clock.nowMs();
    await this.#hold(lease.id);
  }

  /** The last user ends it; where that fails, it runs out by itself. */
  release(lease: GivingLease): void {
    lease.users -= 1;
    if (lease.users > 0) return;
    if (this.#current === lease) this.#current = undefined;
    const { calls, host, port, shelf } = this.#context;
    calls.run((signal) => port.endLease(shelf, host.epoch(), lease.id, signal)).catch(() => undefined);
  }
}
