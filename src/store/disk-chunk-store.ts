/**
 * The chunk store on disk: `segments/` with the bytes, `index.db` with where they are, `quarantine/` with what is damaged.
 *
 * This file holds the parts together; each of them says what it does and why.
 */
import type { StoredBytes } from "../chunking/file-record.ts";
import type { CallOptions } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { digestBytes } from "../core/ids.ts";
import type { FileKey, LeaseId, ShelfId, StoreId } from "../core/ids.ts";
import { sealedBytesMax, storeRowsPerTransactionMax } from "../core/limits.ts";
import type { Savepoint, ShelfChange } from "../core/shelf.ts";
import { groupsOf, putJob, requireLease } from "./append-jobs.ts";
import { scrubStep } from "./chunk-scrub.ts";
import type {
  ChangeOptions,
  ChunkStore,
  ChunkStoreStats,
  CompactOptions,
  LeaseStatus,
  LoggedChange,
  PlaceChunks,
  ReadOptions,
  RecordPart,
  RecordPlace,
  ScrubStep,
  ShelfBucket,
  ShelfEntry,
  ShelfPageQuery,
  ShelfStats,
} from "./chunk-store.ts";
import { compactOnce } from "./compaction.ts";
import { InFlight } from "./in-flight.ts";
import type { LeaseRow } from "./lease-table.ts";
import { noteDamage, openStore } from "./open-store.ts";
import type { DiskChunkStoreOptions, OpenStore } from "./open-store.ts";
import { nextTurn } from "./record-walk.ts";
import type { ShelfBatch } from "./shelf-state.ts";
import type { StoreIndex } from "./store-index.ts";

const everyCall = "*";

/** `ChunkStore` in one folder. Holds no list of chunks in memory. */
export class DiskChunkStore implements ChunkStore {
  readonly #options: DiskChunkStoreOptions;
  readonly #calls = new InFlight();
  #store: OpenStore | undefined;

  constructor(options: DiskChunkStoreOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#store !== undefined) return;
    try {
      this.#store = await openStore(this.#options);
    } catch (error) {
      throw toDfsError(error, { op: "chunk-store.start", path: this.#options.folder });
    }
  }

  async stop(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    this.#store = undefined;
    await this.#calls.idle(everyCall);
    await store.writer.stop();
    await store.files.close();
    store.index.setFact("clean", 1);
    store.index.flush();
    store.index.close();
  }

  /** One call from outside. The index failing under it is remembered until the next start, even if the disk is full. */
  async #call<Result>(op: string, work: (store: OpenStore) => Promise<Result> | Result): Promise<Result> {
    const store = this.#store;
    if (store === undefined) throw new DfsError("internal", "the chunk store is not started", { op });
    try {
      return await this.#calls.during(everyCall, async () => work(store));
    } catch (error) {
      const known = toDfsError(error, { op: `chunk-store.${op}` });
      if (known.kind === "integrity" && known.path === store.index.path) noteDamage(store, known);
      throw known;
    }
  }

  /** A call that works for a lease, which cannot be ended meanwhile. */
  async #callFor<Result>(
    op: string,
    lease: LeaseId,
    work: (store: OpenStore, row: LeaseRow) => Promise<Result>,
  ): Promise<Result> {
    return this.#call(op, (store) => this.#calls.during(lease, () => work(store, requireLease(store.index, lease))));
  }

