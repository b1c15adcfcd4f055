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
  if (!roster.mayFillFrom(view.owner.peer)) return undefined;
  const isFree = ({ id }: PlanPeer): boolean => roster.mayFill(view.owner.peer, id);
  const outsider = elect(view, roster, isFree);
  const pool = [...standInPeers(view, roster).filter(isFree), ...(outsider === undefined ? [] : [outsider])];
  const best = bestOf(pool, view, roster);
  if (best === undefined) return undefined;
  if (!view.links.some(({ peer }) => peer === best.id)) return withPeer(view, roster, best.id, true);
  return view.links.map((link) => (link.peer === best.id ? { ...link, isFilled: true } : link));
}

/** The chain with one more link that gets what is put from now on; undefined when there is nobody. */
export function withStandIn(view: ShelfView, roster: Roster): readonly ChainLink[] | undefined {
  const best = elect(view, roster);
  return best && withPeer(view, roster, best.id, roster.faults.has("fill-for-a-reboot"));
}

/** The peer from outside that is the best link for a shelf, of those that `isFree`; undefined when there is nobody. */
export function elect(
  view: ShelfView,
  roster: Roster,
  isFree: (peer: PlanPeer) => boolean = () => true,
): PlanPeer | undefined {
  const isUsable = (peer: PlanPeer): boolean => mayJoin(peer, view, roster) && isFree(peer);
  const home = view.shelf.home === null ? undefined : roster.peer(view.shelf.home);
  if (home !== undefined && isUsable(home)) return home;
  const zones = new Set([...view.solid, ...view.away].map(({ peer }) => roster.zoneOf(peer)));
  const isNewZone = (peer: PlanPeer): boolean => !zones.has(peer.zone) && isUsable(peer);
  const inNewZone = roster.keepers.isBeyond(zones) ? firstKeeper(view, roster, isNewZone) : undefined;
  return inNewZone ?? firstKeeper(view, roster, isUsable);
}

/** Of the keepers that are usable, the one with the fewest links, then the most space, then by a hash. Seldom looks further than the first. */
function firstKeeper(
  { shelf }: ShelfView,
  roster: Roster,
  isUsable: (peer: PlanPeer) => boolean,
): PlanPeer | undefined {
  const rankOf = ({ id, freeBytes }: PlanPeer): readonly number[] => [roster.loadOf(id), -freeBytes];
  const tie = ({ id }: PlanPeer): number => tieOf(shelf.shelf + id);
  let best: PlanPeer | undefined;
  for (const peer of roster.keepers.byLoad()) {
    if (best !== undefined && compareRanks(rankOf(best), rankOf(peer)) < 0) break;
    if (isUsable(peer) && (best === undefined || tie(peer) < tie(best))) best = peer;
  }
  return best;
}

/** Whether a peer could become a link of the chain that it is not in. */
export function mayJoin({ id }: PlanPeer, { links, shelf }: ShelfView, roster: Roster): boolean {
  return roster.isKeeper(id) && links.every(({ peer }) => peer !== id) && roster.hasRoom(id, shelf.bytes);
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

function standInPeers({ standIns, shelf }: ShelfView, roster: Roster): readonly PlanPeer[] {
  return standIns.flatMap(({ peer: id }) => {
    const peer = roster.peer(id);
    return peer !== undefined && roster.isUp(id) && roster.hasRoom(id, shelf.bytes) ? [peer] : [];
  });
}

function bestOf(pool: readonly PlanPeer[], view: ShelfView, roster: Roster): PlanPeer | undefined {
  if (pool.length < 2) return pool[0];
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
  const rankedPool = pool.map((peer) => ({ peer, rank: rankOf(peer) }));
  return rankedPool.toSorted((left, right) => compareRanks(left.rank, right.rank))[0]?.peer;
}

/** Of links that are not there and claim nothing, stand-ins go first, then those that nobody expects. */
function idleRank(link: ChainLink, roster: Roster): number {
  return (isStandIn(link) ? 0 : 2) + (roster.kindOf(link.peer) === "away" ? 1 : 0);
}
