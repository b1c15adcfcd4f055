/** Carries out in the index what a note in a segment says about a shelf: once when it is written, again when it is replayed. */
import type { FileKey, ShelfId } from "../core/ids.ts";
import type { ShelfChange } from "../core/shelf.ts";
import { digestsOf, sumBytes } from "./record-walk.ts";
import type { RecordStep } from "./record-walk.ts";
import type { Effect } from "./shelf-effects.ts";
import { membership } from "./shelf-effects.ts";
import type { ShelfStep } from "./shelf-state.ts";
import type { StoreIndex } from "./store-index.ts";

/** A note and where it is written. */
export interface WrittenNote {
  readonly shelf: ShelfId;
  /** Nothing for a note that only repeats what is in the set. */
  readonly step?: ShelfStep | undefined;
  readonly entries: readonly ShelfChange[];
  /** The row of the lease that holds the records which are added. */
  readonly leaseRow?: number | undefined;
  readonly segment: number;
  /** What is known of the records that are added, where that was looked up. */
  readonly fresh?: FreshRecords | undefined;
}

/** Records of which nothing is known, of which each is added once, and the steps of those that have only one. */
export interface FreshRecords {
  readonly keys: ReadonlySet<FileKey>;
  readonly steps: ReadonlyMap<FileKey, RecordStep>;
}

/** Runs in a transaction of the caller's. References of records that come or go are yet to be counted, but for those whose steps are known. */
export function carryOut(index: StoreIndex, note: WrittenNote): void {
  const row = index.shelves.open(note.shelf);
  const effects: Effect[] = [];
  const isNew = note.fresh?.keys ?? newRecords(index, note.entries);
  const added = note.entries.filter(({ fileKey }) => isNew.has(fileKey));
  index.members.addNew(row.id, added, note.segment);
  let [records, bytes] = [added.length, enterNew(index, added, note.fresh?.steps)];
  for (const entry of note.entries) {
    if (isNew.has(entry.fileKey)) {
      effects.push({ ...entry, before: 0 });
      continue;
    }
    const before = index.members.set(row.id, entry, note.segment);
    const change = membership(entry.copies) - membership(before);
    if (change !== 0)
      bytes += change * (change > 0 ? index.records.enter(entry.fileKey) : index.records.leave(entry.fileKey));
    records += change;
    if (before !== entry.copies) effects.push({ ...entry, before });
  }
  hold(index, note);
  index.shelves.count(row.id, records, bytes);
  if (note.step !== undefined) index.shelves.take(row, note.step, effects, note.segment);
}

/** Enters records of which nothing was known, and counts the references of those whose steps are known. Returns their bytes. */
function enterNew(
  index: StoreIndex,
  added: readonly ShelfChange[],
  known: ReadonlyMap<FileKey, RecordStep> = new Map(),
): number {
  const steps = added.map(({ fileKey }) => known.get(fileKey));
  const sizes = steps.map((step) => step && sumBytes(step));
  index.records.enterNew(added.map(({ fileKey }, at) => ({ key: fileKey, bytes: sizes[at] })));
  index.chunks.reference(steps.flatMap((step) => (step === undefined ? [] : digestsOf(step))));
  return sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}

/** The records that a note adds, of which nothing was known, and of which it says nothing else. */
function newRecords(index: StoreIndex, entries: readonly ShelfChange[]): ReadonlySet<FileKey> {
  const isNew = addedOnce(entries);
  for (const fileKey of index.records.states([...isNew]).keys()) isNew.delete(fileKey);
  return isNew;
}

/** The records of which changes say only once that they are added, and nothing else. */
export function addedOnce(entries: readonly ShelfChange[]): Set<FileKey> {
  const isNew = new Set<FileKey>();
  const others = new Set<FileKey>();
  for (const { fileKey, copies } of entries) {
    if (copies === 0 || isNew.has(fileKey)) others.add(fileKey);
    isNew.add(fileKey);
  }
  for (const fileKey of others) isNew.delete(fileKey);
  return isNew;
}

/** A record that one call both adds and drops is held by nobody. */
function hold(index: StoreIndex, { entries, leaseRow }: WrittenNote): void {
  if (leaseRow === undefined) return;
  const copies = new Map(entries.map((entry) => [entry.fileKey, entry.copies]));
  const held = [...copies.keys()].filter((key) => (copies.get(key) ?? 0) > 0);
  index.records.hold(held, leaseRow);
}
