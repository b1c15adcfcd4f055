/**
 * The chunk store on disk: `segments/` with the bytes, `index.db` with where they are, `quarantine/` with what is damaged.
 *
 * This file holds the parts together; each of them says what it does and why.
 */
import { existsSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StoredBytes } from "../chunking/file-record.ts";
import type { CallOptions } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { digestBytes } from "../core/ids.ts";
import type { FileKey, LeaseId } from "../core/ids.ts";
import { sealedBytesMax, segmentBytesMax, storeRowsPerTransactionMax } from "../core/limits.ts";
import { groupsOf, putJob, requireLease } from "./append-jobs.ts";
import { ChunkReader } from "./chunk-reader.ts";
import type { ChunkStore, ChunkStoreStats, LeaseStatus } from "./chunk-store.ts";
import { compactOnce } from "./compaction.ts";
import { systemDisk } from "./disk-operations.ts";
import type { DiskOperations } from "./disk-operations.ts";
import { InFlight } from "./in-flight.ts";
import { KeyedLocks } from "./keyed-locks.ts";
import { Quarantine } from "./quarantine.ts";
import { RecordCounter } from "./record-counter.ts";
import { RecordKeeper } from "./record-keeper.ts";
import { nextTurn } from "./record-walk.ts";
import { recover } from "./recovery.ts";
import { SegmentFiles } from "./segment-files.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { StoreIndex } from "./store-index.ts";

/** Where the store is and how large it may become. */
export interface DiskChunkStoreOptions {
  /** The store's own folder; created when it is not there. Only one process may use it (see `openDataFolder`). */
  readonly folder: string;
  /** Bytes that the segments may take; without it, what the disk has. */
  readonly capacityBytes?: number | undefined;
  /** Bytes after which a new segment begins; `segmentBytesMax` unless a test wants many segments. */
  readonly segmentBytes?: number | undefined;
  /** Told in a sentence what a start had to mend. */
  readonly log?: ((message: string) => void) | undefined;
  /** For tests that fail the disk. */
  readonly disk?: DiskOperations | undefined;
}

interface OpenStore {
  readonly files: SegmentFiles;
  readonly index: StoreIndex;
  readonly quarantine: Quarantine;
  readonly reader: ChunkReader;
  readonly writer: SegmentWriter;
  readonly keeper: RecordKeeper;
  readonly locks: KeyedLocks;
}

const everyCall = "*";

/** `ChunkStore` in one folder. Holds no list of chunks in memory. */
export class DiskChunkStore implements ChunkStore {
  readonly #options: DiskChunkStoreOptions;
  readonly #indexPath: string;
  readonly #damagedPath: string;
  readonly #calls = new InFlight();
  #store: OpenStore | undefined;

  constructor(options: DiskChunkStoreOptions) {
    this.#options = options;
    this.#indexPath = join(options.folder, "index.db");
    this.#damagedPath = join(options.folder, "index.damaged");
  }

  async start(): Promise<void> {
    if (this.#store !== undefined) return;
    try {
      this.#store = await this.#open();
    } catch (error) {
      throw toDfsError(error, { op: "chunk-store.start", path: this.#options.folder });
    }
  }

  async #open(): Promise<OpenStore> {
    const { folder, capacityBytes, segmentBytes = segmentBytesMax, disk = systemDisk } = this.#options;
    const log = this.#options.log ?? (() => undefined);
    const files = new SegmentFiles(join(folder, "segments"));
    const quarantine = new Quarantine(join(folder, "quarantine"));
    await mkdir(files.folder, { recursive: true, mode: 0o700 });
    await quarantine.start();
    const index = await this.#openIndex(log);
    try {
      const reader = new ChunkReader(files, index, quarantine);
      const counter = new RecordCounter(index, reader);
      const end = await recover({ files, index, quarantine, counter, log, segmentBytes });
      const writer = new SegmentWriter({ files, index, disk, capacityBytes, segmentBytes }, end);
      const locks = new KeyedLocks();
      const keeper = new RecordKeeper({ index, reader, counter, locks, writer });
      return { files, index, quarantine, reader, writer, keeper, locks };
    } catch (error) {
      await files.close();
      index.close();
      throw error;
    }
  }

  /** The index; one that is damaged, or was found damaged while it was used, is made anew from the segments. */
  async #openIndex(log: (message: string) => void): Promise<StoreIndex> {
    if (existsSync(this.#damagedPath)) await this.#removeIndex(log);
    try {
      return StoreIndex.open(this.#indexPath);
    } catch (error) {
      if (!(error instanceof DfsError) || error.kind !== "integrity") throw error;
      await this.#removeIndex(log);
      return StoreIndex.open(this.#indexPath);
    }
  }

  async #removeIndex(log: (message: string) => void): Promise<void> {
    log(`${this.#indexPath} is damaged; it is made anew from the segments`);
    await StoreIndex.remove(this.#indexPath);
    await rm(this.#damagedPath, { force: true });
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
      if (known.kind === "integrity" && known.path === this.#indexPath) this.#noteDamage(store, known);
      throw known;
    }
  }

  #noteDamage(store: OpenStore, damage: DfsError): void {
    store.writer.fail(damage);
    writeFileSync(this.#damagedPath, "");
  }

  /** A call that works for a lease, which cannot be ended meanwhile. */
  async #callFor<Result>(op: string, lease: LeaseId, work: (store: OpenStore) => Promise<Result>): Promise<Result> {
    return this.#call(op, (store) =>
      this.#calls.during(lease, () => {
        requireLease(store.index, lease);
        return work(store);
      }),
    );
  }

  openLease(lease: LeaseId, expiresMs: number): Promise<void> {
    return this.#call("open-lease", ({ index }) => {
      if (index.leases.find(lease)?.isEnding === true)
        throw new DfsError("conflict", `lease ${lease} is being ended; open another one`);
      index.leases.open(lease, expiresMs);
    });
  }

