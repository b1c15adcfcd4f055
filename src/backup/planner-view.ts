/** One shelf while its chain is planned: its links by what they are worth, and how many of them are wanted. */
import type { PlanInput, PlanShelf } from "./planner-input.ts";
import { isFullLink } from "../core/shelf.ts";
import type { ChainLink } from "../core/shelf.ts";
import type { LinkKind, Roster } from "./planner-roster.ts";

/** A shelf, its links, and the sorts of them that the rules speak of. */
export interface ShelfView {
  readonly shelf: PlanShelf;
  readonly links: readonly ChainLink[];
  readonly owner: ChainLink;
  readonly others: readonly ChainLink[];
  /** Links that shall be full: what its files and the policy ask for, as far as there are peers. */
  readonly wanted: number;
  /** What each of them behind the owner keeps from, in ascending order. */
  readonly slots: readonly number[];
  /** Of the copies wanted, how many are on links that are there and stay: so many, whatever a file asks for. */
  readonly covered: number;
  /** Links that are there and stay, but for stand-ins and those that cannot get further. */
  readonly solid: readonly ChainLink[];
  /** Links that are there and stay, and get only what is put from now on. */
  readonly standIns: readonly ChainLink[];
  /** Links that are down, or fail, and are expected back, but for stand-ins. */
  readonly away: readonly ChainLink[];
  /** The owner to be: the home peer if it is in the chain, else the owner if it stays, else who has the most. */
  readonly heir: ChainLink | undefined;
}

/** Views `shelf` with these links; undefined for one without any, of which nothing can be made. */
export function viewShelf(
  shelf: PlanShelf,
  input: PlanInput,
  roster: Roster,
  links: readonly ChainLink[] = shelf.links,
): ShelfView | undefined {
  const [owner, ...others] = links;
  if (owner === undefined) return undefined;
  const wanted = Math.max(1, Math.min(copiesWanted(shelf, input), roster.keepersMax));
  const kindOf = (link: ChainLink): LinkKind => kindOfLink(link, shelf, roster);
  const there = links.filter((link) => kindOf(link) === "solid");
  const solid = there.filter((link) => !isStandIn(link) && !isStuck(link, roster));
  return {
    shelf,
    links,
    owner,
    others,
    wanted,
    slots: slotsOf(wanted, input.copies),
    covered: copiesCovered(solid),
    solid,
    standIns: there.filter((link) => isStandIn(link)),
    away: links.filter((link) => kindOf(link) === "away" && !isStandIn(link)),
    heir: heirOf(solid, owner, shelf),
  };
}

/** What a link is worth to its shelf: what its peer is, unless the owner says that it fails. */
export function kindOfLink(link: ChainLink, { failing }: PlanShelf, roster: Roster): LinkKind {
  const kind = roster.kindOf(link.peer);
  return (kind === "solid" && link.hasFrom === 0 ? failing?.get(link.peer) : undefined) ?? kind;
}

/** The links that a shelf should have, were there peers enough. */
export function copiesWanted({ copiesMax }: PlanShelf, { copies }: PlanInput): number {
  return Math.max(copies, copiesMax);
}

/**
 * As many copies as the policy asks for are of everything that asks for more than one, so that each of them can take
 * over from the owner; what goes beyond is for single files that ask for more.
 */
function slotsOf(wanted: number, copies: number): readonly number[] {
  return Array.from({ length: wanted - 1 }, (_, index) => (index + 2 <= copies ? 2 : index + 2));
}

/** Whether a link has nothing and is given nothing but what is put from now on. */
export function isStandIn({ hasFrom, isFilled }: ChainLink): boolean {
  return hasFrom === 0 && !isFilled;
}

/** Whether the link has every file of the shelf. */
export function hasEverything({ hasFrom }: ChainLink): boolean {
  return hasFrom === 1;
}

/** Whether the link has every file that was to survive its owner: one that asks for a single copy was not. */
export function canTakeOver({ hasFrom }: ChainLink): boolean {
  return hasFrom === 1 || hasFrom === 2;
}

/** How many copies `links` hold of every file, or as many as it asks for: the first must have everything, the next all that asks for two, and so on. */
export function copiesCovered(links: readonly ChainLink[]): number {
  const claims = links.map(({ hasFrom }) => hasFrom).filter((hasFrom) => hasFrom > 0);
  let covered = 0;
  for (const claim of claims.toSorted((left, right) => left - right)) if (claim <= covered + 1) covered++;
  return covered;
}

/** Whether everything wanted is there and full, and nothing is on the move. */
export function isCalm({ links, solid, covered, wanted }: ShelfView): boolean {
  return covered >= wanted && solid.length === links.length && solid.every((link) => isFullLink(link));
}

/** Whether a link has nothing and gets no further, for its disk is full. */
function isStuck({ hasFrom, peer }: ChainLink, roster: Roster): boolean {
  return hasFrom === 0 && roster.isDiskFull(peer);
}

function heirOf(solid: readonly ChainLink[], owner: ChainLink, { home }: PlanShelf): ChainLink | undefined {
  const byClaim = (): readonly ChainLink[] => solid.toSorted((left, right) => claimRank(left) - claimRank(right));
  return solid.find(({ peer }) => peer === home) ?? solid.find((link) => link === owner) ?? byClaim()[0];
}

/** The more a link has, the lower; who has nothing comes last. */
function claimRank({ hasFrom, keepsFrom }: ChainLink): number {
  return hasFrom > 0 ? hasFrom : 1_000 + keepsFrom;
}
