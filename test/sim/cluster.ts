/** The machines of one run, and the ways to pick one. */
import type { MemberId } from "../../src/raft/types.ts";
import type { Prng } from "./prng.ts";
import type { SimNode } from "./node.ts";

export class Cluster {
  readonly nodes: SimNode[] = [];
  readonly #prng: Prng;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  up(): readonly SimNode[] {
    return this.nodes.filter((node) => node.isUp);
  }

  any(isWanted: (node: SimNode) => boolean): SimNode | undefined {
    const wanted = this.nodes.filter(isWanted);
    return wanted.length === 0 ? undefined : this.#prng.pick(wanted);
  }

  running(id: MemberId): SimNode | undefined {
    return this.nodes.find((node) => node.id === id && node.isUp);
  }

  /** Whoever leads the highest term, as far as one can see. */
  leader(): SimNode | undefined {
    const leaders = this.nodes.filter((node) => node.isUp && node.raft.status().role === "leader");
    return leaders.toSorted((left, right) => right.raft.status().term - left.raft.status().term)[0];
  }
}

/** Carries on with a driver's work, at most so many stages. */
export function drive(node: SimNode, stages: number): void {
  for (let stage = 0; stage < stages && node.drive(); stage++);
}
