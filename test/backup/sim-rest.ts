/** What must hold when nothing fails any more and the planner has come to rest. */
import { coveredBy, wantedOf } from "./sim-audit.ts";
import type { PlanInput } from "../../src/backup/planner-input.ts";
import { demand } from "../sim/violation.ts";
import { planChains } from "../../src/backup/planner.ts";
import { repairState } from "../../src/backup/planner-report.ts";

/** Holds the end of a run against what was promised, unless nobody is left who could keep anything. */
export function checkRest(input: PlanInput): void {
  const keepers = input.peers.filter(({ order }) => order === null);
  if (keepers.length === 0) return;
  demand(planChains(input).length === 0, "repair ends", () => "there are still orders");
  demand(repairState(input).halted === undefined, "repair ends", () => "it is halted");
  for (const shelf of input.shelves) {
    const wanted = wantedOf(input, shelf);
    const covered = coveredBy(input, shelf.links);
    demand(
      covered >= wanted && shelf.links.length === wanted,
      "every shelf has its links",
      () => `${shelf.shelf}: ${covered} of ${wanted}: ${JSON.stringify(shelf.links)}`,
    );
    const isHomeThere = keepers.some(({ id }) => id === shelf.home);
    demand(!isHomeThere || shelf.links[0]?.peer === shelf.home, "every shelf comes home", () => shelf.shelf);
  }
  for (const { id, order } of input.peers) {
    const isNamed = input.shelves.some(({ links }) => links.some(({ peer }) => peer === id));
    demand(order === null || !isNamed, "who shall go can go", () => `${id}: ${order}`);
  }
  checkLoads(input);
}

/** Where zones make no difference, nobody has two links more than another. */
function checkLoads({ peers, shelves }: PlanInput): void {
  const keepers = peers.filter(({ order }) => order === null);
  const zones = new Set(keepers.map(({ zone }) => zone)).size;
  if (zones > 1 && zones < keepers.length) return;
  const loads = keepers.map(
    ({ id }) => shelves.filter(({ links }) => links.slice(1).some(({ peer }) => peer === id)).length,
  );
  const isEven = Math.max(...loads) - Math.min(...loads) <= 1;
  const isOwnedOnce = keepers.every(({ id }) => shelves.filter(({ links }) => links[0]?.peer === id).length <= 1);
  demand(isEven || !isOwnedOnce, "load differs by one at most", () => loads.join(" "));
}
