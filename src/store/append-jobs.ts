/** The jobs that the store appends: chunks of a lease, and notes about records. */
import type { StoredBytes } from "../chunking/file-record.ts";
import { assert, DfsError } from "../core/errors.ts";
import type { FileKey, LeaseId } from "../core/ids.ts";
import { flushGroupBytesMax, flushGroupChunksMax } from "../core/limits.ts";
import { chunkRecord, noteRecord, recordBytes } from "./segment-format.ts";
import type { RecordKind } from "./segment-format.ts";
import type { AppendJob } from "./segment-writer.ts";
import type { StoreIndex } from "./store-index.ts";
import type { LeaseRow } from "./lease-table.ts";

/** The row of a lease that takes chunks and records. Fails with `not-found` when it is not open, or is being ended. */
export function requireLease(index: StoreIndex, lease: LeaseId): LeaseRow {
  const row = index.leases.find(lease);
  if (row !== undefined && !row.isEnding) return row;
  throw new DfsError("not-found", `lease ${lease} is not open; it has ended or expired, so start the upload again`);
}

/** Stores those of `chunks` that are not here yet, and pins all of them to a lease that is in use. */
export function putJob(index: StoreIndex, lease: LeaseId, chunks: readonly StoredBytes[]): AppendJob {
  const records = distinct(chunks).map(({ digest, bytes }) => ({ digest, record: chunkRecord(digest, bytes, lease) }));
  let fresh: typeof records = [];
  return {
    bytesMax: chunks.reduce((sum, { bytes }) => sum + recordBytes(bytes.length), 0),
    recordsMax: chunks.length,
    mayUseReserve: false,
    records(isInGroup) {
      fresh = records.filter(({ digest }) => !isInGroup(digest) && index.chunks.here(digest) === undefined);
      return fresh.map(({ record }) => record);
    },
    apply(places) {
      for (const [at, { digest, record }] of fresh.entries()) {
        const place = places[at];
        assert(place !== undefined, "every record has a place");
        index.chunks.place(digest, place, record.payload.length);
      }
      pinAll(index, lease, chunks);
    },
  };
}

function pinAll(index: StoreIndex, lease: LeaseId, chunks: readonly StoredBytes[]): void {
  const leaseRow = index.leases.find(lease);
  assert(leaseRow !== undefined, "a lease in use is not ended");
  for (const { digest } of chunks) {
    const row = index.chunks.here(digest);
    assert(row !== undefined, "a chunk that was stored is here");
    index.chunks.pin(leaseRow.id, row.id);
  }
}

function distinct(chunks: readonly StoredBytes[]): StoredBytes[] {
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

/** What a note about records says; `apply` carries it out, given the number of the segment that it is written in. */
export interface Note {
  readonly kind: Exclude<RecordKind, "chunk">;
  readonly lease?: LeaseId | undefined;
  readonly keys: readonly FileKey[];
  readonly apply: (segment: number) => void;
}

/** Writes a note, atomically for all its keys. */
export function noteJob({ kind, lease, keys, apply }: Note): AppendJob {
  const record = noteRecord(kind, keys, lease);
  return {
    bytesMax: recordBytes(record.payload.length),
    recordsMax: 1,
    mayUseReserve: true,
    records: () => [record],
    apply([place]) {
      assert(place !== undefined, "every record has a place");
      apply(place.segment);
    },
  };
}
