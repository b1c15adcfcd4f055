/** Small changes that a group of three commits durably: how long one takes, and how many there are a second. */
import type { Bench } from "./contest.ts";
import { startEtcdGroup } from "./etcd-group.ts";
import { type Group, groupMembers, startOurGroup } from "./group.ts";
import { installed } from "./run-program.ts";

const latencyWritesFull = 1000;
const rateWritesFull = 3000;
const manyClients = 32;
/** Before anything is measured. */
const warmUpWrites = 100;

/** One client at the leader, one at another member, and 32 at all of them. */
export async function groupCommits(bench: Bench): Promise<void> {
  const groups = [{ name: "ours", group: await startOurGroup(bench.program) }];
  try {
    if (installed("etcd") === undefined) bench.skipped.add("etcd is not installed");
    else groups.push({ name: "etcd", group: await startEtcdGroup(bench.program.folder) });
    for (const { group } of groups) await latencies(group, await group.leader(), warmUpWrites, "warm-up");
    await latencyRow(bench, groups, "at the leader", async (group) => group.leader());
    await latencyRow(bench, groups, "at another member", async (group) => ((await group.leader()) + 1) % groupMembers);
    await rateContest(bench, groups);
  } finally {
    for (const { group } of groups) await group.stop();
  }
}

type Named = { readonly name: string; readonly group: Group };

async function latencyRow(
  bench: Bench,
  groups: readonly Named[],
  where: string,
  memberOf: (group: Group) => Promise<number>,
): Promise<void> {
  const texts: string[] = [];
  for (const { group } of groups) {
    const times = await latencies(group, await memberOf(group), bench.scaled(latencyWritesFull), where);
    texts.push(`p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms`);
  }
  const [ours = "", ...others] = texts;
  const named = others.map((text, index) => `${groups[index + 1]?.name} ${text}`);
  bench.add({ name: `group of 3: one client ${where}`, ours, others: named.join("; "), runs: "", processes: "" });
}

/** Milliseconds of each of `amount` writes of one client. */
async function latencies(group: Group, member: number, amount: number, name: string): Promise<readonly number[]> {
  const writer = await group.writer(member);
  const times: number[] = [];
  for (let number = 0; number < amount; number++) {
    const startedMs = performance.now();
    await writer.write(`${name}-${number}`);
    times.push(performance.now() - startedMs);
  }
  await writer.close();
  return times;
}

async function rateContest(bench: Bench, [ours, ...others]: readonly Named[]): Promise<void> {
  const amount = bench.scaled(rateWritesFull);
  const run =
    ({ group }: Named) =>
    (repetition: number) =>
      group.measured(() => writeAll(group, amount, `rate-${repetition}`));
  await bench.contest({
    name: `group of 3: ${manyClients} clients`,
    amounts: { commits: amount },
    ours: run(ours as Named),
    others: others.map((named) => ({ name: named.name, run: run(named) })),
  });
}

/** `amount` writes by many clients, spread over the members. */
async function writeAll(group: Group, amount: number, name: string): Promise<void> {
  const writers = await Promise.all(Array.from({ length: manyClients }, (_, at) => group.writer(at % groupMembers)));
  let next = 0;
  await Promise.all(
    writers.map(async (writer) => {
      while (next < amount) await writer.write(`${name}-${next++}`);
    }),
  );
  await Promise.all(writers.map((writer) => writer.close()));
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
