/** Hops and messages of a lookup against the number of peers, with all of them there and with a tenth of them silent. */
import type { HoldersFound } from "../../src/dht/holder-lookup.ts";
import { keyNumber } from "../dht/fake-network.ts";
import { Prng } from "../sim/prng.ts";
import { HolderNetwork } from "./holder-network.ts";
import type { ScaleJob } from "./scale-job.ts";

const sizes = [3, 5, 10, 30, 100, 300, 1_000, 3_000];
const sizesTrial = [3, 10, 30];
const seed = 1;
const keysUsual = 1_000;
const keysTrial = 100;
const silentShare = 0.1;
/** Of simulated time, while an answer is waited for. */
const tickMs = 10;

/** What the lookups of one network cost. */
export interface LookupCosts {
  readonly hops: readonly number[];
  readonly messages: readonly number[];
  /** Milliseconds of simulated time, in which messages take none and only silence is waited for. */
  readonly waitsMs: readonly number[];
  /** Keys of which not the peer was named that had announced them. */
  readonly missed: number;
}

interface LookupOptions {
  readonly peers: number;
  readonly keys: number;
  /** Peers that fall silent after everything was announced; their keys are not looked for. */
  readonly silent: number;
}

/** Announces keys, each by one peer, and looks each up from another peer that has not asked before. */
export async function measureLookups({ peers: size, keys, silent }: LookupOptions): Promise<LookupCosts> {
  const prng = new Prng(seed);
  const network = new HolderNetwork(size, prng);
  network.start();
  const holders = Array.from({ length: keys }, () => silent + prng.below(size - silent));
  for (const [key, holder] of holders.entries()) network.peers[holder]?.service.announce([keyNumber(key)]);
  await network.announced();
  network.silence(silent);
  const costs = { hops: [] as number[], messages: [] as number[], waitsMs: [] as number[], missed: 0 };
  for (const [key, holder] of holders.entries()) {
    const asker = silent + ((holder - silent + 1 + prng.below(size - silent - 1)) % (size - silent));
    const startedMs = network.clock.nowMs();
    const found = await answerOf(network, asker, key);
    if (!found.holders.some((id) => id === network.peers[holder]?.id)) costs.missed += 1;
    costs.hops.push(found.hops);
    costs.messages.push(found.messages);
    costs.waitsMs.push(network.clock.nowMs() - startedMs);
  }
  await network.stop();
  return costs;
}

/** Looks a key up, and lets time pass as long as that takes. */
async function answerOf(network: HolderNetwork, asker: number, key: number): Promise<HoldersFound> {
  const { service } = network.peers[asker] ?? fail();
  const answers: HoldersFound[] = [];
  const asked = service.findHolders([keyNumber(key)]).then((found) => answers.push(...found));
  await network.clock.advance(0);
  while (answers.length === 0) await network.clock.advance(tickMs);
  await asked;
  return answers[0] ?? fail();
}

function fail(): never {
  throw new Error("no such peer, or no answer");
}

export const lookup: ScaleJob = async ({ trial, print }) => {
  const rows: { readonly peers: number; readonly well: LookupCosts; readonly silent: LookupCosts }[] = [];
  for (const peers of trial ? sizesTrial : sizes) {
    const keys = trial ? keysTrial : keysUsual;
    const well = await measureLookups({ peers, keys, silent: 0 });
    const silent = await measureLookups({ peers, keys, silent: Math.floor(peers * silentShare) });
    rows.push({ peers, well, silent });
    print(`${peers} peers: ${summary(well)}; a tenth silent: ${summary(silent)}`);
  }
  const points = (of: (row: (typeof rows)[number]) => number, from = 0): [number, number][] =>
    rows.filter(({ peers }) => peers >= from).map((row) => [row.peers, rounded(of(row))]);
  const silentFrom = 1 / silentShare;
  const x = { label: "peers", scale: "log", unit: "count" } as const;
  const how = `each of ${trial ? keysTrial : keysUsual} keys looked for once, uncached, by a peer that is not its holder`;
  return {
    "lookup-hops": {
      title: "Peers between a question for holders and its answer",
      subtitle: how,
      x,
      y: { label: "hops a lookup", scale: "linear", unit: "count" },
      series: [
        { name: "mean", points: points(({ well }) => mean(well.hops)) },
        { name: "99th percentile", points: points(({ well }) => percentile(well.hops, 0.99)) },
        { name: "mean, a tenth silent", points: points(({ silent }) => mean(silent.hops), silentFrom) },
      ],
      marks: [{ y: 3, label: "what is promised" }],
    },
    "lookup-messages": {
      title: "Questions that one lookup asks",
      subtitle: how,
      x,
      y: { label: "messages a lookup", scale: "linear", unit: "count" },
      series: [
        { name: "mean", points: points(({ well }) => mean(well.messages)) },
        { name: "99th percentile", points: points(({ well }) => percentile(well.messages, 0.99)) },
        { name: "mean, a tenth silent", points: points(({ silent }) => mean(silent.messages), silentFrom) },
        {
          name: "99th percentile, a tenth silent",
          points: points(({ silent }) => percentile(silent.messages, 0.99), silentFrom),
        },
      ],
    },
    "lookup-missed": {
      title: "Lookups that miss a holder, and lookups that wait for silent peers",
      subtitle: how,
      x,
      y: { label: "percent of the lookups", scale: "linear", unit: "count" },
      series: [
        { name: "missed", points: points(({ well }) => percentOf(well, well.missed)) },
        {
          name: "missed, a tenth silent",
          points: points(({ silent }) => percentOf(silent, silent.missed), silentFrom),
        },
        {
          name: "waited 0.3 s or more, a tenth silent",
          points: points(
            ({ silent }) => percentOf(silent, silent.waitsMs.filter((wait) => wait > 0).length),
            silentFrom,
          ),
        },
      ],
    },
  };
};

function summary({ hops, messages, missed, waitsMs }: LookupCosts): string {
  const both = (values: readonly number[]): string => `${rounded(mean(values))} (p99 ${percentile(values, 0.99)})`;
  return `hops ${both(hops)}, messages ${both(messages)}, waits ${both(waitsMs)} ms, missed ${missed} of ${hops.length}`;
}

const rounded = (value: number): number => Number(value.toFixed(3));
const percentOf = ({ hops }: LookupCosts, count: number): number => (100 * count) / hops.length;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? 0;
}
