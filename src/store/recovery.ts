/**
 * Brings the index up to date with the segments at the start, whatever ended the store before.
 *
 * Everything after a segment's `indexed` offset is carried out again, in the order in which it was written. What a
 * write left unfinished is cut off, what was damaged since is set aside. An index that was lost is made anew the same
 * way from the beginning; who leased what is then forgotten: records that were added are here for good, and chunks
 * that no record names are dropped.
 */
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { storeRowsPerTransactionMax } from "../core/limits.ts";
import { LogReplay } from "./log-replay.ts";
import type { Quarantine } from "./quarantine.ts";
import type { RecordCounter } from "./record-counter.ts";
import { nextTurn } from "./record-walk.ts";
import { recordBytes, segmentHeaderBytes } from "./segment-format.ts";
import type { SegmentFiles } from "./segment-files.ts";
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

/** Recovers a store that nobody uses yet. Fails with `version` on newer segments, `no-space`, or the system's error. */
export async function recover(parts: RecoveryParts): Promise<WritingEnd> {
  return new Recovery(parts).run();
}

class Recovery {
  readonly #parts: RecoveryParts;
  readonly #isRebuilding: boolean;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#isRebuilding = parts.index.fact("rebuilding") === 1;
  }

  async run(): Promise<WritingEnd> {
    const { index, counter } = this.#parts;
    index.setFact("clean", 0);
    await this.#finishRemovals();
    await counter.settleAll();
    const numbers = await this.#currentNumbers();
    await this.#loseMissing(numbers);
    for (const number of numbers) await this.#segment(number);
    if (this.#isRebuilding || index.fact("recount") === 1) await counter.recount();
    index.setFact("rebuilding", 0);
    return writingEnd(this.#parts, numbers.at(-1) ?? 0);
  }

  async #finishRemovals(): Promise<void> {
    const { files, index } = this.#parts;
    for (const number of index.segments.removed()) {
      await files.remove(number);
      index.segments.delete(number);
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

  async #segment(number: number): Promise<void> {
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
      if (mark !== undefined) await this.#replay(handle, number, mark, known?.indexedBytes ?? segmentHeaderBytes);
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
      log(`segment ${number} has no readable beginning; it was set aside`);
      await quarantine.move(files.path(number), number);
    }
    return mark;
  }

  async #replay(handle: FileHandle, number: number, mark: Buffer, from: number): Promise<void> {
    const replay = new LogReplay(this.#parts.index, this.#parts.counter, number, this.#isRebuilding);
    let end = from;
    for await (const item of scanSegment(handle, mark, from)) {
      if (item.at === "record") await replay.add(item.offset, item.header, item.payload);
      end =
        item.at === "record" ? item.offset + recordBytes(item.payload.length) : await this.#mend(handle, number, item);
    }
    replay.flush();
    this.#parts.index.segments.setIndexed(number, end);
  }

  /** Gets damage out of the way; returns where the next record begins. */
  async #mend(handle: FileHandle, number: number, item: Exclude<ScanItem, { at: "record" }>): Promise<number> {
    const { quarantine, log } = this.#parts;
    if (item.at === "damage") {
      log(`segment ${number} is damaged at ${item.offset}; ${item.length} bytes were set aside`);
      await quarantine.copy(handle, { segment: number, offset: item.offset }, item.length);
      return item.offset + item.length;
    }
    log(`segment ${number} ended in the middle of a write; it was cut at ${item.offset}`);
    await handle.truncate(item.offset);
    return item.offset;
  }
}

/** The last segment goes on where it ends, unless it is full or was taken away. */
async function writingEnd({ files, index, segmentBytes }: RecoveryParts, lastNumber: number): Promise<WritingEnd> {
  const last = index.segments.find(lastNumber);
  if (last === undefined || last.indexedBytes >= segmentBytes) return { lastNumber, segment: undefined };
  const handle = await open(files.path(lastNumber), "r+");
  return { lastNumber, segment: { number: lastNumber, mark: last.mark, handle, endBytes: last.indexedBytes } };
}
