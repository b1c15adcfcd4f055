/** One scenario: load, a mishap, healing, reading back, and the verdict. */
import type { DfsClient } from "../../src/core/client.ts";
import { type DfsPath, resolvePath } from "../../src/core/names.ts";
import { Prng } from "../sim/prng.ts";
import type { Cluster } from "./cluster.ts";
import type { Mishap } from "./mishap.ts";
import { readBack, treeText } from "./read-back.ts";
import { until } from "./until.ts";
import { violationsOf } from "./verdict.ts";
import { Workload } from "./workload.ts";

export interface ScenarioOptions {
  readonly cluster: Cluster;
  /** In one word, for paths and reports. */
  readonly name: string;
  readonly mishap: Mishap;
  /** How long the clients work, at the least. */
  readonly seconds: number;
  readonly seed: number;
  /** Undoes what the mishap did to the network and the disks; processes are revived anyway. */
  readonly heal: () => Promise<void> | void;
}

export interface ScenarioReport {
  readonly acknowledged: number;
  /** Longest time without an acknowledged change, in milliseconds. */
  readonly longestGapMs: number;
  readonly terms: readonly [number, number];
}

const sameMs = 30_000;

/**
 * Runs a scenario and prints a line about it. Fails, with the seed, when an acknowledged change is lost, when a checker
 * finds no explanation for an answer, when the coordinators differ at the end, or when the group does not become whole.
 */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  const { name, seed } = options;
  try {
    return await run(options);
  } catch (error) {
    const what = `${name} failed with DFS_FAULTS_SEED=${seed}: ${(error as Error).message}`;
    throw new Error(`${what}\n${options.cluster.logs()}`, { cause: error });
  }
}

async function run({ cluster, name, mishap, seconds, seed, heal }: ScenarioOptions): Promise<ScenarioReport> {
  await cluster.whole();
  const root = resolvePath(`/${name}-${seed}-${Date.now()}`);
  const workload = new Workload({
    connect: (place) => cluster.connect(place),
    places: cluster.peers.length,
    root,
    seed,
  });
  await workload.prepare();
  const termBefore = (await cluster.group()).term;
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  workload.start();
  try {
    await mishap({ cluster, workload, random: new Prng(seed), endMs });
    await until("the end of the load", seconds * 1000, () => performance.now() >= endMs || undefined);
  } finally {
    try {
      await heal();
      await cluster.revive();
    } finally {
      await workload.stop();
    }
  }
  const stopMs = performance.now();
  await cluster.whole();
  const revisions = await cluster.gate.with((client) => readBack(client, root, workload));
  await requireSameTrees(cluster, root);
  const violations = violationsOf(workload.history, revisions);
  const terms = [termBefore, (await cluster.group()).term] as const;
  const longestGapMs = workload.history.longestGapMs(startMs, stopMs);
  process.stdout.write(reportLine(name, seed, workload, longestGapMs, terms));
  if (violations.length > 0) throw new Error(violations.join("\n"));
  return { acknowledged: workload.history.acknowledgedMs.length, longestGapMs, terms };
}

/** Every coordinator by itself, without asking the others, comes to have what the network answers. */
async function requireSameTrees(cluster: Cluster, root: DfsPath): Promise<void> {
  const expected = await cluster.gate.with((client) => treeText(client, root, false));
  for (const peer of cluster.coordinators) {
    const isSame = async (client: DfsClient): Promise<true | undefined> =>
      (await treeText(client, root, true)) === expected || undefined;
    await until(`${peer.name} has the tree that the network has`, sameMs, () => peer.with(isSame));
  }
}

function reportLine(
  name: string,
  seed: number,
  { history, registers, drawers }: Workload,
  longestGapMs: number,
  [before, after]: readonly [number, number],
): string {
  const { answered, refused, unknown } = history.counts;
  const errors = Array.from(history.errors, ([kind, count]) => `${kind} ${count}`).join(", ");
  const elections = after === before ? "no election" : `term ${before} to ${after}`;
  return (
    `${name}: ${answered} answered (${history.acknowledgedMs.length} changes), ${refused} lost races, ` +
    `${unknown} unknown, on ${registers.length} files and ${drawers.length} directories; ` +
    `longest gap ${(longestGapMs / 1000).toFixed(2)} s; ${elections}; errors: ${errors || "none"}; seed ${seed}\n`
  );
}
