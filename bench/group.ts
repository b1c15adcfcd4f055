/** A group of three that agrees on small changes: ours, or another program's under the same work. */
import { setTimeout as delay } from "node:timers/promises";
import { childPath, rootPath } from "../src/core/names.ts";
import { connectControl } from "../src/peer/control/control-client.ts";
import { controlAddress } from "../src/peer/data-folder-paths.ts";
import { startEmbedded } from "./embedded-peer.ts";
import { Network, type Peer, type Program } from "./peers.ts";
import type { ProcessUsage } from "./process-usage.ts";

export const groupMembers = 3;
/** A group that has not come together or caught up by then never will. */
const wholeMs = 60_000;
const lookEveryMs = 50;

/** One client of one member. */
export interface Writer {
  /** Commits the smallest change that a client can make, under a name that was never used. */
  write(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface Group {
  /** A client of the member at a place, from 0. */
  writer(member: number): Promise<Writer>;
  /** Place of the member that leads. */
  leader(): Promise<number>;
  /** kill -9; resolves when the process has ended. */
  kill(member: number): Promise<void>;
  /** Starts a member that was killed; resolves when the group is whole and it lacks nothing. */
  startAgain(member: number): Promise<void>;
  /** Runs `work`; returns what the members used meanwhile. */
  measured(work: () => Promise<void>): Promise<readonly ProcessUsage[]>;
  stop(): Promise<void>;
}

/** A group whose clients can also run in a process that is a peer itself, as a shell without a daemon does. */
export interface OwnGroup extends Group {
  /** A client of a further peer, which neither votes nor stores, in this process. */
  embedded(): Promise<Writer>;
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

  async writer(member: number): Promise<Writer> {
    const client = await connectControl(controlAddress(this.#peer(member).folder));
    return {
      write: (name) => client.mkdir(childPath(rootPath, name)),
      close: () => client.close(),
    };
  }

  async embedded(): Promise<Writer> {
    const peer = await startEmbedded(this.#network, this.#peer(0), "embedded");
    return {
      write: (name) => peer.client.mkdir(childPath(rootPath, name)),
      close: () => peer.stop(),
    };
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

/** Looks until there is something to see; a look that fails is one that sees nothing. */
export async function untilFound<Result>(what: string, look: () => Promise<Result | undefined>): Promise<Result> {
  const deadline = performance.now() + wholeMs;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${wholeMs / 1000} s: ${what}`);
    await delay(lookEveryMs);
  }
}

function isRunning({ exitCode, signalCode }: Peer["child"]): boolean {
  return exitCode === null && signalCode === null;
}
