/** Where the entries of the log are, and their terms: some 20 bytes of memory for each record, however many entries it has. */
import { assert } from "../../core/errors.ts";
import type { Entry } from "../../raft/types.ts";
import type { LogPosition } from "./log-format.ts";

/** Where a record is: its segment, the offset of its header, and the length of the whole. */
export interface RecordPlace {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
}

/** A record that holds an entry, and the last of its entries that still count. */
export interface FoundRecord extends RecordPlace {
  readonly lastIndex: number;
}

/** Entries from one index on that are of one term. */
interface TermRun {
  readonly from: number;
  readonly term: number;
}

type Triple = [number, number, number];
const columns = 3;

/** The entries behind `base`, without a gap. */
export class LogIndex {
  #base: LogPosition;
  #lastIndex: number;
  #runs: TermRun[] = [];
  /** First index of each record; ascending. */
  #firsts = new Float64Array(64);
  /** Segment, offset and length of each record. */
  #places = new Uint32Array(64 * columns);
  #count = 0;

  constructor(base: LogPosition) {
    this.#base = base;
    this.#lastIndex = base.index;
  }

  get base(): LogPosition {
    return this.#base;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** The term of an entry, or of the base; undefined for anything else. */
  term(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    if (index < this.#base.index || index > this.#lastIndex) return undefined;
    return this.#runs[lastAtMost(this.#runs.length, index, (at) => (this.#runs[at] as TermRun).from)]?.term;
  }

  /** The record that holds entry `index`. Stops when there is no such entry. */
  find(index: number): FoundRecord {
    assert(index > this.#base.index && index <= this.#lastIndex, `entry ${index} is not in the log`);
    const at = lastAtMost(this.#count, index, (record) => this.#firsts[record] as number);
    const [segment, offset, bytes] = [0, 1, 2].map((column) => this.#places[at * columns + column] as number) as Triple;
    const lastIndex = at + 1 < this.#count ? (this.#firsts[at + 1] as number) - 1 : this.#lastIndex;
    return { segment, offset, bytes, lastIndex };
  }

  /** Takes in a record with consecutive entries; they replace what was there from the first one's index on. Stops at a gap. */
  append(entries: readonly Pick<Entry, "index" | "term">[], place: RecordPlace): void {
    const first = entries[0]?.index;
    if (first === undefined) return;
    assert(first > this.#base.index && first <= this.#lastIndex + 1, `entry ${first} leaves a gap`);
    this.#cutFrom(first);
    if (this.#count === this.#firsts.length) this.#grow();
    this.#firsts[this.#count] = first;
    this.#places.set([place.segment, place.offset, place.bytes], this.#count * columns);
    this.#count++;
    for (const { index, term } of entries) if (this.#runs.at(-1)?.term !== term) this.#runs.push({ from: index, term });
    this.#lastIndex = first + entries.length - 1;
  }

  /** The last entry that is in `segment` or an older one, or the base when there is none. */
  lastIn(segment: number): number {
    const at = lastAtMost(this.#count, segment, (record) => this.#places[record * columns] as number);
    if (at + 1 < this.#count) return (this.#firsts[at + 1] as number) - 1;
    return this.#lastIndex;
  }

  /** Forgets the records up to `segment`, whose entries end at `base`. */
  forget(segment: number, base: LogPosition): void {
    const start = lastAtMost(this.#count, segment, (record) => this.#places[record * columns] as number) + 1;
    this.#firsts = this.#firsts.slice(start);
    this.#places = this.#places.slice(start * columns);
    this.#count -= start;
    this.#base = base;
    const run = lastAtMost(this.#runs.length, base.index + 1, (at) => (this.#runs[at] as TermRun).from);
    this.#runs = this.#runs.slice(Math.max(run, 0));
  }

  #cutFrom(index: number): void {
    this.#count = lastAtMost(this.#count, index - 1, (record) => this.#firsts[record] as number) + 1;
    this.#lastIndex = index - 1;
    while ((this.#runs.at(-1)?.from ?? 0) >= index) this.#runs.pop();
  }

  #grow(): void {
    const [firsts, places] = [this.#firsts, this.#places];
    const room = Math.max(64, firsts.length * 2);
    this.#firsts = new Float64Array(room);
    this.#places = new Uint32Array(room * columns);
    this.#firsts.set(firsts);
    this.#places.set(places);
  }
}

/** The last of `count` ascending values that is at most `value`, by its position; −1 when none is. */
function lastAtMost(count: number, value: number, valueAt: (at: number) => number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueAt(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
