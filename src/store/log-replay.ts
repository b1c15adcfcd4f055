/** Carries records out that are in a segment and not in the index. */
import type { FileKey } from "../core/ids.ts";
import { storeRowsPerTransactionMax } from "../core/limits.ts";
import type { RecordCounter } from "./record-counter.ts";
import { decodeKeys, recordBytes } from "./segment-format.ts";
import type { RecordHeader } from "./segment-format.ts";
import type { StoreIndex } from "./store-index.ts";

interface Logged {
  readonly offset: number;
  readonly header: RecordHeader;
  readonly keys: readonly FileKey[];
}

/**
 * Replays one segment. What is behind the index goes through the same changes as it did before the crash; an index
 * that is being made from nothing takes every record as here for good and leaves the counting for the end.
 */
export class LogReplay {
  readonly #index: StoreIndex;
  readonly #counter: RecordCounter;
  readonly #segment: number;
  readonly #isRebuilding: boolean;
  #pending: Logged[] = [];

  constructor(index: StoreIndex, counter: RecordCounter, segment: number, isRebuilding: boolean) {
    this.#index = index;
    this.#counter = counter;
    this.#segment = segment;
    this.#isRebuilding = isRebuilding;
  }

  /** Takes the next intact record of the segment. */
  async add(offset: number, header: RecordHeader, payload: Uint8Array): Promise<void> {
    const keys = header.kind === "chunk" ? [] : decodeKeys(payload);
    this.#pending.push({ offset, header, keys });
    const isCounted = keys.length > 0 && !this.#isRebuilding;
    if (isCounted || this.#pending.length === storeRowsPerTransactionMax) this.flush();
    if (isCounted) for (const key of keys) await this.#counter.settle(key);
  }

  /** Carries out what was taken so far. */
  flush(): void {
    const last = this.#pending.at(-1);
    if (last === undefined) return;
    const { segments } = this.#index;
    this.#index.transaction(() => {
      for (const logged of this.#pending) this.#carryOut(logged);
      segments.setIndexed(this.#segment, last.offset + recordBytes(last.header.payloadBytes));
    });
    this.#pending = [];
  }

  #carryOut(logged: Logged): void {
    if (logged.header.kind === "chunk") this.#chunk(logged);
    for (const key of logged.keys) {
      if (this.#isRebuilding) this.#rebuildKey(key, logged.header);
      else this.#replayKey(key, logged.header);
    }
  }

  /** The copy that compaction made of a chunk without a row is of one that was dropped since. */
  #chunk({ offset, header }: Logged): void {
    const { chunks } = this.#index;
    const isDropped = header.lease === undefined && !this.#isRebuilding && chunks.find(header.digest) === undefined;
    if (isDropped) return;
    const id = chunks.place(header.digest, { segment: this.#segment, offset }, header.payloadBytes);
    if (this.#isRebuilding) return;
    const leaseRow = this.#leaseRow(header);
    if (leaseRow !== undefined) chunks.pin(leaseRow, id);
  }

  /** A lease whose opening was lost is open again, and due to be ended by its owner. */
  #leaseRow({ lease }: RecordHeader): number | undefined {
    return lease === undefined ? undefined : this.#index.leases.open(lease, 0);
  }

  #replayKey(key: FileKey, header: RecordHeader): void {
    const { records } = this.#index;
    if (header.kind === "released") records.release(key, this.#segment);
    else if (header.kind === "present") records.moveAdded(key, this.#segment);
    else records.add(key, this.#leaseRow(header), this.#segment);
  }

  #rebuildKey(key: FileKey, header: RecordHeader): void {
    const { records } = this.#index;
    if (header.kind !== "released") return records.add(key, undefined, this.#segment);
    records.remove(key);
    records.moveReleased(key, this.#segment);
  }
}