  /** The same for a call that may do without one. */
  #callMaybeFor<Result>(
    op: string,
    lease: LeaseId | undefined,
    work: (store: OpenStore) => Promise<Result>,
  ): Promise<Result> {
    return lease === undefined ? this.#call(op, work) : this.#callFor(op, lease, work);
  }

  storeId(): Promise<StoreId> {
    return this.#call("store-id", ({ id }) => id);
  }

  openLease(lease: LeaseId, shelf: ShelfId, expiresMs: number): Promise<void> {
    return this.#call("open-lease", ({ index }) => {
      const row = index.leases.find(lease);
      if (row?.isEnding === true) throw new DfsError("conflict", `lease ${lease} is being ended; open another one`);
      if (row !== undefined && row.shelf !== shelf)
        throw new DfsError("conflict", `lease ${lease} is open for shelf ${row.shelf}; open another one`);
      index.leases.open(lease, shelf, expiresMs);
    });
  }

  renewLease(lease: LeaseId, expiresMs: number): Promise<void> {
    return this.#call("renew-lease", ({ index }) => {
      const { shelf } = requireLease(index, lease);
      index.leases.open(lease, shelf, expiresMs);
    });
  }

  leases(after: LeaseId | undefined, limit: number): Promise<readonly LeaseStatus[]> {
    return this.#call("leases", ({ index }) => index.leases.page(after, limit));
  }

  leaseRecords(lease: LeaseId, after: FileKey | undefined, limit: number): Promise<readonly FileKey[]> {
    return this.#call("lease-records", ({ index }) => {
      const row = index.leases.find(lease);
      return row === undefined ? [] : index.records.heldPage(row.id, after, limit);
    });
  }

  endLease(lease: LeaseId, options: CallOptions = {}): Promise<void> {
    return this.#call("end-lease", (store) =>
      store.locks.holding([lease], () => this.#endLease(store.index, lease, options.signal)),
    );
  }

  async #endLease(index: StoreIndex, lease: LeaseId, signal?: AbortSignal): Promise<void> {
    const row = index.leases.find(lease);
    if (row === undefined) return;
    index.leases.setEnding(row.id);
    await this.#calls.idle(lease);
    do {
      await nextTurn();
      signal?.throwIfAborted();
    } while (!index.transaction(() => letGo(index, row.id)));
  }

  isHeld(fileKeys: readonly FileKey[]): Promise<readonly boolean[]> {
    return this.#call("is-held", ({ index }) => {
      const held = index.records.held(fileKeys);
      return fileKeys.map((key) => held.has(key));
    });
  }

  pin(lease: LeaseId, digests: readonly Uint8Array[], options: CallOptions = {}): Promise<readonly boolean[]> {
    return this.#callFor("pin", lease, async ({ index }) => {
      const isHere: boolean[] = [];
      while (isHere.length < digests.length) {
        options.signal?.throwIfAborted();
        const step = digests.slice(isHere.length, isHere.length + storeRowsPerTransactionMax);
        isHere.push(...pinStep(index, lease, step));
        await nextTurn();
      }
      return isHere;
    });
  }

  put(lease: LeaseId, chunks: readonly StoredBytes[], options: CallOptions = {}): Promise<void> {
    return this.#callFor("put", lease, async ({ index, reader, writer, keeper }, row) => {
      for (const chunk of chunks) checkChunk(chunk);
      const appends = groupsOf(chunks).map((group) => writer.append(putJob(index, row, group), options.signal));
      // The lease stays in use until nothing of this call is on its way any more.
      const outcomes = await Promise.allSettled(appends);
      const failed = outcomes.find((outcome) => outcome.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      for (const chunk of chunks) reader.noteStored(chunk);
      await keeper.mend(chunks.map(({ digest }) => digest));
    });
  }

  get(digest: Uint8Array, { signal, allocate }: ReadOptions = {}): Promise<Uint8Array> {
    return this.#call("get", ({ reader }) => {
      signal?.throwIfAborted();
      return reader.read(digest, allocate);
    });
  }

  getMany(
    digests: readonly Uint8Array[],
    place: PlaceChunks,
    { signal }: CallOptions = {},
  ): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#call("get-many", ({ reader }) => {
      signal?.throwIfAborted();
      return reader.readMany(digests, place);
    });
  }

  has(digests: readonly Uint8Array[]): Promise<readonly boolean[]> {
    return this.#call("has", ({ index }) => {
      const areHere = index.chunks.whichAreHere(digests);
      return digests.map((_, at) => areHere.has(at));
    });
  }

  hasRecords(fileKeys: readonly FileKey[]): Promise<readonly boolean[]> {
    return this.#call("has-records", async ({ finder }) => {
      const whole = await finder.whole(fileKeys);
      return fileKeys.map((key) => whole.has(key));
    });
  }

  recordsPage(after: FileKey | undefined, limit: number): Promise<readonly FileKey[]> {
    return this.#call("records", ({ index }) => index.records.page(after, limit));
  }

  recordChunks(fileKey: FileKey, after: number, limit: number): Promise<readonly RecordPart[]> {
    return this.#call("record-chunks", ({ finder }) => finder.parts(fileKey, after, limit));
  }

  recordsOf(digest: Uint8Array, limit: number, options: CallOptions = {}): Promise<readonly RecordPlace[]> {
    return this.#call("records-of", ({ finder }) => finder.placesOf(digest, limit, options.signal));
  }

  missing(after: Uint8Array | undefined, limit: number): Promise<readonly Uint8Array[]> {
    return this.#call("missing", ({ index }) => index.chunks.missingPage(after, limit));
  }

  savepoint(shelf: ShelfId): Promise<Savepoint | undefined> {
    return this.#call("savepoint", ({ shelves }) => shelves.savepoint(shelf));
  }

  shelves(): Promise<readonly ShelfStats[]> {
    return this.#call("shelves", ({ shelves }) => shelves.all());
  }

  appendChanges(
    shelf: ShelfId,
    epoch: number,
    changes: readonly ShelfChange[],
    options: ChangeOptions = {},
  ): Promise<{ readonly after: number; readonly savepoint: Savepoint }> {
    return this.#callMaybeFor("append-changes", options.lease, ({ keeper }) =>
      keeper.append(shelf, epoch, changes, options),
    );
  }

  applyChanges(shelf: ShelfId, batch: ShelfBatch, options: ChangeOptions = {}): Promise<Savepoint> {
    return this.#callMaybeFor("apply-changes", options.lease, ({ keeper }) => keeper.apply(shelf, batch, options));
  }

  beginEpoch(shelf: ShelfId, epoch: number): Promise<Savepoint> {
    return this.#call("begin-epoch", ({ keeper }) => keeper.begin(shelf, epoch));
  }

  changesSince(
    shelf: ShelfId,
    point: { readonly epoch: number; readonly sequence: number },
    limit: number,
  ): Promise<readonly LoggedChange[] | undefined> {
    return this.#call("changes-since", ({ shelves }) => shelves.changesSince(shelf, point, limit));
  }

  buckets(shelf: ShelfId, position: number): Promise<readonly ShelfBucket[]> {
    return this.#call("buckets", ({ shelves }) => shelves.buckets(shelf, position));
  }

  setDigest(shelf: ShelfId, position: number): Promise<Uint8Array> {
    return this.#call("set-digest", ({ shelves }) => shelves.setDigest(shelf, position));
  }

  shelfPage(shelf: ShelfId, query: ShelfPageQuery): Promise<readonly ShelfEntry[]> {
    return this.#call("shelf-page", ({ shelves }) => shelves.page(shelf, query));
  }

  forgetShelf(shelf: ShelfId, limit: number, options: CallOptions = {}): Promise<number> {
    return this.#call("forget-shelf", ({ keeper }) => {
      options.signal?.throwIfAborted();
      return keeper.forget(shelf, limit, options.signal);
    });
  }

  scrub(cursor: string | undefined, maxBytes: number, options: CallOptions = {}): Promise<ScrubStep> {
    return this.#call("scrub", (store) => scrubStep(store, cursor, maxBytes, options.signal));
  }

  compactOnce(options: CompactOptions = {}): Promise<number> {
    return this.#call("compact", (store) => store.locks.holding(["compaction"], () => compactOnce(store, options)));
  }

  stats(): Promise<ChunkStoreStats> {
    return this.#call("stats", async ({ index, quarantine, writer }) => ({
      ...index.segments.totals(),
      records: index.fact("records"),
      missing: index.chunks.countMissing(),
      quarantined: quarantine.count,
      freeBytes: await writer.freeBytes(),
    }));
  }
}

