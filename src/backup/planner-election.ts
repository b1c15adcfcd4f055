/** Who becomes a link of a chain: a peer in another zone, with room, with the fewest links so far, and the most space. */
import { isStandIn } from "./planner-view.ts";
import type { PlanPeer } from "./planner-input.ts";
import type { PeerId } from "../core/ids.ts";
import type { ChainLink } from "../core/shelf.ts";
import type { Roster } from "./planner-roster.ts";
import type { ShelfView } from "./planner-view.ts";
import { chainLinksMax } from "../core/limits.ts";
import { compareRanks, tieOf } from "./planner-rank.ts";
import { newLink } from "./planner-links.ts";

/** The chain with one more link that is filled: a stand-in if one will do, else a peer from outside; undefined when there is nobody, or when it is not the time. */
export function withFilledLink(view: ShelfView, roster: Roster): readonly ChainLink[] | undefined {
  const isFree = ({ id }: PlanPeer): boolean => roster.mayFill(view.owner.peer, id);
  const pool = [...standInPeers(view, roster), ...outsiders(view, roster)].filter((peer) => isFree(peer));
  const [best] = ranked(pool, view, roster);
  if (best === undefined) return undefined;
  if (!view.links.some(({ peer }) => peer === best.id)) return withPeer(view, roster, best.id, true);
  return view.links.map((link) => (link.peer === best.id ? { ...link, isFilled: true } : link));
}

/** The chain with one more link that gets what is put from now on; undefined when there is nobody. */
export function withStandIn(view: ShelfView, roster: Roster): readonly ChainLink[] | undefined {
  const [best] = ranked(outsiders(view, roster), view, roster);
  return best && withPeer(view, roster, best.id, roster.faults.has("fill-for-a-reboot"));
}

/** Peers that could be elected, best first. */
export function candidates(view: ShelfView, roster: Roster): readonly PlanPeer[] {
  return ranked(outsiders(view, roster), view, roster);
}

/** The chain with `peer` as a new link, as last of its slot; undefined when there are too many links that cannot go. */
export function withPeer(
  view: ShelfView,
  roster: Roster,
  peer: PeerId,
  isFilled: boolean,
): readonly ChainLink[] | undefined {
  const { links, wanted, shelf } = view;
  const link = newLink(peer, peer === shelf.home ? 1 : Math.max(2, wanted), isFilled);
  if (links.length < chainLinksMax) return [...links, link];
  const idle = links.filter(({ hasFrom, peer: id }, index) => index > 0 && hasFrom === 0 && !roster.isPresent(id));
  const [evicted] = idle.toSorted((left, right) => idleRank(left, roster) - idleRank(right, roster));
  return evicted && [...links.filter((other) => other !== evicted), link];
}

function outsiders({ links, shelf }: ShelfView, roster: Roster): readonly PlanPeer[] {
  return Array.from(roster.peers).filter(
    ({ id }) => roster.isKeeper(id) && links.every(({ peer }) => peer !== id) && roster.hasRoom(id, shelf.bytes),
  );
}

function standInPeers({ standIns, shelf }: ShelfView, roster: Roster): readonly PlanPeer[] {
  const ids = new Set(standIns.map(({ peer }) => peer));
  return Array.from(roster.peers).filter(({ id }) => ids.has(id) && roster.isUp(id) && roster.hasRoom(id, shelf.bytes));
}

function ranked(pool: readonly PlanPeer[], view: ShelfView, roster: Roster): readonly PlanPeer[] {
  if (pool.length < 2) return pool;
  const { shelf, links } = view;
  const zones = new Set([...view.solid, ...view.away].map(({ peer }) => roster.zoneOf(peer)));
  const rankOf = ({ id, zone, freeBytes }: PlanPeer): readonly number[] => [
    id === shelf.home ? 0 : 1,
    zones.has(zone) ? 1 : 0,
    links.some(({ peer }) => peer === id) ? 0 : 1,
    roster.loadOf(id),
    -freeBytes,
    tieOf(shelf.shelf + id),
  ];
  return pool
    .map((peer) => ({ peer, rank: rankOf(peer) }))
    .toSorted((left, right) => compareRanks(left.rank, right.rank))
    .map(({ peer }) => peer);
}

/** Of links that are not there and claim nothing, stand-ins go first, then those that nobody expects. */
function idleRank(link: ChainLink, roster: Roster): number {
  return (isStandIn(link) ? 0 : 2) + (roster.kindOf(link.peer) === "away" ? 1 : 0);
}
