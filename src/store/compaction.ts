/**
 * Gives space back: what is still needed of a segment is appended anew, then the segment goes.
 *
 * Readers find a chunk at its old place or at its new one at every moment. The index is flushed before the file is
 * removed, so that no power cut can leave it pointing at a file that is gone; and a segment on its way out is marked, so
 * that a file that comes back after a power cut is not taken for news.
 */
import type { FileHandle } from "node:fs/promises";
import { assert } from "../core/errors.ts";
import type { FileKey } from "../core/ids.ts";
import {
  flushGroupBytesMax,
  flushGroupChunksMax,
  recordsPerNoteMax,
  storeRowsPerTransactionMax,
} from "../core/limits.ts";
import { noteJob } from "./append-jobs.ts";
import type { KeyedLocks } from "./keyed-locks.ts";
import type { Quarantine } from "./quarantine.ts";
import { nextTurn } from "./record-walk.ts";
import { chunkRecord, decodeKeys, recordBytes, recordHeaderBytes, segmentHeaderBytes } from "./segment-format.ts";
import { scanSegment } from "./segment-scan.ts";
import type { ScanItem } from "./segment-scan.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { AppendJob, SegmentWriter } from "./segment-writer.ts";
import type { StoreIndex } from "./store-index.ts";

/** What compaction works with. `locks` holds one lock for each file key. */
export interface CompactionParts {
  readonly files: SegmentFiles;
  readonly index: StoreIndex;
  readonly quarantine: Quarantine;
  readonly writer: SegmentWriter;
  readonly locks: KeyedLocks;
}

type ScannedRecord = Extract<ScanItem, { at: "record" }>;
type ScannedDamage = Extract<ScanItem, { at: "damage" }>;

/** Copies held in memory: one group. */
const copyBytesMax = flushGroupBytesMax - flushGroupChunksMax * recordHeaderBytes;

interface Found {
  readonly offset: number;
  readonly digest: Uint8Array;
  readonly payload: Uint8Array;
}

/** `ChunkStore.compactOnce`; only one may run at a time. */
export async function compactOnce(parts: CompactionParts, signal?: AbortSignal): Promise<number> {
  const { index, writer } = parts;
  const before = index.segments.totals().diskBytes;
  const worst = index.segments.worst(writer.activeNumber);
  const numbers = new Set(index.segments.dead(writer.activeNumber));
  if (worst !== undefined) numbers.add(worst);
  for (const number of numbers) {
    signal?.throwIfAborted();
    await new SegmentCompaction(parts, number).run();
  }
  return Math.max(0, before - index.segments.totals().diskBytes);
}

/** Moves what is needed out of one segment, which no longer changes, and removes it. */
class SegmentCompaction {
  readonly #parts: CompactionParts;
  readonly #number: number;
  #found: Found[] = [];
  #foundBytes = 0;

  constructor(parts: CompactionParts, number: number) {
    this.#parts = parts;
    this.#number = number;
  }

