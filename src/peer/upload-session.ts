/**
 * One transfer's upload to one shelf: a lease, and chunks that are asked for first and sent only when missing.
 *
 * It outlives the shelf's owner: whatever fails because a peer is not there, or is not the owner any more, is tried again
 * for as long as it takes others to notice and to take over. The new owner has what the old one passed on under the same
 * lease; what it lacks shows when the records are added, and the file is then read again.
 *
 * Chunks wait in a short queue; everything that waits is asked for in one question while the answer to the one before
 * is still being acted upon, so that the link never idles and no chunk costs a round trip of its own.
 */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import type { StoredBytes } from "../chunking/file-record.ts";
import { withDeadline } from "../core/deadline.ts";
import { DfsError } from "../core/errors.ts";
import type { FileKey, LeaseId } from "../core/ids.ts";
import {
  chunkBundleBytesMax,
  chunkBundlePiecesMax,
  chunkRetryMs,
  pinBatchChunks,
  uploadPatienceMs,
  uploadRetryMsMax,
} from "../core/limits.ts";
import { putHeadBytes } from "./chunk-frames.ts";
import { hexOf, randomId } from "./random-ids.ts";
import { withRetries } from "./retry.ts";
import { TooFewDisks } from "./shelves/network-shelf.ts";
import type { Confirmation, ShelfPort } from "./shelves/shelf-port.ts";

interface WaitingChunk extends StoredBytes {
  readonly settle: (isNew: boolean) => void;
  readonly fail: (error: unknown) => void;
}

/** A shelf that is gone when a lease ends is not waited for longer than this; the lease then runs out by itself. */
export const leaseEndMs = 5_000;

/** What went through a session so far, in chunks and sealed bytes. */
export interface UploadCounters {
  chunks: number;
  newChunks: number;
  newBytes: number;
}

export class UploadSession {
  readonly lease: LeaseId = randomId<LeaseId>();
  readonly port: ShelfPort;
  readonly counters: UploadCounters = { chunks: 0, newChunks: 0, newBytes: 0 };
  readonly #copies: number;
  readonly #signal: AbortSignal;
  readonly #waiting: WaitingChunk[] = [];
  /** The storing that brings a chunk, by the chunk's digest. */
  readonly #inFlight = new Map<string, Promise<unknown>>();
  #isAsking = false;
  #opened: Promise<void> | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #isEnded = false;

  /** Files want up to `copies`. `signal` ends the storing; the lease itself is renewed until `end` or `letGo`. */
  constructor(port: ShelfPort, copies: number, signal: AbortSignal) {
    this.port = port;
    this.#copies = copies;
    this.#signal = signal;
  }

  /**
   * Resolves once the chunks are durable on the shelf, with `true` for each that had to be stored, `false` where it was
   * there. Where it fails, nothing of it is on its way any more, and some of the chunks may be stored.
   */
  async store(chunks: readonly StoredBytes[]): Promise<readonly boolean[]> {
    await this.#open();
    this.counters.chunks += chunks.length;
    const lengths = chunks.map(({ bytes }) => bytes.length); // they are 0 once the memory is given back
    const areNew = chunks.map(() => false);
    const elsewhere = new Set<Promise<unknown>>();
    const keys = new Map<string, number>();
    for (const [place, { digest }] of chunks.entries()) {
      const key = hexOf(digest);
      const underWay = this.#inFlight.get(key);
      if (underWay !== undefined) elsewhere.add(underWay);
      else if (!keys.has(key)) keys.set(key, place);
    }
    const stored = this.#enqueue(chunks, [...keys.values()], areNew);
    for (const key of keys.keys()) this.#inFlight.set(key, stored);
    try {
      await stored;
      await Promise.all(elsewhere);
    } finally {
      for (const key of keys.keys()) this.#inFlight.delete(key);
    }
    for (const [place, isNew] of areNew.entries()) if (isNew) this.#count(lengths[place] as number);
    return areNew;
  }

