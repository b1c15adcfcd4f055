import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileTimeGranularityMs } from "../../src/core/limits.ts";
import { until } from "../faults/until.ts";
import { makeCorpus } from "./corpus.ts";
import { CostNetwork, type Costs } from "./cost-network.ts";
import { jobs } from "./jobs.ts";

/** Runs all jobs on a network of their own; resolves with what each cost, by its name. */
export async function countJobs(): Promise<ReadonlyMap<string, Partial<Costs>>> {
  const folder = await mkdtemp(join(tmpdir(), "dfs-costs-"));
  const network = new CostNetwork();
  try {
    const corpus = await makeCorpus(folder);
    // What was changed just now is read again when it is put again.
    const madeMs = Date.now();
    await until(
      "the corpus was made a while ago",
      30_000,
      () => Date.now() > madeMs + fileTimeGranularityMs || undefined,
    );
    await network.start();
    const costs = new Map<string, Partial<Costs>>();
    for (const { name, only, run } of jobs) {
      const work = (): Promise<unknown> => run(network, corpus);
      costs.set(name, only === undefined ? await network.costsOf(work) : { calls: await network.callsOf(only, work) });
    }
    return costs;
  } finally {
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