  async run(): Promise<void> {
    const { files, index } = this.#parts;
    await files.use(this.#number, (handle) => this.#moveNeeded(handle));
    await this.#giveUpRest();
    index.transaction(() => index.segments.setRemoved(this.#number));
    index.flush();
    await files.remove(this.#number);
    index.transaction(() => index.segments.delete(this.#number));
  }

  async #moveNeeded(handle: FileHandle): Promise<void> {
    const mark = this.#parts.index.segments.find(this.#number)?.mark;
    assert(mark !== undefined, "a segment to compact is in the index");
    for await (const item of scanSegment(handle, mark, segmentHeaderBytes)) {
      if (item.at === "damage") await this.#damage(handle, item);
      else if (item.at === "record" && item.header.kind === "chunk") await this.#chunk(item);
      else if (item.at === "record") await this.#note(item);
    }
    await this.#moveFound();
  }

  async #chunk({ offset, header, payload }: ScannedRecord): Promise<void> {
    if (!this.#isHere({ offset, digest: header.digest })) return;
    if (this.#found.length === flushGroupChunksMax || this.#foundBytes + payload.length > copyBytesMax)
      await this.#moveFound();
    this.#found.push({ offset, digest: header.digest, payload: new Uint8Array(payload) });
    this.#foundBytes += payload.length;
  }

  #isHere({ offset, digest }: Pick<Found, "offset" | "digest">): boolean {
    const row = this.#parts.index.chunks.here(digest);
    return row?.segment === this.#number && row.offset === offset;
  }

  async #moveFound(): Promise<void> {
    const found = this.#found;
    if (found.length > 0) await this.#parts.writer.append(this.#moveJob(found));
    this.#found = [];
    this.#foundBytes = 0;
  }

  /** Chunks may be dropped while they wait and while they are written: then the copy is dead from the beginning. */
  #moveJob(found: readonly Found[]): AppendJob {
    let moved: readonly Found[] = [];
    return {
      bytesMax: found.reduce((sum, { payload }) => sum + recordBytes(payload.length), 0),
      recordsMax: found.length,
      mayUseReserve: true,
      records: () => {
        moved = found.filter((chunk) => this.#isHere(chunk));
        return moved.map(({ digest, payload }) => chunkRecord(digest, payload));
      },
      apply: (places) => {
        for (const [at, chunk] of moved.entries()) {
          const place = places[at];
          if (place !== undefined && this.#isHere(chunk))
            this.#parts.index.chunks.place(chunk.digest, place, chunk.payload.length);
        }
      },
    };
  }

  async #note({ header, payload }: ScannedRecord): Promise<void> {
    const keys = decodeKeys(payload);
    await this.#parts.locks.holding(keys, () =>
      header.kind === "released" ? this.#repeatReleased(keys) : this.#repeatAdded(keys),
    );
  }

  /** That a record is here must be said again, if it was said last in this segment. */
  async #repeatAdded(keys: readonly FileKey[]): Promise<void> {
    const { records } = this.#parts.index;
    const needed = keys.filter((key) => {
      const row = records.find(key);
      return row?.segment === this.#number && row.state !== "dropping";
    });
    await this.#repeat("present", needed, (key, segment) => records.moveAdded(key, segment));
    this.#parts.index.transaction(() => {
      for (const key of keys) records.forgetAdded(key, this.#number);
    });
  }

  /** That a record is gone must be said again, as long as another segment says that it was added. */
  async #repeatReleased(keys: readonly FileKey[]): Promise<void> {
    const { records } = this.#parts.index;
    const last = keys.filter((key) => records.releasedIn(key) === this.#number);
    const isNeeded = (key: FileKey): boolean =>
      records.find(key) === undefined && records.isAddedElsewhere(key, this.#number);
    await this.#repeat("released", last.filter(isNeeded), (key, segment) => records.moveReleased(key, segment));
    this.#parts.index.transaction(() => {
      for (const key of last) if (!isNeeded(key)) records.forgetReleased(key);
    });
  }

  async #repeat(
    kind: "present" | "released",
    keys: readonly FileKey[],
    move: (key: FileKey, segment: number) => void,
  ): Promise<void> {
    if (keys.length === 0) return;
    const apply = (segment: number): void => {
      for (const key of keys) move(key, segment);
    };
    await this.#parts.writer.append(noteJob({ kind, keys, apply }));
  }

  async #damage(handle: FileHandle, { offset, length, header }: ScannedDamage): Promise<void> {
    const { index, quarantine } = this.#parts;
    await quarantine.copy(handle, { segment: this.#number, offset }, length);
    if (header?.kind === "chunk")
      index.transaction(() => index.chunks.lose(header.digest, { segment: this.#number, offset }));
  }

  /** What damage hid: its chunks are lost, and that its records are here is said again from what the index knows. */
  async #giveUpRest(): Promise<void> {
    const { index, locks } = this.#parts;
    const rest = index.segments.find(this.#number);
    if (rest === undefined || (rest.chunks === 0 && rest.markers === 0)) return;
    const lose = (): number => index.chunks.loseBeyond(this.#number, 0, storeRowsPerTransactionMax);
    while (index.transaction(lose) > 0) await nextTurn();
    const hidden = (): FileKey[] => index.records.lastAddedIn(this.#number, recordsPerNoteMax);
    for (let keys = hidden(); keys.length > 0; keys = hidden()) {
      await locks.holding(keys, () => this.#repeatAdded(keys));
    }
  }
}
