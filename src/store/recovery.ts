/**
 * Brings the index up to date with the segments at the start, whatever ended the store before.
 *
 * Everything after a segment's `indexed` offset is carried out again, in the order in which it was written. What a
 * write left unfinished is cut off, what was damaged since is set aside. An index that was lost is made anew the same
 * way from the beginning; who leased what is then forgotten, and chunks that no record names are dropped.
 *
 * Damage that may have hidden a note takes the claim from every shelf that the note could have been about; and so
 * does a set that does not come to the digest which the last note said, for then some note before it is missing.
 */
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { ShelfId } from "../core/ids.ts";
import { storeRowsPerTransactionMax } from "../core/limits.ts";
import { LogReplay } from "./log-replay.ts";
import type { Quarantine } from "./quarantine.ts";
import type { RecordCounter } from "./record-counter.ts";
import { nextTurn } from "./record-walk.ts";
import { recordBytes, segmentHeaderBytes } from "./segment-format.ts";
import type { RecordHeader } from "./segment-format.ts";
import type { SegmentFiles } from "./segment-files.ts";
import { addSums, emptySum } from "./set-digest.ts";
import type { ShelfRow } from "./shelf-table.ts";
import { lost } from "./shelf-state.ts";
import type { ShelfState } from "./shelf-state.ts";
import { readMark, scanSegment } from "./segment-scan.ts";
import type { ScanItem } from "./segment-scan.ts";
import type { WritingEnd } from "./segment-writer.ts";
import type { StoreIndex } from "./store-index.ts";

/** What recovery works on; `log` is told what it had to mend. */
export interface RecoveryParts {
  readonly files: SegmentFiles;
  readonly index: StoreIndex;
  readonly quarantine: Quarantine;
  readonly counter: RecordCounter;
  readonly log: (message: string) => void;
  /** Bytes after which a segment takes no more. */
  readonly segmentBytes: number;
}

/** What a store goes on with. */
export interface Recovered {
  readonly end: WritingEnd;
  /** Shelves for which nothing is claimed any more, which the log does not say yet. */
  readonly disclaimed: readonly ShelfId[];
}

/** Recovers a store that nobody uses yet. Fails with `version` on segments of another version, `no-space`, or the system's error. */
export async function recover(parts: RecoveryParts): Promise<Recovered> {
  return new Recovery(parts).run();
}

