/** The chunk store in memory: `DiskChunkStore`'s twin for tests of everything above it. Nothing survives `stop`. */
import { walkRecord } from "../chunking/file-record.ts";
import type { StoredBytes } from "../chunking/file-record.ts";
import type { CallOptions } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { chunkIdOf, digestBytes, digestOf } from "../core/ids.ts";
import type { FileKey, LeaseId } from "../core/ids.ts";
import { recordsPerNoteMax, sealedBytesMax } from "../core/limits.ts";
import type { ChunkStore, ChunkStoreStats, LeaseStatus } from "./chunk-store.ts";

interface MemoryChunk {
  readonly bytes: Uint8Array;
  refs: number;
  readonly pins: Set<LeaseId>;
}

interface MemoryLease {
  expiresMs: number;
  readonly holds: Set<FileKey>;
}

interface MemoryRecord {
  /** Digests of all chunks and pages that the record names, as often as it names them. */
  readonly digests: readonly string[];
  isPermanent: boolean;
}

/** `ChunkStore` in memory, with `capacityBytes` of room. */
export class MemoryChunkStore implements ChunkStore {
  readonly #capacityBytes: number;
  readonly #chunks = new Map<string, MemoryChunk>();
  readonly #leases = new Map<LeaseId, MemoryLease>();
  readonly #records = new Map<FileKey, MemoryRecord>();
  #bytes = 0;

  constructor(options: { readonly capacityBytes?: number } = {}) {
    this.#capacityBytes = options.capacityBytes ?? Number.MAX_SAFE_INTEGER;
  }

  async start(): Promise<void> {
    // Ready from the beginning.
  }

  async stop(): Promise<void> {
    this.#chunks.clear();
    this.#leases.clear();
    this.#records.clear();
    this.#bytes = 0;
  }

  async openLease(lease: LeaseId, expiresMs: number): Promise<void> {
    const known = this.#leases.get(lease);
    if (known === undefined) this.#leases.set(lease, { expiresMs, holds: new Set() });
    else known.expiresMs = Math.max(known.expiresMs, expiresMs);
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
      .map(([lease, { expiresMs, holds }]) => ({ lease, expiresMs, records: holds.size }))
      .filter(({ lease }) => after === undefined || lease > after)
      .sort((a, b) => (a.lease < b.lease ? -1 : 1))
      .slice(0, limit);
  }

