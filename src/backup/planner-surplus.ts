/** Which links of a chain are not needed any more, now that all copies that are wanted are there without them. */
import { compareRanks, tieOf } from "./planner-rank.ts";
import { copiesCovered, isStandIn, kindOfLink } from "./planner-view.ts";
import { isFullLink } from "../core/shelf.ts";
import type { ChainLink } from "../core/shelf.ts";
import type { Roster } from "./planner-roster.ts";
import type { ShelfView } from "./planner-view.ts";

/**
 * Links that may go: those that shall, those that nobody expects back, those that only stood in, and of the others the
 * ones that are worth least, as long as all copies stay. A link that is merely down is not among them: it may be back at
 * any moment, with everything.
 */
export function surplusOf(view: ShelfView, roster: Roster): ReadonlySet<ChainLink> {
  const { others, heir, solid, wanted } = view;
  const isEarly = roster.faults.has("drop-before-full");
  // Nobody goes on the word of one who is only suspected to be there.
  const isSafe = (left: readonly ChainLink[]): boolean =>
    isEarly ? left.length >= wanted : copiesCovered(left.filter(({ peer }) => roster.isUp(peer))) >= wanted;
  if (!isSafe(solid)) return new Set();
  const kept = new Set(solid);
  const surplus = new Set(others.filter((link) => link !== heir && !kept.has(link) && isIdle(link, view, roster)));
  for (let link = leastWorthy(view, kept, roster); link !== undefined; link = leastWorthy(view, kept, roster)) {
    kept.delete(link);
    if (!isSafe([...kept])) break;
    surplus.add(link);
  }
  return surplus;
}

/**
 * The solid link that can be missed best once all are full, if there is one too many. Nobody is dropped half-way who
 * will be worth more than another: so a link that was elected to replace one does.
 */
export function leastWorthy(view: ShelfView, kept: ReadonlySet<ChainLink>, roster: Roster): ChainLink | undefined {
  const { owner, heir, wanted } = view;
  if (kept.size <= wanted) return undefined;
  const later = [...kept].map((link) => ({ link, full: { ...link, hasFrom: link.keepsFrom } }));
  const without = (link: ChainLink): readonly ChainLink[] =>
    later.filter((other) => other.link !== link).map(({ full }) => full);
  const [first] = [...kept]
    .filter((link) => link !== owner && link !== heir && copiesCovered(without(link)) >= wanted)
    .map((link) => ({ link, rank: worthOf(link, without(link), view, roster) }))
    .toSorted((left, right) => compareRanks(left.rank, right.rank));
  return first?.link;
}

function isIdle(link: ChainLink, { shelf }: ShelfView, roster: Roster): boolean {
  return kindOfLink(link, shelf, roster) !== "away" || isStandIn(link) || roster.faults.has("drop-who-is-down");
}

/** In a slot that is wanted, in a zone of its own, with the least other work, and full. */
function worthOf(
  link: ChainLink,
  rest: readonly ChainLink[],
  { shelf, wanted }: ShelfView,
  roster: Roster,
): readonly number[] {
  const zone = roster.zoneOf(link.peer);
  return [
    link.keepsFrom <= wanted ? 1 : 0,
    rest.some(({ peer }) => roster.zoneOf(peer) === zone) ? 0 : 1,
    -roster.loadOf(link.peer),
    isFullLink(link) ? 1 : 0,
    tieOf(shelf.shelf + link.peer),
  ];
}
