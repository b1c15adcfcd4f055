/**
 * A disk that forgets what was not synced, and tears what it was just writing.
 *
 * The log is a row of records; a record is whole, torn or lost. Records carry the number of the write that they belong
 * to: as a write begins only after the one before was synced, a bad record is a torn tail unless a later write follows
 * it, and then it is damage that must not be cut. A write counts as a whole or not at all: a commit index must not
 * outlive the entries that came with it, nor they it.
 */
import type { Entry, HardState, Snapshot } from "../../src/raft/types.ts";
import { Violation } from "./violation.ts";
import type { Mistake } from "./mistakes.ts";
import type { Prng } from "./prng.ts";
import { nobody } from "../../src/raft/types.ts";

type LogRecord =
  | { readonly kind: "hard"; readonly hardState: HardState }
  | { readonly kind: "entry"; readonly entry: Entry }
  /** From here on the log follows a received snapshot. */
  | { readonly kind: "base"; readonly index: number; readonly term: number };

interface Slot {
  readonly record: LogRecord;
  readonly write: number;
  /** The write ends here. */
  isLast: boolean;
  isSynced: boolean;
  condition: "whole" | "torn" | "lost";
}

/** What a start finds on the disk. */
export interface Recovered {
  readonly hardState: HardState;
  readonly snapshot: Snapshot | undefined;
  /** What follows the snapshot. */
  readonly entries: readonly Entry[];
}

export class SimDisk {
  readonly #mistakes: ReadonlySet<Mistake>;
  #slots: Slot[] = [];
  #write = 0;
  /** The hard state of records that were dropped. */
  #headHardState: HardState = { term: 0, vote: nobody, commit: 0 };
  #snapshot: Snapshot | undefined;
  #unfinishedSnapshot: Snapshot | undefined;

  constructor(mistakes: ReadonlySet<Mistake>) {
    this.#mistakes = mistakes;
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  get unfinishedSnapshot(): Snapshot | undefined {
    return this.#unfinishedSnapshot;
  }

  /** Writes one batch. */
  write(hardState: HardState | undefined, entries: readonly Entry[], base: Snapshot | undefined): void {
    this.#write++;
    if (base !== undefined) this.#push({ kind: "base", index: base.index, term: base.term });
    if (hardState !== undefined) this.#push({ kind: "hard", hardState });
    for (const entry of entries) this.#push({ kind: "entry", entry });
    const last = this.#slots.at(-1);
    if (last !== undefined) last.isLast = true;
  }

  sync(): void {
    for (let at = this.#slots.length - 1; at >= 0; at--) {
      const slot = this.#slots[at] as Slot;
      if (slot.isSynced) return;
      slot.isSynced = true;
    }
  }

  /** Temporary name, fsync, rename, fsync of the folder: all of it or nothing. */
  storeSnapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#unfinishedSnapshot = undefined;
  }

  /** Writes the temporary file only. */
  beginSnapshot(snapshot: Snapshot): void {
    this.#unfinishedSnapshot = snapshot;
  }

  /** Drops the oldest records, as far as they hold entries up to `index` and nothing else. */
  dropLog(index: number): void {
    let count = 0;
    for (; count < this.#slots.length; count++) {
      const { record, isSynced } = this.#slots[count] as Slot;
      const isOld = record.kind === "hard" || (record.kind === "entry" ? record.entry.index : record.index) <= index;
      if (!isSynced || !isOld) break;
      if (record.kind === "hard") this.#headHardState = record.hardState;
    }
    this.#slots = this.#slots.slice(count);
  }

