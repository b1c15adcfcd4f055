/** The peers while chains are planned: who can do what, how much each already does, and how many shelves are being filled. */
import type { PlanInput, PlanPeer } from "./planner-input.ts";
import type { PlannerFault } from "./planner-faults.ts";
import type { PeerId } from "../core/ids.ts";
import type { ChainLink } from "../core/shelf.ts";
import { isFullLink } from "../core/shelf.ts";
import { Keepers } from "./planner-keepers.ts";
import { noPlannerFaults } from "./planner-faults.ts";
import { sealedBytesMax } from "../core/limits.ts";

/**
 * What a link is worth at present: `solid` is there and stays; `away` is down and expected back; `leaving` is there,
 * but shall go; `lost` is not there and not expected, or shall go; `abandoned` is given up with all that it has.
 */
export type LinkKind = "solid" | "away" | "leaving" | "lost" | "abandoned";

/** Shelves that one owner fills at the same time, and that are filled into one peer: more would only share its disk. */
const fillsPerPeerMax = 2;
/** Room that has to be left after a filling, as a share of the shelf. */
const reserveShare = 0.05;

interface Work {
  /** Chains in which the peer stands behind the owner. */
  links: number;
  fillsFrom: number;
  fillsInto: number;
  fillBytes: number;
}

/** Peers and what they do; keeps count while orders are made, so that a plan is within its limits as a whole. */
export class Roster {
  readonly faults: ReadonlySet<PlannerFault>;
  /** Storage peers that may keep links: at most so many links of a chain can ever be full. */
  readonly keepersMax: number;
  readonly #peers: ReadonlyMap<PeerId, PlanPeer>;
  readonly #fillsAtOnceMax: number;
  readonly #work = new Map<PeerId, Work>();
  readonly #missing: readonly PeerId[];
  readonly #chained: number;
  /** The peers that may get further links. */
  readonly #keepers: Keepers;
  #fills = 0;

  constructor(input: PlanInput) {
    this.faults = input.faults ?? noPlannerFaults;
    const peers = input.peers.toSorted((left, right) => (left.id < right.id ? -1 : 1));
    this.#peers = new Map(peers.map((peer) => [peer.id, peer]));
    this.#fillsAtOnceMax = input.fillsAtOnceMax;
    this.keepersMax = input.peers.filter(({ storesFiles, order }) => storesFiles && order === null).length;
    const chained = new Set<PeerId>();
    for (const { links, bytes } of input.shelves) {
      this.#count(links, bytes, 1);
      for (const { peer } of links) if (this.#isCounted(peer)) chained.add(peer);
    }
    this.#keepers = new Keepers(
      peers.filter(({ id }) => this.isKeeper(id)),
      ({ id }) => this.loadOf(id),
    );
    this.#chained = chained.size;
    this.#missing = [...chained].filter((id) => !this.isPresent(id)).toSorted();
  }

