/**
 * This peer's own shelf: what others, and this peer's own puts, may do with it.
 *
 * Chunks live here under a lease until a committed revision names them. When a lease ends, by its client or because it
 * ran out, the catalogue is told first that it has ended (no commit can refer to it afterwards) and says which of its
 * file keys were committed; only then is the rest dropped. Without an answer from the catalogue nothing is dropped.
 */
import { toDfsError } from "../core/errors.ts";
import type { FileKey, LeaseId, PeerId, ShelfId } from "../core/ids.ts";
import { compactionMs, leaseGraceMs, leaseSweepMs, leasesPerPage, recordsPerCallMax } from "../core/limits.ts";
import type { ChunkStore } from "../store/chunk-store.ts";
import type { CommandSession } from "./command-session.ts";
import type { Log } from "./log.ts";
import type { ShelfPort } from "./shelf-port.ts";

export interface ShelfKeeperOptions {
  readonly shelf: ShelfId;
  readonly self: PeerId;
  readonly store: ChunkStore;
  /** Commits as this peer. */
  readonly commands: CommandSession;
  /** Tells the finger table what is here, and what no longer is. */
  readonly announce: (fileKeys: readonly FileKey[]) => void;
  readonly withdraw: (fileKeys: readonly FileKey[]) => void;
  /** How long an upload's chunks wait for its next sign of life. */
  readonly leaseMs: number;
  readonly nowMs: () => number;
  readonly log: Log;
}

export class ShelfKeeper implements ShelfPort {
  readonly isLocal = true;
  readonly shelf: ShelfId;
  readonly owner: PeerId;
  readonly #options: ShelfKeeperOptions;
  readonly #stopping = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #background: Promise<void> = Promise.resolve();

  constructor(options: ShelfKeeperOptions) {
    this.#options = options;
    this.shelf = options.shelf;
    this.owner = options.self;
  }

  /** Starts ending leases that ran out, giving space back, and announcing what is here. */
  start(): void {
    this.#background = this.#announceAll().catch((error: unknown) =>
      this.#options.log.warn(`announcing: ${toDfsError(error).message}`),
    );
    this.#every(Math.min(leaseSweepMs, this.#options.leaseMs), () => this.endExpiredLeases());
    this.#every(compactionMs, async () => {
      await this.#options.store.compactOnce({ signal: this.#stopping.signal });
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#background;
  }

  async holdLease(lease: LeaseId): Promise<number> {
    const { leaseMs, nowMs, store } = this.#options;
    await store.openLease(lease, nowMs() + leaseMs);
    return leaseMs;
  }

  pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]> {
    return this.#options.store.pin(lease, digests, { signal });
  }

  putChunk(lease: LeaseId, digest: Uint8Array, sealed: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#options.store.put(lease, [{ digest, bytes: sealed }], { signal });
  }

  async addRecords(lease: LeaseId, fileKeys: readonly FileKey[], signal: AbortSignal): Promise<void> {
    await this.#options.store.addRecords(lease, fileKeys, { signal });
    this.#options.announce(fileKeys);
  }

  async endLease(lease: LeaseId, signal: AbortSignal): Promise<void> {
    const { store, withdraw } = this.#options;
    const keep: FileKey[] = [];
    const drop: FileKey[] = [];
    let after: FileKey | undefined;
    do {
      const fileKeys: readonly FileKey[] = await store.leaseRecords(lease, after, recordsPerCallMax);
      after = fileKeys.length < recordsPerCallMax ? undefined : fileKeys.at(-1);
      const committed = await this.#committed(lease, fileKeys, signal);
      for (const fileKey of fileKeys) (committed.has(fileKey) ? keep : drop).push(fileKey);
    } while (after !== undefined);
    await store.endLease(lease, keep, { signal });
    const present = await this.#present(drop);
    withdraw(drop.filter((_, index) => present[index] !== true));
  }

  /** Ends every lease whose time is up, a while after its client could last have used it. */
  async endExpiredLeases(): Promise<void> {
    const graceMs = Math.min(leaseGraceMs, this.#options.leaseMs);
    let after: LeaseId | undefined;
    do {
      const page = await this.#options.store.leases(after, leasesPerPage);
      for (const { lease, expiresMs } of page) {
        if (expiresMs + graceMs < this.#options.nowMs()) await this.endLease(lease, this.#stopping.signal);
      }
      after = page.length < leasesPerPage ? undefined : page.at(-1)?.lease;
    } while (after !== undefined);
  }

  /** Whatever ended the last run, the finger table hears of everything that this peer holds. */
  async #announceAll(): Promise<void> {
    let after: FileKey | undefined;
    do {
      const page: readonly FileKey[] = await this.#options.store.recordsPage(after, recordsPerCallMax);
      this.#options.announce(page);
      after = page.length < recordsPerCallMax || this.#stopping.signal.aborted ? undefined : page.at(-1);
    } while (after !== undefined);
  }

  /** Ends the lease in the catalogue; returns which of the keys a revision names. */
  async #committed(lease: LeaseId, fileKeys: readonly FileKey[], signal: AbortSignal): Promise<ReadonlySet<FileKey>> {
    const [result] = await this.#options.commands.execute(
      [{ op: "endLease", shelf: this.shelf, lease, fileKeys }],
      signal,
    );
    return new Set(result?.op === "endLease" ? result.referenced : []);
  }

  async #present(fileKeys: readonly FileKey[]): Promise<readonly boolean[]> {
    const present: boolean[] = [];
    for (let start = 0; start < fileKeys.length; start += recordsPerCallMax) {
      present.push(...(await this.#options.store.hasRecords(fileKeys.slice(start, start + recordsPerCallMax))));
    }
    return present;
  }

  #every(intervalMs: number, work: () => Promise<void>): void {
    let isRunning = false;
    const timer = setInterval(() => {
      if (isRunning) return;
      isRunning = true;
      this.#background = work()
        .catch((error: unknown) => {
          if (!this.#stopping.signal.aborted)
            this.#options.log.warn(`shelf upkeep: ${toDfsError(error).message}; it is tried again`);
        })
        .finally(() => {
          isRunning = false;
        });
    }, intervalMs);
    timer.unref();
    this.#timers.push(timer);
  }
}
