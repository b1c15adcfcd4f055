/** Carries records out that are in a segment and not in the index. */
import type { ShelfId } from "../core/ids.ts";
import { storeRowsPerTransactionMax } from "../core/limits.ts";
import type { RecordCounter } from "./record-counter.ts";
import { recordBytes } from "./segment-format.ts";
import type { RecordHeader } from "./segment-format.ts";
import { carryOut } from "./shelf-changes.ts";
import { decodeChanged, decodeEntries } from "./shelf-note.ts";
import type { ShelfNote } from "./shelf-note.ts";
import type { ShelfStep } from "./shelf-state.ts";
import type { StoreIndex } from "./store-index.ts";

interface Logged {
  readonly offset: number;
  readonly header: RecordHeader;
  readonly note: Partial<ShelfNote> | undefined;
}

/**
 * Replays one segment. What is behind the index goes through the same changes as it did before the crash; an index
 * that is being made from nothing knows no leases, remembers no changes, and leaves the counting for the end.
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
  async add(offset: number, header: RecordHeader, payload: Buffer): Promise<void> {
    const note = noteOf(header, payload);
    this.#pending.push({ offset, header, note });
    const keys = this.#isRebuilding ? [] : (note?.entries ?? []).map(({ fileKey }) => fileKey);
    if (keys.length > 0 || this.#pending.length === storeRowsPerTransactionMax) this.flush();
    for (const key of keys) await this.#counter.settle(key);
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
    const { header, note } = logged;
    const { shelves } = this.#index;
    if (header.kind === "chunk") return this.#chunk(logged);
    if (header.shelf === undefined) return;
    if (note !== undefined) return this.#note(logged, note, header.shelf);
    const row = shelves.find(header.shelf);
    if (row !== undefined) shelves.forget(row);
  }

  #note({ header }: Logged, { step, entries = [] }: Partial<ShelfNote>, shelf: ShelfId): void {
    carryOut(this.#index, {
      shelf,
      step: step !== undefined && this.#isRebuilding ? withoutLog(step) : step,
      entries,
      leaseRow: this.#isRebuilding ? undefined : this.#leaseRow(header),
      segment: this.#segment,
    });
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
  #leaseRow({ lease, shelf }: RecordHeader): number | undefined {
    return lease === undefined || shelf === undefined ? undefined : this.#index.leases.open(lease, shelf, 0);
  }
}

function noteOf(header: RecordHeader, payload: Buffer): Partial<ShelfNote> | undefined {
  if (header.kind === "changed") return decodeChanged(payload);
  return header.kind === "repeated" ? { entries: decodeEntries(payload) } : undefined;
}

/** Some of what was in the log of changes may have been compacted away. */
function withoutLog(step: ShelfStep): ShelfStep {
  return { state: step.state, restartsAt: step.state.sequence, isLogged: false };
}
