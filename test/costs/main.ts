/**
 * `npm run counts [-- N]`: runs the fixed jobs N times, 3 unless told, and prints the most that each cost, as it stands in
 * bounds.ts. Counts that depend on how work falls into batches differ a little from run to run.
 */
import "../../src/core/polyfill.ts";
import { countJobs } from "./count-jobs.ts";
import { type Costs, costNames } from "./cost-network.ts";

const runs = Number(process.argv[2] ?? 3);
const most = new Map<string, Map<keyof Costs, number[]>>();
for (let run = 0; run < runs; run++) {
  for (const [job, costs] of await countJobs()) {
    const ofJob = most.get(job) ?? new Map<keyof Costs, number[]>();
    most.set(job, ofJob);
    for (const name of costNames) {
      const count = costs[name];
      if (count !== undefined) ofJob.set(name, [...(ofJob.get(name) ?? []), count]);
    }
  }
}
for (const [job, costs] of most) {
  const fields = Array.from(costs, ([name, counts]) => `${name}: ${written(Math.max(...counts))}`);
  const ranges = Array.from(costs, ([name, counts]) => [name, Math.min(...counts), Math.max(...counts)] as const);
  const spread = ranges
    .filter(([, least, highest]) => least !== highest)
    .map(([name, least]) => `${name} from ${least}`);
  process.stdout.write(`  "${job}": { ${fields.join(", ")} },${spread.length > 0 ? ` // ${spread.join(", ")}` : ""}\n`);
}

/** With `_` between thousands. */
function written(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, "_");
}
