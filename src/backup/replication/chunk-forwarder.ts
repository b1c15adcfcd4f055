/**
 * Sends new chunks on to one link while the owner stores them itself.
 *
 * It never fails a put: what a link did not get is given to it later, when a record that needs it is added. But it lets
 * the put wait while more is on its way than the window holds, so that a slow link slows it down and memory stays bounded.
 */
import type { StoredBytes } from "../../chunking/file-record.ts";
import { toDfsError } from "../../core/errors.ts";
import type { DfsError } from "../../core/errors.ts";
import type { LeaseId } from "../../core/ids.ts";
import { chunksOnTheWayMax, forwardWindowBytes } from "../../core/limits.ts";
import { ByteWindow } from "../../core/byte-window.ts";
import type { SessionContext } from "./feed-context.ts";

/** Serves one session. */
export class ChunkForwarder {
  readonly #context: SessionContext;
  readonly #onAway: (error: DfsError) => void;
  readonly #window = new ByteWindow(forwardWindowBytes, chunksOnTheWayMax);
  /** The puts whose leases are open at the link, or being opened. */
  readonly #leases = new Map<LeaseId, Promise<void>>();

  /** `onAway` hears when the link could not be reached. */
  constructor(context: SessionContext, onAway: (error: DfsError) => void) {
    this.#context = context;
    this.#onAway = onAway;
  }

  /** Bytes that are on their way. */
  get bytes(): number {
    return this.#window.bytes;
  }

  /** Resolves when the chunks are durable at the link, or could not be sent. */
  async forward(lease: LeaseId, chunks: readonly StoredBytes[]): Promise<void> {
    const length = chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
    try {
      await this.#window.take(length, this.#context.signal);
    } catch {
      return; // the session is over
    }
    try {
      await this.#send(lease, chunks);
    } catch (thrown) {
      const error = toDfsError(thrown);
      if (error.kind === "unreachable" || error.kind === "timeout") this.#onAway(error);
    } finally {
      this.#window.give(length);
    }
  }

  async #send(lease: LeaseId, chunks: readonly StoredBytes[]): Promise<void> {
    const { calls, port } = this.#context;
    const send = (): Promise<void> => calls.run((signal) => port.putChunks(lease, chunks, signal));
    await this.holdLease(lease);
    try {
      await send();
    } catch (error) {
      if (toDfsError(error).kind !== "not-found") throw error;
      await this.holdLeaseAnew(lease); // it ran out there, or was lost
      await send();
    }
  }

  /** Opens the lease at the link unless that was done. */
  holdLease(lease: LeaseId): Promise<void> {
    const open = this.#leases.get(lease) ?? this.holdLeaseAnew(lease);
    return open;
  }

  /** Opens or renews it there, whatever was done before. */
  holdLeaseAnew(lease: LeaseId): Promise<void> {
    const { calls, host, port, shelf } = this.#context;
    const held = calls.run((signal) => port.holdLease(shelf, host.epoch(), lease, signal));
    this.#leases.set(lease, held);
    held.catch(() => this.#leases.delete(lease));
    return held;
  }

  /** Renews it where the link knows it; the link is not waited for. */
  renewLease(lease: LeaseId): void {
    if (this.#leases.has(lease)) this.holdLeaseAnew(lease).catch(() => undefined);
  }

  /** Ends it where the link knows it; otherwise it runs out there by itself. */
  endLease(lease: LeaseId): void {
    const { calls, host, port, shelf } = this.#context;
    if (!this.#leases.delete(lease)) return;
    calls.run((signal) => port.endLease(shelf, host.epoch(), lease, signal)).catch(() => undefined);
  }
}
