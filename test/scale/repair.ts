/**
 * How long it takes until every shelf has its copies again after peers burned: the real planner's orders, carried out
 * step by step by fillings that share the links of their two ends. What the leader needs to notice is not counted.
 */
import { fillsAtOnceFor, type PlanInput, type PlanShelf } from "../../src/backup/planner-input.ts";
import { planChains } from "../../src/backup/planner.ts";
import { viewShelf } from "../../src/backup/planner-view.ts";
import { Roster } from "../../src/backup/planner-roster.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import { isFullLink } from "../../src/core/shelf.ts";
import type { PeerId } from "../../src/core/ids.ts";
import { fillsAtOnceMin } from "../../src/core/limits.ts";
import { commit } from "../backup/planner-fixtures.ts";
import { restingNetwork, without } from "./plan-world.ts";
import type { ScaleJob } from "./scale-job.ts";

const sizes = [10, 30, 100, 300, 500, 1_000];
const sizesTrial = [10, 30];
/** Shelves differ in size: what is drawn is the mean over these. */
const seeds = [1, 2, 3, 4, 5];
/** One gigabit a second, in each direction. */
const linkBytesPerSecond = 125e6;

export interface Repair {
  readonly seconds: number;
  readonly bytes: number;
  /** Peers that sent, and peers that received. */
  readonly sources: number;
  readonly targets: number;
  /** Most fillings at once. */
  readonly fillsMost: number;
}

interface Filling {
  readonly shelf: PlanShelf;
  readonly from: PeerId;
  readonly into: PeerId;
  /** Of the shelf, still to be copied. */
  leftBytes: number;
}

/** Repairs the network, which nothing else happens to; ends when every shelf has its copies. */
export function simulateRepair(start: PlanInput): Repair {
  let input = start;
  let fillings: Filling[] = [];
  const [sources, targets] = [new Set<PeerId>(), new Set<PeerId>()];
  let [seconds, bytes, fillsMost] = [0, 0, 0];
  while (isShort(input)) {
    for (let orders = planChains(input); orders.length > 0; orders = planChains(input)) input = commit(input, orders);
    fillings = fillingsOf(input, fillings);
    if (fillings.length === 0) throw new Error("copies are short, and nothing is filled");
    fillsMost = Math.max(fillsMost, fillings.length);
    const rates = ratesOf(fillings);
    const step = Math.min(...fillings.map(({ leftBytes }, index) => leftBytes / (rates[index] ?? 0)));
    seconds += step;
    for (const [index, filling] of fillings.entries()) {
      const sent = Math.min(filling.leftBytes, step * (rates[index] ?? 0));
      bytes += sent;
      // What is left by rounding only would make a step of nothing.
      filling.leftBytes = filling.leftBytes - sent < 1 ? 0 : filling.leftBytes - sent;
      sources.add(filling.from);
      targets.add(filling.into);
    }
    input = filled(input, fillings);
  }
  return { seconds, bytes, sources: sources.size, targets: targets.size, fillsMost };
}

function isShort(input: PlanInput): boolean {
  const roster = new Roster(input);
  return input.shelves.some((shelf) => {
    const view = viewShelf(shelf, input, roster);
    return view !== undefined && view.covered < view.wanted;
  });
}

/** Every filling that the chains ask for, those that are under way as far as they are. */
function fillingsOf(input: PlanInput, before: readonly Filling[]): Filling[] {
  const known = new Map(before.map((filling) => [filling.shelf.shelf + filling.into, filling]));
  const roster = new Roster(input);
  return input.shelves.flatMap((shelf) => {
    const [owner, ...others] = shelf.links;
    if (owner === undefined) return [];
    return others
      .filter((link) => roster.isBeingFilled(link, owner))
      .map(
        ({ peer }) => known.get(shelf.shelf + peer) ?? { shelf, from: owner.peer, into: peer, leftBytes: shelf.bytes },
      );
  });
}

/** Bytes a second of each: the smaller of its shares of what its two ends can send and receive. */
function ratesOf(fillings: readonly Filling[]): readonly number[] {
  const count = (of: (filling: Filling) => PeerId): Map<PeerId, number> => {
    const counts = new Map<PeerId, number>();
    for (const filling of fillings) counts.set(of(filling), (counts.get(of(filling)) ?? 0) + 1);
    return counts;
  };
  const [out, into] = [count(({ from }) => from), count((filling) => filling.into)];
  return fillings.map(
    (filling) => linkBytesPerSecond / Math.max(out.get(filling.from) ?? 1, into.get(filling.into) ?? 1),
  );
}

