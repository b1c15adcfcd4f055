/** The finger table between real processes: keys announced a second, how long a lookup takes, and over how many peers. */
import type { Bench } from "./contest.ts";
import { FingerNetwork, type MeasuredLookup } from "./finger-network.ts";
import { median } from "./process-usage.ts";
import { StockKad } from "./stock-kad.ts";
import type { StockLookup } from "./stock-kad-process.ts";

const announcingPeers = 10;
const announcedKeys = 20_000;
/** Stock kad-dht takes as long for these. */
const providedKeys = 60;
const lookupPeers = 30;
const lookedUpKeys = 300;
const stockLookups = 30;
const growth = [3, 6, 10, 20, 30] as const;

/** One peer of ten announces keys to the nine others. */
export async function announce(bench: Bench): Promise<void> {
  await withBoth(bench, announcingPeers, async (network, stock) => {
    const amount = bench.scaled(announcedKeys);
    const cpuSeconds: number[] = [];
    await bench.compare(
      {
        job: `announce, ${announcingPeers} peers`,
        unit: "keys/s",
        better: "more",
        ours: {
          run: async () => {
            const before = process.cpuUsage();
            const measured = await rate(network, amount, () => network.announce(amount));
            const { user, system } = process.cpuUsage(before);
            cpuSeconds.push((user + system) / 1e6);
            return measured;
          },
        },
        others: [
          {
            name: "kad-dht provide",
            how: `${providedKeys} keys, 8 at once`,
            run: async () => rate(stock, providedKeys, () => stock.provide(providedKeys)),
          },
        ],
        targets: [{ value: 3000 }],
      },
      () => `the announcer ${median(cpuSeconds).toFixed(1)} s of CPU`,
    );
  });
}

/** A peer finds the holder of keys that it has never heard of, one after the other. */
export async function lookup(bench: Bench): Promise<void> {
  await withBoth(bench, lookupPeers, async (network, stock) => {
    const provided = await stock.provide(stockLookups);
    const all: MeasuredLookup[] = [];
    let missed = 0;
    const stockRun = (time: "firstMs" | "allMs") => async () => {
      let lookups: readonly StockLookup[] = [];
      const processes = await stock.measured(async () => (lookups = await stock.find(provided)));
      missed += lookups.filter(({ isFound }) => !isFound).length;
      return { value: median(lookups.map((one) => one[time])), processes };
    };
    await bench.compare(
      {
        job: `find holders, not cached, ${lookupPeers} peers: p50`,
        unit: "ms",
        better: "less",
        ours: {
          run: async () => {
            const keys = await network.announce(bench.scaled(lookedUpKeys));
            let lookups: readonly MeasuredLookup[] = [];
            const processes = await network.measured(async () => (lookups = askingOnly(await network.lookUp(keys))));
            all.push(...lookups);
            return { value: quantile(lookups, 0.5), processes };
          },
        },
        others: [
          { name: "kad-dht findProviders, first", run: stockRun("firstMs") },
          { name: "kad-dht findProviders, all", run: stockRun("allMs") },
        ],
        targets: [{ value: 10 }],
      },
      () =>
        `p99 ${quantile(all, 0.99).toFixed(1)} ms; ${costText(all, lookupPeers)}; kad-dht found no provider ${missed} times`,
    );
  });
}

/** The same while the network grows. */
export async function hops(bench: Bench): Promise<void> {
  const network = await FingerNetwork.start(bench.program);
  try {
    for (const peers of growth) {
      await network.growTo(peers);
      const lookups = await network.lookUp(await network.announce(bench.scaled(lookedUpKeys)));
      const values = lookups.map((one) => one.hops);
      bench.add({
        job: `hops of a lookup, ${peers} peers: average`,
        unit: "hops",
        better: "less",
        ours: { name: "ours", values: [average(values)], processes: [] },
        others: [],
        targets: [{ value: 3 }],
        also: `p50 ${quantile(lookups, 0.5).toFixed(1)} ms; ${costText(lookups, peers)}`,
      });
    }
  } finally {
    await network.stop();
  }
}

/** Without those that the asker answered from the records that it keeps itself. */
function askingOnly(lookups: readonly MeasuredLookup[]): readonly MeasuredLookup[] {
  return lookups.filter(({ from }) => from === "network");
}

/** Our network and that of stock kad-dht, of so many peers each, for as long as `work` takes. */
async function withBoth(
  bench: Bench,
  peers: number,
  work: (network: FingerNetwork, stock: StockKad) => Promise<void>,
): Promise<void> {
  const network = await FingerNetwork.start(bench.program);
  let stock: StockKad | undefined;
  try {
    await network.growTo(peers);
    stock = await StockKad.start(peers);
    await work(network, stock);
  } finally {
    await stock?.stop();
    await network.stop();
  }
}

interface Measuring {
  measured(work: () => Promise<unknown>): ReturnType<FingerNetwork["measured"]>;
}

async function rate(network: Measuring, amount: number, work: () => Promise<unknown>) {
  const startedMs = performance.now();
  const processes = await network.measured(work);
  return { value: amount / ((performance.now() - startedMs) / 1000), processes };
}

/** Kademlia promises a lookup of at most so many hops: each at least halves the distance. */
function costText(lookups: readonly MeasuredLookup[], peers: number): string {
  const most = Math.max(...lookups.map((one) => one.hops));
  const promised = Math.ceil(Math.log2(peers));
  const questions = average(lookups.map(({ messages }) => messages)).toFixed(1);
  return `at most ${most} hops, of ${promised} that Kademlia promises; ${questions} questions each`;
}

function quantile(lookups: readonly MeasuredLookup[], part: number): number {
  const times = lookups.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? NaN;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