/** Takes some of what a lease holds and pins back, and removes it with the last of that. Returns whether it is gone. */
function letGo(index: StoreIndex, leaseRow: number): boolean {
  let rows = storeRowsPerTransactionMax;
  rows -= index.records.unhold(leaseRow, rows);
  if (rows > 0) rows -= index.chunks.unpin(leaseRow, rows);
  if (rows > 0) index.leases.delete(leaseRow);
  return rows > 0;
}

function pinStep(index: StoreIndex, lease: LeaseId, digests: readonly Uint8Array[]): boolean[] {
  const leaseRow = requireLease(index, lease).id;
  const areHere = index.chunks.whichAreHere(digests);
  // Of a new file nothing is here.
  if (areHere.size > 0)
    index.transaction(() =>
      index.chunks.pinHere(
        leaseRow,
        digests.filter((_, at) => areHere.has(at)),
      ),
    );
  return digests.map((_, at) => areHere.has(at));
}

function checkChunk({ digest, bytes }: StoredBytes): void {
  if (digest.length === digestBytes && bytes.length > 0 && bytes.length <= sealedBytesMax) return;
  throw new DfsError(
    "usage",
    `a chunk has 1 to ${sealedBytesMax} bytes and a digest of ${digestBytes}, not ${bytes.length} and ${digest.length}`,
  );
}
