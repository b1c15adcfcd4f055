/** Carries messages between the machines, or fails to; and cuts the ways between them. */
import type { Entry } from "../../src/raft/types.ts";
import type { Environment } from "./environment.ts";
import type { Message } from "../../src/raft/messages.ts";
import { SimNetwork } from "./network.ts";
import type { SimNode } from "./node.ts";
import { drive } from "./cluster.ts";

export class Postman {
  readonly #env: Environment;
  readonly #network: SimNetwork;

  constructor(env: Environment) {
    this.#env = env;
    this.#network = new SimNetwork(env.prng);
  }

  /** Ends every partition. */
  heal(): void {
    this.#network.heal();
  }

  /** Delivers a few of the messages that are under way. */
  deliverSome(): void {
    const count = Math.min(this.#network.size, 1 + this.#env.prng.below(this.#env.profile.deliveriesMax));
    for (let done = 0; done < count; done++) this.#deliver(this.#network.take(this.#env.profile.isNetworkOrdered));
  }

  /** Puts a message under way. */
  send(message: Message): void {
    const displaced = this.#network.send(message);
    if (displaced !== undefined) this.#lose(displaced);
  }

  #deliver(message: Message | undefined): void {
    if (message === undefined) return;
    const target = this.#env.cluster.nodes.find((node) => node.id === message.to);
    if (target?.state === "paused") {
      this.send(message);
      return;
    }
    if (this.#network.isBlocked(message)) this.#env.observer.count("messages cut off");
    else if (this.#env.prng.chance(this.#env.profile.dropChance)) this.#env.observer.count("messages dropped");
    else if (target?.isUp === true) {
      this.#env.note?.(describe(message));
      this.#env.observer.aroundStep(target, message);
      this.#env.observer.count("messages delivered");
      if (message.type === "snapshot") this.#report(message, true);
      if (this.#env.prng.chance(this.#env.profile.driveChance)) drive(target, 1 + this.#env.prng.below(4));
      return;
    }
    this.#lose(message);
  }

  #lose(message: Message): void {
    if (message.type === "snapshot") this.#report(message, false);
    if (message.type !== "append" || !this.#env.prng.chance(0.3)) return;
    this.#env.cluster.running(message.from)?.raft.reportUnreachable(message.to);
  }

  #report(message: Message, isDelivered: boolean): void {
    const sender = this.#env.cluster.nodes.find((node) => node.id === message.from);
    if (sender?.isUp === true || sender?.state === "paused") sender.raft.reportSnapshot(message.to, isDelivered);
  }

  /** Splits the machines in two. */
  partition(): void {
    const ids = this.#env.cluster.nodes.map((node) => node.id);
    const left = ids.filter(() => this.#env.prng.chance(0.5));
    const right = ids.filter((id) => !left.includes(id));
    const isOneWay = this.#env.prng.chance(0.3);
    this.#network.cut(left, right, isOneWay);
    this.#env.observer.count(isOneWay ? "one-way partitions" : "partitions");
    this.#env.note?.(`partition ${left.join()} | ${right.join()}${isOneWay ? " one-way" : ""}`);
  }

  /** Cuts one machine off from all others. */
  cutOff(node: SimNode): void {
    const others = this.#env.cluster.nodes.filter((other) => other !== node).map((other) => other.id);
    this.#network.cut([node.id], others, false);
    this.#env.observer.count("partitions");
    this.#env.note?.(`${node.id} is cut off`);
  }

  /** Cuts the leader off from most others. */
  isolateLeader(): void {
    const leader = this.#env.cluster.leader();
    if (leader === undefined) return;
    const others = this.#env.cluster.nodes.filter((node) => node !== leader && this.#env.prng.chance(0.8));
    const isOneWay = this.#env.prng.chance(0.4);
    this.#network.cut(
      [leader.id],
      others.map((node) => node.id),
      isOneWay,
    );
    this.#env.observer.count(isOneWay ? "one-way partitions" : "partitions");
    this.#env.note?.(`leader ${leader.id} isolated${isOneWay ? " one-way" : ""}`);
  }

  /** Delivers and drives until nothing is left to do. */
  flush(): void {
    for (let round = 0; round < 100; round++) {
      let isQuiet = true;
      for (const node of this.#env.cluster.nodes) if (node.isUp) while (node.drive()) isQuiet = false;
      for (let message = this.#network.take(true); message !== undefined; message = this.#network.take(true)) {
        isQuiet = false;
        const target = this.#env.cluster.running(message.to);
        if (target === undefined) this.#lose(message);
        else {
          this.#env.note?.(describe(message));
          this.#env.observer.aroundStep(target, message);
          if (message.type === "snapshot") this.#report(message, true);
        }
      }
      if (isQuiet) return;
    }
  }
}

function describe(message: Message): string {
  const { type, from, to, term, ...rest } = message;
  const details = JSON.stringify(rest, (key, value: unknown) =>
    key === "entries"
      ? (value as readonly Entry[]).map((entry) => `${entry.index}@${entry.term}`)
      : key === "data"
        ? undefined
        : value,
  );
  return `${from} -> ${to} ${type} term ${term} ${details}`;
}
