/** What the owner of a shelf does, as a model: acknowledging by the full rule, filling links, dropping garbage. */
import { askingFor } from "./sim-catalogue.ts";
import type { ShelfRow, SimCatalogue } from "./sim-catalogue.ts";
import { countOf, someOf } from "./sim-files.ts";
import type { ChainView, SimPeer } from "./sim-peer.ts";
import type { FileSet } from "./sim-files.ts";
import type { Mistake } from "./sim-mistakes.ts";
import type { PeerId } from "../../src/core/ids.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import type { Prng } from "../sim/prng.ts";

/** What owners need of the world. */
export interface OwnerWorld {
  readonly prng: Prng;
  readonly mistakes: ReadonlySet<Mistake>;
  readonly catalogue: SimCatalogue;
  machine(id: PeerId): SimPeer | undefined;
  /** Whether messages get from one to the other. */
  isReachable(from: SimPeer, to: SimPeer): boolean;
  count(what: string, by?: number): void;
  note(text: () => string): void;
  /** The owner has said that a link lacks something. */
  demoted(row: ShelfRow): void;
}

/** What came of an attempt to add a file: the epoch that acknowledged it, or why it was not. */
export type Added = { readonly epoch: number } | "moved" | "unreachable";

/** Files that a filling sends in one tick at the most. */
const fillFilesMax = 4;

/** The full rule: acknowledged only when every link that claims such files has it, and enough disks. */
export function addFile(world: OwnerWorld, owner: SimPeer, row: ShelfRow, file: number): Added {
  let view = owner.view(row) ?? owner.refresh(row);
  if (view.links[0]?.peer !== owner.id) return "moved";
  if (!owner.add(row, 1 << file)) return "unreachable";
  owner.lease(row, 1 << file);
  const copies = row.copiesOf[file] ?? 1;
  let disks = 1;
  for (const link of takers(view, copies)) {
    const taken = offer(world, owner, row, view, link, 1 << file);
    if (taken === "moved") return moved(owner, row);
    if (taken === "taken") disks++;
    else if (isClaiming(link, copies) && !world.mistakes.has("acknowledge-without-full-links")) {
      if (!report(world, owner, row, view, link.peer, 0)) return moved(owner, row);
      world.demoted(row);
      view = owner.refresh(row);
    }
  }
  const enough = Math.min(copies, world.catalogue.minCopies, world.catalogue.keepers);
  return disks >= enough ? { epoch: view.epoch } : "unreachable";
}

/** Sends every link that is filled some of what it lacks, and reports those that have it all. */
export function fillLinks(world: OwnerWorld, owner: SimPeer, row: ShelfRow): void {
  let view = owner.view(row);
  if (view === undefined || view.links[0]?.peer !== owner.id) return;
  for (const { peer } of view.links.slice(1)) {
    const index = view.links.findIndex((link) => link.peer === peer);
    const link = view.links[index];
    if (link === undefined || !isUnfinished(link)) continue;
    const isDone = fillLink(world, owner, row, view, link, link.keepsFrom);
    if (!isDone) continue;
    if (!report(world, owner, row, view, peer, link.keepsFrom)) moved(owner, row);
    view = owner.refresh(row);
    if (view.links[0]?.peer !== owner.id) return;
  }
}

/** Drops what no revision names and no upload holds, here and at the links; the epoch is checked by the catalogue. */
export function dropGarbage(world: OwnerWorld, owner: SimPeer, row: ShelfRow): void {
  const view = owner.view(row);
  if (view?.links[0]?.peer !== owner.id || view.epoch !== row.epoch) return;
  const leased = world.mistakes.has("drop-what-is-leased") ? 0 : owner.leased(row);
  const garbage = owner.files(row) & ~row.committed & ~leased;
  if (garbage === 0) return;
  owner.drop(row, garbage);
  for (const { peer } of view.links) {
    const mirror = world.machine(peer);
    if (mirror !== undefined && world.isReachable(owner, mirror) && accepts(world, mirror, row, view))
      mirror.drop(row, garbage);
  }
}

/** Links behind the owner that keep files with so many copies. */
function takers({ links }: ChainView, copies: number): readonly ChainLink[] {
  return links.filter((link, index) => index > 0 && link.keepsFrom <= copies);
}

function isClaiming({ hasFrom }: ChainLink, copies: number): boolean {
  return hasFrom > 0 && hasFrom <= copies;
}

function isUnfinished(link: ChainLink): boolean {
  return (link.isFilled || link.hasFrom > 0) && (link.hasFrom === 0 || link.hasFrom > link.keepsFrom);
}

function offer(
  world: OwnerWorld,
  owner: SimPeer,
  row: ShelfRow,
  view: ChainView,
  link: ChainLink,
  files: FileSet,
): "taken" | "not taken" | "moved" {
  const mirror = world.machine(link.peer);
  if (mirror === undefined || !world.isReachable(owner, mirror)) return "not taken";
  if (!accepts(world, mirror, row, view)) return "moved";
  return mirror.add(row, files) ? "taken" : "not taken";
}

/** A link takes changes only from the owner of the newest chain it knows of; of a chain that is newer it asks the catalogue. */
function accepts(world: OwnerWorld, mirror: SimPeer, row: ShelfRow, { epoch }: ChainView): boolean {
  if (world.mistakes.has("links-without-epoch")) return true;
  const known = mirror.view(row);
  if (known?.epoch === epoch) return true;
  return known !== undefined && known.epoch > epoch ? false : mirror.refresh(row).epoch === epoch;
}

/** Brings one link forward; returns whether it has everything that it is to have. */
function fillLink(
  world: OwnerWorld,
  owner: SimPeer,
  row: ShelfRow,
  view: ChainView,
  link: ChainLink,
  from: number,
): boolean {
  const wanted = owner.files(row) & askingFor(row, from);
  const mirror = world.machine(link.peer);
  if (mirror === undefined || !world.isReachable(owner, mirror)) return false;
  const sent = someOf(wanted & ~mirror.files(row), world.prng.below(fillFilesMax + 1));
  const taken = offer(world, owner, row, view, link, sent);
  if (taken === "moved") moved(owner, row);
  if (taken !== "taken") return false;
  world.count("files filled", countOf(sent));
  mirror.drop(row, mirror.files(row) & ~wanted);
  if (mirror.files(row) === wanted) return true;
  return world.mistakes.has("report-full-early") && world.prng.chance(0.1);
}

function report(
  world: OwnerWorld,
  owner: SimPeer,
  row: ShelfRow,
  view: ChainView,
  peer: PeerId,
  hasFrom: number,
): boolean {
  world.note(() => `${owner.id} reports of ${row.shelf} in epoch ${view.epoch}: ${peer} has from ${hasFrom}`);
  return world.catalogue.reportLink(row, view.epoch, owner.id, peer, hasFrom) === "done";
}

function moved(owner: SimPeer, row: ShelfRow): "moved" {
  owner.refresh(row);
  return "moved";
}
