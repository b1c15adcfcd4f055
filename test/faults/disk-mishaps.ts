/** Mishaps of disks: one that is full, and one that fails to flush. */
import { breakFlushes } from "./broken-flush.ts";
import type { Cluster } from "./cluster.ts";
import type { FaultPeer } from "./fault-peer.ts";
import { type Mishap, type MishapContext, acknowledged } from "./mishap.ts";
import type { SmallDisk } from "./small-disk.ts";
import { until } from "./until.ts";

const changesBetween = 20;
const lagUnderLoad = 200;
/** A coordinator whose disk has failed a flush ends, or ends to vote, within this. */
const stopMs = 30_000;
const spaceWords = /no space|ENOSPC|disk is full/i;
const flushWords = /EIO|i\/o error|input\/output|flush|fsync/i;

/** The disk of the coordinator at `place` is full, first while it follows, then while it leads. */
export const fullDisk =
  (disk: SmallDisk, place: number): Mishap =>
  async (context) => {
    const victim = context.cluster.coordinators[place] as FaultPeer;
    for (const leads of [false, true]) {
      await makeLeader(context.cluster, victim, leads);
      await disk.fill();
      await acknowledged(context, changesBetween);
      if (!(await isActive(context.cluster, victim))) requireLog(victim, spaceWords);
      disk.free();
      await restart(context, victim);
    }
  };

/** The flushes of a follower fail, then those of the leader: it must stop, and never believe the next flush. */
export const brokenFlush: Mishap = async (context) => {
  const { cluster, random } = context;
  for (const leads of [false, true]) {
    const victim = leads ? await cluster.leader() : random.pick(await cluster.followers());
    const mend = await breakFlushes(victim.pid);
    try {
      await until(`${victim.name} stops`, stopMs, () => saysWhy(victim, flushWords) || !victim.isAlive || undefined);
    } finally {
      await mend();
    }
    requireLog(victim, flushWords);
    await acknowledged(context, changesBetween);
    await restart(context, victim);
  }
};

/** Has the victim lead, or somebody else. */
async function makeLeader(cluster: Cluster, victim: FaultPeer, leads: boolean): Promise<void> {
  const leader = await cluster.leader();
  if ((leader === victim) === leads) return;
  const next = leads ? victim : ((await cluster.followers())[0] as FaultPeer);
  const { members } = await cluster.group();
  const member = members.find(({ name }) => name === next.name);
  if (member === undefined) throw new Error(`${next.name} is no coordinator`);
  await cluster.gate.with((client) => client.changeCoordinator("transfer", member.name));
  await until(`${next.name} leads`, stopMs, async () => (await cluster.leader()) === next || undefined);
}

/** Whether a coordinator answers the others. */
async function isActive(cluster: Cluster, peer: FaultPeer): Promise<boolean> {
  if (!peer.isAlive) return false;
  const { members } = await cluster.group();
  return members.some(({ name, isActive }) => name === peer.name && isActive);
}

async function restart({ cluster }: MishapContext, victim: FaultPeer): Promise<void> {
  await victim.kill();
  await victim.start();
  await cluster.whole(lagUnderLoad);
}

const saysWhy = ({ log }: FaultPeer, words: RegExp): boolean => words.test(log);

function requireLog(peer: FaultPeer, words: RegExp): void {
  if (saysWhy(peer, words)) return;
  throw new Error(`${peer.name} stopped without saying why; the end of its log:\n${peer.log.slice(-2000)}`);
}
