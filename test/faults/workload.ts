/**
 * The load of the fault tests: clients that write, compare and set, read, make, remove and rename small files, each in
 * its own loop, and record when they asked what and which answer came when.
 */
import { setTimeout as delay } from "node:timers/promises";
import { withDeadline } from "../../src/core/deadline.ts";
import type { DfsClient } from "../../src/core/client.ts";
import type { DfsPath } from "../../src/core/names.ts";
import { Prng } from "../sim/prng.ts";
import { type Connect, Connection } from "./connection.ts";
import { History, type Input, type Outcome, isRead } from "./history.ts";
import { type Key, Keys, numbered } from "./keys.ts";
import { outcomeOf, perform } from "./operations.ts";

export interface WorkloadOptions {
  readonly connect: Connect;
  /** How many places there are to connect to; place 0 is the one that never fails. */
  readonly places: number;
  /** The directory that the load works in; `prepare` makes it. */
  readonly root: DfsPath;
  readonly seed: number;
}

const clientsCount = 16;
/** Clients at place 0; the others start at the other places in turn. */
const steadyClients = 8;
/** An operation that takes longer is given up: nobody knows then what became of it. */
const operationMs = 5_000;
/** Longest pause between two operations of a client, and after a failure: time for others on a busy machine. */
const thinkMsMax = 20;
const failureMs = 50;
const registersInUse = 4;
const drawersInUse = 2;
/** Directories made before the load begins. */
const drawersMax = 200;
const drawerNames = ["a", "b", "c", "d"] as const;

export class Workload {
  readonly history = new History();
  readonly #options: WorkloadOptions;
  readonly #registers = new Keys(numbered("register"), registersInUse);
  readonly #drawers = new Keys(numbered("drawer", drawersMax), drawersInUse);
  #loops: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  get registers(): readonly Key[] {
    return this.#registers.used;
  }

  get drawers(): readonly Key[] {
    return this.#drawers.used;
  }

  /** Makes the directories. */
  async prepare(): Promise<void> {
    const { connect, root } = this.#options;
    const client = await connect(0);
    await client.mkdir(root, { parents: true });
    const paths = Array.from(numbered("drawer", drawersMax), (name) => `${root}/${name}` as DfsPath);
    await Promise.all(paths.map((path) => client.mkdir(path, { parents: true })));
    await client.close();
  }

  /** Lets the clients go. */
  start(): void {
    this.#loops = Promise.all(Array.from({ length: clientsCount }, (_, client) => this.#loop(client)));
  }

  /** Resolves when every client has ended its operation; fails when one met an error that no client should meet. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#loops;
  }

  /** Has `client` look at every file in use, on top of the load. */
  async look(client: DfsClient): Promise<void> {
    await Promise.all(this.#registers.inUse.map((key) => this.#record(client, key, { kind: "stat", key: key.name })));
  }

  async #loop(client: number): Promise<void> {
    const { connect, places, seed } = this.#options;
    const random = new Prng(seed * clientsCount + client);
    const home = client < steadyClients || places === 1 ? 0 : 1 + ((client - steadyClients) % (places - 1));
    const connection = new Connection(connect, places, home, random);
    while (!this.#isStopping) {
      const isWell = await this.#operation(connection, random);
      await delay(isWell ? random.below(thinkMsMax) : failureMs);
    }
    connection.leave();
  }

  /** Does one operation and records it; false when the peer is not worth asking again. */
  async #operation(connection: Connection, random: Prng): Promise<boolean> {
    const key = random.chance(0.65) ? this.#registers.pick(random) : this.#drawers.pick(random);
    const input = key.name.startsWith("register") ? registerInput(key, random) : drawerInput(key, random);
    const client = await withDeadline(operationMs, undefined, () => connection.client()).catch(() => undefined);
    if (client === undefined) {
      connection.leave();
      return false;
    }
    const outcome = await this.#record(client, key, input);
    if (outcome.kind !== "unknown") return true;
    connection.leave();
    return false;
  }

  async #record(client: DfsClient, key: Key, input: Input): Promise<Outcome> {
    key.noteCall();
    const calledMs = performance.now();
    const outcome = await withDeadline(operationMs, undefined, (signal) =>
      perform(client, this.#options.root, input, signal),
    ).then(
      (answer): Outcome => ({ kind: "answered", answer }),
      (error: unknown) => outcomeOf(input, error, this.history),
    );
    this.history.add(input, calledMs, outcome);
    if (outcome.kind === "answered") noteRevision(key, outcome.answer);
    if (outcome.kind === "unknown" && !isRead(input)) key.noteUnknown();
    return outcome;
  }
}

function registerInput(key: Key, random: Prng): Input {
  const chance = random.unit();
  if (chance < 0.25) return { kind: "write", key: key.name, value: key.nextValue() };
  if (chance < 0.6) return { kind: "compare-and-set", key: key.name, value: key.nextValue(), base: key.revisionSeen };
  return { kind: chance < 0.8 ? "stat" : "read", key: key.name };
}

function drawerInput(key: Key, random: Prng): Input {
  const name = random.pick(drawerNames);
  const chance = random.unit();
  if (chance < 0.3) return { kind: "create", key: key.name, name, value: key.nextValue() };
  if (chance < 0.45) return { kind: "remove", key: key.name, name };
  if (chance >= 0.75) return { kind: "list", key: key.name };
  const to = random.pick(drawerNames.filter((other) => other !== name));
  return { kind: "move", key: key.name, from: name, to };
}

/** The newest revision that an answer tells of is what the next compare-and-set starts from. */
function noteRevision(key: Key, answer: string): void {
  const revision = Number(/^revision (\d+)/.exec(answer)?.[1] ?? 0);
  key.revisionSeen = Math.max(key.revisionSeen, revision);
}
