/** What befalls the coordinators while the clients work. */
import type { Prng } from "../sim/prng.ts";
import type { Cluster } from "./cluster.ts";
import type { Workload } from "./workload.ts";
import { until } from "./until.ts";

/** What a mishap gets. */
export interface MishapContext {
  readonly cluster: Cluster;
  readonly workload: Workload;
  readonly random: Prng;
  /** When the load ends, by `performance.now()`; a mishap that repeats itself stops before. */
  readonly endMs: number;
}

/** Does harm, and may undo it; whatever is left is healed after it has resolved. */
export type Mishap = (context: MishapContext) => Promise<void>;

/** Clients go on working after a mishap for as long as this takes, at the most. */
const progressMs = 30_000;

/** Resolves when the clients had `count` more changes acknowledged. */
export async function acknowledged({ workload }: MishapContext, count: number): Promise<void> {
  const { acknowledgedMs } = workload.history;
  const before = acknowledgedMs.length;
  await until(
    `${count} more changes acknowledged`,
    progressMs,
    () => acknowledgedMs.length >= before + count || undefined,
  );
}

/** Resolves at the moment `atMs` by `performance.now()`. */
export async function reached(atMs: number): Promise<void> {
  await until(
    "the moment",
    Math.max(0, atMs - performance.now()) + progressMs,
    () => performance.now() >= atMs || undefined,
  );
}
