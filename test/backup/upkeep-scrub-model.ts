/** A disk whose chunks can go bad: as much of a chunk store as a scrub sees. */
import { createHash, randomBytes } from "node:crypto";
import { Mender } from "../../src/backup/upkeep/mender.ts";
import type { FetchChunk, RecordPlace, ScrubStep, ScrubStore, UpkeepPacer } from "../../src/backup/upkeep/ports.ts";
import { Scrubber } from "../../src/backup/upkeep/scrubber.ts";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { LeaseId, ShelfId } from "../../src/core/ids.ts";
import { keyOf, modelShelf } from "./upkeep-shelf-model.ts";
import { UpkeepTestClock } from "./upkeep-clock.ts";

export const otherShelf = "07".repeat(16) as ShelfId;

export function randomStored(length: number): StoredBytes {
  const bytes = new Uint8Array(randomBytes(length));
  return { digest: new Uint8Array(createHash("sha256").update(bytes).digest()), bytes };
}

const hexOf = (digest: Uint8Array): string => Buffer.from(digest).toString("hex");
const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

class ModelScrubStore implements ScrubStore {
  readonly chunks = new Map<string, Uint8Array>();
  readonly lost = new Set<string>();
  readonly openLeases = new Set<LeaseId>();
  /** Each chunk's shelf; those that are not named here are in the first one. */
  readonly places = new Map<string, ShelfId>();
  /** How often each chunk was hashed. */
  readonly hashed = new Map<string, number>();
  bytesScrubbed = 0;

  add(chunk: StoredBytes): void {
    this.chunks.set(hexOf(chunk.digest), new Uint8Array(chunk.bytes));
  }

  /** Flips a bit of a chunk that is here. */
  damage(digest: Uint8Array): void {
    const bytes = this.chunks.get(hexOf(digest));
    if (bytes !== undefined) bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
  }

  isSound(chunk: StoredBytes): boolean {
    const bytes = this.chunks.get(hexOf(chunk.digest));
    return bytes !== undefined && Buffer.compare(bytes, chunk.bytes) === 0;
  }

  async scrub(cursor: string | undefined, maxBytes: number): Promise<ScrubStep> {
    const step = { chunks: 0, bytes: 0, damaged: [] as Uint8Array[] };
    const rest = [...this.chunks.keys()].sort().filter((hex) => cursor === undefined || hex > cursor);
    for (const hex of rest) {
      const bytes = this.chunks.get(hex) ?? new Uint8Array();
      step.chunks += 1;
      step.bytes += bytes.length;
      this.bytesScrubbed += bytes.length;
      this.hashed.set(hex, (this.hashed.get(hex) ?? 0) + 1);
      if (createHash("sha256").update(bytes).digest("hex") !== hex) {
        step.damaged.push(bytesOf(hex));
        this.lose(bytesOf(hex));
      }
      if (step.bytes >= maxBytes && hex !== rest.at(-1)) return { ...step, cursor: hex };
    }
    return { ...step, cursor: undefined };
  }

  lose(digest: Uint8Array): void {
    this.chunks.delete(hexOf(digest));
    this.lost.add(hexOf(digest));
  }

  async missing(after: Uint8Array | undefined, limit: number): Promise<readonly Uint8Array[]> {
    const from = after === undefined ? "" : hexOf(after);
    return [...this.lost]
      .filter((hex) => hex > from)
      .sort()
      .slice(0, limit)
      .map(bytesOf);
  }

  async recordsOf(digest: Uint8Array): Promise<readonly RecordPlace[]> {
    return [{ shelf: this.places.get(hexOf(digest)) ?? modelShelf, fileKey: keyOf(digest[0] ?? 0) }];
  }

  async shelves(): Promise<readonly { readonly savepoint: { readonly shelf: ShelfId } }[]> {
    return [modelShelf, ...new Set(this.places.values())].map((shelf) => ({ savepoint: { shelf } }));
  }

  async openLease(lease: LeaseId): Promise<void> {
    this.openLeases.add(lease);
  }

  async endLease(lease: LeaseId): Promise<void> {
    this.openLeases.delete(lease);
  }

  async put(lease: LeaseId, chunks: readonly StoredBytes[]): Promise<void> {
    if (!this.openLeases.has(lease)) throw new DfsError("not-found", "no such lease");
    for (const chunk of chunks) {
      this.add(chunk);
      this.lost.delete(hexOf(chunk.digest));
    }
  }

  async stats(): Promise<{ readonly chunks: number; readonly bytes: number; readonly missing: number }> {
    const bytes = [...this.chunks.values()].reduce((sum, chunk) => sum + chunk.length, 0);
    return { chunks: this.chunks.size, bytes, missing: this.lost.size };
  }
}

/** A scrubber over a model disk, with others that have all chunks. */
export class ScrubWorld {
  readonly clock = new UpkeepTestClock();
  readonly store = new ModelScrubStore();
  readonly chunks: readonly StoredBytes[];
  /** What the other holders have. */
  readonly elsewhere = new Map<string, Uint8Array>();
  readonly fetched: { readonly digest: Uint8Array; readonly shelves: readonly ShelfId[]; readonly atMs: number }[] = [];
  readonly warnings: string[] = [];
  savedState: string | undefined;
  taken = 0;
  mender: Mender;
  scrubber: Scrubber;
  readonly #scrubIntervalMs: number;

  constructor(chunks: number, bytes: number, scrubIntervalMs: number) {
    this.#scrubIntervalMs = scrubIntervalMs;
    this.chunks = Array.from({ length: chunks }, () => randomStored(bytes));
    for (const chunk of this.chunks) {
      this.store.add(chunk);
      this.elsewhere.set(hexOf(chunk.digest), chunk.bytes);
    }
    [this.mender, this.scrubber] = this.#parts();
  }

  /** Stops both parts and begins anew with what was saved, as a restart does. */
  async restart(): Promise<void> {
    await this.stop();
    [this.mender, this.scrubber] = this.#parts();
    this.start();
  }

  start(): void {
    this.mender.start();
    this.scrubber.start();
  }

  async stop(): Promise<void> {
    await this.scrubber.stop();
    await this.mender.stop();
  }

  #parts(): [Mender, Scrubber] {
    const { clock, store } = this;
    const log = { warn: (message: string): void => void this.warnings.push(message) };
    const pacer: UpkeepPacer = {
      take: async (bytes) => {
        this.taken += bytes;
      },
    };
    const fetch: FetchChunk = async (digest, shelves) => {
      this.fetched.push({ digest, shelves, atMs: clock.nowMs() });
      const bytes = this.elsewhere.get(hexOf(digest));
      if (bytes === undefined) throw new DfsError("not-found", "nobody has it");
      return bytes;
    };
    const newLease = (): LeaseId => randomBytes(16).toString("hex") as LeaseId;
    const mender = new Mender({ clock, fetch, log, newLease, pacer, store });
    const state = {
      load: async (): Promise<string | undefined> => this.savedState,
      save: async (text: string): Promise<void> => {
        this.savedState = text;
      },
    };
    const scrubIntervalMs = this.#scrubIntervalMs;
    return [mender, new Scrubber({ clock, log, mender, pacer, scrubIntervalMs, state, store })];
  }
}
