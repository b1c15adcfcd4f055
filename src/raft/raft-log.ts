/**
 * The log as the core sees it: what the storage has, then the tail that the driver has still to store.
 *
 * The tail begins at `#offset`. Nothing at or above it is read from the storage, so the driver may be writing there.
 */
import { assert, DfsError } from "../core/errors.ts";
import type { RaftFault } from "./faults.ts";
import type { Entry, RaftStorage, Snapshot } from "./types.ts";

/** Fails with `integrity` at the start when the storage lacks what was committed, and with `internal` on a broken invariant. */
export class RaftLog {
  readonly #storage: RaftStorage;
  readonly #faults: ReadonlySet<RaftFault>;
  #offset: number;
  #tail: Entry[] = [];
  #pendingSnapshot: Snapshot | undefined;
  #committed: number;
  #applied: number;

  constructor(storage: RaftStorage, committed: number, applied: number, faults: ReadonlySet<RaftFault>) {
    this.#storage = storage;
    this.#faults = faults;
    this.#offset = storage.lastIndex() + 1;
    const compacted = storage.firstIndex() - 1;
    this.#committed = Math.max(committed, compacted);
    this.#applied = applied;
    if (this.#committed >= this.#offset)
      throw new DfsError(
        "integrity",
        `the log on the disk ends at entry ${this.#offset - 1}, but entry ${this.#committed} was committed: this member must rejoin as a new one`,
      );
    assert(applied >= compacted && applied <= this.#committed, "the applied index lies outside the committed log");
  }

  get committed(): number {
    return this.#committed;
  }

  get applied(): number {
    return this.#applied;
  }

  /** The last index that is known to be on this member's own disk. */
  get stable(): number {
    return this.#pendingSnapshot === undefined ? this.#offset - 1 : 0;
  }

  get pendingSnapshot(): Snapshot | undefined {
    return this.#pendingSnapshot;
  }

  /** What the driver has still to store. */
  get unstable(): readonly Entry[] {
    return this.#tail;
  }

  get firstIndex(): number {
    return this.#pendingSnapshot === undefined ? this.#storage.firstIndex() : this.#pendingSnapshot.index + 1;
  }

  get lastIndex(): number {
    return this.#offset + this.#tail.length - 1;
  }

  get lastTerm(): number {
    return this.term(this.lastIndex) ?? 0;
  }

  /** The term of entry `index`; undefined when it is compacted or beyond the end. */
  term(index: number): number | undefined {
    if (index >= this.#offset) return this.#tail[index - this.#offset]?.term;
    const snapshot = this.#pendingSnapshot;
    if (snapshot !== undefined) return index === snapshot.index ? snapshot.term : undefined;
    return this.#storage.term(index);
  }

  /** Whether entry `index` is there and of this term. */
  matches(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /** Whether a log that ends like that has everything which may have been committed (paper, 5.4.1). */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    if (this.#faults.has("compare-length-only")) return lastIndex >= this.lastIndex;
    const own = this.lastTerm;
    return lastTerm > own || (lastTerm === own && lastIndex >= this.lastIndex);
  }

  /** Entries from `low` to the end: at least one where there is one, then as many as fit into `bytesMax`. */
  entriesFrom(low: number, bytesMax: number): readonly Entry[] {
    return this.#slice(low, this.lastIndex + 1, bytesMax);
  }

  /** Committed entries that are not applied, within `bytesMax`; none while a snapshot waits to be stored. */
  toApply(bytesMax: number): readonly Entry[] {
    if (this.#pendingSnapshot !== undefined) return [];
    return this.#slice(this.#applied + 1, this.#committed + 1, bytesMax);
  }

  get hasMoreToApply(): boolean {
    return this.#pendingSnapshot === undefined && this.#applied < this.#committed;
  }

  /**
   * Whether a configuration change is committed but not in force. A snapshot that waits to be stored has brought its
   * configuration along, and what the storage still has may contradict it: the search begins behind. Reads in pages of
   * `bytesMax`.
   */
  hasUnappliedChange(bytesMax: number): boolean {
    let low = Math.max(this.#applied, this.#pendingSnapshot?.index ?? 0) + 1;
    while (low <= this.#committed) {
      const page = this.#slice(low, this.#committed + 1, bytesMax);
      if (page.some((entry) => entry.kind === "config")) return true;
      low += page.length;
    }
    return false;
  }

  /** A leader's own entries, behind all others. */
  append(entries: readonly Entry[]): void {
    this.#tail.push(...entries);
  }

  /** A follower's entries, which follow one that matches: drops what conflicts, and only that; appends what is new. */
  merge(entries: readonly Entry[]): void {
    const isNew = (entry: Entry): boolean =>
      this.#faults.has("truncate-matching") || !this.matches(entry.index, entry.term);
    const at = entries.findIndex(isNew);
    if (at < 0) return;
    const fresh = entries.slice(at);
    this.#truncateFrom((fresh[0] as Entry).index);
    this.#tail.push(...fresh);
  }

  /**
   * The highest index at or below `index` whose term is at most `term`: where a log that has `term` at `index` may
   * still agree with this one. The term is undefined where the log is compacted.
   */
  lastAgreement(index: number, term: number): { readonly index: number; readonly term: number | undefined } {
    for (let at = Math.min(index, this.lastIndex); at > 0; at--) {
      const own = this.term(at);
      if (own === undefined || own <= term) return { index: at, term: own };
    }
    return { index: 0, term: 0 };
  }

  /** Moves the commit index forward; an older one changes nothing. */
  commitTo(index: number): void {
    if (index <= this.#committed) return;
    assert(index <= this.lastIndex, `commit index ${index} lies beyond the last entry ${this.lastIndex}`);
    this.#committed = index;
  }

  /** Notes that everything up to `index` was applied. */
  appliedTo(index: number): void {
    assert(index <= this.#committed, `entry ${index} was applied before it was committed`);
    this.#applied = Math.max(this.#applied, index);
  }

  /** Notes that the entries up to this one are on the disk; says nothing when they were replaced meanwhile. */
  storedTo(index: number, term: number): void {
    if (index < this.#offset || !this.matches(index, term)) return;
    this.#tail = this.#tail.slice(index + 1 - this.#offset);
    this.#offset = index + 1;
  }

  /** Notes that the snapshot up to `index` is stored and installed. */
  snapshotStored(index: number): void {
    if (this.#pendingSnapshot?.index === index) this.#pendingSnapshot = undefined;
    this.#applied = Math.max(this.#applied, index);
  }

  /** Puts `snapshot` in place of everything. */
  restore(snapshot: Snapshot): void {
    this.#pendingSnapshot = snapshot;
    this.#offset = snapshot.index + 1;
    this.#tail = [];
    this.#committed = snapshot.index;
  }

  /** The snapshot to send to a member that needs what is compacted here. */
  snapshotToSend(): Snapshot | undefined {
    return this.#pendingSnapshot ?? this.#storage.snapshot();
  }

  #truncateFrom(index: number): void {
    assert(index > this.#committed, `entry ${index} is committed and must not be overwritten`);
    if (index >= this.#offset) this.#tail.length = index - this.#offset;
    else {
      this.#tail = [];
      this.#offset = index;
    }
  }

  #slice(low: number, high: number, bytesMax: number): readonly Entry[] {
    if (low >= high) return [];
    if (low >= this.#offset) return fitting(this.#tail, low - this.#offset, high - this.#offset, bytesMax);
    const storedEnd = Math.min(high, this.#offset);
    const stored = this.#storage.entries(low, storedEnd, bytesMax);
    if (high <= this.#offset || stored.length < storedEnd - low) return stored;
    const left = bytesMax - stored.reduce((sum, entry) => sum + entry.data.length, 0);
    const rest = left <= 0 ? [] : fitting(this.#tail, 0, high - this.#offset, left, false);
    return [...stored, ...rest];
  }
}

/** The entries at positions `from` up to but not including `to` that fit into `bytesMax`; the first one in any case when `isFirstFree`. */
function fitting(
  entries: readonly Entry[],
  from: number,
  to: number,
  bytesMax: number,
  isFirstFree = true,
): readonly Entry[] {
  let bytes = 0;
  let end = from;
  while (end < to) {
    bytes += (entries[end] as Entry).data.length;
    if (bytes > bytesMax && !(isFirstFree && end === from)) break;
    end++;
  }
  return entries.slice(from, end);
}
