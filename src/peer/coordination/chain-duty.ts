/**
 * Keeps every shelf's chain as it should be: takes over from owners that are down, elects backup peers, brings peers
 * back, empties those that are to go.
 *
 * What to do is decided anew each time by the pure planner in src/backup, from the catalogue and from what the leader has
 * heard of the peers; each order is compared with the epoch that it was planned for.
 */
import {
  type ChainOrder,
  type PlanInput,
  type PlanPeer,
  type PlanShelf,
  fillsAtOnceFor,
} from "../../backup/planner-input.ts";
import { planChains } from "../../backup/planner.ts";
import type { Operation } from "../../catalogue/operation.ts";
import { DfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import { chainReviewMs } from "../../core/limits.ts";
import { planShelvesOf } from "../plan-input.ts";
import type { Coordinator } from "./coordinator.ts";
import { LeaderDuty, type LeaderDutyOptions } from "./leader-duty.ts";

/** `onChange`: the chains have changed by an order of this peer. */
export function chainDuty(options: LeaderDutyOptions, onChange: () => void): LeaderDuty {
  return new LeaderDuty({
    own: options.own,
    log: options.log,
    everyMs: chainReviewMs,
    what: "ordering chains",
    round: async (coordinator, signal) => {
      if (await orderChains(options, coordinator, signal)) onChange();
    },
  });
}

/** Whether there was anything to order. */
async function orderChains(
  options: LeaderDutyOptions,
  coordinator: Coordinator,
  signal: AbortSignal,
): Promise<boolean> {
  const input = planInput(coordinator);
  const orders = planChains(input);
  for (const order of orders) await carryOut(options, coordinator, order, signal);
  const leaving = input.peers.filter((peer) => isLeaving(coordinator, input, peer));
  for (const { id } of leaving) await commit(options, { op: "removePeer", peer: id }, signal);
  return orders.length > 0 || leaving.length > 0;
}

async function carryOut(
  options: LeaderDutyOptions,
  coordinator: Coordinator,
  { shelf, epoch, links, reason }: ChainOrder,
  signal: AbortSignal,
): Promise<void> {
  if (!(await commit(options, { op: "orderChain", shelf, epoch, links: [...links] }, signal))) return;
  const name = (peer: PeerId): string => coordinator.catalogue.peer(peer)?.name ?? peer;
  const chain = links.map(({ peer, keepsFrom, hasFrom }) => `${name(peer)} ${keepsFrom}:${hasFrom}`);
  options.log.info(`shelf ${shelf.slice(0, 8)}, epoch ${epoch + 1}: ${reason} (${chain.join(", ")})`);
}

/** Whether it happened. That the chain has changed meanwhile is no failure: the next round sees it. */
async function commit({ commands }: LeaderDutyOptions, operation: Operation, signal: AbortSignal): Promise<boolean> {
  try {
    await commands.execute([operation], signal);
    return true;
  } catch (error) {
    if (error instanceof DfsError && (error.kind === "moved" || error.kind === "busy")) return false;
    throw error;
  }
}

/** What the planner decides by, as this leader knows it. */
function planInput(coordinator: Coordinator): PlanInput {
  const { catalogue } = coordinator;
  const peers = catalogue.peers();
  return {
    peers: peers.map(({ id, zone, shelf, storageOrder }) => {
      const { standing, freeBytes } = coordinator.sighting(id);
      return { id, zone, standing, storesFiles: shelf !== null, freeBytes, order: storageOrder };
    }),
    shelves: planShelvesOf(catalogue.shelves()).map((shelf) => ({ ...shelf, failing: failingOf(coordinator, shelf) })),
    copies: catalogue.policy().copies,
    fillsAtOnceMax: fillsAtOnceFor(peers.length),
  };
}

/** Links of which the shelf's owner says that they fail. */
function failingOf(coordinator: Coordinator, { shelf, links }: PlanShelf): ReadonlyMap<PeerId, "away" | "lost"> {
  const [owner, ...others] = links;
  const failing = new Map<PeerId, "away" | "lost">();
  for (const { peer } of others) {
    const failure = owner && coordinator.failure(owner.peer, { shelf, peer });
    if (failure !== undefined) failing.set(peer, failure);
  }
  return failing;
}

/** Whether a peer was ordered to go and nothing depends on it any more, as a link or as a coordinator. */
function isLeaving(coordinator: Coordinator, { shelves }: PlanInput, { id, order }: PlanPeer): boolean {
  if (order !== "remove" && order !== "abandon") return false;
  const isLink = shelves.some(({ links }) => links.some(({ peer }) => peer === id));
  const { configuration, peers } = coordinator.log.mark;
  const isCoordinator = [...configuration.voters, ...configuration.learners].some((member) => peers.get(member) === id);
  return !isLink && !isCoordinator;
}
