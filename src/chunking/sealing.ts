/** A sealing: one file or stream on its way through a chunking thread, seen by whoever consumes its chunks. */
import { DfsError, toDfsError } from "../core/errors.ts";
import { sealAheadBytesMax, sealBatchBytes } from "../core/limits.ts";
import { countHashed } from "../core/work-done.ts";
import { ownedBytes } from "./chunking-messages.ts";
import type { FileStat, SealControl, ThreadReply } from "./chunking-messages.ts";
import type { ReplyReceiver } from "./chunking-thread.ts";
import type { SealedChunk } from "./seal.ts";
import { interruption } from "./turnstile.ts";

/** Tells the thread something about this sealing. */
export type SendControl = (message: SealControl, transfer: readonly ArrayBuffer[]) => void;

/** Sealed chunks in order; to be iterated once, to the end or until the loop is left. */
export interface SealedChunks extends AsyncIterable<SealedChunk> {
  /** The same as they come: some at a time, together no more than fit into one message, and in one memory. */
  batches(): AsyncIterable<readonly SealedChunk[]>;
}

/** Its chunks are to be iterated once. An error comes before the chunks that were ready, as they are of no use then. */
export class Sealing implements ReplyReceiver, SealedChunks {
  /** Fails with what the sealing failed with, if that comes first; for a stream it never resolves. */
  readonly stat: Promise<FileStat>;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal | undefined;
  #resolveStat!: (stat: FileStat) => void;
  #rejectStat!: (error: DfsError) => void;
  readonly #ready: (readonly SealedChunk[])[] = [];
  #error: DfsError | undefined;
  #send: SendControl = () => undefined;
  #consumedBytes = 0;
  #untakenBytes = 0;
  #wakeConsumer: (() => void) | undefined;
  #wakeFeeder: (() => void) | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.stat = new Promise((resolve, reject) => {
      this.#resolveStat = resolve;
      this.#rejectStat = reject;
    });
    // Whoever only iterates gets the error there.
    this.stat.catch(() => undefined);
    this.#signal = signal;
    if (signal?.aborted === true) this.#interrupt();
    else signal?.addEventListener("abort", this.#interrupt);
  }

  /** Aborted when no more can come: the last chunk is here, it failed, or nobody wants more. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** The work has begun, and `send` reaches the thread that does it. */
  attach(send: SendControl): void {
    this.#send = send;
  }

  receive(reply: Exclude<ThreadReply, { type: "failed" }>): void {
    if (reply.type === "taken") {
      this.#untakenBytes -= reply.plaintextBytes;
      this.#wakeFeeder?.();
    }
    if (reply.type !== "sealed") return;
    if (reply.stat !== undefined) this.#resolveStat(reply.stat);
    countHashed(reply.chunks.length);
    if (reply.chunks.length > 0) this.#ready.push(reply.chunks);
    if (reply.isEnd) this.#finish();
    this.#wakeConsumer?.();
  }

  /** Ends it with an error; without effect when it is over. */
  fail(error: DfsError): void {
    if (this.over.aborted) return;
    this.#error = error;
    this.#rejectStat(error);
    this.#finish();
  }

  /** Gives the slices of `source` to the thread as it takes them, until the sealing is over; an error of `source` ends it. */
  async feed(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      const slices = source[Symbol.asyncIterator]();
      // A source may be silent for long, as a terminal is: it is let go of at once, whenever its next slice comes.
      this.over.addEventListener("abort", () => void letGo(slices), { once: true });
      for (let next = await slices.next(); next.done !== true && !this.over.aborted; next = await slices.next()) {
        if (next.value.length > 0) await this.#give(ownedBytes(next.value));
      }
      if (!this.over.aborted) this.#send({ type: "slices-end" }, []);
    } catch (error) {
      this.fail(toDfsError(error));
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SealedChunk, void> {
    for await (const batch of this.batches())
      for (const chunk of batch) {
        if (this.#error !== undefined) throw this.#error;
        yield chunk;
      }
  }

  async *batches(): AsyncGenerator<readonly SealedChunk[], void> {
    try {
      for (;;) {
        if (this.#error !== undefined) throw this.#error;
        const batch = this.#ready.shift();
        if (batch !== undefined) {
          this.#credit(batch.reduce((sum, { sealed }) => sum + sealed.length, 0));
          yield batch;
        } else if (this.over.aborted) return;
        else await this.#somethingNew();
      }
    } finally {
      this.fail(new DfsError("interrupted", "nobody wants the rest of this file"));
    }
  }

  /** Resolves when the thread can take another slice, or when the sealing is over. */
  async #give(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#untakenBytes += bytes.length;
    this.#send({ type: "slice", bytes }, [bytes.buffer]);
    while (this.#untakenBytes >= sealAheadBytesMax && !this.over.aborted) {
      await new Promise<void>((resolve) => {
        this.#wakeFeeder = resolve;
      });
    }
  }

  #somethingNew(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeConsumer = resolve;
    });
  }

  /** Tells the thread what was consumed, a batch at a time. */
  #credit(sealedBytes: number): void {
    this.#consumedBytes += sealedBytes;
    if (this.#consumedBytes < sealBatchBytes || this.over.aborted) return;
    this.#send({ type: "credit", sealedBytes: this.#consumedBytes }, []);
    this.#consumedBytes = 0;
  }

  readonly #interrupt = (): void => this.fail(interruption(this.#signal));

  #finish(): void {
    this.#signal?.removeEventListener("abort", this.#interrupt);
    this.#over.abort();
    this.#wakeConsumer?.();
    this.#wakeFeeder?.();
  }
}

async function letGo(slices: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    await slices.return?.();
  } catch {
    // Nobody reads it any more, so that it does not matter how it ends.
  }
}
