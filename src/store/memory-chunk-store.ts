/** The chunk store in memory: `DiskChunkStore`'s twin for tests of everything above it. Nothing survives `stop`. */
import { createHash, randomBytes } from "node:crypto";
import type { StoredBytes } from "../chunking/file-record.ts";
import type { CallOptions } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { digestBytes, digestOf, randomIdBytes } from "../core/ids.ts";
import type { FileKey, LeaseId, ShelfId, StoreId } from "../core/ids.ts";
import { recordsPerNoteMax, sealedBytesMax } from "../core/limits.ts";
import type { Savepoint, ShelfChange } from "../core/shelf.ts";
import type {
  ChangeOptions,
  ChunkStore,
  ChunkStoreStats,
  LeaseStatus,
  LoggedChange,
  PlaceChunks,
  RecordPart,
  RecordPlace,
  ScrubStep,
  ShelfBucket,
  ShelfEntry,
  ShelfPageQuery,
  ShelfStats,
} from "./chunk-store.ts";
import { KeyedLocks } from "./keyed-locks.ts";
import { hex, MemoryContents } from "./memory-contents.ts";
import { MemoryShelf } from "./memory-shelf.ts";
import { recordParts } from "./record-parts.ts";
import { addSums, emptySum } from "./set-digest.ts";
import { effectsOf, netEffects, setAfter } from "./shelf-effects.ts";
import { checkBatch, checkChanges, checkEpochNumber, checkLeaseShelf } from "./shelf-call.ts";
import { appended, applied, begun, checkEpoch, isPast, lost, reachesBack, savepointOf } from "./shelf-state.ts";
import type { SetAfter, ShelfBatch, ShelfStep } from "./shelf-state.ts";

interface MemoryLease {
  readonly shelf: ShelfId;
  expiresMs: number;
  readonly holds: Set<FileKey>;
}

type Plan = (shelf: MemoryShelf, set: SetAfter) => ShelfStep | undefined;

/** `ChunkStore` in memory, with `capacityBytes` of room. */
export class MemoryChunkStore implements ChunkStore {
  readonly #storeId = randomBytes(randomIdBytes).toString("hex") as StoreId;
  readonly #leases = new Map<LeaseId, MemoryLease>();
  readonly #shelves = new Map<ShelfId, MemoryShelf>();
  readonly #turns = new KeyedLocks();
  #contents: MemoryContents;

  constructor(options: { readonly capacityBytes?: number } = {}) {
    this.#contents = new MemoryContents(options.capacityBytes ?? Number.MAX_SAFE_INTEGER);
  }

  async start(): Promise<void> {
    // Ready from the beginning.
  }

  async stop(): Promise<void> {
    this.#contents = new MemoryContents(this.#contents.capacityBytes);
    this.#leases.clear();
    this.#shelves.clear();
  }

  async storeId(): Promise<StoreId> {
    return this.#storeId;
  }

  async openLease(lease: LeaseId, shelf: ShelfId, expiresMs: number): Promise<void> {
    const known = this.#leases.get(lease);
    if (known === undefined) this.#leases.set(lease, { shelf, expiresMs, holds: new Set() });
    else if (known.shelf === shelf) known.expiresMs = Math.max(known.expiresMs, expiresMs);
    else throw new DfsError("conflict", `lease ${lease} is open for shelf ${known.shelf}`);
  }

  async renewLease(lease: LeaseId, expiresMs: number): Promise<void> {
    const known = this.#lease(lease);
    known.expiresMs = Math.max(known.expiresMs, expiresMs);
  }

