/** Small changes that a group of three commits durably: how long one takes, and how many there are a second. */
import type { Bench } from "./contest.ts";
import { startEtcdGroup } from "./etcd-group.ts";
import { type Group, type GroupClient, type OwnGroup, groupMembers, startOurGroup } from "./group.ts";
import { type Named, etcdHow, groupReads } from "./group-reads.ts";
import { installed } from "./run-program.ts";

const latencyWritesFull = 2000;
const rateWritesFull = 10_000;
const manyClients = 32;
/** Before anything is measured: a peer that has just started runs code that is not compiled yet. */
const warmUpWrites = 3000;

/** One client at the leader and at another member, then 32 at the leader, at all members, and in one process that is a peer. */
export async function groupCommits(bench: Bench): Promise<void> {
  const ours = await startOurGroup(bench.program);
  const groups: Named[] = [{ name: "ours", group: ours }];
  try {
    if (installed("etcd") === undefined) bench.skipped.add("etcd is not installed");
    else groups.push({ name: "etcd", group: await startEtcdGroup(bench.program.folder) });
    for (const { group } of groups) await latencies(group, await group.leader(), warmUpWrites, "warm-up");
    await latencyRow(bench, groups, "at the leader", async (group) => group.leader());
    await latencyRow(bench, groups, "at another member", async (group) => ((await group.leader()) + 1) % groupMembers);
    await rateContest(bench, groups, "at the leader", async (group) => Array(manyClients).fill(await group.leader()));
    await rateContest(bench, groups, "at all members", async () =>
      Array.from({ length: manyClients }, (_, at) => at % groupMembers),
    );
    await groupReads(bench, groups);
    await embeddedRows(bench, ours);
  } finally {
    for (const { group } of groups) await group.stop();
  }
}

async function latencyRow(
  bench: Bench,
  groups: readonly Named[],
  where: string,
  memberOf: (group: Group) => Promise<number>,
): Promise<void> {
  const amount = bench.scaled(latencyWritesFull);
  const worst = new Map<string, number>();
  const run =
    ({ name, group }: Named) =>
    async (repetition: number) => {
      let times: readonly number[] = [];
      const processes = await group.measured(async () => {
        times = await latencies(group, await memberOf(group), amount, `${where}-${repetition}`);
      });
      worst.set(name, Math.max(worst.get(name) ?? 0, quantile(times, 0.99)));
      return { value: quantile(times, 0.5), processes };
    };
  const [ours, ...others] = groups as readonly [Named, ...Named[]];
  await bench.compare(
    {
      job: `group of 3: one client ${where}, p50`,
      unit: "ms",
      better: "less",
      targets: [{ factor: 2, of: "etcd" }],
      ours: { run: run(ours) },
      others: others.map((other) => ({ name: other.name, how: etcdHow, run: run(other) })),
    },
    () => `p99 at most ${Array.from(worst, ([name, ms]) => `${name} ${ms.toFixed(1)} ms`).join(", ")}`,
  );
}

/** Milliseconds of each of `amount` writes of one client. */
async function latencies(group: Group, member: number, amount: number, name: string): Promise<readonly number[]> {
  const writer = await group.client(member);
  const times = await timed(writer, amount, name);
  await writer.close();
  return times;
}

async function timed(writer: GroupClient, amount: number, name: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let number = 0; number < amount; number++) {
    const startedMs = performance.now();
    await writer.write(`${name}-${number}`);
    times.push(performance.now() - startedMs);
  }
  return times;
}

async function rateContest(
  bench: Bench,
  [ours, ...others]: readonly Named[],
  where: string,
  membersOf: (group: Group) => Promise<readonly number[]>,
): Promise<void> {
  const amount = bench.scaled(rateWritesFull);
  const run =
    ({ group }: Named) =>
    (repetition: number) =>
      group.measured(async () => writeAll(group, await membersOf(group), amount, `many ${where}-${repetition}`));
  await bench.contest({
    name: `group of 3: ${manyClients} clients ${where}`,
    amounts: { commits: amount },
    ours: run(ours as Named),
    // What a peer does later, as its index of names, must not slow the others down.
    afterOurs: () => (ours as Named).group.rest(),
    others: others.map((named) => ({ name: named.name, how: etcdHow, run: run(named) })),
    targets: [{ factor: 1, of: "etcd" }],
  });
}

/** The same from a process that is a peer itself: nothing but the catalogue's own calls is between it and the leader. */
async function embeddedRows(bench: Bench, group: OwnGroup): Promise<void> {
  const writer = await group.embedded();
  try {
    await timed(writer, warmUpWrites, "embedded-warm-up");
    const times = await timed(writer, bench.scaled(latencyWritesFull), "embedded");
    bench.add({
      name: "group of 3: one client that is a peer itself",
      ours: `p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms`,
      others: "",
      runs: "",
      processes: "",
    });
    const amount = bench.scaled(rateWritesFull);
    await bench.contest({
      name: `group of 3: ${manyClients} callers of one such peer`,
      amounts: { commits: amount },
      ours: (repetition) =>
        group.measured(() => writeWith(Array(manyClients).fill(writer), amount, `own-${repetition}`)),
    });
  } finally {
    await writer.close();
  }
}

/** `amount` writes by clients of these members. */
async function writeAll(group: Group, members: readonly number[], amount: number, name: string): Promise<void> {
  const writers = await Promise.all(members.map((member) => group.client(member)));
  await writeWith(writers, amount, name);
  await Promise.all(writers.map((writer) => writer.close()));
}

async function writeWith(writers: readonly GroupClient[], amount: number, name: string): Promise<void> {
  let next = 0;
  await Promise.all(
    writers.map(async (writer) => {
      while (next < amount) await writer.write(`${name}-${next++}`);
    }),
  );
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
