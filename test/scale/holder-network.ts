/**
 * The finger tables of a whole network in one process: the real service of src/dht for each peer, on tables in memory.
 * Holder messages are handed over as calls, and counted as they would travel; time stands still unless it is advanced.
 */
import type { PeerId } from "../../src/core/ids.ts";
import { untilAborted } from "../../src/core/until-aborted.ts";
import { FingerTableService } from "../../src/dht/finger-table-service.ts";
import { kadPeer } from "../../src/dht/kad-id.ts";
import type { HolderTransport } from "../../src/dht/ports.ts";
import { FakeClock } from "../dht/fake-clock.ts";
import { peerNumber } from "../dht/fake-network.ts";
import type { Prng } from "../sim/prng.ts";
import { MemoryFingerTable } from "./memory-finger-table.ts";
import { WireCount } from "./wire-count.ts";

/** Longer than a peer waits to introduce itself to peers that appeared. */
const settleMs = 1_000;
const settlesMax = 1_000;

/** One simulated peer. */
interface HolderPeer {
  readonly id: PeerId;
  readonly table: MemoryFingerTable;
  readonly service: FingerTableService;
}

export class HolderNetwork {
  readonly peers: readonly HolderPeer[];
  readonly clock = new FakeClock();
  /** Holder messages of all peers together that were answered; silent ones are counted by who asks. */
  readonly count = new WireCount();
  readonly #reachable = new Map<PeerId, FingerTableService>();
  readonly #tables = new Map<PeerId, MemoryFingerTable>();

  /** A network of `size` peers, each of which has met all others, in an order of its own. */
  constructor(size: number, prng: Prng) {
    const all = Array.from({ length: size }, (_, number) => kadPeer(peerNumber(number)));
    this.peers = all.map(({ id }) => {
      const table = new MemoryFingerTable(id, this.#tables);
      for (const other of shuffled(all, prng)) table.meet(other);
      this.#tables.set(id, table);
      const service = new FingerTableService({
        path: ":memory:",
        self: id,
        table,
        transport: this.#transportOf(id),
        clock: this.clock,
        random: () => prng.unit(),
        onError: (error) => {
          throw error;
        },
      });
      this.#reachable.set(id, service);
      return { id, table, service };
    });
  }

  start(): void {
    for (const { service } of this.peers) service.start();
  }

  /** Resolves once all that was announced is with the peers that should know it. Fails when that has no end. */
  async announced(): Promise<void> {
    for (let settles = 0; this.peers.some(({ service }) => service.announceQueue() > 0); settles += 1) {
      if (settles > settlesMax) throw new Error("the announcements do not end");
      await this.clock.advance(settleMs);
    }
  }

  /** The first `count` peers fall silent from one moment to the next: nothing is refused, and nothing is answered. */
  silence(count: number): void {
    for (const { id } of this.peers.slice(0, count)) {
      this.#reachable.delete(id);
      this.#tables.delete(id);
    }
  }

  async stop(): Promise<void> {
    for (const { service } of this.peers) await service.stop();
  }

  #transportOf(from: PeerId): HolderTransport {
    const reach = async (to: PeerId, signal: AbortSignal): Promise<FingerTableService> =>
      this.#reachable.get(to) ?? (await untilAborted(signal, new Promise<never>(() => undefined)));
    return {
      announce: async (to, request, { signal }) => {
        const reply = (await reach(to, signal)).onAnnounce(from, request);
        this.count.announced(request, reply);
        return reply;
      },
      lookup: async (to, keys, { signal }) => {
        const { holders } = (await reach(to, signal)).onLookup({ keys: [...keys] });
        this.count.asked(keys, holders);
        return holders;
      },
    };
  }
}

function shuffled<Item>(items: readonly Item[], prng: Prng): Item[] {
  return items
    .map((item) => ({ item, rank: prng.unit() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
