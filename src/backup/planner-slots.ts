/**
 * Who keeps what: every link behind the owner that stays gets one of the shelf's slots, the number of copies from which
 * on it keeps a file.
 *
 * A link that shall go, or that is one too many for the moment, keeps what it has until others are full: two links may
 * have the same slot for a while, the one that leaves and the one that comes.
 */
import { isFullLink } from "../core/shelf.ts";
import { copiesCovered } from "./planner-view.ts";
import { keeping } from "./planner-links.ts";
import type { ChainLink } from "../core/shelf.ts";
import type { Roster } from "./planner-roster.ts";
import type { ShelfView } from "./planner-view.ts";

/** What asks for a second copy. */
const backupSlot = 2;

/** The chain with its slots given out, and in their order. */
export function arrange(view: ShelfView, roster: Roster): readonly ChainLink[] {
  const { owner, others, wanted } = view;
  const slots = slotsOf(view, roster);
  const isPushed = ({ peer }: ChainLink): boolean =>
    roster.faults.has("push-off") && roster.kindOf(peer) === "leaving" && others.length >= wanted;
  const slotOf = (link: ChainLink): number => slots.get(link) ?? (isPushed(link) ? wanted + 1 : link.keepsFrom);
  const kept = others.map((link) => keeping(link, slotOf(link)));
  return [owner, ...sorted(kept, ({ keepsFrom }) => keepsFrom)];
}

/** What an owner keeps after it has changed places with `next`. */
export function slotBehind({ keepsFrom }: ChainLink): number {
  return Math.max(backupSlot, keepsFrom);
}

function slotsOf(view: ShelfView, roster: Roster): ReadonlyMap<ChainLink, number> {
  const { owner, heir, solid, away, standIns } = view;
  const isMoving = heir !== undefined && heir !== owner;
  const open = [...view.slots];
  // The owner will need one when it has handed over.
  if (isMoving && solid.includes(owner)) take(open, slotBehind(heir));
  const lasting = [...solid, ...away].filter((link) => link !== heir && link !== owner);
  const slots = holdSlots(
    sorted(lasting, (link) => slotRank(link, roster)),
    open,
    view,
    roster,
  );
  for (const link of standIns) slots.set(link, backupSlot);
  if (isMoving) slots.set(heir, 1);
  return slots;
}

/**
 * Who holds which slot. First everybody stays where it is; then an open slot goes to a link that is one too many
 * elsewhere, or else to one with a higher slot, which keeps more from then on.
 */
function holdSlots(
  lasting: readonly ChainLink[],
  open: number[],
  view: ShelfView,
  roster: Roster,
): Map<ChainLink, number> {
  const slots = new Map<ChainLink, number>();
  for (const link of lasting) if (take(open, link.keepsFrom)) slots.set(link, link.keepsFrom);
  for (let slot = open.shift(); slot !== undefined; slot = open.shift()) {
    const now: number = slot;
    const mayHold = (link: ChainLink): boolean => mayKeep(link, now, slots, view, roster);
    const spare = lasting.find((link) => !slots.has(link) && mayHold(link));
    const higher = spare ?? lasting.find((link) => (slots.get(link) ?? 0) > now && mayHold(link));
    if (higher === undefined) continue;
    const left = slots.get(higher);
    if (left !== undefined) open.push(left);
    slots.set(higher, now);
  }
  return slots;
}

/**
 * More to keep is a filling, which has to be allowed. Less is possible only when all copies are there afterwards: also a
 * link that claims nothing may have files that are nowhere else any more.
 */
function mayKeep(
  link: ChainLink,
  slot: number,
  slots: ReadonlyMap<ChainLink, number>,
  { owner, solid, wanted }: ShelfView,
  roster: Roster,
): boolean {
  if (slot <= link.keepsFrom) return !isFullLink(link) || roster.mayFill(owner.peer, link.peer);
  const slotOf = (other: ChainLink): number => (other === link ? slot : (slots.get(other) ?? other.keepsFrom));
  const up = solid.filter(({ peer }) => roster.isUp(peer));
  return copiesCovered(up.map((other) => keeping(other, slotOf(other)))) >= wanted;
}

/** Takes one `slot` out of those that are open, if there is one. */
function take(open: number[], slot: number): boolean {
  const at = open.indexOf(slot);
  if (at >= 0) open.splice(at, 1);
  return at >= 0;
}

/** Within a slot those go first who are there, and who are full. */
function slotRank(link: ChainLink, roster: Roster): number {
  return link.keepsFrom * 4 + (roster.isPresent(link.peer) ? 0 : 2) + (isFullLink(link) ? 0 : 1);
}

function sorted(links: readonly ChainLink[], rank: (link: ChainLink) => number): readonly ChainLink[] {
  return links.toSorted((left, right) => rank(left) - rank(right));
}
