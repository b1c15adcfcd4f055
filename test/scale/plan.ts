/** How long the planner takes for one look at the network, against the number of peers. */
import { planChains } from "../../src/backup/planner.ts";
import type { PlanInput } from "../../src/backup/planner-input.ts";
import type { ScaleJob } from "./scale-job.ts";
import { restingNetwork, withNewcomers, without, withoutCopies } from "./plan-world.ts";

const sizes = [10, 30, 100, 300, 1_000, 3_000, 10_000];
const sizesTrial = [10, 30, 100];
const [copies, seed, zones] = [3, 1, 10];
const runsMin = 3;
const runsMax = 200;
/** A size is not measured again and again for longer than this. */
const enoughMs = 1_500;

const cases: readonly { readonly name: string; readonly of: (peers: number) => PlanInput }[] = [
  { name: "all is well", of: (peers) => restingNetwork({ peers, seed, copies }) },
  { name: "all is well, in one zone", of: (peers) => restingNetwork({ peers, seed, copies, zones: 1 }) },
  { name: "one peer is gone", of: (peers) => without(restingNetwork({ peers, seed, copies }), (_, at) => at === 0) },
  {
    name: "a tenth is gone",
    of: (peers) => without(restingNetwork({ peers, seed, copies }), (_, at) => at % zones === 0),
  },
  { name: "a tenth is new", of: (peers) => withNewcomers(restingNetwork({ peers, seed, copies }), peers / 10, seed) },
  { name: "no shelf has a copy", of: (peers) => withoutCopies(restingNetwork({ peers, seed, copies })) },
];

export const plan: ScaleJob = async ({ trial, print }) => {
  const series = cases.map(({ name, of }) => {
    const points = (trial ? sizesTrial : sizes).map((peers): [number, number] => {
      const seconds = secondsOf(of(peers));
      print(`${name}, ${peers} peers: ${(seconds * 1000).toFixed(2)} ms`);
      return [peers, Number(seconds.toPrecision(3))];
    });
    return { name, points };
  });
  return {
    plan: {
      title: "One plan of all chains, against the number of peers",
      subtitle: `src/backup/planner.ts, one shelf a peer on ${copies} peers in ${zones} zones; the leader plans twice a second`,
      x: { label: "peers", scale: "log", unit: "count" },
      y: { label: "CPU time of one plan, median", scale: "log", unit: "seconds" },
      series,
      marks: [{ y: 0.5, label: "the leader's interval" }],
    },
  };
};

/** The median of several runs, after some that are not counted. */
function secondsOf(input: PlanInput): number {
  const warmUpMs = performance.now() + enoughMs / 5;
  do planChains(input);
  while (performance.now() < warmUpMs);
  const runs: number[] = [];
  const startedMs = performance.now();
  while (runs.length < runsMin || (runs.length < runsMax && performance.now() - startedMs < enoughMs)) {
    const before = process.cpuUsage();
    const beginMs = performance.now();
    planChains(input);
    const { user, system } = process.cpuUsage(before);
    // A short run is below the resolution of the processor's time.
    runs.push(Math.min((user + system) / 1e6 || Infinity, (performance.now() - beginMs) / 1000));
  }
  return runs.toSorted((left, right) => left - right)[Math.floor(runs.length / 2)] ?? 0;
}
