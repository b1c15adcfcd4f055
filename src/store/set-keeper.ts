/**
 * Changes the sets of shelves: each change is first checked, then a note in the log with the savepoint that it leads to,
 * then a transaction, then counting.
 *
 * Everything that a record names is pinned from the check to the counting, so that a chunk that is found is still there:
 * by the lease, or, where that does not pin it, by the call itself.
 */
import { toDfsError } from "../core/errors.ts";
import type { FileKey, LeaseId, ShelfId } from "../core/ids.ts";
import { recordsPerNoteMax, storeRowsPerTransactionMax } from "../core/limits.ts";
import type { Savepoint, ShelfChange } from "../core/shelf.ts";
import { changeJob, forgetJob, requireLease, savepointJob } from "./append-jobs.ts";
import type { ShelfJob } from "./append-jobs.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import type { ChangeOptions } from "./chunk-store.ts";
import type { KeyedLocks } from "./keyed-locks.ts";
import type { LeaseRow } from "./lease-table.ts";
import { RecordCheck } from "./record-check.ts";
import type { RecordCounter } from "./record-counter.ts";
import type { RecordFinder } from "./record-finder.ts";
import type { RecordState } from "./record-table.ts";
import { nextTurn } from "./record-walk.ts";
import type { SegmentWriter } from "./segment-writer.ts";
import { addedOnce } from "./shelf-changes.ts";
import { checkBatch, checkChanges, checkEpochNumber, checkLeaseShelf } from "./shelf-call.ts";
import { appended, applied, begun, checkEpoch, isPast, lost, newShelf, savepointOf } from "./shelf-state.ts";
import type { ShelfBatch, ShelfState } from "./shelf-state.ts";
import type { StoreIndex } from "./store-index.ts";

/** What the keeper works with. `locks` holds one lock for each file key, and one for each shelf that another peer owns. */
export interface SetKeeperParts {
  readonly index: StoreIndex;
  readonly reader: ChunkReader;
  readonly counter: RecordCounter;
  readonly finder: RecordFinder;
  readonly locks: KeyedLocks;
  readonly writer: SegmentWriter;
}

type Plan = ShelfJob["plan"];

/** Carries out what `ChunkStore` promises about sets. Fails as `ChunkStore` says. */
export class SetKeeper {
  readonly #parts: SetKeeperParts;
  #lastPinner = 0;

  constructor(parts: SetKeeperParts) {
    this.#parts = parts;
  }

  /** `ChunkStore.appendChanges`; the lease stays in use meanwhile. */
  async append(
    shelf: ShelfId,
    epoch: number,
    changes: readonly ShelfChange[],
    options: ChangeOptions,
  ): Promise<{ readonly after: number; readonly savepoint: Savepoint }> {
    checkEpochNumber(epoch);
    checkChanges(changes);
    const plan: Plan = (state, set) => {
      checkEpoch(shelf, state, epoch);
      return appended(state, epoch, set);
    };
    const savepoint = await this.#change(shelf, changes, plan, epoch, options);
    return { after: savepoint.sequence - changes.length, savepoint };
  }

  /** `ChunkStore.applyChanges`; the lease stays in use meanwhile. */
  async apply(shelf: ShelfId, batch: ShelfBatch, options: ChangeOptions): Promise<Savepoint> {
    checkEpochNumber(batch.epoch);
    checkBatch(batch);
    const known = this.#state(shelf);
    checkEpoch(shelf, known, batch.epoch);
    // Some of what was added then may have been dropped since.
    if (isPast(known, batch)) return savepointOf(shelf, known);
    const plan: Plan = (state, set) => {
      checkEpoch(shelf, state, batch.epoch);
      return isPast(state, batch) ? undefined : applied(state, batch, set);
    };
    // In the order of the calls: what comes out of turn would not move the savepoint.
    const turn = `changes of ${shelf}`;
    return this.#change(shelf, batch.changes, plan, batch.epoch, options, [turn]);
  }

  /** `ChunkStore.beginEpoch`. */
  async begin(shelf: ShelfId, epoch: number): Promise<Savepoint> {
    checkEpochNumber(epoch);
    const plan: Plan = (state) => {
      checkEpoch(shelf, state, epoch);
      return epoch > state.epoch ? begun(state, epoch) : undefined;
    };
    return this.#write({ shelf, changes: [], plan }, {});
  }

