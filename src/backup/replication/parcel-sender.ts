/** Sends to one link what is in its queue, a parcel at a time, and gives it the chunks that turn out to be lacking. */
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { FileKey } from "../../core/ids.ts";
import type { Savepoint, ShelfChange } from "../../core/shelf.ts";
import { changeAt } from "./change-log.ts";
import type { ChunkForwarder } from "./chunk-forwarder.ts";
import type { ChunkGiver } from "./chunk-giver.ts";
import type { SessionContext } from "./feed-context.ts";
import type { Parcel } from "./feed-queue.ts";

export interface ParcelSenderOptions {
  readonly context: SessionContext;
  readonly giver: ChunkGiver;
  readonly forwarder: ChunkForwarder;
  /** The link has taken a parcel. */
  readonly onTaken: () => void;
  /** What it has is to be checked soon: its number stands still from now on. */
  readonly onUnsure: () => void;
}

/** Where the link is after a parcel, and the epoch by which it got it. */
interface Delivered {
  readonly epoch: number;
  readonly reached: Savepoint;
}

/** Serves one session. */
export class ParcelSender {
  readonly #options: ParcelSenderOptions;
  /** The epoch by which the link was found equal: from then on it follows by number. */
  #equalEpoch: number | undefined;
  #savepoint: Savepoint | undefined;

  constructor(options: ParcelSenderOptions) {
    this.#options = options;
  }

  /** What the link last said that it has. */
  get savepoint(): Savepoint | undefined {
    return this.#savepoint;
  }

  /** Sends until a call fails. `feed` and `savepoint` are the link's greeting. */
  async run(feed: number, savepoint: Savepoint | undefined): Promise<never> {
    const { context, onTaken } = this.#options;
    this.#savepoint = savepoint;
    for (;;) {
      const parcel = await context.queue.next(context.signal);
      const { epoch, reached } = await this.#deliver(feed, parcel);
      this.#savepoint = reached;
      const isEqual = context.queue.delivered(parcel, reached);
      if (isEqual !== undefined) this.#equalEpoch = isEqual ? epoch : undefined;
      onTaken();
    }
  }

  async #deliver(feed: number, parcel: Parcel): Promise<Delivered> {
    const changes = parcel.changes.changes.map((change) => changeAt(this.#options.context.position, change));
    try {
      if (parcel.lease !== undefined) await this.#options.forwarder.holdLease(parcel.lease);
      return await this.#apply(feed, parcel, changes);
    } catch (error) {
      if (toDfsError(error).kind !== "not-found") throw error;
      return await this.#deliverWithChunks(feed, parcel, changes);
    }
  }

  async #deliverWithChunks(feed: number, parcel: Parcel, changes: readonly ShelfChange[]): Promise<Delivered> {
    const { forwarder, giver, onUnsure } = this.#options;
    const added = changes.filter(({ copies }) => copies > 0).map(({ fileKey }) => fileKey);
    const given = await giver.give(added, undefined);
    try {
      if (given.damaged.size > 0) throw this.#lost(given.damaged);
      if (parcel.lease !== undefined) await forwarder.holdLeaseAnew(parcel.lease);
      if (given.gone.size > 0) {
        this.#equalEpoch = undefined; // it does not get these changes, so their number is not its own
        onUnsure();
      }
      const left = changes.filter(({ fileKey }) => !given.gone.has(fileKey));
      return await this.#apply(feed, parcel, left);
    } finally {
      given.release();
    }
  }

  #lost(damaged: ReadonlySet<FileKey>): DfsError {
    const { queue } = this.#options.context;
    queue.lose(({ changes }) => changes.some(({ fileKey }) => damaged.has(fileKey)));
    return new DfsError("busy", `${damaged.size} records cannot be copied to it until their chunks are mended here`);
  }

  async #apply(feed: number, parcel: Parcel, changes: readonly ShelfChange[]): Promise<Delivered> {
    const { calls, host, port, shelf } = this.#options.context;
    const epoch = host.epoch();
    const isNumbered = parcel.kind === "check" || (parcel.kind === "live" && this.#equalEpoch === epoch);
    const numbers = isNumbered ? {} : { after: 0, sequence: 0 };
    const batch = { epoch, ...parcel.changes, ...numbers, changes };
    const reached = await calls.run((signal) => port.apply(shelf, feed, batch, parcel.lease, signal));
    if (parcel.kind === "live" && isNumbered && reached.sequence !== batch.sequence)
      throw new DfsError("conflict", `it is at change ${reached.sequence} and not at ${batch.sequence}`);
    return { epoch, reached };
  }
}
