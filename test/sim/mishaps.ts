/** What happens to machines: they stop, sleep, restart, and lose what they had on their disks. */
import type { Environment } from "./environment.ts";
import { SimNode } from "./node.ts";
import { drive } from "./cluster.ts";

/** Machines in one run at the most: enough for every voter to be replaced. */
const nodesMax = 12;

export class Mishaps {
  readonly #env: Environment;
  /** Who is to bounce again. */
  #bounced: SimNode | undefined;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** Whoever bounced last and is to do so again, if it is up; otherwise anybody may. */
  mayBounce(node: SimNode): boolean {
    return node.isUp && (this.#bounced?.isUp !== true || node === this.#bounced);
  }

  /** Stops a machine, with or without its power. */
  crash(node: SimNode | undefined): void {
    if (node === undefined) return;
    // Most crashes worth having come between a write and its sync.
    if (node.isUp && this.#env.prng.chance(0.6)) node.drive();
    const hasPower = this.#env.prng.chance(0.4);
    const harmed = node.crash(hasPower);
    this.#env.observer.count(hasPower ? "processes killed" : "power cuts");
    this.#env.observer.count("records torn or lost", harmed);
    this.#env.note?.(`${node.id} ${hasPower ? "is killed" : `loses power, ${harmed} records harmed`}`);
  }

  /** Starts a machine again; one whose disk is damaged is lost. */
  restart(node: SimNode | undefined): void {
    if (node === undefined) return;
    if (node.restart()) this.#env.observer.count("restarts");
    else {
      this.#env.observer.count("damaged logs refused");
      this.#loseNode(node);
    }
    this.#env.note?.(`${node.id} restarts: ${node.state}`);
  }

  /** Lets a machine sleep. */
  pause(node: SimNode | undefined): void {
    if (node === undefined) return;
    node.state = "paused";
    this.#env.observer.count("pauses");
    this.#env.note?.(`${node.id} is paused`);
  }

  /** Wakes a machine up, and asks it at once. */
  resume(node: SimNode | undefined): void {
    if (node === undefined) return;
    node.state = "up";
    this.#env.note?.(`${node.id} goes on`);
    if (this.#env.prng.chance(0.8)) this.#env.clients.readAt(node, this.#env.tick);
    if (this.#env.prng.chance(0.8)) drive(node, 8);
  }

  /** A member that restarts within a moment, and is asked at once; often the same one twice. */
  bounce(node: SimNode | undefined): void {
    if (node === undefined) return;
    this.#bounced = this.#env.prng.chance(0.6) ? node : undefined;
    this.crash(node);
    this.restart(node);
    if (node.isUp) this.#env.clients.readAt(node, this.#env.tick);
  }

  /** The disk does nothing for a while. */
  stall(node: SimNode | undefined): void {
    if (node === undefined) return;
    node.stalledUntil = node.ticks + 1 + this.#env.prng.below(this.#env.profile.electionTicks * 3);
    this.#env.observer.count("disk stalls");
    this.#env.note?.(`the disk of ${node.id} stalls`);
  }

  /** A disk is gone for good. */
  wipe(node: SimNode | undefined): void {
    if (node === undefined || !this.#canLose(node)) return;
    this.#env.observer.count("disks lost");
    this.#env.note?.(`${node.id} loses its disk`);
    if (!this.#env.mistakes.has("return-under-old-id")) {
      this.#loseNode(node);
      return;
    }
    node.state = "lost";
    this.#env.cluster.nodes.splice(
      this.#env.cluster.nodes.indexOf(node),
      1,
      new SimNode(this.#env, node.id, undefined),
    );
  }

  /** A record on the disk of a machine that is down goes bad. */
  rot(node: SimNode | undefined): void {
    if (node === undefined || !this.#canLose(node) || !node.disk.rot(this.#env.prng)) return;
    this.#env.observer.count("records rotted");
    this.#env.operator.out.add(node.id);
    this.#env.note?.(`a record of ${node.id} rots`);
  }

  #canLose(node: SimNode): boolean {
    return this.#env.cluster.nodes.length < nodesMax && this.#env.operator.canLose(node.id, this.#env.cluster.nodes);
  }

  #loseNode(node: SimNode): void {
    node.state = "lost";
    this.#env.operator.out.add(node.id);
    this.#env.addSpare();
  }
}
