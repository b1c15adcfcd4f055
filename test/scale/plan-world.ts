/** Networks of any size as the planner sees them: at rest, and after something happened. */
import type { PlanInput, PlanPeer, PlanShelf } from "../../src/backup/planner-input.ts";
import type { PeerId, ShelfId } from "../../src/core/ids.ts";
import { Prng } from "../sim/prng.ts";
import { peerNumber } from "../dht/fake-network.ts";

const gigabyte = 1e9;
const zonesUsual = 10;

export interface PlanWorldOptions {
  readonly peers: number;
  readonly seed: number;
  readonly copies: number;
  /** Sites among which the peers are spread evenly. */
  readonly zones?: number;
}

/** A network in which every peer owns one shelf of 50 to 150 GB, whose copies are where they should be. */
export function restingNetwork({ peers: count, seed, copies, zones = zonesUsual }: PlanWorldOptions): PlanInput {
  const prng = new Prng(seed);
  const ids = Array.from({ length: count }, (_, index) => peerNumber(index));
  const peers = ids.map((id, index): PlanPeer => planPeer(id, `zone ${index % zones}`, prng));
  const shelves = ids.map((home, index): PlanShelf => {
    const links = Array.from({ length: Math.min(copies, count) }, (_, place) => ({
      peer: ids[(index + place) % count] as PeerId,
      keepsFrom: place === 0 ? 1 : 2,
      hasFrom: place === 0 ? 1 : 2,
      isFilled: true,
    }));
    const bytes = Math.floor((50 + 100 * prng.unit()) * gigabyte);
    return { shelf: `shelf of ${home}` as ShelfId, home, epoch: 1, links, copiesMax: copies, bytes };
  });
  return { peers, shelves, copies, fillsAtOnceMax: 8 };
}

function planPeer(id: PeerId, zone: string, prng: Prng): PlanPeer {
  const freeBytes = Math.floor((2_000 + 2_000 * prng.unit()) * gigabyte);
  return { id, zone, standing: "up", storesFiles: true, freeBytes, order: null };
}

/** The network without the peers of which `isGone` says so: nobody expects them back. */
export function without(input: PlanInput, isGone: (peer: PlanPeer, index: number) => boolean): PlanInput {
  const peers = input.peers.map((peer, index) => (isGone(peer, index) ? { ...peer, standing: "out" as const } : peer));
  return { ...input, peers };
}

/** The network with `count` peers more, in a zone of their own, that keep nothing yet. */
export function withNewcomers(input: PlanInput, count: number, seed: number): PlanInput {
  const prng = new Prng(seed);
  const first = input.peers.length;
  const newcomers = Array.from({ length: count }, (_, index) => planPeer(peerNumber(first + index), "new zone", prng));
  return { ...input, peers: [...input.peers, ...newcomers] };
}

/** The network in which every shelf is with its owner only. */
export function withoutCopies(input: PlanInput): PlanInput {
  return { ...input, shelves: input.shelves.map((shelf) => ({ ...shelf, links: shelf.links.slice(0, 1) })) };
}
