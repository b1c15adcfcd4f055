/**
 * A network of real processes under faults: five coordinators (or three) that store nothing, and the *gate*, a peer that
 * keeps all content, never votes and is never harmed, so that what is tested is the catalogue and not a disk's absence.
 */
import { join } from "node:path";
import type { DfsClient, GroupStatus } from "../../src/core/client.ts";
import { FaultPeer } from "./fault-peer.ts";
import { until } from "./until.ts";

/** Where a peer of the cluster runs. */
export interface Site {
  /** Multiaddr to listen on. */
  readonly listen: string;
  /** The command that its program is run by; empty for none. */
  readonly wrapper: readonly string[];
}

export interface ClusterOptions {
  /** The peers' data folders are made below this. */
  readonly folder: string;
  readonly coordinators: number;
  /** Log entries after which a coordinator compacts. */
  readonly compactAfter: number;
  /** Where each peer runs, the gate last. */
  readonly site: (place: number) => Site;
}

/** A group is whole again within this after whatever befell it, on a busy machine. */
const wholeMs = 60_000;
const gateCapacity = "4G";
const callMs = 3_000;
const logCharactersShown = 3_000;

export class Cluster {
  /** By place, from 0. */
  readonly coordinators: readonly FaultPeer[];
  readonly gate: FaultPeer;
  readonly compactAfter: number;

  constructor({ folder, coordinators, compactAfter, site }: ClusterOptions) {
    this.compactAfter = compactAfter;
    const peer = (name: string, place: number, args: readonly string[]): FaultPeer => {
      const { listen, wrapper } = site(place);
      const always = ["--listen", listen, "--compact-after", String(compactAfter)];
      return new FaultPeer({ name, folder: join(folder, name), args: [...always, ...args], wrapper });
    };
    this.coordinators = Array.from({ length: coordinators }, (_, place) =>
      peer(`c${place}`, place, ["--capacity", "0"]),
    );
    this.gate = peer("gate", coordinators, ["--capacity", gateCapacity, "--coordinator", "never"]);
  }

  /** The gate and the coordinators. */
  get peers(): readonly FaultPeer[] {
    return [this.gate, ...this.coordinators];
  }

  /** Founds the network, has everybody join, and waits until all coordinators vote. */
  async start(): Promise<void> {
    const [founder, ...others] = this.coordinators;
    await founder?.start();
    for (const peer of [...others, this.gate])
      await peer.start((await founder?.with((client) => client.invite()))?.text);
    await this.whole();
  }

  async stop(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.kill()));
  }

  /** The end of what each peer has logged. */
  logs(): string {
    return this.peers.map(({ name, log }) => `--- ${name}\n${log.slice(-logCharactersShown)}`).join("\n");
  }

  /** A client of the peer at a place: 0 is the gate, then the coordinators in order. */
  connect(place: number): Promise<DfsClient> {
    return (this.peers[place] as FaultPeer).connect();
  }

  /** What a peer says of the group. */
  group(peer: FaultPeer = this.gate): Promise<GroupStatus> {
    return peer.with(async (client) => (await client.status({ signal: AbortSignal.timeout(callMs) })).group);
  }

  /** The coordinator that leads, once the gate knows one whose process is there. */
  leader(): Promise<FaultPeer> {
    return until("a leader", wholeMs, async () => {
      const { leader } = await this.group();
      return this.coordinators.find(({ name, isAlive }) => name === leader && isAlive);
    });
  }

  /** Every coordinator but the leader. */
  async followers(): Promise<FaultPeer[]> {
    const leader = await this.leader();
    return this.coordinators.filter((peer) => peer !== leader);
  }

  /** Wakes and starts every coordinator that is paused or gone. */
  async revive(): Promise<void> {
    for (const peer of this.coordinators) {
      if (peer.isAlive) peer.signal("SIGCONT");
      else await peer.start();
    }
  }

  /** Resolves when every coordinator votes, is there and lacks at most `lagMax` entries: none when nobody writes. */
  async whole(lagMax = 0): Promise<void> {
    let seen = "nothing";
    await until("all coordinators vote and have caught up", wholeMs, async () => {
      const group = await this.group();
      seen = JSON.stringify(group);
      const voters = group.members.filter(
        ({ role, isActive, lagEntries = Number.POSITIVE_INFINITY }) =>
          role === "voter" && isActive && lagEntries <= lagMax,
      );
      return (group.hasQuorum && voters.length === this.coordinators.length) || undefined;
    }).catch((error: unknown) => {
      throw new Error(`the group is not whole; the gate last saw ${seen}`, { cause: error });
    });
  }
}
