/** Mishaps of processes: killed, paused, away for long. They need no root. */
import type { Prng } from "../sim/prng.ts";
import type { FaultPeer } from "./fault-peer.ts";
import { type Mishap, type MishapContext, acknowledged, reached } from "./mishap.ts";
import { until } from "./until.ts";

/** Changes that the clients get through between two blows: the network works again. */
const changesBetween = 20;
const catchUpMs = 60_000;
/** Entries that a coordinator may lack while clients write and still count as caught up. */
const lagUnderLoad = 200;

/** kill -9 of any two coordinators at once, again and again; they come back in between. */
export const killTwo: Mishap = (context) =>
  repeatedly(context, async () => {
    const { cluster, random } = context;
    await killAtOnce(
      random.chance(0.5)
        ? [await cluster.leader(), random.pick(await cluster.followers())]
        : two(await cluster.followers(), random),
    );
    await acknowledged(context, changesBetween);
    await cluster.revive();
    await cluster.whole(lagUnderLoad);
  });

/** kill -9 of the leader every `everyMs`; it comes back when there is another one. */
export const killLeaderEvery =
  (everyMs: number): Mishap =>
  (context) =>
    repeatedly(context, async () => {
      const nextMs = performance.now() + everyMs;
      const leader = await context.cluster.leader();
      await leader.kill();
      await acknowledged(context, changesBetween);
      await leader.start();
      await context.cluster.whole(lagUnderLoad);
      await reached(Math.min(nextMs, context.endMs));
    });

/** kill -9 of all coordinators at once; they come back in any order. */
export const killAll: Mishap = (context) =>
  repeatedly(context, async () => {
    const { cluster, random } = context;
    await killAtOnce(cluster.coordinators);
    const order = cluster.coordinators.toSorted(() => random.unit() - 0.5);
    await Promise.all(order.map((peer) => peer.start()));
    await acknowledged(context, changesBetween);
    await cluster.whole(lagUnderLoad);
  });

/** The leader is paused until another one leads and has committed; it is asked for reads the moment that it wakes. */
export const pauseLeader: Mishap = (context) =>
  repeatedly(context, async () => {
    const { cluster, workload } = context;
    const leader = await cluster.leader();
    const client = await leader.connect();
    leader.signal("SIGSTOP");
    await acknowledged(context, changesBetween);
    const asked = workload.look(client);
    leader.signal("SIGCONT");
    await Promise.all([asked, workload.look(client)]);
    await client.close();
    await cluster.whole(lagUnderLoad);
  });

/** A follower is away until the others have compacted their logs beyond what it has: it needs a snapshot. */
export const awayBeyondCompaction: Mishap = async (context) => {
  const { cluster, random } = context;
  const victim = random.pick(await cluster.followers());
  await victim.kill();
  const { commitIndex } = await cluster.group();
  await until(
    "twice as many entries as are kept",
    catchUpMs,
    async () => (await cluster.group()).commitIndex > commitIndex + 2 * cluster.compactAfter || undefined,
  );
  await victim.start();
  await cluster.whole(lagUnderLoad);
  if (!victim.log.includes("from a snapshot"))
    throw new Error(`${victim.name} caught up without a snapshot, so it was not away for long enough`);
};

/** Does `blow` once, and again until the end of the load. */
async function repeatedly({ endMs }: MishapContext, blow: () => Promise<void>): Promise<void> {
  do await blow();
  while (performance.now() < endMs);
}

async function killAtOnce(peers: readonly FaultPeer[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer.kill()));
}

function two(peers: readonly FaultPeer[], random: Prng): FaultPeer[] {
  const first = random.pick(peers);
  return [first, random.pick(peers.filter((peer) => peer !== first))];
}
