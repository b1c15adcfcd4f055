/** What it costs an idle peer that every member keeps a connection to every other and asks it for signs of life. */
import { type NetworkId, parsePeerId } from "../../src/core/ids.ts";
import { peersMax, pingIntervalMs, pingLookMs, pingsPerLookMax } from "../../src/core/limits.ts";
import { generatePeerKey } from "../../src/identity/peer-identity.ts";
import { type Host, guardProtocols, startHost } from "../../src/peer/host.ts";
import { MemberGate } from "../../src/peer/member-gate.ts";
import type { ScaleJob } from "./scale-job.ts";

const sizes = [3, 10, 30, 100, 300, peersMax];
const pings = 2_000;
const pingsTrial = 100;

/** A host of the network that lets in members only, and who they are. */
async function openHost(): Promise<{ readonly host: Host; readonly gate: MemberGate }> {
  const gate = new MemberGate({ refresh: () => Promise.resolve(), nowMs: Date.now });
  const host = await startHost({
    privateKey: await generatePeerKey(),
    networkId: "0".repeat(64) as NetworkId,
    listen: ["/ip4/127.0.0.1/tcp/0"],
    gate,
  });
  await guardProtocols(host, gate, () => undefined);
  return { host, gate };
}

/** CPU seconds of one end for one ping between two real hosts: both are in this process, so it is half of what is measured. */
async function pingSeconds(count: number): Promise<number> {
  const hosts = [await openHost(), await openHost()] as const;
  const [asking, asked] = [hosts[0].host, hosts[1].host];
  for (const { gate } of hosts)
    gate.setMembers([parsePeerId(asking.peerId.toString()), parsePeerId(asked.peerId.toString())]);
  try {
    await asking.dial(asked.getMultiaddrs());
    const ask = async (times: number): Promise<void> => {
      for (let done = 0; done < times; done += 1) await asking.services.ping.ping(asked.peerId);
    };
    // Not before the code is compiled.
    await ask(count / 2);
    const before = process.cpuUsage();
    await ask(count);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6 / count / 2;
  } finally {
    await Promise.all([asking.stop(), asked.stop()]);
  }
}

export const idle: ScaleJob = async ({ trial, print }) => {
  const seconds = await pingSeconds(trial ? pingsTrial : pings);
  print(`a ping: ${(seconds * 1e6).toFixed(0)} µs of CPU at each end`);
  // Of each pair one asks once in an interval, and nobody asks or is asked more often than this on average.
  const pingsMax = (2 * pingsPerLookMax * 1000) / pingLookMs;
  const share = (peers: number): number => 100 * seconds * Math.min(((peers - 1) * 1000) / pingIntervalMs, pingsMax);
  return {
    idle: {
      title: "Signs of life between all members of an idle network",
      subtitle: `${pings.toLocaleString("en-US")} pings between two real hosts, each pair one in ${pingIntervalMs / 1000} s, a peer ${pingsPerLookMax} a second`,
      x: { label: "peers", scale: "log", unit: "count" },
      y: { label: "percent of a core, at each peer", scale: "log", unit: "count" },
      series: [
        {
          name: "pings",
          points: [],
          computed: sizes.map((peers): [number, number] => [peers, Number(share(peers).toPrecision(3))]),
        },
      ],
    },
  };
};
