/** The rules of one shelf, each a step from its chain to a better one, the most urgent first. */
import { canTakeOver, hasEverything, isCalm } from "./planner-view.ts";
import { elect, withFilledLink, withPeer, withStandIn } from "./planner-election.ts";
import { isFullLink } from "../core/shelf.ts";
import { keeping, owning } from "./planner-links.ts";
import type { ChainLink } from "../core/shelf.ts";
import type { Roster } from "./planner-roster.ts";
import type { ShelfView } from "./planner-view.ts";
import { slotBehind } from "./planner-slots.ts";
import { surplusOf } from "./planner-surplus.ts";

/** A better chain, and why. */
export interface Step {
  readonly links: readonly ChainLink[];
  readonly reason: string;
}

/** The next step for one shelf; undefined when it is as it should be, or nothing can be done about it yet. */
export function stepFor(view: ShelfView, roster: Roster): Step | undefined {
  if (!isOwnerThere(view, roster)) return takeOver(view, roster);
  return (
    dropAbandoned(view, roster) ??
    staff(view, roster) ??
    lead(view, roster) ??
    trim(view, roster) ??
    comeHome(view, roster)
  );
}

function isOwnerThere({ owner }: ShelfView, roster: Roster): boolean {
  if (roster.faults.has("take-over-for-suspect") && !roster.isUp(owner.peer)) return false;
  return roster.isPresent(owner.peer) && roster.kindOf(owner.peer) !== "abandoned";
}

/** The owner is gone: the first link that has what was to survive it leads. Nobody does while such a link may come back. */
function takeOver(view: ShelfView, roster: Roster): Step | undefined {
  const { others } = view;
  const isAble = (link: ChainLink): boolean => canTakeOver(link) || roster.faults.has("take-over-by-anyone");
  const able = others.filter((link) => isAble(link) && isThere(link, roster));
  const next = able.find(({ peer }) => roster.kindOf(peer) === "solid") ?? able[0];
  if (next !== undefined) return { links: led(view, next), reason: "take over: the owner is away" };
  const isHopeless = view.links.every((link) => !canTakeOver(link) || isAbandoned(link, roster));
  return isHopeless && !roster.faults.has("wait-for-the-abandoned") ? giveUp(view, roster) : undefined;
}

/** All that had everything are given up: who has the most of what is left leads. It is waited for if it is not there. */
function giveUp(view: ShelfView, roster: Roster): Step | undefined {
  const left = view.others.filter((link) => !isAbandoned(link, roster));
  const [best] = left.toSorted((one, other) => remainsRank(one) - remainsRank(other));
  const reason = "what is left leads: all that had everything are given up";
  if (best !== undefined) return isThere(best, roster) ? { links: led(view, best), reason } : undefined;
  const elected = elect(view, roster);
  if (elected === undefined) return undefined;
  return { links: [owning({ peer: elected.id, keepsFrom: 1, hasFrom: 1, isFilled: true })], reason };
}

function remainsRank({ hasFrom, isFilled }: ChainLink): number {
  return hasFrom > 0 ? hasFrom : isFilled ? 1_000 : 2_000;
}

/** What only an abandoned peer had is given up, so nothing keeps it in a chain. */
function dropAbandoned({ links }: ShelfView, roster: Roster): Step | undefined {
  const left = links.filter((link) => !isAbandoned(link, roster));
  return left.length < links.length ? { links: left, reason: "drop a link that is given up" } : undefined;
}

/** Links that are short are elected and filled; where that has to wait, or one is only away, somebody stands in for what is put meanwhile. */
function staff(view: ShelfView, roster: Roster): Step | undefined {
  const { solid, away, wanted } = view;
  if (solid.length + away.length < wanted) {
    const filled = withFilledLink(view, roster);
    if (filled !== undefined) return { links: filled, reason: "fill a link: copies are short" };
  }
  if (receivers(view, roster) >= wanted) return undefined;
  const links = withStandIn(view, roster);
  return links && { links, reason: "stand in: a link is away" };
}

/** Links that are there and get what is put. */
function receivers({ links, shelf, wanted }: ShelfView, roster: Roster): number {
  const isReceiver = ({ peer, keepsFrom, hasFrom }: ChainLink): boolean =>
    roster.isPresent(peer) &&
    keepsFrom <= wanted &&
    (hasFrom > 0 || (!roster.isDiskFull(peer) && shelf.failing?.has(peer) !== true));
  return links.filter((link) => isReceiver(link)).length;
}

/** The shelf returns to its home, or leaves an owner that shall go, when all copies are there without it. */
function lead(view: ShelfView, roster: Roster): Step | undefined {
  const { heir, owner, covered, wanted } = view;
  if (heir === undefined || heir === owner || !roster.isUp(heir.peer)) return undefined;
  const isReady = hasEverything(heir) && covered >= wanted;
  const isEarly = roster.faults.has("hand-over-early") && roster.kindOf(owner.peer) === "leaving";
  if (!isReady && !isEarly) return undefined;
  if (roster.kindOf(owner.peer) === "leaving") return { links: led(view, heir), reason: "lead: the owner shall go" };
  return isSettled(view) ? { links: led(view, heir), reason: "lead: back home" } : undefined;
}

/** Whether every link is there and full, though there may be one too many. */
function isSettled({ links, solid }: ShelfView): boolean {
  return solid.length === links.length && solid.every((link) => isFullLink(link));
}

/** Links that are not needed go, once all copies that are wanted are there without them. */
function trim(view: ShelfView, roster: Roster): Step | undefined {
  const surplus = surplusOf(view, roster);
  if (surplus.size === 0) return undefined;
  return { links: view.links.filter((link) => !surplus.has(link)), reason: "drop a link that is not needed" };
}

/** The home peer is there again and its shelf is well elsewhere: it is filled, to lead later. */
function comeHome(view: ShelfView, roster: Roster): Step | undefined {
  const { shelf, owner, links } = view;
  const { home } = shelf;
  if (home === null || !isCalm(view) || !roster.isKeeper(home) || links.some(({ peer }) => peer === home))
    return undefined;
  if (!roster.mayFill(owner.peer, home) || !roster.hasRoom(home, shelf.bytes)) return undefined;
  const withHome = withPeer(view, roster, home, true);
  return withHome && { links: withHome, reason: "fill a link: the shelf comes home" };
}

/** The chain with `next` as its owner; the old one changes places with it. */
function led(view: ShelfView, next: ChainLink): readonly ChainLink[] {
  const { owner, others } = view;
  return [owning(next), keeping(owner, slotBehind(next)), ...others.filter((link) => link !== next)];
}

function isThere({ peer }: ChainLink, roster: Roster): boolean {
  return roster.isUp(peer) && roster.kindOf(peer) !== "abandoned";
}

function isAbandoned({ peer }: ChainLink, roster: Roster): boolean {
  return roster.kindOf(peer) === "abandoned";
}
