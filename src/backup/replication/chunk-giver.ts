/** Gives a link the chunks that it lacks of some records, from the owner's own disk. */
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { FileKey } from "../../core/ids.ts";
import { chunksOnTheWayMax, fillPinChunks } from "../../core/limits.ts";
import { ByteWindow } from "../../core/byte-window.ts";
import { copiesInSet } from "./copies-in-set.ts";
import { digestText } from "./digests.ts";
import type { SessionContext } from "./feed-context.ts";
import { GivingLeases } from "./giving-leases.ts";
import type { GivingLease } from "./giving-leases.ts";
import type { ChunkOfRecord, ReplicationPacer } from "./ports.ts";

/** What became of some records' chunks. */
export interface Given {
  /** Records that are no longer in the owner's set. */
  readonly gone: ReadonlySet<FileKey>;
  /** Records of which the owner itself has lost something, so that the link could not be given everything. */
  readonly damaged: ReadonlySet<FileKey>;
  /** Bytes of all chunks and pages of the records, those that were there already included. */
  readonly bytes: number;
  /** To be called once the records are on the link, which keeps the chunks until then. */
  release(): void;
}

/** A chunk and the records that need it. */
interface WantedChunk extends ChunkOfRecord {
  readonly fileKeys: Set<FileKey>;
}

interface Giving {
  readonly lease: GivingLease;
  readonly pacer: ReplicationPacer | undefined;
  readonly gone: Set<FileKey>;
  readonly damaged: Set<FileKey>;
  readonly sending: Set<Promise<void>>;
  failure: DfsError | undefined;
  bytes: number;
}

/** Serves one session: its window bounds what is on its way to the link, whoever asks. */
export class ChunkGiver {
  readonly #context: SessionContext;
  readonly #leases: GivingLeases;
  readonly #window: ByteWindow;

  constructor(context: SessionContext) {
    this.#context = context;
    this.#leases = new GivingLeases(context);
    this.#window = new ByteWindow(context.fillWindowBytes, chunksOnTheWayMax);
  }

  /** Resolves when the link has everything that the records need, and keeps it until `release`. Asks first, and sends only what is lacking. */
  async give(fileKeys: readonly FileKey[], pacer: ReplicationPacer | undefined): Promise<Given> {
    const lease = await this.#leases.take();
    const giving: Giving = {
      lease,
      pacer,
      gone: new Set(),
      damaged: new Set(),
      sending: new Set(),
      failure: undefined,
      bytes: 0,
    };
    try {
      for await (const batch of this.#batches(fileKeys, giving)) await this.#sendLacking(batch, giving);
    } catch (error) {
      giving.failure ??= toDfsError(error);
    }
    await Promise.all(giving.sending);
    const release = (): void => this.#leases.release(lease);
    if (giving.failure === undefined) return { ...giving, release };
    release();
    throw giving.failure;
  }

  /** What the records name, without duplicates, some hundred chunks at a time. */
  async *#batches(fileKeys: readonly FileKey[], giving: Giving): AsyncGenerator<readonly WantedChunk[], void> {
    let batch = new Map<string, WantedChunk>();
    for (const fileKey of fileKeys) {
      for await (const part of this.#partsOf(fileKey, giving)) {
        giving.bytes += part.bytes;
        const name = digestText(part.digest);
        const known = batch.get(name);
        if (known === undefined) batch.set(name, { ...part, fileKeys: new Set([fileKey]) });
        else known.fileKeys.add(fileKey);
        if (batch.size < fillPinChunks) continue;
        yield [...batch.values()];
        batch = new Map();
      }
    }
    if (batch.size > 0) yield [...batch.values()];
  }

  async *#partsOf(fileKey: FileKey, giving: Giving): AsyncGenerator<ChunkOfRecord, void> {
    const { store } = this.#context;
    let after: number | undefined = 0;
    while (after !== undefined) {
      try {
        const parts = await store.recordChunks(fileKey, after, fillPinChunks);
        yield* parts;
        const last = parts.at(-1);
        after = last === undefined || parts.length < fillPinChunks ? undefined : last.position + 1;
      } catch (error) {
        if (!isLoss(error)) throw error;
        await this.#cannotRead(fileKey, giving);
        after = undefined;
      }
    }
  }

  async #cannotRead(fileKey: FileKey, giving: Giving): Promise<void> {
    const { shelf, store } = this.#context;
    const isHere = (await copiesInSet(store, shelf, fileKey)) > 0;
    (isHere ? giving.damaged : giving.gone).add(fileKey);
  }

  async #sendLacking(batch: readonly WantedChunk[], giving: Giving): Promise<void> {
    const { calls, port } = this.#context;
    const { lease } = giving;
    await this.#leases.use(lease, batch.length);
    const digests = batch.map(({ digest }) => digest);
    const areThere = await calls.run((signal) => port.pin(lease.id, digests, signal));
    for (const [index, chunk] of batch.entries()) {
      if (giving.failure !== undefined) throw giving.failure;
      if (areThere[index] !== true) await this.#beginSending(chunk, giving);
    }
  }

  /** Resolves as soon as the chunk is on its way. */
  async #beginSending(chunk: WantedChunk, giving: Giving): Promise<void> {
    const { sent } = giving.lease;
    const name = digestText(chunk.digest);
    let entered: Promise<void> | undefined;
    let arrival = sent.get(name);
    if (arrival === undefined) {
      entered = this.#window.take(chunk.bytes, this.#context.signal);
      arrival = this.#sendWhen(entered, chunk, giving);
      sent.set(name, arrival);
    }
    const settled = arrival
      .then((isThere) => {
        if (!isThere) for (const fileKey of chunk.fileKeys) giving.damaged.add(fileKey);
      })
      .catch((error: unknown) => {
        giving.failure ??= toDfsError(error);
      })
      .finally(() => giving.sending.delete(settled));
    giving.sending.add(settled);
    await entered;
  }

  async #sendWhen(entered: Promise<void>, chunk: WantedChunk, giving: Giving): Promise<boolean> {
    await entered;
    try {
      return await this.#send(chunk, giving);
    } finally {
      this.#window.give(chunk.bytes);
    }
  }

  /** Whether the chunk could be sent; false when the owner does not have it any more. */
  async #send({ digest, bytes }: WantedChunk, { lease, pacer }: Giving): Promise<boolean> {
    const { calls, port, signal, store } = this.#context;
    await pacer?.take(bytes, signal);
    const sealed = await store.get(digest).catch((error: unknown) => {
      if (isLoss(error)) return undefined;
      throw error;
    });
    if (sealed === undefined) return false;
    await calls.run((callSignal) => port.putChunks(lease.id, [{ digest, bytes: sealed }], callSignal));
    return true;
  }
}

/** Whether the owner's disk does not have it, or not whole. */
function isLoss(error: unknown): boolean {
  return error instanceof DfsError && (error.kind === "not-found" || error.kind === "integrity");
}
