/** A client's way into the network: one of several peers, and another one when that does not answer. */
import type { DfsClient } from "../../src/core/client.ts";
import type { Prng } from "../sim/prng.ts";

/** Opens a client of the peer at a place, from 0. Fails when nobody answers there. */
export type Connect = (place: number) => Promise<DfsClient>;

export class Connection {
  readonly #connect: Connect;
  readonly #places: number;
  readonly #random: Prng;
  #place: number;
  #client: DfsClient | undefined;

  /** Starts at place `home` of `places`. */
  constructor(connect: Connect, places: number, home: number, random: Prng) {
    this.#connect = connect;
    this.#places = places;
    this.#place = home;
    this.#random = random;
  }

  /** The client in use, or one of the peer whose turn it is. */
  async client(): Promise<DfsClient> {
    this.#client ??= await this.#connect(this.#place);
    return this.#client;
  }

  /** Lets go of this peer; the next one is any. A peer that hangs is not waited for. */
  leave(): void {
    void this.#client?.close().catch(() => undefined);
    this.#client = undefined;
    this.#place = this.#random.below(this.#places);
  }
}
