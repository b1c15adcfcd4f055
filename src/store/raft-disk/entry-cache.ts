/** The newest entries of the log, in memory. */
import type { Entry } from "../../raft/types.ts";

/** What an entry costs besides its data: its objects, and its place in the map. */
const entryOverheadBytes = 250;

/** Entries without a gap, up to the log's last; the oldest go when they are more than `bytesMax`. */
export class EntryCache {
  readonly #bytesMax: number;
  readonly #entries = new Map<number, Entry>();
  #firstIndex = 0;
  #lastIndex = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The entry, when it is here. */
  get(index: number): Entry | undefined {
    return this.#entries.get(index);
  }

  /** Takes in the log's last entries; what was here from the first one's index on goes. */
  append(entries: readonly Entry[]): void {
    const first = entries[0]?.index;
    if (first === undefined) return;
    while (this.#lastIndex >= first && this.#entries.size > 0) this.#drop(this.#lastIndex--);
    if (this.#entries.size === 0) this.#firstIndex = first;
    for (const entry of entries) {
      this.#entries.set(entry.index, entry);
      this.#bytes += costOf(entry);
      this.#lastIndex = entry.index;
    }
    while (this.#bytes > this.#bytesMax) this.#drop(this.#firstIndex++);
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #drop(index: number): void {
    this.#bytes -= costOf(this.#entries.get(index) as Entry);
    this.#entries.delete(index);
  }
}

function costOf({ data }: Entry): number {
  return data.length + entryOverheadBytes;
}