  /** The peers that are missing when they are several, and more than a third, so that nothing is copied; undefined as long as repair goes on. */
  get halted(): { readonly missing: readonly PeerId[]; readonly of: number } | undefined {
    if (this.#missing.length < 2 || this.#missing.length * 3 <= this.#chained) return undefined;
    return { missing: this.#missing, of: this.#chained };
  }

  get isFilling(): boolean {
    return this.#fills > 0;
  }

  /** The peers that may get further links, by how many they have. */
  get keepers(): Pick<Keepers, "byLoad" | "isBeyond" | "leastLoad"> {
    return this.#keepers;
  }

  peer(id: PeerId): PlanPeer | undefined {
    return this.#peers.get(id);
  }

  kindOf(id: PeerId): LinkKind {
    const peer = this.#peers.get(id);
    if (peer === undefined || peer.order === "abandon") return "abandoned";
    const isStaying = peer.order === null && peer.storesFiles;
    if (this.isPresent(id)) return isStaying ? "solid" : "leaving";
    return isStaying && peer.standing === "down" ? "away" : "lost";
  }

  /** Whether it is up, or only suspected not to be. */
  isPresent(id: PeerId): boolean {
    const standing = this.#peers.get(id)?.standing;
    return standing === "up" || standing === "suspect";
  }

  isUp(id: PeerId): boolean {
    return this.#peers.get(id)?.standing === "up";
  }

  /** Whether it may get further links: up, with storage, and nothing ordered. */
  isKeeper(id: PeerId): boolean {
    return this.isUp(id) && this.kindOf(id) === "solid";
  }

  zoneOf(id: PeerId): string {
    return this.#peers.get(id)?.zone ?? "";
  }

  loadOf(id: PeerId): number {
    return this.#work.get(id)?.links ?? 0;
  }

  freeBytesOf(id: PeerId): number {
    return this.#peers.get(id)?.freeBytes ?? 0;
  }

  /** Whether a shelf of `bytes` fits beside everything that is on its way there. */
  hasRoom(id: PeerId, bytes: number): boolean {
    if (this.faults.has("elect-without-room")) return true;
    const promised = this.#work.get(id)?.fillBytes ?? 0;
    return this.freeBytesOf(id) - promised > bytes * (1 + reserveShare) + sealedBytesMax;
  }

  /** Whether its disk is so full that nothing more can be filled into it, as far as it was heard of lately. */
  isDiskFull(id: PeerId): boolean {
    return this.isUp(id) && this.freeBytesOf(id) < sealedBytesMax;
  }

  /** Whether one more filling may begin. */
  mayFill(owner: PeerId, target: PeerId): boolean {
    if (!this.mayFillFrom(owner)) return false;
    return this.faults.has("fill-without-limit") || (this.#work.get(target)?.fillsInto ?? 0) < fillsPerPeerMax;
  }

  /** Whether one more filling may begin, were there somebody to fill. */
  mayFillFrom(owner: PeerId): boolean {
    if (this.halted !== undefined && !this.faults.has("fill-in-bulk")) return false;
    if (this.faults.has("fill-without-limit")) return true;
    return this.#fills < this.#fillsAtOnceMax && (this.#work.get(owner)?.fillsFrom ?? 0) < fillsPerPeerMax;
  }

  /** Whether this link of a chain is being filled at this moment, as far as one can know. */
  isBeingFilled(link: ChainLink, owner: ChainLink): boolean {
    if (!link.isFilled || isFullLink(link) || link.peer === owner.peer) return false;
    return this.isPresent(owner.peer) && this.isPresent(link.peer) && !this.isDiskFull(link.peer);
  }

  /** Takes note of an order. */
  replace(before: readonly ChainLink[], after: readonly ChainLink[], bytes: number): void {
    this.#count(before, bytes, -1);
    this.#count(after, bytes, 1);
    for (const { peer: id } of [...before, ...after]) {
      const peer = this.#peers.get(id);
      if (peer !== undefined) this.#keepers.note(peer, this.loadOf(id));
    }
  }

  /** Members whose absence counts: whoever is given up or shall go for good is not missed. */
  #isCounted(id: PeerId): boolean {
    const order = this.#peers.get(id)?.order;
    return order === null || order === "drain";
  }

  #count(links: readonly ChainLink[], bytes: number, by: 1 | -1): void {
    const [owner, ...others] = links;
    if (owner === undefined) return;
    for (const link of others) {
      const work = this.#workOf(link.peer);
      work.links += by;
      if (!this.isBeingFilled(link, owner)) continue;
      this.#fills += by;
      this.#workOf(owner.peer).fillsFrom += by;
      work.fillsInto += by;
      work.fillBytes += by * bytes;
    }
  }

  #workOf(id: PeerId): Work {
    let work = this.#work.get(id);
    if (work === undefined) this.#work.set(id, (work = { links: 0, fillsFrom: 0, fillsInto: 0, fillBytes: 0 }));
    return work;
  }
}
