/** The in-memory twin of the log on the disk: for tests, for the simulator, and as the cache of a real one. */
import { assert } from "../core/errors.ts";
import { emptyConfiguration } from "./configuration.ts";
import { nobody } from "./types.ts";
import type { Configuration, Entry, HardState, RaftStorage, Snapshot } from "./types.ts";

/** Fails with `internal` when it is asked for what it cannot have, or told to write what would tear the log. */
export class MemoryStorage implements RaftStorage {
  #hardState: HardState = { term: 0, vote: nobody, commit: 0 };
  #configuration: Configuration = emptyConfiguration;
  #snapshot: Snapshot | undefined;
  /** Index and term of the last entry that is compacted. */
  #base = { index: 0, term: 0 };
  #entries: Entry[] = [];

  initialState(): { readonly hardState: HardState; readonly configuration: Configuration } {
    return { hardState: this.#hardState, configuration: this.#configuration };
  }

  entries(low: number, high: number, bytesMax: number): readonly Entry[] {
    assert(low > this.#base.index && high <= this.lastIndex() + 1, `entries ${low} to ${high} are not in the log`);
    const start = low - this.#base.index - 1;
    const stop = high - this.#base.index - 1;
    let end = start;
    for (let bytes = 0; end < stop; end++) {
      bytes += (this.#entries[end] as Entry).data.length;
      if (bytes > bytesMax && end > start) break;
    }
    return this.#entries.slice(start, end);
  }

  term(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    return this.#entries[index - this.#base.index - 1]?.term;
  }

  firstIndex(): number {
    return this.#base.index + 1;
  }

  lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Replaces the hard state. */
  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  /** The configuration as of the applied index, for the next start. */
  setConfiguration(configuration: Configuration): void {
    this.#configuration = configuration;
  }

  /** Appends; entries from the first one's index on are replaced. Stops when that would leave a gap or touch what is compacted. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    assert(first.index > this.#base.index, `entry ${first.index} is compacted and cannot be written`);
    assert(first.index <= this.lastIndex() + 1, `entry ${first.index} would leave a gap behind ${this.lastIndex()}`);
    this.#entries.length = first.index - this.#base.index - 1;
    this.#entries.push(...entries);
  }

  /** Puts a received snapshot in place of the whole log. */
  install(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#configuration = snapshot.configuration;
    this.#base = { index: snapshot.index, term: snapshot.term };
    this.#entries = [];
  }

  /** Keeps a snapshot of this member's own state, to be sent to others. */
  keep(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
  }

  /** Forgets the entries up to `index`; the newest snapshot must cover them. */
  compact(index: number): void {
    if (index <= this.#base.index) return;
    assert(index <= (this.#snapshot?.index ?? 0), `entry ${index} is in no snapshot and cannot be compacted`);
    const term = this.term(index) as number;
    this.#entries = this.#entries.slice(index - this.#base.index);
    this.#base = { index, term };
  }
}
