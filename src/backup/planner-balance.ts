/** Moving links when all is well: to zones that a chain lacks, and from peers that have many to peers that have few. */
import { mayJoin } from "./planner-election.ts";
import { compareRanks, tieOf } from "./planner-rank.ts";
import { isCalm, viewShelf } from "./planner-view.ts";
import type { PeerId } from "../core/ids.ts";
import type { PlanInput } from "./planner-input.ts";
import type { ChainLink } from "../core/shelf.ts";
import type { Roster } from "./planner-roster.ts";
import type { ShelfView } from "./planner-view.ts";
import type { Step } from "./planner-rules.ts";
import { leastWorthy } from "./planner-surplus.ts";
import { newLink } from "./planner-links.ts";

/** One move: the chain with the newcomer, which pushes another one out when it is full. */
export interface Move extends Step {
  readonly view: ShelfView;
}

interface RankedMove extends Move {
  readonly rank: readonly number[];
}

interface Hope {
  readonly view: ShelfView;
  /** 1 where there is a peer in a zone that the chain lacks and that it could use. */
  readonly zoneGain: number;
  /** The most links that any peer behind the owner has. */
  readonly most: number;
  readonly rank: readonly number[];
}

/** A difference of one cannot be mended by a move. */
const loadGainMin = 2;

/**
 * The best single move, or undefined: while anything is filled or short, or when none would help. A move never puts two
 * links into one zone, and otherwise goes from a peer to one that has at least two links less; each brings the network
 * closer to rest, so they end.
 *
 * Shelves are looked at from the one on that could have the best move, and only as long as they could have a better one.
 */
export function balance(views: readonly ShelfView[], input: PlanInput, roster: Roster): Move | undefined {
  if (roster.halted !== undefined || roster.isFilling) return undefined;
  if (views.some(({ covered, wanted }) => covered < wanted)) return undefined;
  const hopes = views.flatMap((view) => hopeFor(view, roster) ?? []);
  let best: RankedMove | undefined;
  for (const hope of hopes.toSorted((left, right) => compareRanks(left.rank, right.rank))) {
    if (best !== undefined && compareRanks(best.rank, hope.rank) <= 0) break;
    best = bestMove(hope, best, input, roster);
  }
  return best;
}

/** What the best move of a shelf could come to, were the peer with the fewest links the right one; undefined where no move could help. */
function hopeFor(view: ShelfView, roster: Roster): Hope | undefined {
  const { others, owner, heir, links, wanted, shelf } = view;
  if (!isCalm(view) || heir !== owner || links.length !== wanted || others.length === 0) return undefined;
  const most = Math.max(...others.map(({ peer }) => roster.loadOf(peer)));
  const loadGain = most - roster.keepers.leastLoad;
  const zones = new Set(links.map(({ peer }) => roster.zoneOf(peer)));
  const zoneGain = zones.size < links.length && roster.keepers.isBeyond(zones) ? 1 : 0;
  if (zoneGain === 0 && loadGain < gainMin(roster)) return undefined;
  return { view, zoneGain, most, rank: [-zoneGain, -loadGain, shelf.bytes, -1] };
}

/** The best move of one shelf, if it is better than `best`. */
function bestMove(
  { view, zoneGain, most }: Hope,
  best: RankedMove | undefined,
  input: PlanInput,
  roster: Roster,
): RankedMove | undefined {
  let found = best;
  for (const target of roster.keepers.byLoad()) {
    const loadGain = most - roster.loadOf(target.id);
    if (zoneGain === 0 && loadGain < gainMin(roster)) break;
    if (found !== undefined && compareRanks(found.rank, [-zoneGain, -loadGain, view.shelf.bytes, -1]) <= 0) break;
    if (!mayJoin(target, view, roster) || !roster.mayFill(view.owner.peer, target.id)) continue;
    for (const link of view.others) {
      const move = gainOf(target.id, link, view, roster);
      const isBetter = move !== undefined && (found === undefined || compareRanks(move.rank, found.rank) < 0);
      if (isBetter && endsSo(target.id, link, view, input, roster)) found = move;
    }
  }
  return found;
}

/** The move of `link` to `peer`, if it is a gain. */
function gainOf(peer: PeerId, link: ChainLink, view: ShelfView, roster: Roster): RankedMove | undefined {
  const { shelf, links } = view;
  const left = [...links.filter((other) => other !== link), { ...link, peer }];
  const zoneGain = zonesOf(left, roster) - zonesOf(links, roster);
  const loadGain = roster.loadOf(link.peer) - roster.loadOf(peer);
  if (zoneGain < 0 || (zoneGain === 0 && loadGain < gainMin(roster))) return undefined;
  const reason = zoneGain > 0 ? "fill a link: in another zone" : "fill a link: on a peer that has fewer";
  const rank = [-zoneGain, -loadGain, shelf.bytes, tieOf(shelf.shelf + peer)];
  return { view, links: [...links, newLink(peer, link.keepsFrom, true)], reason, rank };
}

/** Whether a move of `link` to `peer` ends with just that: it is weighed as if it were done already. */
function endsSo(peer: PeerId, link: ChainLink, view: ShelfView, input: PlanInput, roster: Roster): boolean {
  const { shelf, links } = view;
  const full = [...links, { ...link, peer }];
  roster.replace(links, full, shelf.bytes);
  const later = viewShelf(shelf, input, roster, full);
  const dropped = later && leastWorthy(later, new Set(full), roster);
  roster.replace(full, links, shelf.bytes);
  return dropped === link;
}

function zonesOf(links: readonly ChainLink[], roster: Roster): number {
  return new Set(links.map(({ peer }) => roster.zoneOf(peer))).size;
}

function gainMin(roster: Roster): number {
  return roster.faults.has("balance-for-ever") ? 1 : loadGainMin;
}
