/** Peers whose finger tables are measured: processes, and two in this process, one that announces and one that asks. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type FileKey, fileKeyOf } from "../src/core/ids.ts";
import { fingersPerBucketMax } from "../src/core/limits.ts";
import type { HoldersFound } from "../src/dht/holder-lookup.ts";
import type { Peer } from "../src/peer/peer.ts";
import { startEmbedded } from "./embedded-peer.ts";
import { untilFound } from "./group.ts";
import { Network, type Peer as PeerProcess, type Program } from "./peers.ts";
import type { ProcessUsage } from "./process-usage.ts";

/** They keep records and answer, and do little else that would be measured with it. */
const quietPeer = ["--capacity", "0", "--coordinator", "never"];
const keysAtOnce = 1000;
const lookMs = 2;
const patienceMs = 180_000;

/** A lookup, and how long it took. */
export interface MeasuredLookup extends HoldersFound {
  readonly tookMs: number;
}

export class FingerNetwork {
  readonly #network: Network;
  readonly #processes: PeerProcess[] = [];
  readonly #announcer: Peer;
  readonly #asker: Peer;

  private constructor(network: Network, first: PeerProcess, announcer: Peer, asker: Peer) {
    this.#network = network;
    this.#processes.push(first);
    this.#announcer = announcer;
    this.#asker = asker;
  }

  /** Starts the smallest network: a process, and the two of this process. */
  static async start(program: Program): Promise<FingerNetwork> {
    const network = new Network(program);
    try {
      const first = await network.add("peer-0", ["--capacity", "0"]);
      const announcer = await startEmbedded(network, "announcer");
      const asker = await startEmbedded(network, "asker");
      return new FingerNetwork(network, first, announcer, asker);
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  get peers(): number {
    return this.#processes.length + 2;
  }

  /** Adds processes until there are so many peers, and waits until the two of this process know them. */
  async growTo(peers: number): Promise<void> {
    // One after the other: several at once only keep each other waiting.
    while (this.peers < peers)
      this.#processes.push(await this.#network.add(`peer-${this.#processes.length}`, quietPeer));
    const wanted = Math.min(peers - 1, fingersPerBucketMax);
    await untilFound(
      "a full finger table",
      async () => {
        const reports = await Promise.all([this.#announcer, this.#asker].map(({ fingers }) => fingers.report()));
        return reports.every(({ fingers }) => fingers.length >= wanted) || undefined;
      },
      patienceMs,
    );
    await this.announce(1);
  }

  /** Announces so many new keys; resolves with them once the peers closest to each keep it. */
  async announce(count: number): Promise<readonly FileKey[]> {
    const { fingers } = this.#announcer;
    const keys = Array.from({ length: count }, () => fileKeyOf(randomBytes(32)));
    for (let from = 0; from < count; from += keysAtOnce) fingers.announce(keys.slice(from, from + keysAtOnce));
    const deadline = performance.now() + patienceMs;
    while (fingers.announceQueue() > 0) {
      if (performance.now() > deadline) throw new Error(`${fingers.announceQueue()} keys are not announced`);
      await delay(lookMs);
    }
    return keys;
  }

  /** Looks the keys up, one after the other; those whose records the asker keeps itself ask nobody. */
  async lookUp(keys: readonly FileKey[]): Promise<readonly MeasuredLookup[]> {
    const lookups: MeasuredLookup[] = [];
    for (const key of keys) {
      const startedMs = performance.now();
      const [found] = await this.#asker.fingers.findHolders([key]);
      const tookMs = performance.now() - startedMs;
      if (found === undefined || found.holders[0] !== this.#announcer.self)
        throw new Error(`not found: ${found?.reason ?? key}`);
      lookups.push({ ...found, tookMs });
    }
    return lookups;
  }

  /** Runs `work`; returns what the other processes used meanwhile. This one is the benchmark's as well, and says nothing of a peer's memory. */
  async measured(work: () => Promise<unknown>): Promise<readonly ProcessUsage[]> {
    const used = await this.#network.measured(async () => {
      await work();
      return [];
    });
    return used.map((usage) => ({ ...usage, role: "peer" }));
  }

  async stop(): Promise<void> {
    await this.#asker.stop();
    await this.#announcer.stop();
    await this.#network.stop();
  }
}
