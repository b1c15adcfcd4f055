/**
 * A seal task: one file or stream under work in a chunking thread.
 *
 * It hands out sealed chunks in batches, the chunks of each beside each other in one memory, at most `sealAheadBytesMax`
 * ahead of their consumer, and lets the thread look for messages after each batch, so that several tasks take turns.
 */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { DfsError } from "../core/errors.ts";
import { sealAheadBytesMax, sealedBatchBytesMax, sealedBuffersKeptBytes } from "../core/limits.ts";
import { ReusedBuffers } from "../core/reused-buffers.ts";
import type { FileStat, SealControl, ThreadReply } from "./chunking-messages.ts";
import type { SealedChunk } from "./seal.ts";

/** Memory of batches that came back from their consumer. */
const batchMemories = new ReusedBuffers(sealedBuffersKeptBytes);

/** Takes back the memory of a batch that nobody looks at any more. */
export function reclaimBatch(memory: Uint8Array): void {
  batchMemories.give(memory);
}

/** One task. What it posts goes to the pool; `control` is called with what the pool says. */
export class SealTask {
  readonly #id: number;
  readonly #post: (reply: ThreadReply, transfer: ArrayBuffer[]) => void;
  /** Goes out with the first batch. */
  #stat: FileStat | undefined;
  #batch: SealedChunk[] = [];
  #batchBytes = 0;
  /** Of the batch, once there is room for its first chunk. */
  #memory: Uint8Array<ArrayBuffer> | undefined;
  #hasSent = false;
  #aheadBytes = 0;
  readonly #slices: Uint8Array[] = [];
  #isSlicesEnd = false;
  #isCancelled = false;
  #wake: (() => void) | undefined;

  constructor(id: number, post: (reply: ThreadReply, transfer: ArrayBuffer[]) => void) {
    this.#id = id;
    this.#post = post;
  }

  /** What the pool says about this task. */
  control(message: SealControl): void {
    if (message.type === "credit") this.#aheadBytes -= message.sealedBytes;
    else if (message.type === "slice") this.#slices.push(message.bytes);
    else if (message.type === "slices-end") this.#isSlicesEnd = true;
    else this.#isCancelled = true;
    this.#wake?.();
  }

  /** Says what the file is like; once, before the first chunk. */
  describe(stat: FileStat): void {
    this.#stat = stat;
  }

  /** Memory for the next chunk, of so many sealed bytes: beside those that go out with it, which go where it does not fit. */
  room(sealedBytes: number): Uint8Array {
    if (this.#batchBytes + sealedBytes > sealedBatchBytesMax) this.#sendBatch(false);
    this.#memory ??= batchMemories.take(sealedBatchBytesMax);
    return this.#memory.subarray(this.#batchBytes, this.#batchBytes + sealedBytes);
  }

  /** Hands out the chunk that was sealed into `room`; resolves when there may be another. Fails with `interrupted` when nobody wants it any more. */
  async put(chunk: SealedChunk): Promise<void> {
    this.#batch.push(chunk);
    this.#batchBytes += chunk.sealed.length;
    if (!this.#hasSent) return;
    this.#hasSent = false;
    await turnOfEvents();
    await this.#waitUntil(() => this.#aheadBytes + this.#batchBytes < sealAheadBytesMax);
  }

  /** Hands out what is left and says that this was all. */
  end(): void {
    this.#sendBatch(true);
  }

  /** The slices of a stream as they come. Fails with `interrupted` when the task is cancelled. */
  async *slices(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      await this.#waitUntil(() => this.#slices.length > 0 || this.#isSlicesEnd);
      const slice = this.#slices.shift();
      if (slice === undefined) return;
      yield slice;
      this.#post({ type: "taken", id: this.#id, plaintextBytes: slice.length }, []);
    }
  }

  #sendBatch(isEnd: boolean): void {
    const chunks = this.#batch;
    this.#aheadBytes += this.#batchBytes;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#hasSent = true;
    const transfer = this.#memory === undefined ? [] : [this.#memory.buffer];
    this.#memory = undefined;
    this.#post({ type: "sealed", id: this.#id, chunks, stat: this.#stat, isEnd }, transfer);
    this.#stat = undefined;
  }

  async #waitUntil(isSo: () => boolean): Promise<void> {
    while (!this.#isCancelled && !isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#isCancelled) throw new DfsError("interrupted", "nobody wants the rest of this file");
  }
}
