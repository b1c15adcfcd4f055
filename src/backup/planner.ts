/**
 * The planner decides which peers keep a shelf: who owns it, who backs it up, and who comes when one of them is gone.
 *
 * It is a pure function of the catalogue and of what the leader hears from the peers. The leader calls it again and
 * again and commits what it orders; each order is compared with the epoch that it was made from, so that an order
 * that comes too late is refused. One order changes one thing of a shelf: somebody takes over, a link is elected, a link
 * goes. When nothing fails any more, the orders end. How the files get to where the chains want them is the work of the
 * owners (replication); the planner only sees what they report.
 *
 * A link is full when it has everything that it keeps; it is filled when the owner sends it what it lacks. A stand-in
 * gets only what is put from now on: it holds the second copy of that while another link is away, and nothing is copied
 * for a reboot.
 */
import type { ChainOrder, PlanInput } from "./planner-input.ts";
import { isSameChain } from "./planner-links.ts";
import { Roster } from "./planner-roster.ts";
import type { ShelfView } from "./planner-view.ts";
import type { Step } from "./planner-rules.ts";
import { arrange } from "./planner-slots.ts";
import { balance } from "./planner-balance.ts";
import { stepFor } from "./planner-rules.ts";
import { viewShelf } from "./planner-view.ts";

export { dependsOn, repairState } from "./planner-report.ts";

/** What to commit now, at most one order for each shelf; nothing when all is well, or when all that is left is to wait. */
export function planChains(input: PlanInput): readonly ChainOrder[] {
  const roster = new Roster(input);
  const views = viewAll(input, roster);
  const orders = views.flatMap((view) => orderFor(view, stepFor(view, roster), input, roster));
  if (orders.length > 0) return orders;
  const move = balance(views, input, roster);
  return move === undefined ? [] : orderFor(move.view, move, input, roster);
}

/** All shelves, the one that is nearest to loss first. */
function viewAll(input: PlanInput, roster: Roster): readonly ShelfView[] {
  const views = input.shelves.flatMap((shelf) => viewShelf(shelf, input, roster) ?? []);
  return views.toSorted(
    (left, right) => left.covered - right.covered || (left.shelf.shelf < right.shelf.shelf ? -1 : 1),
  );
}

function orderFor(view: ShelfView, step: Step | undefined, input: PlanInput, roster: Roster): readonly ChainOrder[] {
  const { shelf, owner } = view;
  if (step === undefined && !roster.isPresent(owner.peer)) return [];
  const next = step?.links ?? shelf.links;
  roster.replace(shelf.links, next, shelf.bytes);
  const after = viewShelf(shelf, input, roster, next);
  const links = after === undefined ? next : arrange(after, roster);
  roster.replace(next, links, shelf.bytes);
  if (isSameChain(shelf.links, links)) return [];
  return [{ shelf: shelf.shelf, epoch: shelf.epoch, links, reason: step?.reason ?? "settle who keeps what" }];
}
