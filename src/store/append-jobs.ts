/** The jobs that the store appends: chunks of a lease, and notes about shelves. */
import type { StoredBytes } from "../chunking/file-record.ts";
import { assert, DfsError } from "../core/errors.ts";
import type { FileKey, LeaseId, ShelfId } from "../core/ids.ts";
import { flushGroupBytesMax, flushGroupChunksMax } from "../core/limits.ts";
import type { ShelfChange } from "../core/shelf.ts";
import { chunkRecord, noteRecord, recordBytes } from "./segment-format.ts";
import type { AppendJob } from "./segment-writer.ts";
import { carryOut } from "./shelf-changes.ts";
import type { FreshRecords } from "./shelf-changes.ts";
import { effectsOf, setAfter } from "./shelf-effects.ts";
import { encodeChanged, encodeEntries, noteEntryBytes, noteHeadBytes } from "./shelf-note.ts";
import type { ShelfNote } from "./shelf-note.ts";
import { newShelf } from "./shelf-state.ts";
import type { SetAfter, ShelfState, ShelfStep } from "./shelf-state.ts";
import type { StoreIndex } from "./store-index.ts";
import type { LeaseRow } from "./lease-table.ts";

/** The row of a lease that takes chunks and records. Fails with `not-found` when it is not open, or is being ended. */
export function requireLease(index: StoreIndex, lease: LeaseId): LeaseRow {
  const row = index.leases.find(lease);
  if (row !== undefined && !row.isEnding) return row;
  throw new DfsError("not-found", `lease ${lease} is not open; it has ended or expired, so start the upload again`);
}

/** Stores those of `chunks` that are not here yet, and pins all of them to a lease that is in use. */
export function putJob(index: StoreIndex, { id, lease, shelf }: LeaseRow, chunks: readonly StoredBytes[]): AppendJob {
  const records = distinct(chunks).map(({ digest, bytes }) => ({
    digest,
    record: chunkRecord(digest, bytes, { lease, shelf }),
  }));
  let fresh: typeof records = [];
  return {
    bytesMax: chunks.reduce((sum, { bytes }) => sum + recordBytes(bytes.length), 0),
    recordsMax: chunks.length,
    mayUseReserve: false,
    records(group) {
      const areHere = index.chunks.whichAreHere(records.map(({ digest }) => digest));
      fresh = records.filter(({ digest }, at) => !areHere.has(at) && !group.hasChunk(digest));
      return fresh.map(({ record }) => record);
    },
    apply(places) {
      const [first] = places;
      if (first !== undefined) {
        const placed = places.map((place, at) => {
          const { digest, record } = fresh[at] as (typeof records)[number];
          return { ...place, digest, bytes: record.payload.length };
        });
        index.chunks.placePinned(first.segment, placed, id);
      }
      if (fresh.length === records.length) return;
      const isFresh = new Set(fresh);
      // A lease in use is not ended, so that its row stays.
      index.chunks.pinHere(
        id,
        records.filter((record) => !isFresh.has(record)).map(({ digest }) => digest),
      );
    },
  };
}

function distinct(chunks: readonly StoredBytes[]): readonly StoredBytes[] {
  if (chunks.length === 1) return chunks;
  return [...new Map(chunks.map((chunk) => [Buffer.from(chunk.digest).toString("hex"), chunk])).values()];
}

/** Splits chunks into pieces that fit into one group each. */
export function groupsOf(chunks: readonly StoredBytes[]): StoredBytes[][] {
  const groups: StoredBytes[][] = [];
  let bytesLeft = 0;
  for (const chunk of chunks) {
    const bytes = recordBytes(chunk.bytes.length);
    const last = groups.at(-1);
    if (last === undefined || last.length === flushGroupChunksMax || bytes > bytesLeft) {
      groups.push([chunk]);
      bytesLeft = flushGroupBytesMax - bytes;
    } else {
      last.push(chunk);
      bytesLeft -= bytes;
    }
  }
  return groups;
}

/** A change of a shelf that is to be written and carried out. */
export interface ShelfJob {
  readonly shelf: ShelfId;
  readonly changes: readonly ShelfChange[];
  /** Holds the records that are added. */
  readonly lease?: LeaseRow | undefined;
  /** What the changes lead to from here, or nothing where there is nothing to do; may refuse. */
  readonly plan: (state: ShelfState, set: SetAfter) => ShelfStep | undefined;
  /** What is known of the records that are added, where that was looked up. */
  readonly fresh?: FreshRecords | undefined;
}

