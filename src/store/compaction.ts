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
  compactedSegmentsMax,
  flushGroupBytesMax,
  flushGroupChunksMax,
  recordsPerNoteMax,
  segmentDeadShareMax,
  segmentSealDeadBytesMin,
  storeRowsPerTransactionMax,
} from "../core/limits.ts";
import type { ShelfChange } from "../core/shelf.ts";
import { repeatJob, savepointJob } from "./append-jobs.ts";
import type { CompactOptions } from "./chunk-store.ts";
import type { KeyedLocks } from "./keyed-locks.ts";
import type { SaidRecord } from "./member-table.ts";
import type { Quarantine } from "./quarantine.ts";
import { nextTurn } from "./record-walk.ts";
import { chunkRecord, recordBytes, recordHeaderBytes, segmentHeaderBytes } from "./segment-format.ts";
import type { LogRecord } from "./segment-format.ts";
import { scanSegment } from "./segment-scan.ts";
import type { ScanItem } from "./segment-scan.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { AppendJob, SegmentWriter, WritingGroup } from "./segment-writer.ts";
import { decodeChanged, decodeEntries } from "./shelf-note.ts";
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
export async function compactOnce(
  parts: CompactionParts,
  { share = segmentDeadShareMax, signal }: CompactOptions,
): Promise<number> {
  const { index, writer } = parts;
  const { activeNumber } = writer;
  const isMostlyDead = index.segments.worst(activeNumber + 1, share) === activeNumber;
  if (isMostlyDead && index.segments.deadBytes(activeNumber) >= segmentSealDeadBytesMin) await writer.beginSegment();
  const dead = index.segments.dead(writer.activeNumber, compactedSegmentsMax);
  const worst = index.segments.worst(writer.activeNumber, share);
  let freed = 0;
  for (const number of dead.length === 0 && worst !== undefined ? [worst] : dead) {
    signal?.throwIfAborted();
    freed += await new SegmentCompaction(parts, number).run();
  }
  return Math.max(0, freed);
}

/** Moves what is needed out of one segment, which no longer changes, and removes it. */
class SegmentCompaction {
  readonly #parts: CompactionParts;
  readonly #number: number;
  #found: Found[] = [];
  #foundBytes = 0;
  #said: SaidRecord[] = [];
  #appendedBytes = 0;

  constructor(parts: CompactionParts, number: number) {
    this.#parts = parts;
    this.#number = number;
  }

  /** Returns the bytes that this freed. */
  async run(): Promise<number> {
    const { files, index } = this.#parts;
    const account = index.segments.find(this.#number);
    assert(account !== undefined, "a segment to compact is in the index");
    await files.use(this.#number, (handle) => this.#moveNeeded(handle, account.mark));
    await this.#giveUpRest();
    index.transaction(() => index.segments.setRemoved(this.#number));
    index.flush();
    await files.remove(this.#number);
    index.transaction(() => index.segments.delete(this.#number));
    return account.indexedBytes - this.#appendedBytes;
  }

  async #moveNeeded(handle: FileHandle, mark: Buffer): Promise<void> {
    for await (const item of scanSegment(handle, mark, segmentHeaderBytes)) {
      if (item.at === "damage") await this.#damage(handle, item);
      else if (item.at === "record" && item.header.kind === "chunk") await this.#chunk(item);
      else if (item.at === "record") await this.#note(item);
    }
    await this.#moveFound();
    await this.#repeatSaid();
    for (const { shelf } of this.#parts.index.shelves.saidIn(this.#number))
      await this.#append(savepointJob(this.#parts.index, shelf));
  }

  async #append(job: AppendJob): Promise<void> {
    const records = (group: WritingGroup): readonly LogRecord[] => {
      const appended = job.records(group);
      for (const { payload } of appended) this.#appendedBytes += recordBytes(payload.length);
      return appended;
    };
    await this.#parts.writer.append({ ...job, records });
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
    if (found.length > 0) await this.#append(this.#moveJob(found));
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

  /** What a note says is said again together with what others say, so that the log does not grow by being compacted. */
  async #note({ header, payload }: ScannedRecord): Promise<void> {
    const shelf = header.shelf === undefined ? undefined : this.#parts.index.shelves.idOf(header.shelf);
    if (shelf === undefined || header.kind === "forgotten") return;
    const entries = header.kind === "changed" ? decodeChanged(payload).entries : decodeEntries(payload);
    this.#said.push(...entries.map(({ fileKey }) => ({ id: shelf, fileKey })));
    if (this.#said.length >= recordsPerNoteMax) await this.#repeatSaid();
  }

  async #repeatSaid(): Promise<void> {
    const said = this.#said;
    this.#said = [];
    for (const id of new Set(said.map((record) => record.id))) {
      const keys = [...new Set(said.filter((record) => record.id === id).map(({ fileKey }) => fileKey))];
      for (let start = 0; start < keys.length; start += recordsPerNoteMax)
        await this.#repeat(id, keys.slice(start, start + recordsPerNoteMax));
    }
  }

  /**
   * That a record is in a set must be said again, if it was said last in this segment; that one is not, if that was said
   * last in this segment and another one says that it is.
   */
  async #repeat(id: number, keys: readonly FileKey[]): Promise<void> {
    const { index, locks } = this.#parts;
    const shelf = index.shelves.nameOf(id);
    if (shelf === undefined) return;
    await locks.holding(keys, async () => {
      const entries = keys.flatMap((fileKey) => this.#needed(id, fileKey));
      if (entries.length > 0) await this.#append(repeatJob(index, id, shelf, entries));
      index.transaction(() => {
        for (const key of keys) this.#forget(id, key);
      });
    });
  }

  #needed(id: number, fileKey: FileKey): ShelfChange[] {
    const { members } = this.#parts.index;
    const member = members.find(id, fileKey);
    if (member !== undefined) return member.segment === this.#number ? [{ fileKey, copies: member.copies }] : [];
    const isLast = members.droppedIn(id, fileKey) === this.#number;
    return isLast && members.isSaidElsewhere(id, fileKey, this.#number) ? [{ fileKey, copies: 0 }] : [];
  }

  #forget(id: number, key: FileKey): void {
    const { members } = this.#parts.index;
    members.forgetSaid(id, key, this.#number);
    if (members.droppedIn(id, key) === this.#number) members.forgetDropped(id, key);
  }

  async #damage(handle: FileHandle, { offset, length, header }: ScannedDamage): Promise<void> {
    const { index, quarantine } = this.#parts;
    await quarantine.copy(handle, { segment: this.#number, offset }, length);
    if (header?.kind === "chunk")
      index.transaction(() => index.chunks.lose(header.digest, { segment: this.#number, offset }));
  }

  /** What damage hid: its chunks are lost, and what it said about sets is said again from what the index knows. */
  async #giveUpRest(): Promise<void> {
    const { index } = this.#parts;
    const rest = index.segments.find(this.#number);
    if (rest === undefined || (rest.chunks === 0 && rest.said === 0)) return;
    const lose = (): number => index.chunks.loseBeyond(this.#number, 0, storeRowsPerTransactionMax);
    while (index.transaction(lose) > 0) await nextTurn();
    const hidden = (): SaidRecord[] => index.members.lastSaidIn(this.#number, recordsPerNoteMax);
    for (this.#said = hidden(); this.#said.length > 0; this.#said = hidden()) await this.#repeatSaid();
  }
}
