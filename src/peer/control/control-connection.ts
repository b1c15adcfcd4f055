/** What one connection of the control socket speaks to: a session of its own, or a transaction. */
import { randomBytes } from "node:crypto";
import type { CallOptions, DfsClient, DfsTransaction } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { controlTransactionsMax } from "../../core/limits.ts";

/** A session with the peer, for as long as a connection lasts. */
export interface ControlSession {
  readonly client: DfsClient;
  /** The other side is gone: whoever was logged in no longer is. */
  end(): void;
}

const ticketBytes = 16;

/** All connections: how they name each other, and how many open transactions they have. */
export class ControlConnections {
  readonly #ticketed = new Map<string, ControlConnection>();
  #transactions = 0;

  /** A new word for a connection. */
  ticketFor(connection: ControlConnection): string {
    const ticket = randomBytes(ticketBytes).toString("hex");
    this.#ticketed.set(ticket, connection);
    return ticket;
  }

  /** The connection that a ticket was made for; each is good once. Fails with `usage`. */
  redeem(ticket: string): ControlConnection {
    const connection = this.#ticketed.get(ticket);
    if (connection === undefined) throw new DfsError("usage", "no connection has this ticket");
    this.#ticketed.delete(ticket);
    return connection;
  }

  forget(ticket: string): void {
    this.#ticketed.delete(ticket);
  }

  /** Takes a place for a transaction. Fails with `busy` when none is free. */
  takeSlot(): void {
    if (this.#transactions >= controlTransactionsMax)
      throw new DfsError("busy", `${controlTransactionsMax} transactions are open already`, { retryAfterMs: 1000 });
    this.#transactions += 1;
  }

  freeSlot(): void {
    this.#transactions -= 1;
  }
}

export class ControlConnection {
  readonly #session: ControlSession;
  readonly #all: ControlConnections;
  #transaction: DfsTransaction | undefined;
  #ticket: string | undefined;
  #hasBegun = false;
  #hasEnded = false;

  constructor(session: ControlSession, all: ControlConnections) {
    this.#session = session;
    this.#all = all;
  }

  /** Who answers the connection's calls now. */
  get client(): DfsClient {
    return this.#transaction ?? this.#session.client;
  }

  /** A word by which another connection can name this one: a connection has one at a time. */
  ticket(): string {
    if (this.#ticket !== undefined) this.#all.forget(this.#ticket);
    this.#ticket = this.#all.ticketFor(this);
    return this.#ticket;
  }

  /**
   * Begins a transaction of this connection's user, for the connection with the ticket, or for this one: all its later
   * calls go there. Fails with `usage` when that one had a transaction before, and `busy`.
   */
  async begin(ticket: string | undefined, options: CallOptions): Promise<void> {
    const { client } = this;
    const connection = ticket === undefined ? this : this.#all.redeem(ticket);
    await connection.#take(() => client.begin(options));
  }

  async #take(begin: () => Promise<DfsTransaction>): Promise<void> {
    if (this.#hasBegun) throw new DfsError("usage", "a connection has one transaction only");
    this.#all.takeSlot();
    this.#hasBegun = true;
    try {
      this.#transaction = await begin();
    } catch (error) {
      this.#hasBegun = false;
      this.#all.freeSlot();
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
    if (this.#ticket !== undefined) this.#all.forget(this.#ticket);
    this.#session.end();
    await this.#abandon();
  }

  /** `client` stays the transaction: a late call must not reach the network by itself. */
  async #abandon(): Promise<void> {
    if (this.#transaction === undefined) return;
    this.#all.freeSlot();
    // Nobody is left to tell; what it held runs out by itself.
    await this.#transaction.close().catch(() => undefined);
  }
}
