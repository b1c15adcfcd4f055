/**
 * Adds, holds and drops records: each change is first a note in the log, then a transaction, then counting.
 */
import { DfsError } from "../core/errors.ts";
import type { FileKey, LeaseId } from "../core/ids.ts";
import { recordsPerNoteMax } from "../core/limits.ts";
import { noteJob, requireLease } from "./append-jobs.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import type { KeyedLocks } from "./keyed-locks.ts";
import { RecordCheck } from "./record-check.ts";
import type { RecordCounter } from "./record-counter.ts";
import type { SegmentWriter } from "./segment-writer.ts";
import type { StoreIndex } from "./store-index.ts";

/** What the keeper works with. `locks` holds one lock for each file key. */
export interface RecordKeeperParts {
  readonly index: StoreIndex;
  readonly reader: ChunkReader;
  readonly counter: RecordCounter;
  readonly locks: KeyedLocks;
  readonly writer: SegmentWriter;
}

/** Carries out what `ChunkStore` promises about records. Fails as `ChunkStore` says. */
export class RecordKeeper {
  readonly #parts: RecordKeeperParts;

  constructor(parts: RecordKeeperParts) {
    this.#parts = parts;
  }

  /** `ChunkStore.addRecords`; the lease stays in use meanwhile. */
  async add(lease: LeaseId, fileKeys: readonly FileKey[], signal?: AbortSignal): Promise<void> {
    const keys = [...new Set(fileKeys)];
    if (keys.length > recordsPerNoteMax)
      throw new DfsError("usage", `${keys.length} records in one call; add at most ${recordsPerNoteMax} at a time`);
    await this.#parts.locks.holding(keys, () => this.#addLocked(lease, keys, signal));
  }

  async #addLocked(lease: LeaseId, keys: readonly FileKey[], signal?: AbortSignal): Promise<void> {
    const { index, reader, writer } = this.#parts;
    const leaseRow = requireLease(index, lease).id;
    const absent = await this.#absent(keys);
    await new RecordCheck(index, reader, leaseRow).run(absent, signal);
    const wanted = keys.filter((key) => absent.has(key) || !index.records.isHeldBy(key, leaseRow));
    if (wanted.length === 0) return;
    const apply = (segment: number): void => {
      for (const key of wanted) index.records.add(key, leaseRow, segment);
    };
    await writer.append(noteJob({ kind: "added", lease, keys: wanted, apply }), signal);
    for (const key of absent) await this.#settleAdded(key);
  }

  /** Those of `keys` that are not here; what an earlier call left half counted is finished first. */
  async #absent(keys: readonly FileKey[]): Promise<Set<FileKey>> {
    const absent = new Set<FileKey>();
    for (const key of keys) {
      await this.#parts.counter.settle(key);
      if (this.#parts.index.records.find(key)?.state !== "here") absent.add(key);
    }
    return absent;
  }

  async #settleAdded(key: FileKey): Promise<void> {
    await this.#parts.counter.settle(key);
    if (this.#parts.index.records.find(key)?.state !== "here")
      throw new DfsError("integrity", `a page of record ${key} was damaged while the record was added; put it again`);
  }

  /** `ChunkStore.dropRecord`. */
  async drop(key: FileKey): Promise<void> {
    const { index, counter, locks, writer } = this.#parts;
    await locks.holding([key], async () => {
      if (index.records.find(key)?.isPermanent === true) {
        const apply = (segment: number): void => index.records.release(key, segment);
        await writer.append(noteJob({ kind: "released", keys: [key], apply }));
      }
      await counter.settle(key);
    });
  }

  /** Takes a lease's hold on `page` back: those in `keep` stay for good, those that nothing else keeps are dropped. */
  async endHolds(leaseRow: number, page: readonly FileKey[], keep: ReadonlySet<FileKey>): Promise<void> {
    await this.#parts.locks.holding(page, async () => {
      await this.#keep(
        leaseRow,
        page.filter((key) => keep.has(key)),
      );
      await this.#letGo(
        leaseRow,
        page.filter((key) => !keep.has(key)),
      );
    });
  }

  async #keep(leaseRow: number, keys: readonly FileKey[]): Promise<void> {
    if (keys.length === 0) return;
    const { records } = this.#parts.index;
    const apply = (segment: number): void => {
      for (const key of keys) {
        records.add(key, undefined, segment);
        records.unhold(key, leaseRow);
      }
    };
    await this.#parts.writer.append(noteJob({ kind: "added", keys, apply }));
  }

  async #letGo(leaseRow: number, keys: readonly FileKey[]): Promise<void> {
    const { index, counter, writer } = this.#parts;
    const { records } = index;
    const isKept = (key: FileKey): boolean =>
      records.find(key)?.isPermanent === true || records.isHeldByOther(key, leaseRow);
    const dropped = keys.filter((key) => !isKept(key));
    index.transaction(() => {
      for (const key of keys) if (!dropped.includes(key)) records.unhold(key, leaseRow);
    });
    if (dropped.length === 0) return;
    const apply = (segment: number): void => {
      for (const key of dropped) {
        records.unhold(key, leaseRow);
        records.release(key, segment);
      }
    };
    await writer.append(noteJob({ kind: "released", keys: dropped, apply }));
    for (const key of dropped) await counter.settle(key);
  }
}
