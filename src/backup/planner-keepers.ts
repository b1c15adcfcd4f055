/**
 * The peers that may get further links, by how many they have: so that an election looks at the few that matter, however
 * many peers there are.
 */
import type { PeerId } from "../core/ids.ts";
import type { PlanPeer } from "./planner-input.ts";

/** Keepers in levels, one for each number of links; in a level those with the most space come first. */
export class Keepers {
  readonly #levels: PlanPeer[][] = [];
  readonly #zones = new Set<string>();
  readonly #loads = new Map<PeerId, number>();

  /** `loadOf`: how many links a keeper has at first. */
  constructor(keepers: readonly PlanPeer[], loadOf: (peer: PlanPeer) => number) {
    for (const peer of keepers.toSorted(compare)) {
      const load = loadOf(peer);
      this.#zones.add(peer.zone);
      this.#loads.set(peer.id, load);
      this.#level(load).push(peer);
    }
  }

  /** The fewest links that any of them has; Infinity when there are none. */
  get leastLoad(): number {
    const least = this.#levels.findIndex((level) => level.length > 0);
    return least < 0 ? Infinity : least;
  }

  /** Those with the fewest links first, and of them those with the most space. */
  *byLoad(): Iterable<PlanPeer> {
    for (const level of this.#levels) yield* level;
  }

  /** Whether one of them is in another zone than these. */
  isBeyond(zones: ReadonlySet<string>): boolean {
    for (const zone of this.#zones) if (!zones.has(zone)) return true;
    return false;
  }

  /** Takes note of how many links a peer has now, if it is a keeper. */
  note(peer: PlanPeer, load: number): void {
    const before = this.#loads.get(peer.id);
    if (before === undefined || before === load) return;
    this.#loads.set(peer.id, load);
    const [from, into] = [this.#level(before), this.#level(load)];
    from.splice(placeIn(from, peer), 1);
    into.splice(placeIn(into, peer), 0, peer);
  }

  #level(load: number): PlanPeer[] {
    while (this.#levels.length <= load) this.#levels.push([]);
    return this.#levels[load] as PlanPeer[];
  }
}

function compare(left: PlanPeer, right: PlanPeer): number {
  return right.freeBytes - left.freeBytes || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}

/** Where `peer` is in a level, or belongs. */
function placeIn(level: readonly PlanPeer[], peer: PlanPeer): number {
  let [low, high] = [0, level.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(level[middle] as PlanPeer, peer) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