  renewLease(lease: LeaseId, expiresMs: number): Promise<void> {
    return this.#call("renew-lease", ({ index }) => {
      requireLease(index, lease);
      index.leases.open(lease, expiresMs);
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

  endLease(lease: LeaseId, keep: readonly FileKey[], options: CallOptions = {}): Promise<void> {
    return this.#call("end-lease", (store) =>
      store.locks.holding([lease], () => this.#endLease(store, lease, new Set(keep), options.signal)),
    );
  }

  async #endLease(
    { index, keeper }: OpenStore,
    lease: LeaseId,
    keep: ReadonlySet<FileKey>,
    signal?: AbortSignal,
  ): Promise<void> {
    const row = index.leases.find(lease);
    if (row === undefined) return;
    index.leases.setEnding(row.id);
    await this.#calls.idle(lease);
    const held = (): FileKey[] => index.records.heldPage(row.id, undefined, storeRowsPerTransactionMax);
    for (let keys = held(); keys.length > 0; keys = held()) {
      signal?.throwIfAborted();
      await keeper.endHolds(row.id, keys, keep);
    }
    const unpin = (): number => index.chunks.unpin(row.id, storeRowsPerTransactionMax);
    while (index.transaction(unpin) > 0) {
      await nextTurn();
      signal?.throwIfAborted();
    }
    index.leases.delete(row.id);
  }

  pin(lease: LeaseId, digests: readonly Uint8Array[], options: CallOptions = {}): Promise<readonly boolean[]> {
    return this.#callFor("pin", lease, async ({ index }) => {
      const isHere: boolean[] = [];
      while (isHere.length < digests.length) {
        options.signal?.throwIfAborted();
        const step = digests.slice(isHere.length, isHere.length + storeRowsPerTransactionMax);
        isHere.push(...index.transaction(() => pinStep(index, lease, step)));
        await nextTurn();
      }
      return isHere;
    });
  }

  put(lease: LeaseId, chunks: readonly StoredBytes[], options: CallOptions = {}): Promise<void> {
    return this.#callFor("put", lease, async ({ index, writer }) => {
      for (const chunk of chunks) checkChunk(chunk);
      const appends = groupsOf(chunks).map((group) => writer.append(putJob(index, lease, group), options.signal));
      // The lease stays in use until nothing of this call is on its way any more.
      const outcomes = await Promise.allSettled(appends);
      const failed = outcomes.find((outcome) => outcome.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    });
  }

  get(digest: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return this.#call("get", ({ reader }) => {
      options.signal?.throwIfAborted();
      return reader.read(digest);
    });
  }

  has(digests: readonly Uint8Array[]): Promise<readonly boolean[]> {
    return this.#call("has", ({ index }) => digests.map((digest) => index.chunks.here(digest) !== undefined));
  }

  addRecords(lease: LeaseId, fileKeys: readonly FileKey[], options: CallOptions = {}): Promise<void> {
    return this.#callFor("add-records", lease, ({ keeper }) => keeper.add(lease, fileKeys, options.signal));
  }

  hasRecords(fileKeys: readonly FileKey[]): Promise<readonly boolean[]> {
    return this.#call("has-records", ({ index }) => fileKeys.map((key) => index.records.has(key)));
  }

  recordsPage(after: FileKey | undefined, limit: number): Promise<readonly FileKey[]> {
    return this.#call("records", ({ index }) => index.records.page(after, limit));
  }

  dropRecord(fileKey: FileKey): Promise<void> {
    return this.#call("drop-record", ({ keeper }) => keeper.drop(fileKey));
  }

  compactOnce(options: CallOptions = {}): Promise<number> {
    return this.#call("compact", (store) =>
      store.locks.holding(["compaction"], () => compactOnce(store, options.signal)),
    );
  }

  stats(): Promise<ChunkStoreStats> {
    return this.#call("stats", async ({ index, quarantine, writer }) => ({
      ...index.segments.totals(),
      records: index.fact("records"),
      quarantined: quarantine.count,
      freeBytes: await writer.freeBytes(),
    }));
  }
}

function pinStep(index: StoreIndex, lease: LeaseId, digests: readonly Uint8Array[]): boolean[] {
  const leaseRow = requireLease(index, lease).id;
  return digests.map((digest) => {
    const row = index.chunks.here(digest);
    if (row !== undefined) index.chunks.pin(leaseRow, row.id);
    return row !== undefined;
  });
}

function checkChunk({ digest, bytes }: StoredBytes): void {
  if (digest.length === digestBytes && bytes.length > 0 && bytes.length <= sealedBytesMax) return;
  throw new DfsError(
    "usage",
    `a chunk has 1 to ${sealedBytesMax} bytes and a digest of ${digestBytes}, not ${bytes.length} and ${digest.length}`,
  );
}
