/** The chunks and records of a store in memory, with what keeps each of them there. */
import { walkRecord } from "../chunking/file-record.ts";
import { DfsError } from "../core/errors.ts";
import { chunkIdOf, digestOf } from "../core/ids.ts";
import type { FileKey, LeaseId } from "../core/ids.ts";
import { membership } from "./shelf-effects.ts";
import type { Effect } from "./shelf-effects.ts";

interface MemoryChunk {
  readonly bytes: Uint8Array;
  refs: number;
  readonly pins: Set<LeaseId>;
}

/** A record that is in a set, or is about to be. */
export interface MemoryRecord {
  /** Digests of all chunks and pages that the record names, as often as it names them. */
  readonly digests: readonly string[];
  /** Bytes of its chunks. */
  readonly bytes: number;
  /** How many sets it is in. */
  sets: number;
}

/** Chunks are known by their digests in hexadecimal. */
export class MemoryContents {
  readonly chunks = new Map<string, MemoryChunk>();
  readonly records = new Map<FileKey, MemoryRecord>();
  readonly capacityBytes: number;
  bytes = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /** Stores a chunk, or pins one that is here. Fails with `no-space`. */
  put(lease: LeaseId, digest: string, bytes: Uint8Array): void {
    const known = this.chunks.get(digest);
    if (known === undefined && this.bytes + bytes.length > this.capacityBytes)
      throw new DfsError("no-space", "no room for more chunks in memory");
    const chunk = known ?? { bytes: bytes.slice(), refs: 0, pins: new Set() };
    if (known === undefined) this.bytes += bytes.length;
    chunk.pins.add(lease);
    this.chunks.set(digest, chunk);
  }

  /** A copy of a chunk. Fails with `not-found`. */
  get(digest: Uint8Array): Uint8Array {
    const chunk = this.chunks.get(hex(digest));
    if (chunk === undefined) throw new DfsError("not-found", `chunk ${chunkIdOf(digest)} is not here`);
    return chunk.bytes.slice();
  }

  /** Takes a lease's pins back. */
  unpin(lease: LeaseId): void {
    for (const [digest, chunk] of this.chunks) if (chunk.pins.delete(lease)) this.#dropUnused(digest);
  }

  /** What the records name, all of which is here. Fails with `not-found` when any of it is not, or as a page does. */
  async look(keys: readonly FileKey[]): Promise<ReadonlyMap<FileKey, MemoryRecord>> {
    let found = await this.#walkAll(keys);
    // Another call may have dropped something meanwhile; what is looked at now is so until somebody waits again.
    while (![...found.values()].every(({ digests }) => digests.every((digest) => this.chunks.has(digest))))
      found = await this.#walkAll(keys);
    return found;
  }

  async #walkAll(keys: readonly FileKey[]): Promise<ReadonlyMap<FileKey, MemoryRecord>> {
    const found = new Map<FileKey, MemoryRecord>();
    const missing: string[] = [];
    for (const key of keys) found.set(key, this.records.get(key) ?? (await this.#walk(key, missing)));
    const [first] = missing;
    if (first === undefined) return found;
    const chunk = chunkIdOf(Buffer.from(first, "hex"));
    throw new DfsError("not-found", `${missing.length} of the records' chunks are not here, the first is ${chunk}`, {
      path: chunk,
    });
  }

  /** What a record names; what of it is not here goes to `missing`. */
  async #walk(key: FileKey, missing: string[]): Promise<MemoryRecord> {
    const digests: string[] = [];
    let sum = 0;
    const fetchPage = async (digest: Uint8Array): Promise<Uint8Array> => {
      digests.push(hex(digest));
      return this.get(digest);
    };
    if (!this.chunks.has(hex(digestOf(key)))) {
      missing.push(hex(digestOf(key)));
      return { digests, bytes: 0, sets: 0 };
    }
    for await (const { digest, bytes } of walkRecord(key, fetchPage)) {
      const chunk = this.chunks.get(hex(digest));
      if (chunk === undefined) missing.push(hex(digest));
      else if (chunk.bytes.length !== bytes)
        throw new DfsError("integrity", "a chunk has another length than its record says");
      digests.push(hex(digest));
      sum += bytes;
    }
    return { digests, bytes: sum, sets: 0 };
  }

  /** Counts the sets that a record is in, and with the first and the last of them its references; `added` was looked at. */
  count({ fileKey, copies, before }: Effect, added: ReadonlyMap<FileKey, MemoryRecord>): void {
    const record = this.records.get(fileKey) ?? added.get(fileKey);
    const sets = membership(copies) - membership(before);
    if (record === undefined || sets === 0) return;
    record.sets += sets;
    if (sets > 0 && record.sets === 1) this.#add(fileKey, record);
    else if (record.sets === 0) this.#drop(fileKey, record);
  }

  #add(key: FileKey, record: MemoryRecord): void {
    this.records.set(key, record);
    for (const digest of record.digests) {
      const chunk = this.chunks.get(digest);
      if (chunk !== undefined) chunk.refs += 1;
    }
  }

  #drop(key: FileKey, record: MemoryRecord): void {
    this.records.delete(key);
    for (const digest of record.digests) {
      const chunk = this.chunks.get(digest);
      if (chunk !== undefined) chunk.refs -= 1;
      this.#dropUnused(digest);
    }
  }

  #dropUnused(digest: string): void {
    const chunk = this.chunks.get(digest);
    if (chunk === undefined || chunk.refs > 0 || chunk.pins.size > 0) return;
    this.chunks.delete(digest);
    this.bytes -= chunk.bytes.length;
  }
}

/** A digest as the contents know it. */
export function hex(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("hex");
}
