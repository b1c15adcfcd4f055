/**
 * Counts the references that records make, up and down, in steps that a crash may come between.
 *
 * Every step's transaction also moves the record's `counted` on, so that whoever comes later goes on from there.
 * A record whose pages cannot be read has none of its references counted. Until they can be, all counts are under
 * suspicion: nothing is dropped, and the next start counts everything anew.
 */
import { DfsError } from "../core/errors.ts";
import type { FileKey } from "../core/ids.ts";
import { storeRowsPerTransactionMax } from "../core/limits.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import { nextTurn, recordSteps } from "./record-walk.ts";
import type { RecordStep } from "./record-walk.ts";
import type { StoreIndex } from "./store-index.ts";

/** Works on one record at a time; its callers see to it that nobody else works on the same. */
export class RecordCounter {
  readonly #index: StoreIndex;
  readonly #reader: ChunkReader;

  constructor(index: StoreIndex, reader: ChunkReader) {
    this.#index = index;
    this.#reader = reader;
  }

  /**
   * Finishes the counting of a record that is being added or dropped; its caller holds the record's lock.
   * Afterwards the record is here, gone, or broken. Fails with the system's error.
   */
  async settle(key: FileKey): Promise<void> {
    const row = this.#index.records.find(key);
    if (row?.state !== "adding" && row?.state !== "dropping") return;
    const isAdding = row.state === "adding";
    let counted = row.counted;
    try {
      for await (const step of recordSteps(key, (digest) => this.#reader.read(digest), counted)) {
        counted += step.entries.length;
        this.#index.transaction(() => this.#count(key, step, isAdding, counted));
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#giveUp(key, isAdding);
    }
  }

  #count(key: FileKey, { entries, pages, isLast }: RecordStep, isAdding: boolean, counted: number): void {
    const { chunks, records } = this.#index;
    for (const digest of [...entries.map((entry) => entry.digest), ...pages]) {
      if (isAdding) chunks.reference(digest);
      else chunks.unreference(digest);
    }
    if (!isLast) records.setCounted(key, counted);
    else if (isAdding) records.setState(key, "here");
    else records.remove(key);
  }

  #giveUp(key: FileKey, isAdding: boolean): void {
    this.#index.transaction(() => {
      this.#index.setFact("recount", 1);
      if (isAdding) this.#index.records.setState(key, "broken");
      else this.#index.records.remove(key);
    });
  }

  /** Settles every record; for the start, when nobody else is there. */
  async settleAll(): Promise<void> {
    for (let keys = this.#some(); keys.length > 0; keys = this.#some()) {
      for (const key of keys) await this.settle(key);
    }
  }

  #some(): FileKey[] {
    return this.#index.records.unsettled(storeRowsPerTransactionMax);
  }

  /** Counts the references of all records anew and drops what nothing needs; for the start. */
  async recount(): Promise<void> {
    this.#index.transaction(() => {
      this.#index.setFact("recount", 1);
      this.#index.chunks.clearReferences();
      this.#index.records.restartCounting();
    });
    await this.settleAll();
    if (this.#index.records.hasBroken()) return;
    this.#index.transaction(() => this.#index.setFact("recount", 0));
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const sweepAfter = (id: number): number | undefined =>
      this.#index.transaction(() => this.#index.chunks.sweep(id, storeRowsPerTransactionMax));
    for (let last = sweepAfter(0); last !== undefined; last = sweepAfter(last)) await nextTurn();
  }
}

function isUnreadable(error: unknown): boolean {
  return error instanceof DfsError && ["not-found", "integrity", "version"].includes(error.kind);
}