  async leaseRecords(lease: LeaseId, after: FileKey | undefined, limit: number): Promise<readonly FileKey[]> {
    return pageOf(this.#leases.get(lease)?.holds ?? [], after, limit);
  }

  async endLease(lease: LeaseId, keep: readonly FileKey[], options: CallOptions = {}): Promise<void> {
    checkSignal(options);
    const ended = this.#leases.get(lease);
    this.#leases.delete(lease);
    for (const key of ended?.holds ?? []) {
      const record = this.#records.get(key);
      if (record !== undefined && keep.includes(key)) record.isPermanent = true;
      this.#dropUnheld(key);
    }
    for (const [digest, chunk] of this.#chunks) {
      if (chunk.pins.delete(lease)) this.#dropUnused(digest);
    }
  }

  async pin(lease: LeaseId, digests: readonly Uint8Array[], options: CallOptions = {}): Promise<readonly boolean[]> {
    checkSignal(options);
    this.#lease(lease);
    return digests.map((digest) => this.#chunks.get(hex(digest))?.pins.add(lease) !== undefined);
  }

  async put(lease: LeaseId, chunks: readonly StoredBytes[], options: CallOptions = {}): Promise<void> {
    checkSignal(options);
    this.#lease(lease);
    for (const { digest, bytes } of chunks) {
      if (digest.length !== digestBytes || bytes.length === 0 || bytes.length > sealedBytesMax)
        throw new DfsError("usage", `a chunk has 1 to ${sealedBytesMax} bytes and a digest of ${digestBytes}`);
    }
    for (const { digest, bytes } of chunks) this.#putOne(lease, hex(digest), bytes);
  }

  #putOne(lease: LeaseId, digest: string, bytes: Uint8Array): void {
    const known = this.#chunks.get(digest);
    if (known === undefined && this.#bytes + bytes.length > this.#capacityBytes)
      throw new DfsError("no-space", "no room for more chunks in memory");
    const chunk = known ?? { bytes: bytes.slice(), refs: 0, pins: new Set() };
    if (known === undefined) this.#bytes += bytes.length;
    chunk.pins.add(lease);
    this.#chunks.set(digest, chunk);
  }

  async get(digest: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    checkSignal(options);
    const chunk = this.#chunks.get(hex(digest));
    if (chunk === undefined) throw new DfsError("not-found", `chunk ${chunkIdOf(digest)} is not here`);
    return chunk.bytes.slice();
  }

  async has(digests: readonly Uint8Array[]): Promise<readonly boolean[]> {
    return digests.map((digest) => this.#chunks.has(hex(digest)));
  }

  async addRecords(lease: LeaseId, fileKeys: readonly FileKey[], options: CallOptions = {}): Promise<void> {
    checkSignal(options);
    const { holds } = this.#lease(lease);
    if (new Set(fileKeys).size > recordsPerNoteMax)
      throw new DfsError("usage", `add at most ${recordsPerNoteMax} records at a time`);
    const found = new Map<FileKey, readonly string[]>();
    const missing: string[] = [];
    for (const key of fileKeys) {
      if (!this.#records.has(key)) found.set(key, await this.#walk(key, missing));
    }
    const [first] = missing;
    if (first !== undefined) {
      const chunk = chunkIdOf(Buffer.from(first, "hex"));
      throw new DfsError("not-found", `${missing.length} of the records' chunks are not here, the first is ${chunk}`, {
        path: chunk,
      });
    }
    for (const [key, digests] of found) this.#addOne(key, digests);
    for (const key of fileKeys) holds.add(key);
  }

  /** What a record names; what of it is not here goes to `missing`. */
  async #walk(key: FileKey, missing: string[]): Promise<readonly string[]> {
    const digests: string[] = [];
    const fetchPage = async (digest: Uint8Array): Promise<Uint8Array> => {
      digests.push(hex(digest));
      return this.get(digest);
    };
    if (!this.#chunks.has(hex(digestOf(key)))) {
      missing.push(hex(digestOf(key)));
      return digests;
    }
    for await (const { digest, bytes } of walkRecord(key, fetchPage)) {
      const chunk = this.#chunks.get(hex(digest));
      if (chunk === undefined) missing.push(hex(digest));
      else if (chunk.bytes.length !== bytes)
        throw new DfsError("integrity", "a chunk has another length than its record says");
      digests.push(hex(digest));
    }
    return digests;
  }

  #addOne(key: FileKey, digests: readonly string[]): void {
    if (this.#records.has(key)) return;
    this.#records.set(key, { digests, isPermanent: false });
    for (const digest of digests) {
      const chunk = this.#chunks.get(digest);
      if (chunk !== undefined) chunk.refs += 1;
    }
  }

  async hasRecords(fileKeys: readonly FileKey[]): Promise<readonly boolean[]> {
    return fileKeys.map((key) => this.#records.has(key));
  }

  async recordsPage(after: FileKey | undefined, limit: number): Promise<readonly FileKey[]> {
    return pageOf(this.#records.keys(), after, limit);
  }

  async dropRecord(fileKey: FileKey): Promise<void> {
    const record = this.#records.get(fileKey);
    if (record !== undefined) record.isPermanent = false;
    this.#dropUnheld(fileKey);
  }

  #dropUnheld(key: FileKey): void {
    const record = this.#records.get(key);
    const isHeld = [...this.#leases.values()].some(({ holds }) => holds.has(key));
    if (record === undefined || record.isPermanent || isHeld) return;
    this.#records.delete(key);
    for (const digest of record.digests) {
      const chunk = this.#chunks.get(digest);
      if (chunk !== undefined) chunk.refs -= 1;
      this.#dropUnused(digest);
    }
  }

  #dropUnused(digest: string): void {
    const chunk = this.#chunks.get(digest);
    if (chunk === undefined || chunk.refs > 0 || chunk.pins.size > 0) return;
    this.#chunks.delete(digest);
    this.#bytes -= chunk.bytes.length;
  }

  async compactOnce(options: CallOptions = {}): Promise<number> {
    checkSignal(options);
    return 0;
  }

  async stats(): Promise<ChunkStoreStats> {
    const bytes = this.#bytes;
    return {
      chunks: this.#chunks.size,
      records: this.#records.size,
      bytes,
      diskBytes: bytes,
      quarantined: 0,
      freeBytes: this.#capacityBytes - bytes,
    };
  }
}

function checkSignal({ signal }: CallOptions): void {
  if (signal?.aborted === true) throw toDfsError(signal.reason);
}

function hex(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("hex");
}

function pageOf(keys: Iterable<FileKey>, after: FileKey | undefined, limit: number): FileKey[] {
  const compare = (a: FileKey, b: FileKey): number => Buffer.compare(digestOf(a), digestOf(b));
  return [...keys]
    .filter((key) => after === undefined || compare(key, after) > 0)
    .sort(compare)
    .slice(0, limit);
}
