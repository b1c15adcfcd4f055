/** A group of three that agrees on small changes: ours, or another program's under the same work. */
import { setTimeout as delay } from "node:timers/promises";
import type { DfsClient } from "../src/core/client.ts";
import { resolvePath } from "../src/core/names.ts";
import { connectControl } from "../src/peer/control/control-client.ts";
import { controlAddress } from "../src/peer/data-folder-paths.ts";
import { startEmbedded } from "./embedded-peer.ts";
import { Network, type Peer, type Program } from "./peers.ts";
import { type ProcessUsage, usageBetween, usageOf } from "./process-usage.ts";

export const groupMembers = 3;
/** A group that has not come together or caught up by then never will. */
const wholeMs = 60_000;
const lookEveryMs = 50;
/** A member that used less than this share of a core within that time rests; a peer looks after its index of names every 3 s. */
const [idleLookMs, idleShare] = [4_000, 0.05];

/** One client of one member. */
export interface GroupClient {
  /** Commits the smallest change that a client can make, under a name that was never used; `directory/name` once `directory` was written. */
  write(name: string): Promise<void>;
  /** Reads what was written under a name, as it is now; fails where it is not. */
  read(name: string): Promise<void>;
  /** Reads the names that were written in a directory, as they are now; resolves with how many there are. */
  list(directory: string): Promise<number>;
  close(): Promise<void>;
}

export interface Group {
  /** A client of the member at a place, from 0. */
  client(member: number): Promise<GroupClient>;
  /** Place of the member that leads. */
  leader(): Promise<number>;
  /** kill -9; resolves when the process has ended. */
  kill(member: number): Promise<void>;
  /** Starts a member that was killed; resolves when the group is whole and it lacks nothing. */
  startAgain(member: number): Promise<void>;
  /** Resolves when the members have nothing more to do. */
  rest(): Promise<void>;
  /** Runs `work`; returns what the members used meanwhile. */
  measured(work: () => Promise<void>): Promise<readonly ProcessUsage[]>;
  stop(): Promise<void>;
}

/** A group whose clients can also run in a process that is a peer itself, as a shell without a daemon does. */
export interface OwnGroup extends Group {
  /** A client of a further peer, which neither votes nor stores, in this process. */
  embedded(): Promise<GroupClient>;
}

/** Three peers on loopback that all vote. */
export async function startOurGroup(program: Program): Promise<OwnGroup> {
  const network = new Network(program);
  try {
    const peers: Peer[] = [];
    for (let place = 0; place < groupMembers; place++) peers.push(await network.add(`peer-${place}`));
    const group = new OurGroup(network, peers);
    await group.whole();
    return group;
  } catch (error) {
    await network.stop();
    throw error;
  }
}

class OurGroup implements OwnGroup {
  readonly #network: Network;
  readonly #peers: readonly Peer[];

  constructor(network: Network, peers: readonly Peer[]) {
    this.#network = network;
    this.#peers = peers;
  }

  async client(member: number): Promise<GroupClient> {
    const client = await connectControl(controlAddress(this.#peer(member).folder));
    return clientOf(client, () => client.close());
  }

  async embedded(): Promise<GroupClient> {
    const peer = await startEmbedded(this.#network, "embedded");
    return clientOf(peer.client, () => peer.stop());
  }

  leader(): Promise<number> {
    return untilFound("a leader", async () => {
      const { leader } = await this.#status();
      const place = this.#peers.findIndex(({ role, child }) => role === leader && isRunning(child));
      return place === -1 ? undefined : place;
    });
  }

  kill(member: number): Promise<void> {
    return this.#network.kill(this.#peer(member));
  }

  async startAgain(member: number): Promise<void> {
    await this.#network.startAgain(this.#peer(member));
    await this.whole();
  }

  /** Resolves when all members vote and have caught up. */
  async whole(): Promise<void> {
    await untilFound("all members", async () => {
      const { members, hasQuorum } = await this.#status();
      const current = members.filter(
        ({ role, isActive, lagEntries }) => role === "voter" && isActive && lagEntries === 0,
      );
      return (hasQuorum && current.length === groupMembers) || undefined;
    });
  }

  rest(): Promise<void> {
    return untilIdle(() => this.#peers.map(({ role, child }) => usageOf(role, child.pid ?? 0)));
  }

  measured(work: () => Promise<void>): Promise<readonly ProcessUsage[]> {
    return this.#network.measured(async () => {
      await work();
      return [];
    });
  }

  stop(): Promise<void> {
    return this.#network.stop();
  }

  /** What the first member that runs says of the group. */
  async #status() {
    const peer = this.#peers.find(({ child }) => isRunning(child));
    if (peer === undefined) throw new Error("no member of the group runs");
    const client = await connectControl(controlAddress(peer.folder));
    try {
      return (await client.status()).group;
    } finally {
      await client.close();
    }
  }

  #peer(member: number): Peer {
    return this.#peers[member] as Peer;
  }
}

function clientOf(client: DfsClient, close: () => Promise<void>): GroupClient {
  const pathOf = (name: string) => resolvePath(`/${name}`);
  return {
    write: (name) => client.mkdir(pathOf(name)),
    read: async (name) => void (await client.stat(pathOf(name))),
    list: async (directory) => (await client.names(pathOf(directory))).names.length,
    close,
  };
}

/** Looks until no process of which `readings` tells does anything worth mentioning any more. */
export async function untilIdle(readings: () => readonly (ProcessUsage | undefined)[]): Promise<void> {
  let before = readings();
  await untilFound("rest", async () => {
    await delay(idleLookMs);
    const after = readings();
    const used = after.flatMap((usage, at) => usageBetween(before[at], usage));
    before = after;
    return used.every(({ cpuSeconds }) => cpuSeconds * 1000 < idleLookMs * idleShare) || undefined;
  });
}

/** Looks until there is something to see; a look that fails is one that sees nothing. */
export async function untilFound<Result>(
  what: string,
  look: () => Promise<Result | undefined>,
  patienceMs = wholeMs,
): Promise<Result> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s: ${what}`);
    await delay(lookEveryMs);
  }
}

function isRunning({ exitCode, signalCode }: Peer["child"]): boolean {
  return exitCode === null && signalCode === null;
}