/** The network once the fillings that have nothing left are said to be full. */
function filled(input: PlanInput, fillings: readonly Filling[]): PlanInput {
  const done = new Set(
    fillings.filter(({ leftBytes }) => leftBytes === 0).map(({ shelf, into }) => shelf.shelf + into),
  );
  const shelves = input.shelves.map((shelf) => {
    const isDone = (link: ChainLink): boolean => !isFullLink(link) && done.has(shelf.shelf + link.peer);
    if (!shelf.links.some(isDone)) return shelf;
    return { ...shelf, links: shelf.links.map((link) => (isDone(link) ? { ...link, hasFrom: link.keepsFrom } : link)) };
  });
  return { ...input, shelves };
}

const network = (peers: number, copies: number, seed: number): PlanInput => ({
  ...restingNetwork({ peers, seed, copies }),
  fillsAtOnceMax: fillsAtOnceFor(peers),
});
const isFirst = (_: unknown, at: number): boolean => at === 0;
const isTenth = (_: unknown, at: number): boolean => at % 10 === 0;

const cases: readonly { readonly name: string; readonly of: (peers: number, seed: number) => PlanInput }[] = [
  { name: "one peer gone, 2 copies", of: (peers, seed) => without(network(peers, 2, seed), isFirst) },
  { name: "one peer gone, 3 copies", of: (peers, seed) => without(network(peers, 3, seed), isFirst) },
  { name: "a tenth gone, 2 copies", of: (peers, seed) => without(network(peers, 2, seed), isTenth) },
  {
    name: "a tenth gone, 2 copies, were 8 shelves filled at once",
    of: (peers, seed) => ({ ...without(network(peers, 2, seed), isTenth), fillsAtOnceMax: fillsAtOnceMin }),
  },
];

/** The mean over the seeds; in a large network the first two make little difference. */
function meanRepair(of: (seed: number) => PlanInput, peers: number): Repair {
  const repairs = (peers < 100 ? seeds : seeds.slice(0, 2)).map((seed) => simulateRepair(of(seed)));
  const mean = (key: keyof Repair): number => repairs.reduce((sum, one) => sum + one[key], 0) / repairs.length;
  return {
    seconds: mean("seconds"),
    bytes: mean("bytes"),
    sources: mean("sources"),
    targets: mean("targets"),
    fillsMost: mean("fillsMost"),
  };
}

export const repair: ScaleJob = async ({ trial, print }) => {
  const series = cases.map(({ name, of }) => ({
    name,
    repairs: (trial ? sizesTrial : sizes).map((peers) => {
      const result = meanRepair((seed) => of(peers, seed), peers);
      const { seconds, bytes, sources, targets, fillsMost } = result;
      print(
        `${name}, ${peers} peers: ${(seconds / 60).toFixed(0)} min, ${(bytes / 1e9).toFixed(0)} GB from ${sources} to ${targets} peers, ${fillsMost} at once`,
      );
      return { peers, ...result };
    }),
  }));
  const points = (of: (repair: Repair) => number) =>
    series.map(({ name, repairs }) => ({
      name,
      points: repairs.map((one): [number, number] => [one.peers, Number(of(one).toPrecision(4))]),
    }));
  const subtitle = "the real planner's orders; one shelf of 50 to 150 GB a peer, 1 Gbit/s a peer, nothing else to do";
  const x = { label: "peers", scale: "log", unit: "count" } as const;
  return {
    "repair-time": {
      title: "Until every shelf has its copies again",
      subtitle,
      x,
      y: { label: "hours", scale: "log", unit: "count" },
      series: points(({ seconds }) => seconds / 3_600),
    },
    "repair-spread": {
      title: "Peers that share the work of a repair",
      subtitle,
      x,
      y: { label: "peers that send or receive", scale: "log", unit: "count" },
      series: points(({ sources, targets }) => Math.max(sources, targets)).slice(0, 3),
    },
  };
};