  /** Has the chunks at these places stored, and notes for each whether it was new; resolves when all of them are settled. */
  #enqueue(chunks: readonly StoredBytes[], places: readonly number[], areNew: boolean[]): Promise<void> {
    if (places.length === 0) return Promise.resolve();
    let left = places.length;
    let failure: { error: unknown } | undefined;
    const stored = new Promise<void>((resolve, reject) => {
      const done = (): void => {
        left -= 1;
        if (left > 0) return;
        if (failure === undefined) resolve();
        else reject(failure.error);
      };
      for (const place of places) {
        const settle = (isNew: boolean): void => {
          areNew[place] = isNew;
          done();
        };
        const fail = (error: unknown): void => {
          failure ??= { error };
          done();
        };
        this.#waiting.push({ ...(chunks[place] as StoredBytes), settle, fail });
      }
    });
    void this.#ask();
    return stored;
  }

  #count(bytes: number): void {
    this.counters.newChunks += 1;
    this.counters.newBytes += bytes;
  }

  /** Which of the chunks the shelf has; those stay there as long as the lease. */
  async present(digests: readonly Uint8Array[]): Promise<readonly boolean[]> {
    await this.#open();
    return this.#leased(() => this.port.pin(this.lease, digests, this.#signal));
  }

  /**
   * Resolves when the records and all their chunks are durable, on as many disks as the answer says. Fails with
   * `changed` when the shelf has lost chunks of the upload with a former owner: they must be stored again.
   */
  async addRecords(fileKeys: readonly FileKey[]): Promise<Confirmation> {
    await this.#open();
    try {
      return await this.#leased(() => this.port.addRecords(this.lease, fileKeys, this.#copies, this.#signal));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new DfsError("changed", `the shelf has lost part of the upload with its owner: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** Ends the lease, so that the shelf can settle at once what stays. The lease runs out by itself where this fails. */
  async end(signal: AbortSignal): Promise<void> {
    this.letGo();
    if (this.#opened !== undefined) await this.port.endLease(this.lease, signal);
  }

  /** Renews the lease no more. */
  letGo(): void {
    this.#isEnded = true;
    clearInterval(this.#renewal);
  }

  /** Whether the shelf has opened the lease within so many milliseconds; the opening goes on either way. Fails when the signal aborts. */
  async isReady(patienceMs: number): Promise<boolean> {
    try {
      await withDeadline(patienceMs, this.#signal, () => this.#open());
      return true;
    } catch {
      this.#signal.throwIfAborted();
      return false;
    }
  }

  #open(): Promise<void> {
    this.#opened ??= this.#retrying(() => this.port.holdLease(this.lease, this.#copies, this.#signal)).then(
      (leaseMs) => {
        if (!this.#isEnded) this.#renewEvery(leaseMs / 3);
      },
    );
    return this.#opened;
  }

  /** Two more tries come before the lease runs out. */
  #renewEvery(intervalMs: number): void {
    this.#renewal = setInterval(() => {
      const renewed = withDeadline(intervalMs, undefined, (signal) =>
        this.port.holdLease(this.lease, this.#copies, signal),
      );
      renewed.catch(() => undefined);
    }, intervalMs);
    this.#renewal.unref();
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#waiting.length > 0) {
      await turnOfEvents(); // the chunks of other files that come in this turn go along
      const batch = this.#waiting.splice(0, pinBatchChunks);
      try {
        const digests = batch.map((chunk) => chunk.digest);
        const present = await this.#leased(() => this.port.pin(this.lease, digests, this.#signal));
        this.#settle(batch, present);
      } catch (error) {
        for (const chunk of batch) chunk.fail(error);
      }
    }
    this.#isAsking = false;
  }

  /** Chunks that are lacking go out, small ones many to a message. */
  #settle(batch: readonly WaitingChunk[], present: readonly boolean[]): void {
    const lacking = batch.filter((chunk, index) => {
      if (present[index] === true) chunk.settle(false);
      return present[index] !== true;
    });
    for (const bundle of bundlesOf(lacking)) void this.#send(bundle);
  }

  async #send(bundle: readonly WaitingChunk[]): Promise<void> {
    try {
      await this.#leased(() => this.port.putChunks(this.lease, bundle, this.#signal));
      for (const { settle } of bundle) settle(true);
    } catch (error) {
      for (const { fail } of bundle) fail(error);
    }
  }

  /** A new owner may not know the lease yet. */
  #leased<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#retrying(async () => {
      try {
        return await work();
      } catch (error) {
        if (!isNotFound(error)) throw error;
        await this.port.holdLease(this.lease, this.#copies, this.#signal);
        return work();
      }
    });
  }

  /** Everything that a shelf is asked may be asked again, of the same owner or of the next. */
  #retrying<Result>(work: () => Promise<Result>): Promise<Result> {
    return withRetries(
      {
        forMs: uploadPatienceMs,
        pauseMs: chunkRetryMs,
        pauseMsMax: uploadRetryMsMax,
        mayPass: (error) => !(error instanceof TooFewDisks),
        signal: this.#signal,
      },
      work,
    );
  }
}

/** Chunks as they go out together; what a message would be full with goes alone. */
function bundlesOf(chunks: readonly WaitingChunk[]): WaitingChunk[][] {
  const bundles: WaitingChunk[][] = [];
  let leftBytes = 0;
  for (const chunk of chunks) {
    const bytes = chunk.bytes.length + putHeadBytes;
    const last = bundles.at(-1);
    if (last === undefined || bytes > leftBytes || last.length >= chunkBundlePiecesMax) {
      bundles.push([chunk]);
      leftBytes = chunkBundleBytesMax - bytes;
    } else {
      last.push(chunk);
      leftBytes -= bytes;
    }
  }
  return bundles;
}

function isNotFound(error: unknown): error is DfsError {
  return error instanceof DfsError && error.kind === "not-found";
}
