/**
 * Counts the references that records make, up and down, in steps that a crash may come between.
 *
 * Every step's transaction also moves the record's `counted` on, so that whoever comes later goes on from there.
 * A record of which a page cannot be read has none of its references counted, and waits for that page. While there is
 * one, all counts are under suspicion, and nothing is dropped. References that cannot be counted down any more stay,
 * which keeps too much and loses nothing, until the next start counts everything anew.
 */
import { digestOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";
import { storeRowsPerTransactionMax } from "../core/limits.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import type { RecordRow, RecordState } from "./record-table.ts";
import { digestsOf, isUnreadable, nextTurn, recordSteps, sumBytes } from "./record-walk.ts";
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
    const pages = new Set<string>();
    let page = digestOf(key);
    const fetchPage = async (digest: Uint8Array): Promise<Uint8Array> => {
      page = digest;
      const bytes = await this.#reader.read(digest);
      pages.add(hex(digest));
      return bytes;
    };
    let { counted, bytes } = row;
    try {
      for await (const step of recordSteps(key, fetchPage, counted)) {
        counted += step.entries.length;
        bytes += sumBytes(step);
        this.#index.transaction(() => this.#count(key, step, { ...row, counted, bytes }));
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (row.state === "adding") this.#giveUpAdding(key, page, counted);
      else this.#giveUpDropping(key, [...pages, hex(page)]);
    }
  }

  /** The same for many. Returns the states of those of which anything is known. */
  async settleAll(keys: readonly FileKey[]): Promise<ReadonlyMap<FileKey, RecordState>> {
    const states = this.#index.records.states(keys);
    const uncounted = keys.filter((key) => ["adding", "dropping"].includes(states.get(key) ?? ""));
    for (const key of uncounted) await this.settle(key);
    return uncounted.length === 0 ? states : this.#index.records.states(keys);
  }

  #count(key: FileKey, step: RecordStep, { state, counted, bytes }: RecordRow): void {
    const { chunks, records } = this.#index;
    if (state === "adding") chunks.reference(digestsOf(step));
    else for (const digest of digestsOf(step)) chunks.unreference(digest);
    if (!step.isLast) records.setCounted(key, counted, bytes);
    else if (state === "adding") records.settle(key, bytes);
    else records.remove(key);
  }

  #giveUpAdding(key: FileKey, page: Uint8Array, counted: number): void {
    this.#index.transaction(() => {
      this.#index.setFact("recount", 1);
      // What was counted so far is counted a second time when the page is back.
      if (counted > 0) this.#index.setFact("leaked", 1);
      this.#index.records.breakAt(key, page);
    });
  }

  /** The pages that were reached are named no more; what the others list stays. */
  #giveUpDropping(key: FileKey, pages: readonly string[]): void {
    this.#index.transaction(() => {
      this.#index.setFact("leaked", 1);
      for (const page of new Set(pages)) this.#index.chunks.unreference(Buffer.from(page, "hex"));
      this.#index.records.remove(key);
    });
  }

  /** Settles every record; for the start, when nobody else is there. */
  async settleEverything(): Promise<void> {
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
      this.#index.setFact("leaked", 0);
      this.#index.chunks.clearReferences();
      this.#index.records.restartCounting();
    });
    await this.settleEverything();
    await this.trustAgain();
  }

  /** Lets chunks be dropped again once no record is broken any more, and drops those that nothing needs. */
  async trustAgain(): Promise<void> {
    if (this.#index.fact("recount") === 0 || this.#index.records.hasBroken()) return;
    this.#index.setFact("recount", 0);
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const sweepAfter = (id: number): number | undefined =>
      this.#index.transaction(() => this.#index.chunks.sweep(id, storeRowsPerTransactionMax));
    for (let last = sweepAfter(0); last !== undefined; last = sweepAfter(last)) await nextTurn();
  }
}

function hex(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("hex");
}