class Recovery {
  readonly #parts: RecoveryParts;
  readonly #isRebuilding: boolean;
  /** Shelves about which a note may be missing. */
  readonly #doubtful = new Set<ShelfId>();
  #isAllDoubtful = false;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#isRebuilding = parts.index.fact("rebuilding") === 1;
  }

  async run(): Promise<Recovered> {
    const { index, counter } = this.#parts;
    index.setFact("clean", 0);
    await this.#finishRemovals();
    await this.#finishCalls();
    await counter.settleEverything();
    const numbers = await this.#currentNumbers();
    await this.#loseMissing(numbers);
    for (const number of numbers) await this.#segment(number, number === numbers.at(-1));
    const mustRecount = this.#isRebuilding || index.fact("recount") === 1 || index.fact("leaked") === 1;
    if (mustRecount) await counter.recount();
    const disclaimed = index.transaction(() => this.#disclaim());
    index.setFact("rebuilding", 0);
    return { end: await writingEnd(this.#parts, numbers.at(-1) ?? 0), disclaimed };
  }

  async #finishRemovals(): Promise<void> {
    const { files, index } = this.#parts;
    for (const number of index.segments.removed()) {
      await files.remove(number);
      index.segments.delete(number);
    }
  }

  /** What calls had pinned for themselves goes. */
  async #finishCalls(): Promise<void> {
    const { chunks } = this.#parts.index;
    const unpin = (pinner: number): number =>
      this.#parts.index.transaction(() => chunks.unpin(pinner, storeRowsPerTransactionMax));
    for (let some = chunks.leftoverPinners(1); some.length > 0; some = chunks.leftoverPinners(1)) {
      for (const pinner of some) while (unpin(pinner) > 0) await nextTurn();
    }
  }

  /** The segments on disk. One that the index passed over long ago is not ours any more: replaying it would undo what came since. */
  async #currentNumbers(): Promise<number[]> {
    const { files, index, quarantine, log } = this.#parts;
    const known = index.segments.all().map(({ number }) => number);
    const current: number[] = [];
    for (const number of await files.numbers()) {
      if (known.includes(number) || number > (known.at(-1) ?? 0)) {
        current.push(number);
        continue;
      }
      log(`segment ${number} is not in the index; it was set aside`);
      await quarantine.move(files.path(number), number);
    }
    return current;
  }

  async #loseMissing(present: readonly number[]): Promise<void> {
    const { index, log } = this.#parts;
    const missing = index.segments.all().filter(({ number }) => !present.includes(number));
    for (const { number } of missing) {
      log(`segment ${number} is missing; its chunks have to come from other holders`);
      await this.#loseBeyond(number, 0);
      index.segments.delete(number);
    }
  }

  async #loseBeyond(segment: number, endBytes: number): Promise<void> {
    const { index } = this.#parts;
    const lose = (): number =>
      index.transaction(() => index.chunks.loseBeyond(segment, endBytes, storeRowsPerTransactionMax));
    while (lose() > 0) await nextTurn();
  }

  async #segment(number: number, isLast: boolean): Promise<void> {
    const { files, index, log } = this.#parts;
    const known = index.segments.find(number);
    const { size } = await stat(files.path(number));
    if (known !== undefined && size === known.indexedBytes) return;
    if (known !== undefined && size < known.indexedBytes) {
      log(`segment ${number} lost its last ${known.indexedBytes - size} bytes`);
      await this.#loseBeyond(number, size);
      index.segments.setIndexed(number, size);
      return;
    }
    const handle = await open(files.path(number), "r+");
    try {
      const mark = known?.mark ?? (await this.#firstMark(handle, number, size));
      const from = known?.indexedBytes ?? segmentHeaderBytes;
      if (mark !== undefined) await this.#replay({ handle, number, mark, isLast }, from);
    } finally {
      await handle.close();
    }
  }

  /** The mark of a segment that the index does not know yet; nothing when the file is of no use and was taken away. */
  async #firstMark(handle: FileHandle, number: number, size: number): Promise<Buffer | undefined> {
    const { files, index, quarantine, log } = this.#parts;
    const mark = await readMark(handle);
    if (mark !== undefined) index.segments.insert(number, mark, segmentHeaderBytes);
    else if (size <= segmentHeaderBytes) await files.remove(number);
    else {
      this.#isAllDoubtful = true;
      log(`segment ${number} has no readable beginning; it was set aside`);
      await quarantine.move(files.path(number), number);
    }
    return mark;
  }

  async #replay(segment: ReplayedSegment, from: number): Promise<void> {
    const { handle, number, mark } = segment;
    const replay = new LogReplay(this.#parts.index, this.#parts.counter, number, this.#isRebuilding);
    let end = from;
    for await (const item of scanSegment(handle, mark, from)) {
      if (item.at === "record") await replay.add(item.offset, item.header, item.payload);
      end = item.at === "record" ? item.offset + recordBytes(item.payload.length) : await this.#mend(segment, item);
    }
    replay.flush();
    this.#parts.index.segments.setIndexed(number, end);
  }

  /** Gets damage out of the way; returns where the next record begins. */
  async #mend({ handle, number, isLast }: ReplayedSegment, item: Exclude<ScanItem, { at: "record" }>): Promise<number> {
    const { quarantine, log } = this.#parts;
    if (item.at === "damage") {
      this.#doubt(item.header);
      log(`segment ${number} is damaged at ${item.offset}; ${item.length} bytes were set aside`);
      await quarantine.copy(handle, { segment: number, offset: item.offset }, item.length);
      return item.offset + item.length;
    }
    // Nothing is written to a later segment before this one is whole.
    if (!isLast) this.#isAllDoubtful = true;
    log(`segment ${number} ended in the middle of a write; it was cut at ${item.offset}`);
    await handle.truncate(item.offset);
    return item.offset;
  }

  /** Damage hid a record, of which the header may be left. */
  #doubt(header: RecordHeader | undefined): void {
    if (header?.kind === "chunk") return;
    if (header?.shelf === undefined) this.#isAllDoubtful = true;
    else this.#doubtful.add(header.shelf);
  }

  /** Holds every shelf against its set. Returns those for which nothing is claimed any more. */
  #disclaim(): ShelfId[] {
    const { index, log } = this.#parts;
    const disclaimed: ShelfId[] = [];
    for (const row of index.shelves.all()) {
      const found = this.#found(row);
      if (found.fence === 0 && found.records === 0) index.shelves.forget(row);
      else if (this.#isAllDoubtful || this.#doubtful.has(row.shelf) || !isSame(found.digest, row.state.digest)) {
        log(`some of what the log said about shelf ${row.shelf} is lost; it is compared with the other links again`);
        index.shelves.take(row, lost(found), [], row.segment);
        disclaimed.push(row.shelf);
      }
      index.shelves.count(row.id, found.records - row.state.records, 0);
    }
    return disclaimed;
  }

  /** A shelf as its set is. */
  #found({ id, state }: ShelfRow): ShelfState {
    const buckets = this.#parts.index.members.buckets(id, 0);
    const records = buckets.reduce((sum, { count }) => sum + count, 0);
    return { ...state, records, digest: buckets.reduce((sum, { digest }) => addSums(sum, digest), emptySum()) };
  }
}

/** A segment that is read again. */
interface ReplayedSegment {
  readonly handle: FileHandle;
  readonly number: number;
  readonly mark: Buffer;
  readonly isLast: boolean;
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** The last segment goes on where it ends, unless it is full or was taken away. */
async function writingEnd({ files, index, segmentBytes }: RecoveryParts, lastNumber: number): Promise<WritingEnd> {
  const last = index.segments.find(lastNumber);
  if (last === undefined || last.indexedBytes >= segmentBytes) return { lastNumber, segment: undefined };
  const handle = await open(files.path(lastNumber), "r+");
  return { lastNumber, segment: { number: lastNumber, mark: last.mark, handle, endBytes: last.indexedBytes } };
}
