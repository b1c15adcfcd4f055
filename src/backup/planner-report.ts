/** What people want to know of the chains: what is short and why, and what still keeps a peer from leaving. */
import type { PeerId, ShelfId } from "../core/ids.ts";
import type { PlanInput, PlanShelf } from "./planner-input.ts";
import { canTakeOver, copiesCovered, copiesWanted, viewShelf } from "./planner-view.ts";
import { Roster } from "./planner-roster.ts";
import type { ShelfView } from "./planner-view.ts";
import { elect } from "./planner-election.ts";

/**
 * What a shelf that is short waits for: a filling that is under way, a filling that comes when its turn is there, the
 * return of peers, or their being given up by a person; and, because nobody else is there, another peer, or more room.
 */
type RepairWait = "filling" | "turn" | "return" | "halt" | "peer" | "room";

/** A shelf that has fewer copies than it should have. */
interface ShelfBelow {
  readonly shelf: ShelfId;
  /** Links that its files and the policy ask for, and how many of them are there and full. */
  readonly wanted: number;
  readonly covered: number;
  /** Whether somebody who has everything is there. */
  readonly isReadable: boolean;
  readonly waitsFor: RepairWait;
  /** Whose return is waited for. */
  readonly peers: readonly PeerId[];
}

/** Repair, for people. */
export interface RepairState {
  readonly shelvesBelow: readonly ShelfBelow[];
  /** So many peers vanished at the same time that nothing is copied: `missing`, of all peers that are in chains. */
  readonly halted?: { readonly missing: readonly PeerId[]; readonly of: number };
  /** Storage peers that the network lacks for the copies that are asked for. */
  readonly peersNeeded: number;
}

/** How far the network is from what it should be. */
export function repairState(input: PlanInput): RepairState {
  const roster = new Roster(input);
  const { halted } = roster;
  const shelvesBelow = input.shelves.flatMap((shelf) => belowOf(shelf, input, roster));
  const copies = Math.max(0, ...input.shelves.map((shelf) => copiesWanted(shelf, input)));
  const peersNeeded = Math.max(0, copies - roster.keepersMax);
  return { shelvesBelow, peersNeeded, ...(halted !== undefined && { halted }) };
}

/** Why a peer cannot leave yet: nobody else who is there has the shelf; too few have; it still owns it; or nothing is in the way, and it goes next. */
export type DependencyReason = "only-copy" | "too-few-copies" | "owner" | "next";

/** What still keeps `peer` from being removed: the shelves in whose chains it is. Empty when it can go. */
export function dependsOn(
  input: PlanInput,
  peer: PeerId,
): readonly { readonly shelf: ShelfId; readonly reason: DependencyReason }[] {
  const roster = new Roster(input);
  return input.shelves.flatMap((shelf) => {
    const view = viewShelf(shelf, input, roster);
    if (view === undefined || view.links.every((link) => link.peer !== peer)) return [];
    return [{ shelf: shelf.shelf, reason: dependencyOf(view, peer, roster) }];
  });
}

function dependencyOf(view: ShelfView, peer: PeerId, roster: Roster): DependencyReason {
  const { links, solid, wanted, owner } = view;
  const others = links.filter((link) => link.peer !== peer && roster.isPresent(link.peer));
  if (!others.some((link) => canTakeOver(link))) return "only-copy";
  const staying = solid.filter((link) => link.peer !== peer);
  if (copiesCovered(staying) < wanted) return "too-few-copies";
  return owner.peer === peer ? "owner" : "next";
}

function belowOf(shelf: PlanShelf, input: PlanInput, roster: Roster): readonly ShelfBelow[] {
  const view = viewShelf(shelf, input, roster);
  const wanted = copiesWanted(shelf, input);
  if (view === undefined || view.covered >= wanted) return [];
  const { links, covered } = view;
  const able = links.filter((link) => canTakeOver(link));
  const isReadable = able.some(({ peer }) => roster.isPresent(peer) && roster.kindOf(peer) !== "abandoned");
  const waitsFor = isReadable ? waitOf(view, roster) : "return";
  const missed = (isReadable ? view.away : able).map(({ peer }) => peer).filter((peer) => !roster.isPresent(peer));
  return [{ shelf: shelf.shelf, wanted, covered, isReadable, waitsFor, peers: waitsFor === "return" ? missed : [] }];
}

function waitOf(view: ShelfView, roster: Roster): RepairWait {
  const { links, owner, solid, away, wanted } = view;
  if (links.some((link) => roster.isBeingFilled(link, owner))) return "filling";
  if (solid.length + away.length >= wanted && away.length > 0) return "return";
  if (roster.halted !== undefined) return "halt";
  if (elect(view, roster) !== undefined || view.standIns.length > 0) return "turn";
  for (const { id } of roster.keepers.byLoad()) if (links.every(({ peer }) => peer !== id)) return "room";
  return "peer";
}
