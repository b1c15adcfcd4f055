/** How long a group of three is without a leader that commits, after the one that it had was killed. */
import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "./contest.ts";
import { startEtcdGroup } from "./etcd-group.ts";
import { type Group, groupMembers, startOurGroup } from "./group.ts";
import { median } from "./process-usage.ts";
import { installed } from "./run-program.ts";

const oursFull = 20;
const othersFull = 5;
/** After the kill a new write begins this often, until one of them is acknowledged. */
const writeEveryMs = 20;
/** Nobody has a leader that late. */
const failoverMs = 30_000;

/** Milliseconds from the kill to the first acknowledgement of a write that began after it. */
export async function failover(bench: Bench): Promise<void> {
  const ours = await measured(await startOurGroup(bench.program), bench.scaled(oursFull));
  const others = installed("etcd") === undefined ? undefined : await measuredEtcd(bench);
  if (others === undefined) bench.skipped.add("etcd is not installed");
  bench.add({
    name: "failover: next write after kill -9 of the leader",
    ours: figures(ours),
    others: others === undefined ? "" : `etcd ${figures(others)}`,
    runs: ours.map((ms) => (ms / 1000).toFixed(2)).join(" "),
    processes: "",
  });
}

async function measuredEtcd(bench: Bench): Promise<readonly number[]> {
  return measured(await startEtcdGroup(bench.program.folder), bench.scaled(othersFull));
}

/** Kills the leader `times` times under a writer; ends the group. */
async function measured(group: Group, times: number): Promise<readonly number[]> {
  try {
    const results: number[] = [];
    for (let time = 0; time < times; time++) {
      const leader = await group.leader();
      const survivor = (leader + 1 + (time % (groupMembers - 1))) % groupMembers;
      results.push(await untilNextWrite(group, leader, survivor, `${time}`));
      await group.startAgain(leader);
    }
    return results;
  } finally {
    await group.stop();
  }
}

async function untilNextWrite(group: Group, leader: number, survivor: number, name: string): Promise<number> {
  const writer = await group.client(survivor);
  const load = { isOver: false };
  const loading = writeOn(group, survivor, `load-${name}`, load);
  try {
    await writer.write(`before-${name}`);
    const killedMs = performance.now();
    await group.kill(leader);
    await firstOf((text) => writer.write(text), `after-${name}`);
    return performance.now() - killedMs;
  } finally {
    load.isOver = true;
    await loading;
    await writer.close();
  }
}

/** Begins a write every few milliseconds, whatever became of those before; resolves with the first acknowledgement. */
async function firstOf(write: (name: string) => Promise<void>, name: string): Promise<void> {
  const state = { isDone: false };
  const deadline = performance.now() + failoverMs;
  for (let number = 0; !state.isDone; number++) {
    if (performance.now() > deadline) throw new Error("no write succeeded after the leader was killed");
    write(`${name}-${number}`).then(
      () => (state.isDone = true),
      () => undefined, // the next one may succeed
    );
    await delay(writeEveryMs);
  }
}

/** One client that writes all the time. */
async function writeOn(group: Group, member: number, name: string, load: { readonly isOver: boolean }): Promise<void> {
  const writer = await group.client(member);
  for (let number = 0; !load.isOver; number++) await writer.write(`${name}-${number}`).catch(() => undefined);
  await writer.close();
}

function figures(milliseconds: readonly number[]): string {
  return `${median(milliseconds).toFixed(0)} ms, at the most ${Math.max(...milliseconds).toFixed(0)} ms (${milliseconds.length} kills)`;
}