  #state(shelf: ShelfId): ShelfState {
    return this.#parts.index.shelves.find(shelf)?.state ?? newShelf();
  }

  async #change(
    shelf: ShelfId,
    changes: readonly ShelfChange[],
    plan: Plan,
    epoch: number,
    options: ChangeOptions,
    turns: readonly string[] = [],
  ): Promise<Savepoint> {
    const lease = this.#leaseFor(shelf, options.lease);
    checkEpoch(shelf, this.#state(shelf), epoch);
    const keys = [...new Set(changes.map(({ fileKey }) => fileKey))];
    const job = { shelf, changes, plan, lease };
    return this.#parts.locks.holding([...turns, ...keys], () => this.#changeLocked(job, keys, options));
  }

  #leaseFor(shelf: ShelfId, lease: LeaseId | undefined): LeaseRow | undefined {
    if (lease === undefined) return undefined;
    const row = requireLease(this.#parts.index, lease);
    checkLeaseShelf(lease, row.shelf, shelf);
    return row;
  }

  async #changeLocked(job: ShelfJob, keys: readonly FileKey[], options: ChangeOptions): Promise<Savepoint> {
    const { index, reader, counter } = this.#parts;
    // What an earlier call left half counted is finished first.
    const states = await counter.settleAll(keys);
    const incomplete = await this.#incomplete(job.changes, states);
    const unknown = [...addedOnce(job.changes)].filter((key) => !states.has(key));
    this.#lastPinner -= 1;
    const pinner = this.#lastPinner;
    const check = new RecordCheck(index, reader, pinner, job.lease?.id);
    try {
      const steps = await check.run(incomplete, options.signal);
      const fresh = { keys: new Set(unknown), steps };
      const savepoint = await this.#write({ ...job, fresh }, options);
      await counter.settleAll(keys.filter((key) => !fresh.keys.has(key) || !steps.has(key)));
      return savepoint;
    } finally {
      if (check.hasPinned) await unpinAll(index, pinner);
    }
  }

  async #write(job: ShelfJob, { signal }: ChangeOptions): Promise<Savepoint> {
    const written = changeJob(this.#parts.index, job);
    await this.#parts.writer.append(written, signal);
    return savepointOf(job.shelf, written.outcome());
  }

  /** The records to add of which not everything is known to be here. */
  async #incomplete(
    changes: readonly ShelfChange[],
    states: ReadonlyMap<FileKey, RecordState>,
  ): Promise<ReadonlySet<FileKey>> {
    const copies = new Map(changes.map((change) => [change.fileKey, change.copies]));
    const wanted = [...copies.keys()].filter((key) => (copies.get(key) ?? 0) > 0);
    const whole = await this.#parts.finder.wholeOf(states);
    return new Set(wanted.filter((key) => !whole.has(key)));
  }

  /** Lets records that waited for one of these pages be counted, now that they were put. */
  async mend(digests: readonly Uint8Array[]): Promise<void> {
    const { index, counter, locks } = this.#parts;
    if (index.fact("recount") === 0) return;
    for (const digest of digests) {
      for (const key of index.records.waitingFor(digest, recordsPerNoteMax)) {
        await locks.holding([key], async () => {
          if (index.records.find(key)?.state === "broken") index.transaction(() => index.records.retry(key));
          await counter.settle(key);
        });
      }
    }
    await counter.trustAgain();
  }

  /** `ChunkStore.forgetShelf`. */
  async forget(shelf: ShelfId, limit: number, signal?: AbortSignal): Promise<number> {
    const { index, counter, locks, writer } = this.#parts;
    const id = index.shelves.find(shelf)?.id;
    if (id === undefined) return 0;
    const page = index.members.page(id, { position: 0, limit: Math.min(limit, recordsPerNoteMax) });
    const keys = page.map(({ fileKey }) => fileKey);
    await locks.holding(keys, async () => {
      await counter.settleAll(keys);
      const changes = keys.map((fileKey) => ({ fileKey, copies: 0 }));
      const plan: Plan = (state, { digest, records }) => lost({ ...state, digest, records });
      await this.#write({ shelf, changes, plan }, { signal });
      await counter.settleAll(keys);
    });
    await writer.append(forgetJob(index, shelf));
    return keys.length;
  }

  /** Says in the log that nothing is claimed any more of shelves, as the index does already; on a full disk, not yet. */
  async disclaim(shelves: readonly ShelfId[]): Promise<void> {
    try {
      for (const shelf of shelves) await this.#parts.writer.append(savepointJob(this.#parts.index, shelf));
    } catch (error) {
      if (toDfsError(error).kind !== "no-space") throw error;
    }
  }
}

async function unpinAll(index: StoreIndex, pinner: number): Promise<void> {
  const unpin = (): number => index.transaction(() => index.chunks.unpin(pinner, storeRowsPerTransactionMax));
  while (unpin() === storeRowsPerTransactionMax) await nextTurn();
}
