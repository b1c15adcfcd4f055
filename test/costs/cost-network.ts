/**
 * A network to count on: four whole peers in this process, over TCP on loopback. Two keep files, three coordinate, and
 * one is what a shell without a daemon starts: it neither keeps files nor coordinates.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type WorkDone, workDone } from "../../src/core/work-done.ts";
import { groupControlProtocol, rpcProtocol } from "../../src/peer/protocols.ts";
import { until } from "../faults/until.ts";
import { LocalNetwork, type LocalPeer } from "../peer/local-network.ts";

/** What a job cost all peers together. */
export interface Costs {
  /** Sent between peers. */
  readonly bytes: number;
  /** Frames between peers. */
  readonly messages: number;
  /** Round trips between peers. */
  readonly calls: number;
  readonly flushes: number;
  readonly chunksHashed: number;
}

export const costNames = ["bytes", "messages", "calls", "flushes", "chunksHashed"] as const;

/** What peers ask each other every few moments, whether there is work or not. */
const backgroundCalls: ReadonlySet<string> = new Set(["catalogue.heartbeat", "catalogue.totals"]);
const readyMs = 60_000;
const restMs = 60_000;
/** So many looks in a row see nothing happen before a job counts as over. */
const quietLooks = 5;

export class CostNetwork {
  readonly #network = new LocalNetwork();
  #peers: LocalPeer[] = [];

  /** Resolves when every shelf has its backup peer, three coordinate, and nothing is left to do. */
  async start(): Promise<void> {
    const ann = await this.#network.start("ann");
    const ben = await this.#network.start("ben");
    const cy = await this.#network.start("cy", "coordinator");
    const shell = await this.#network.start("shell", "shell");
    this.#peers = [ann, ben, cy, shell];
    await until("three coordinators and two copies", readyMs, async () => {
      const { group, health } = await ann.peer.client.status();
      const current = group.members.filter(
        ({ role, isActive, lagEntries }) => role === "voter" && isActive && lagEntries === 0,
      );
      return (health === "healthy" && current.length === 3) || undefined;
    });
    await this.#rest();
  }

  stop(): Promise<void> {
    return this.#network.stop();
  }

  /** Keeps files itself. */
  get storing(): LocalPeer["peer"]["client"] {
    return this.#client(0);
  }

  /** Has no disk of its own: all that it writes and reads travels. */
  get shell(): LocalPeer["peer"]["client"] {
    return this.#client(3);
  }

  /** Stops the peer that keeps files, takes away what it knows of announcements, and starts it: all is announced anew. */
  async forgetAnnouncements(): Promise<void> {
    const [storing] = this.#peers;
    if (storing === undefined) throw new Error("the network is not started");
    this.#peers[0] = await this.#network.restart(storing, async (folder) => {
      for (const end of ["", "-wal", "-shm"]) await rm(join(folder, `fingers.db${end}`), { force: true });
    });
  }

  /** What `work`, and all that it leaves to be done, costs. */
  async costsOf(work: () => Promise<unknown>): Promise<Costs> {
    const before = costsIn(workDone());
    await work();
    await this.#rest();
    const after = costsIn(workDone());
    return Object.fromEntries(costNames.map((name) => [name, after[name] - before[name]])) as unknown as Costs;
  }

  /** How many calls of one method `work`, and all that it leaves to be done, makes: at least one. */
  async callsOf(method: string, work: () => Promise<unknown>): Promise<number> {
    const count = (): number => workDone().calls.find((call) => call.method === method)?.count ?? 0;
    const before = count();
    await work();
    await until(`the first call of ${method}`, restMs, () => count() > before || undefined);
    await this.#rest();
    return count() - before;
  }

  /** Resolves when all keys are announced and no work was done for some looks. */
  async #rest(): Promise<void> {
    let before = "";
    let quiet = 0;
    await until("the peers rest", restMs, async () => {
      const now = JSON.stringify(unlessIdle(workDone()));
      const reports = await Promise.all(this.#peers.map(({ peer }) => peer.client.fingers()));
      quiet = now === before && reports.every(({ announceQueue }) => announceQueue === 0) ? quiet + 1 : 0;
      before = now;
      return quiet >= quietLooks || undefined;
    });
  }

  #client(place: number): LocalPeer["peer"]["client"] {
    const peer = this.#peers[place];
    if (peer === undefined) throw new Error("the network is not started");
    return peer.peer.client;
  }
}

/** The costs in a reading, without what goes on all the time. */
function costsIn({ sent, calls, flushes, chunksHashed }: WorkDone): Costs {
  const isJob = ({ method }: WorkDone["calls"][number]): boolean => !backgroundCalls.has(method);
  const traffic = sent.filter(({ protocol }) => protocol !== groupControlProtocol);
  const inBackground = sum(calls.filter((call) => !isJob(call)).map(({ count }) => count));
  return {
    bytes: sum(traffic.map(({ bytes }) => bytes)),
    // A call is a question and an answer.
    messages: sum(traffic.map(({ frames }) => frames)) - 2 * inBackground,
    calls: sum(calls.filter(isJob).map(({ count }) => count)),
    flushes,
    chunksHashed,
  };
}

/** What does not change while nothing is to be done: a call in the background is two frames, which are counted one by one. */
function unlessIdle(done: WorkDone): unknown {
  const { calls, flushes, chunksHashed } = costsIn(done);
  const frames = done.sent.filter(({ protocol }) => protocol !== groupControlProtocol && protocol !== rpcProtocol);
  return [calls, flushes, chunksHashed, frames];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