/** Writes and carries out changes; whoever calls holds the locks of their keys. Ends with the state they led to. */
export function changeJob(index: StoreIndex, job: ShelfJob): AppendJob & { readonly outcome: () => ShelfState } {
  const { shelf, changes, lease, fresh } = job;
  let outcome: ShelfState | undefined;
  let note: ShelfNote | undefined;
  return {
    bytesMax: recordBytes(noteHeadBytes + changes.length * noteEntryBytes),
    recordsMax: 1,
    mayUseReserve: true,
    records(group) {
      const id = index.shelves.find(shelf)?.id;
      const keys = changes.map(({ fileKey }) => fileKey).filter((key) => fresh?.keys.has(key) !== true);
      const copies = id === undefined ? new Map<FileKey, number>() : index.members.copiesOf(id, keys);
      const effects = effectsOf(changes, (key) => copies.get(key) ?? 0);
      const before = group.shelf(shelf);
      const step = job.plan(before, setAfter(before, effects, changes.length));
      outcome = step?.state ?? before;
      const entries = [...effects, ...newlyHeld(index, changes, effects, lease)];
      if (step === undefined || (entries.length === 0 && saysNothing(before, step))) return [];
      group.setShelf(shelf, step.state);
      note = { step, entries };
      return [noteRecord("changed", encodeChanged(note), { lease: lease?.lease, shelf })];
    },
    apply([place]) {
      if (note === undefined || place === undefined) return;
      carryOut(index, { ...note, shelf, leaseRow: lease?.id, segment: place.segment, fresh });
    },
    outcome() {
      assert(outcome !== undefined, "a job that was written has an outcome");
      return outcome;
    },
  };
}

/** Whether a step leaves everything as it is, as comparing a digest does with an equal one. */
function saysNothing(before: ShelfState, { state, restartsAt }: ShelfStep): boolean {
  const { fence, epoch, sequence, isLoose } = before;
  const isSame = state.fence === fence && state.epoch === epoch && state.sequence === sequence;
  return isSame && state.isLoose === isLoose && restartsAt === undefined;
}

/** Records that are in the set already, and that the lease does not hold yet: that must survive too. */
function newlyHeld(
  index: StoreIndex,
  changes: readonly ShelfChange[],
  effects: readonly ShelfChange[],
  lease: LeaseRow | undefined,
): ShelfChange[] {
  if (lease === undefined) return [];
  const changed = new Set(effects.map(({ fileKey }) => fileKey));
  return changes.filter(
    ({ fileKey, copies }) => copies > 0 && !changed.has(fileKey) && !index.records.isHeldBy(fileKey, lease.id),
  );
}

/** Says again what the set and the savepoint of a shelf are, for they are to be written elsewhere or were found anew. */
export function savepointJob(index: StoreIndex, shelf: ShelfId): AppendJob {
  return {
    bytesMax: recordBytes(noteHeadBytes),
    recordsMax: 1,
    mayUseReserve: true,
    records(group) {
      const state = group.shelf(shelf);
      // Nothing is to be said of a shelf that was forgotten meanwhile.
      if (state.fence === 0) return [];
      return [noteRecord("changed", encodeChanged({ step: { state, isLogged: false }, entries: [] }), { shelf })];
    },
    apply([place]) {
      const row = index.shelves.find(shelf);
      if (row !== undefined && place !== undefined) index.shelves.moveSaid(row, place.segment);
    },
  };
}

/** Says again which records are in the set of shelf row `id`, and which are not; whoever calls holds the locks of their keys. */
export function repeatJob(index: StoreIndex, id: number, shelf: ShelfId, entries: readonly ShelfChange[]): AppendJob {
  const record = noteRecord("repeated", encodeEntries(entries), { shelf });
  return {
    bytesMax: recordBytes(record.payload.length),
    recordsMax: 1,
    mayUseReserve: true,
    records: () => [record],
    apply([place]) {
      assert(place !== undefined, "every record has a place");
      for (const entry of entries) index.members.set(id, entry, place.segment);
    },
  };
}

/** Forgets a shelf, if its set is empty then. */
export function forgetJob(index: StoreIndex, shelf: ShelfId): AppendJob {
  const record = noteRecord("forgotten", new Uint8Array(), { shelf });
  return {
    bytesMax: recordBytes(0),
    recordsMax: 1,
    mayUseReserve: true,
    records(group) {
      if (group.shelf(shelf).records > 0) return [];
      group.setShelf(shelf, newShelf());
      return [record];
    },
    apply([place]) {
      const row = index.shelves.find(shelf);
      if (row !== undefined && place !== undefined) index.shelves.forget(row);
    },
  };
}