  #lease(lease: LeaseId): MemoryLease {
    const known = this.#leases.get(lease);
    if (known === undefined) throw new DfsError("not-found", `lease ${lease} is not open`);
    return known;
  }

  async leases(after: LeaseId | undefined, limit: number): Promise<readonly LeaseStatus[]> {
    return [...this.#leases]
      .map(([lease, { shelf, expiresMs, holds }]) => ({ lease, shelf, expiresMs, records: holds.size }))
      .filter(({ lease }) => after === undefined || lease > after)
      .sort((a, b) => (a.lease < b.lease ? -1 : 1))
      .slice(0, limit);
  }

  async leaseRecords(lease: LeaseId, after: FileKey | undefined, limit: number): Promise<readonly FileKey[]> {
    return pageOf(this.#leases.get(lease)?.holds ?? [], after, limit);
  }

  async endLease(lease: LeaseId, options: CallOptions = {}): Promise<void> {
    checkSignal(options);
    this.#leases.delete(lease);
    this.#contents.unpin(lease);
  }

  async isHeld(fileKeys: readonly FileKey[]): Promise<readonly boolean[]> {
    const leases = [...this.#leases.values()];
    return fileKeys.map((key) => leases.some(({ holds }) => holds.has(key)));
  }

  async pin(lease: LeaseId, digests: readonly Uint8Array[], options: CallOptions = {}): Promise<readonly boolean[]> {
    checkSignal(options);
    this.#lease(lease);
    return digests.map((digest) => this.#contents.chunks.get(hex(digest))?.pins.add(lease) !== undefined);
  }

  async put(lease: LeaseId, chunks: readonly StoredBytes[], options: CallOptions = {}): Promise<void> {
    checkSignal(options);
    this.#lease(lease);
    for (const { digest, bytes } of chunks) {
      if (digest.length !== digestBytes || bytes.length === 0 || bytes.length > sealedBytesMax)
        throw new DfsError("usage", `a chunk has 1 to ${sealedBytesMax} bytes and a digest of ${digestBytes}`);
    }
    for (const { digest, bytes } of chunks) this.#contents.put(lease, hex(digest), bytes);
  }

  async get(digest: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    checkSignal(options);
    return this.#contents.get(digest);
  }

  async getMany(
    digests: readonly Uint8Array[],
    place: PlaceChunks,
    options: CallOptions = {},
  ): Promise<readonly (Uint8Array | undefined)[]> {
    checkSignal(options);
    const here = digests.map((digest) => this.#contents.chunks.get(hex(digest))?.bytes);
    return place(here.map((bytes) => bytes?.length ?? 0)).map((memory, at) => {
      const bytes = here[at];
      if (bytes !== undefined) memory.set(bytes);
      return bytes && memory;
    });
  }

  async has(digests: readonly Uint8Array[]): Promise<readonly boolean[]> {
    return digests.map((digest) => this.#contents.chunks.has(hex(digest)));
  }

  async hasRecords(fileKeys: readonly FileKey[]): Promise<readonly boolean[]> {
    return fileKeys.map((key) => this.#contents.records.has(key));
  }

  async recordsPage(after: FileKey | undefined, limit: number): Promise<readonly FileKey[]> {
    return pageOf(this.#contents.records.keys(), after, limit);
  }

  async recordChunks(fileKey: FileKey, after: number, limit: number): Promise<readonly RecordPart[]> {
    if (!this.#contents.records.has(fileKey)) throw new DfsError("not-found", `record ${fileKey} is not here`);
    return recordParts(fileKey, (digest) => this.get(digest), after, limit);
  }

  async recordsOf(digest: Uint8Array, limit: number, options: CallOptions = {}): Promise<readonly RecordPlace[]> {
    checkSignal(options);
    const wanted = hex(digest);
    const namesIt = (key: FileKey): boolean => this.#contents.records.get(key)?.digests.includes(wanted) === true;
    return [...this.#shelves]
      .flatMap(([shelf, known]) => [...known.keys()].filter(namesIt).map((fileKey) => ({ shelf, fileKey })))
      .slice(0, limit);
  }

  async missing(): Promise<readonly Uint8Array[]> {
    return [];
  }

  async savepoint(shelf: ShelfId): Promise<Savepoint | undefined> {
    const known = this.#shelves.get(shelf);
    return known === undefined ? undefined : savepointOf(shelf, known.state);
  }

  async shelves(): Promise<readonly ShelfStats[]> {
    return [...this.#shelves]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([shelf, known]) => ({
        savepoint: savepointOf(shelf, known.state),
        records: known.state.records,
        bytes: [...known.keys()].reduce((sum, key) => sum + (this.#contents.records.get(key)?.bytes ?? 0), 0),
      }));
  }

  async appendChanges(
    shelf: ShelfId,
    epoch: number,
    changes: readonly ShelfChange[],
    options: ChangeOptions = {},
  ): Promise<{ readonly after: number; readonly savepoint: Savepoint }> {
    checkEpochNumber(epoch);
    checkChanges(changes);
    const savepoint = await this.#change(shelf, epoch, changes, options, ({ state }, set) =>
      appended(state, epoch, set),
    );
    return { after: savepoint.sequence - changes.length, savepoint };
  }

  async applyChanges(shelf: ShelfId, batch: ShelfBatch, options: ChangeOptions = {}): Promise<Savepoint> {
    checkEpochNumber(batch.epoch);
    checkBatch(batch);
    if (options.lease !== undefined) this.#lease(options.lease);
    const known = this.#shelf(shelf).state;
    checkEpoch(shelf, known, batch.epoch);
    // Some of what was added then may have been dropped since.
    if (isPast(known, batch)) return savepointOf(shelf, known);
    const plan: Plan = ({ state }, set) => (isPast(state, batch) ? undefined : applied(state, batch, set));
    // In the order of the calls: what comes out of turn would not move the savepoint.
    return this.#turns.holding([shelf], () => this.#change(shelf, batch.epoch, batch.changes, options, plan));
  }

  async #change(
    shelf: ShelfId,
    epoch: number,
    changes: readonly ShelfChange[],
    options: ChangeOptions,
    plan: Plan,
  ): Promise<Savepoint> {
    checkSignal(options);
    const lease = options.lease === undefined ? undefined : this.#lease(options.lease);
    if (options.lease !== undefined && lease !== undefined) checkLeaseShelf(options.lease, lease.shelf, shelf);
    checkEpoch(shelf, this.#shelf(shelf).state, epoch);
    const copies = new Map(changes.map((change) => [change.fileKey, change.copies]));
    const wanted = [...copies].filter(([, count]) => count > 0).map(([key]) => key);
    const added = await this.#contents.look(wanted);
    // From here on nothing waits.
    const known = this.#shelf(shelf);
    checkEpoch(shelf, known.state, epoch);
    const effects = effectsOf(changes, (key) => known.copiesOf(key));
    const step = plan(known, setAfter(known.state, effects, changes.length));
    if (step === undefined) return savepointOf(shelf, known.state);
    known.take(step, effects);
    this.#shelves.set(shelf, known);
    for (const effect of netEffects(effects)) this.#contents.count(effect, added);
    for (const key of wanted) lease?.holds.add(key);
    return savepointOf(shelf, known.state);
  }

  #shelf(shelf: ShelfId): MemoryShelf {
    return this.#shelves.get(shelf) ?? new MemoryShelf();
  }

  async beginEpoch(shelf: ShelfId, epoch: number): Promise<Savepoint> {
    checkEpochNumber(epoch);
    const known = this.#shelf(shelf);
    checkEpoch(shelf, known.state, epoch);
    if (epoch > known.state.epoch) known.take(begun(known.state, epoch), []);
    this.#shelves.set(shelf, known);
    return savepointOf(shelf, known.state);
  }

  async changesSince(
    shelf: ShelfId,
    point: { readonly epoch: number; readonly sequence: number },
    limit: number,
  ): Promise<readonly LoggedChange[] | undefined> {
    const known = this.#shelves.get(shelf);
    if (known === undefined || !reachesBack(known.state, known.history, point)) return undefined;
    return known.logAfter(point.sequence, limit);
  }

  async buckets(shelf: ShelfId, position: number): Promise<readonly ShelfBucket[]> {
    return this.#shelf(shelf).buckets(position);
  }

  async setDigest(shelf: ShelfId, position: number): Promise<Uint8Array> {
    return (await this.buckets(shelf, position)).reduce((sum, { digest }) => addSums(sum, digest), emptySum());
  }

  async shelfPage(shelf: ShelfId, query: ShelfPageQuery): Promise<readonly ShelfEntry[]> {
    const members = this.#shelf(shelf).page(query);
    return members.map(({ fileKey, copies }) => ({
      fileKey,
      copies,
      bytes: this.#contents.records.get(fileKey)?.bytes ?? 0,
    }));
  }

  async forgetShelf(shelf: ShelfId, limit: number, options: CallOptions = {}): Promise<number> {
    checkSignal(options);
    const known = this.#shelf(shelf);
    const gone = known.page({ position: 0, limit: Math.min(limit, recordsPerNoteMax) });
    const effects = gone.map(({ fileKey, copies }) => ({ fileKey, copies: 0, before: copies }));
    const { digest, records } = setAfter(known.state, effects, effects.length);
    known.take(lost({ ...known.state, digest, records }), effects);
    for (const effect of effects) this.#contents.count(effect, new Map());
    if (records === 0) this.#shelves.delete(shelf);
    return effects.length;
  }

  async scrub(cursor: string | undefined, maxBytes: number, options: CallOptions = {}): Promise<ScrubStep> {
    checkSignal(options);
    const rest = [...this.#contents.chunks.keys()].sort().filter((digest) => cursor === undefined || digest > cursor);
    const damaged: Uint8Array[] = [];
    let [chunks, bytes] = [0, 0];
    let last: string | undefined;
    for (const digest of rest) {
      if (chunks > 0 && bytes >= maxBytes) return { cursor: last, chunks, bytes, damaged };
      const sealed = this.#contents.chunks.get(digest)?.bytes ?? emptySum();
      if (createHash("sha256").update(sealed).digest("hex") !== digest) damaged.push(Buffer.from(digest, "hex"));
      chunks += 1;
      bytes += sealed.length;
      last = digest;
    }
    return { cursor: undefined, chunks, bytes, damaged };
  }

  async compactOnce(options: CallOptions = {}): Promise<number> {
    checkSignal(options);
    return 0;
  }

  async stats(): Promise<ChunkStoreStats> {
    const { bytes, capacityBytes } = this.#contents;
    return {
      chunks: this.#contents.chunks.size,
      records: this.#contents.records.size,
      bytes,
      missing: 0,
      diskBytes: bytes,
      deadBytes: 0,
      quarantined: 0,
      freeBytes: capacityBytes - bytes,
    };
  }
}

function checkSignal({ signal }: CallOptions): void {
  if (signal?.aborted === true) throw toDfsError(signal.reason);
}

function pageOf(keys: Iterable<FileKey>, after: FileKey | undefined, limit: number): FileKey[] {
  const sorted = [...keys].map((key) => ({ key, digest: digestOf(key) }));
  const first = after === undefined ? undefined : digestOf(after);
  return sorted
    .filter(({ digest }) => first === undefined || Buffer.compare(digest, first) > 0)
    .sort((a, b) => Buffer.compare(a.digest, b.digest))
    .slice(0, limit)
    .map(({ key }) => key);
}
