/** Moving links when all is well: to zones that a chain lacks, and from peers that have many to peers that have few. */
import { candidates } from "./planner-election.ts";
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

/** A difference of one cannot be mended by a move. */
const loadGainMin = 2;

/**
 * The best single move, or undefined: while anything is filled or short, or when none would help. A move never puts two
 * links into one zone, and otherwise goes from a peer to one that has at least two links less; each brings the network
 * closer to rest, so they end.
 */
export function balance(views: readonly ShelfView[], input: PlanInput, roster: Roster): Move | undefined {
  if (roster.halted !== undefined || roster.isFilling) return undefined;
  if (views.some(({ covered, wanted }) => covered < wanted)) return undefined;
  const least = leastLoad(roster);
  const movable = views.filter((view) => isMovable(view, least, roster));
  const moves = movable.flatMap((view) => movesOf(view, input, roster));
  return moves.toSorted((left, right) => compareRanks(left.rank, right.rank))[0];
}

function leastLoad(roster: Roster): number {
  const keepers = Array.from(roster.peers).filter(({ id }) => roster.isKeeper(id));
  return Math.min(...keepers.map(({ id }) => roster.loadOf(id)));
}

/** Whether a move of one of its links could help at all. */
function isMovable(view: ShelfView, least: number, roster: Roster): boolean {
  const { others, owner, heir, links, wanted } = view;
  if (!isCalm(view) || heir !== owner || links.length !== wanted || others.length === 0) return false;
  const most = Math.max(...others.map(({ peer }) => roster.loadOf(peer)));
  return zonesOf(links, roster) < links.length || most - least >= gainMin(roster);
}

function movesOf(view: ShelfView, input: PlanInput, roster: Roster): readonly RankedMove[] {
  const targets = candidates(view, roster).filter(({ id }) => roster.mayFill(view.owner.peer, id));
  return targets.flatMap(({ id }) => view.others.flatMap((link) => moveTo(id, link, view, input, roster) ?? []));
}

/** The move of `link` to `peer`, if it is a gain and ends with just that: it is weighed as if it were done already. */
function moveTo(
  peer: PeerId,
  link: ChainLink,
  view: ShelfView,
  input: PlanInput,
  roster: Roster,
): RankedMove | undefined {
  const { shelf, links } = view;
  const full = [...links, { ...link, peer }];
  roster.replace(links, full, shelf.bytes);
  const later = viewShelf(shelf, input, roster, full);
  const dropped = later && leastWorthy(later, new Set(full), roster);
  roster.replace(full, links, shelf.bytes);
  if (dropped !== link) return undefined;
  const left = full.filter((other) => other !== link);
  const zoneGain = zonesOf(left, roster) - zonesOf(links, roster);
  const loadGain = roster.loadOf(link.peer) - roster.loadOf(peer);
  if (zoneGain < 0 || (zoneGain === 0 && loadGain < gainMin(roster))) return undefined;
  const reason = zoneGain > 0 ? "fill a link: in another zone" : "fill a link: on a peer that has fewer";
  const rank = [-zoneGain, -loadGain, shelf.bytes, tieOf(shelf.shelf + peer)];
  return { view, links: [...links, newLink(peer, link.keepsFrom, true)], reason, rank };
}

function zonesOf(links: readonly ChainLink[], roster: Roster): number {
  return new Set(links.map(({ peer }) => roster.zoneOf(peer))).size;
}

function gainMin(roster: Roster): number {
  return roster.faults.has("balance-for-ever") ? 1 : loadGainMin;
}
