/** What one connection of the control socket speaks to: the peer's client, or a transaction of the connection's own. */
import type { CallOptions, DfsClient, DfsTransaction } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { controlTransactionsMax } from "../../core/limits.ts";

/** Counts the open transactions of all connections, so that they stay few. */
export class TransactionSlots {
  #taken = 0;

  /** Takes a slot. Fails with `busy` when none is free. */
  take(): void {
    if (this.#taken >= controlTransactionsMax)
      throw new DfsError("busy", `${controlTransactionsMax} transactions are open already`, { retryAfterMs: 1000 });
    this.#taken += 1;
  }

  free(): void {
    this.#taken -= 1;
  }
}

export class ControlConnection {
  readonly #peer: DfsClient;
  readonly #slots: TransactionSlots;
  #transaction: DfsTransaction | undefined;
  #hasBegun = false;
  #hasEnded = false;

  constructor(peer: DfsClient, slots: TransactionSlots) {
    this.#peer = peer;
    this.#slots = slots;
  }

  /** Who answers the connection's calls now. */
  get client(): DfsClient {
    return this.#transaction ?? this.#peer;
  }

  /** Makes the connection's one transaction, to which all later calls go. Fails with `usage` when it had one, and `busy`. */
  async begin(options: CallOptions): Promise<void> {
    if (this.#hasBegun) throw new DfsError("usage", "a connection has one transaction only");
    this.#slots.take();
    this.#hasBegun = true;
    try {
      this.#transaction = await this.#peer.begin(options);
    } catch (error) {
      this.#hasBegun = false;
      this.#slots.free();
      throw error;
    }
    if (this.#hasEnded) await this.#abandon();
  }

  /** Commits the transaction. Fails as it does, and with `usage` when there is none. */
  async commit(options: CallOptions): Promise<{ readonly changes: number }> {
    if (this.#transaction === undefined) throw new DfsError("usage", "there is no transaction to commit");
    return this.#transaction.commit(options);
  }

  /** The other side is gone: what it did not commit is abandoned. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#abandon();
  }

  /** `client` stays the transaction: a late call must not reach the network by itself. */
  async #abandon(): Promise<void> {
    if (this.#transaction === undefined) return;
    this.#slots.free();
    // Nobody is left to tell; what it held runs out by itself.
    await this.#transaction.close().catch(() => undefined);
  }
}
