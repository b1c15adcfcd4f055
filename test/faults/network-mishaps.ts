/** Mishaps of the network between the coordinators. The gate is never cut off from the majority. */
import { withDeadline } from "../../src/core/deadline.ts";
import { resolvePath } from "../../src/core/names.ts";
import { toDfsError } from "../../src/core/errors.ts";
import type { FaultPeer } from "./fault-peer.ts";
import { type Mishap, type MishapContext, acknowledged, reached } from "./mishap.ts";
import type { Namespaces } from "./namespaces.ts";
import { until } from "./until.ts";

const changesBetween = 20;
const lagUnderLoad = 200;
/** A coordinator knows that it has lost the majority within this, … */
const noticeMs = 15_000;
/** … and from then on a call is refused within this. */
const refusalMs = 5_000;
const flapMsMin = 200;
const flapMsMax = 1_500;

/** The leader with one more coordinator on one side, the others and the gate on the other; then without the leader. */
export const majorityPartition =
  (namespaces: Namespaces): Mishap =>
  (context) =>
    inTurns(context, [
      async () => {
        const leader = await context.cluster.leader();
        const minority = [leader, context.random.pick(await context.cluster.followers())];
        cutOff(namespaces, context, minority);
        await acknowledged(context, changesBetween);
        await requireRefusal(leader);
        await mend(namespaces, context);
      },
      async () => {
        cutOff(namespaces, context, (await context.cluster.followers()).slice(0, 2));
        await acknowledged(context, changesBetween);
        await mend(namespaces, context);
      },
    ]);

/** The leader hears nobody; nobody hears the leader; one follower does not hear the leader. */
export const oneWayPartition =
  (namespaces: Namespaces): Mishap =>
  (context) => {
    const blow = (cut: (leader: number, followers: readonly number[]) => void) => async () => {
      const leader = placeOf(context, await context.cluster.leader());
      cut(
        leader,
        context.cluster.coordinators.map((_, place) => place).filter((place) => place !== leader),
      );
      await acknowledged(context, changesBetween);
      await mend(namespaces, context);
    };
    return inTurns(context, [
      blow((leader, followers) => namespaces.cut(followers, leader)),
      blow((leader, followers) => followers.forEach((follower) => namespaces.cut([leader], follower))),
      blow((leader, followers) => namespaces.cut([leader], context.random.pick(followers))),
    ]);
  };

/** Every second or so other coordinators are cut off, or none. */
export const flappingPartition =
  (namespaces: Namespaces): Mishap =>
  async (context) => {
    const { cluster, random, endMs } = context;
    while (performance.now() < endMs) {
      namespaces.heal();
      cutOff(namespaces, context, cluster.coordinators.filter(() => random.chance(0.3)).slice(0, 2));
      await reached(Math.min(endMs, performance.now() + flapMsMin + random.below(flapMsMax - flapMsMin)));
    }
    await mend(namespaces, context);
    await acknowledged(context, changesBetween);
  };

/** Cuts these coordinators off from the others and from the gate. */
function cutOff(namespaces: Namespaces, context: MishapContext, peers: readonly FaultPeer[]): void {
  const { cluster } = context;
  const left = peers.map((peer) => placeOf(context, peer));
  const right = [...cluster.coordinators.keys(), cluster.coordinators.length].filter((place) => !left.includes(place));
  namespaces.part(left, right);
}

async function mend(namespaces: Namespaces, { cluster }: MishapContext): Promise<void> {
  namespaces.heal();
  await cluster.whole(lagUnderLoad);
}

/** A coordinator without a majority refuses to read and to write rather than guess or hang, and says what it knew when asked. */
async function requireRefusal(peer: FaultPeer): Promise<void> {
  const [root, path] = [resolvePath("/"), resolvePath("/refused")];
  await peer.with(async (client) => {
    let kinds: readonly string[] = [];
    await until(`${peer.name} refuses with no-quorum`, noticeMs, async () => {
      kinds = await Promise.all([
        endOf((signal) => client.list(root, { signal })),
        endOf((signal) => client.mkdir(path, { signal })),
      ]);
      return kinds.every((kind) => kind === "no-quorum") || undefined;
    }).catch((error: unknown) => {
      throw new Error(`${peer.name} was cut off, and a read and a write ended with ${kinds.join(" and ")}`, {
        cause: error,
      });
    });
    await client.list(root, { stale: true });
  });
}

/** How a call ends that may take no longer than a person waits: `done`, or the kind of its error. */
function endOf(call: (signal: AbortSignal) => Promise<unknown>): Promise<string> {
  return withDeadline(refusalMs, undefined, call).then(
    () => "done",
    (error: unknown) => toDfsError(error).kind,
  );
}

/** One after the other, and again until the end of the load; each at least once. */
async function inTurns({ endMs }: MishapContext, blows: readonly (() => Promise<void>)[]): Promise<void> {
  do for (const blow of blows) await blow();
  while (performance.now() < endMs);
}

function placeOf({ cluster }: MishapContext, peer: FaultPeer): number {
  return cluster.coordinators.indexOf(peer);
}
