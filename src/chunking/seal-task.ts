/**
 * A seal task: one file or stream under work in a chunking thread.
 *
 * It hands out sealed chunks in batches, at most `sealAheadBytesMax` ahead of their consumer, and lets the thread look
 * for messages after each batch, so that several tasks take turns.
 */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { DfsError } from "../core/errors.ts";
import { sealAheadBytesMax, sealedBatchBytesMax } from "../core/limits.ts";
import type { FileStat, SealControl, ThreadReply } from "./chunking-messages.ts";
import type { SealedChunk } from "./seal.ts";

/** One task. What it posts goes to the pool; `control` is called with what the pool says. */
export class SealTask {
  readonly #id: number;
  readonly #post: (reply: ThreadReply, transfer: ArrayBuffer[]) => void;
  /** Goes out with the first batch. */
  #stat: FileStat | undefined;
  #batch: SealedChunk[] = [];
  #batchBytes = 0;
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

  /** Hands out a chunk; resolves when there is room for another. Fails with `interrupted` when nobody wants it any more. */
  async put(chunk: SealedChunk): Promise<void> {
    const isFull = this.#batch.length > 0 && this.#batchBytes + chunk.sealed.length > sealedBatchBytesMax;
    if (isFull) this.#sendBatch(false);
    this.#batch.push(chunk);
    this.#batchBytes += chunk.sealed.length;
    if (!isFull) return;
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
    const transfer = chunks.map(({ sealed }) => sealed.buffer as ArrayBuffer);
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