  /** The power goes: of what was not synced each record survives, tears or is lost by itself. Returns how many were harmed. */
  losePower(prng: Prng): number {
    let harmed = 0;
    this.#unfinishedSnapshot = undefined;
    for (const slot of this.#slots) {
      if (slot.isSynced || prng.chance(0.4)) continue;
      slot.condition = prng.chance(0.5) ? "torn" : "lost";
      harmed++;
    }
    while (this.#slots.at(-1)?.condition === "lost") this.#slots.pop();
    return harmed;
  }

  /** Damages one record that a later write follows; returns false where there is none. */
  rot(prng: Prng): boolean {
    const last = this.#slots.at(-1);
    const inner = this.#slots.filter((slot) => slot.isSynced && last !== undefined && slot.write < last.write);
    if (inner.length === 0 || last?.condition !== "whole") return false;
    prng.pick(inner).condition = "torn";
    return true;
  }

  /** Reads everything back; undefined when the disk is damaged and its member must not go on. */
  recover(): Recovered | undefined {
    if (!this.#cutTail()) return undefined;
    for (const slot of this.#slots) slot.isSynced = true;
    const replay = new Replay(this.#headHardState, this.#snapshot, this.#mistakes);
    for (const slot of this.#slots) replay.take(slot.condition === "torn" ? garbled(slot.record) : slot.record);
    const { isLogOld, ...recovered } = replay.finish();
    if (isLogOld && !this.#mistakes.has("write-behind-old-log")) {
      // What follows the snapshot must not be written behind a log that ends before it.
      this.#headHardState = recovered.hardState;
      this.#slots = [];
    }
    return recovered;
  }

  /** Cuts a torn tail. Returns false when the first bad record is none. */
  #cutTail(): boolean {
    if (this.#mistakes.has("records-without-checksum")) {
      this.#slots = this.#slots.filter((slot) => slot.condition !== "lost");
      return true;
    }
    const bad = this.#slots.findIndex((slot) => slot.condition !== "whole");
    if (bad >= 0 && this.#isFollowed(bad) && !this.#mistakes.has("cut-in-the-middle")) return false;
    let end = bad < 0 ? this.#slots.length : bad;
    if (!this.#mistakes.has("keep-part-of-a-write")) while (end > 0 && this.#slots[end - 1]?.isLast === false) end--;
    this.#slots = this.#slots.slice(0, end);
    return true;
  }

  /** Whether a later write follows the record at `bad`, which therefore was synced once. */
  #isFollowed(bad: number): boolean {
    const badWrite = (this.#slots[bad] as Slot).write;
    return this.#slots.slice(bad).some((slot) => slot.condition === "whole" && slot.write > badWrite);
  }

  #push(record: LogRecord): void {
    this.#slots.push({ record, write: this.#write, isLast: false, isSynced: false, condition: "whole" });
  }
}

/** Puts records together again, later ones over earlier ones. */
class Replay {
  readonly #snapshot: Snapshot | undefined;
  readonly #mistakes: ReadonlySet<Mistake>;
  #hardState: HardState;
  #entries: Entry[] = [];

  constructor(hardState: HardState, snapshot: Snapshot | undefined, mistakes: ReadonlySet<Mistake>) {
    this.#hardState = hardState;
    this.#snapshot = snapshot;
    this.#mistakes = mistakes;
  }

  take(record: LogRecord): void {
    if (record.kind === "hard") this.#hardState = record.hardState;
    else if (record.kind === "base") this.#entries = [];
    else this.#takeEntry(record.entry);
  }

  #takeEntry(entry: Entry): void {
    const first = this.#entries[0]?.index ?? entry.index;
    const last = this.#entries.at(-1)?.index ?? entry.index - 1;
    if (this.#mistakes.has("replay-keeps-first") && entry.index <= last) return;
    if (this.#mistakes.has("replay-skips-old-records") && entry.index <= (this.#snapshot?.index ?? 0)) return;
    if (entry.index > last + 1)
      throw new Violation("disk", `replaying the log found entry ${entry.index} behind ${last}: a gap`);
    this.#entries.length = Math.max(0, entry.index - first);
    this.#entries.push(entry);
  }

  /** The result. The log is old when it lacks the snapshot's last entry: the crash came between the two. */
  finish(): Recovered & { readonly isLogOld: boolean } {
    const [snapshot, hardState] = [this.#snapshot, this.#hardState];
    if (snapshot === undefined) return { hardState, snapshot, entries: this.#entries, isLogOld: false };
    const first = this.#entries[0]?.index ?? snapshot.index + 1;
    if (first > snapshot.index + 1)
      throw new Violation("disk", `the snapshot ends at ${snapshot.index} and the log begins at ${first}: a gap`);
    const last = this.#entries[snapshot.index - first];
    const isLogOld = first <= snapshot.index && last?.term !== snapshot.term;
    const entries = isLogOld ? [] : this.#entries.slice(snapshot.index + 1 - first);
    return { hardState, snapshot, entries, isLogOld };
  }
}

/** What a reader without checksums takes a torn record for. */
function garbled(record: LogRecord): LogRecord {
  if (record.kind !== "entry") return record;
  const data = record.entry.data.slice();
  for (let at = data.length >> 1; at < data.length; at++) data[at] = 0;
  return { kind: "entry", entry: { ...record.entry, data } };
}
