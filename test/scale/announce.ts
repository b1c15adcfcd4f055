/** What it costs a peer a day to keep what it holds announced, against the number of peers. */
import { FingerTableService } from "../../src/dht/finger-table-service.ts";
import { kadPeer } from "../../src/dht/kad-id.ts";
import { FakeClock } from "../dht/fake-clock.ts";
import { keysNumbered, peerNumber } from "../dht/fake-network.ts";
import { Prng } from "../sim/prng.ts";
import { MemoryFingerTable } from "./memory-finger-table.ts";
import type { ScaleJob } from "./scale-job.ts";
import { WireCount } from "./wire-count.ts";

const sizes = [3, 10, 30, 100, 300, 1_000, 3_000, 10_000];
const sizesTrial = [3, 10, 30];
const keyCounts = [100, 1_000, 10_000];
const keyCountsTrial = [100, 1_000];
const seed = 1;
const dayMs = 24 * 60 * 60_000;
const hourMs = 60 * 60_000;
/** Renewals come every 15 hours or so: over five days their number a day is even. */
const days = 5;

export interface AnnounceCosts {
  readonly messagesADay: number;
  readonly bytesADay: number;
}

/** Lets one peer with `keys` file keys announce for days, once everybody knows them, among peers that all answer. */
export async function measureAnnouncing(peers: number, keys: number): Promise<AnnounceCosts> {
  const prng = new Prng(seed);
  const clock = new FakeClock();
  const self = peerNumber(0);
  const table = new MemoryFingerTable(self, new Map());
  for (let number = 1; number < peers; number += 1) table.meet(kadPeer(peerNumber(number)));
  let count = new WireCount();
  const service = new FingerTableService({
    path: ":memory:",
    self,
    table,
    transport: {
      announce: async (_to, request) => {
        const reply = { stored: request.keys.length };
        count.announced(request, reply);
        return reply;
      },
      lookup: async () => [],
    },
    clock,
    random: () => prng.unit(),
    onError: (error) => {
      throw error;
    },
  });
  service.start();
  service.announce(keysNumbered(keys));
  await clock.advance(hourMs);
  count = new WireCount();
  await clock.advance(days * dayMs);
  await service.stop();
  return { messagesADay: count.messages / days, bytesADay: count.bytes / days };
}

export const announce: ScaleJob = async ({ trial, print }) => {
  const rows: { readonly keys: number; readonly costs: readonly (AnnounceCosts & { readonly peers: number })[] }[] = [];
  for (const keys of trial ? keyCountsTrial : keyCounts) {
    const costs: (AnnounceCosts & { readonly peers: number })[] = [];
    for (const peers of trial ? sizesTrial : sizes) {
      const cost = await measureAnnouncing(peers, keys);
      costs.push({ peers, ...cost });
      print(`${peers} peers, ${keys} keys: ${cost.messagesADay} messages and ${cost.bytesADay} bytes a day`);
    }
    rows.push({ keys, costs });
  }
  const series = (of: (cost: AnnounceCosts) => number) =>
    rows.map(({ keys, costs }) => ({
      name: `${keys.toLocaleString("en-US")} files`,
      points: costs.map((cost): [number, number] => [cost.peers, Math.round(of(cost) * 10) / 10]),
    }));
  const subtitle =
    "by one peer, for the files that it holds; the real announcer over five simulated days, all peers up";
  const x = { label: "peers", scale: "log", unit: "count" } as const;
  return {
    "announce-messages": {
      title: "Messages to keep a peer's files announced",
      subtitle,
      x,
      y: { label: "messages a day", scale: "log", unit: "count" },
      series: series(({ messagesADay }) => messagesADay),
    },
    "announce-bytes": {
      title: "Traffic to keep a peer's files announced",
      subtitle,
      x,
      y: { label: "bytes a day, requests and answers", scale: "log", unit: "bytes" },
      series: series(({ bytesADay }) => bytesADay),
    },
  };
};
