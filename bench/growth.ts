/**
 * What a byte costs in files of more and more of them: put to two disks, and got back, from 1 MiB on; and the memory of each
 * process meanwhile. Also drawn into docs/plots at full scale.
 */
import { rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { madeHere, writePlot } from "../scripts/plot/plot-files.ts";
import { writeBigFile } from "./content.ts";
import type { Bench } from "./contest.ts";
import { type PairAndGuest, withPairAndGuest } from "./networks.ts";
import { type ProcessUsage, usageText } from "./process-usage.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const megabytesFull = [1, 16, 256, 4_096, 20_480];
/** A file lies once beside the network and twice in it. */
const diskTimes = 3.05;
const seed = 4_000;
/** Smaller files are put one after the other by the same shell until there are as many MiB, so that its start counts little. */
const megabytesMin = 256;

interface Sized {
  readonly megabytes: number;
  readonly files: number;
}

/** One kind of work on all sizes. */
interface Curve {
  readonly name: "put" | "get";
  readonly cost: [number, number][];
  readonly memory: [number, number][];
}

/** From a peer without a shelf to the disks of two others, and back there. The largest file has 20 GiB, where the disk has room. */
export async function growth(bench: Bench): Promise<void> {
  const curves: Curve[] = (["put", "get"] as const).map((name) => ({ name, cost: [], memory: [] }));
  await withPairAndGuest(bench, async (peers) => {
    // A peer that has just started compiles its code during the first hundreds of files.
    await roundTrip(bench, peers, { megabytes: 1, files: bench.scaled(megabytesMin) }, 0);
    for (const [index, full] of megabytesFull.entries()) {
      const megabytes = bench.scaled(full);
      const { bavail, bsize } = await statfs(bench.program.folder);
      if (bavail * bsize < diskTimes * megabytes * MiB) {
        bench.skipped.add(`growth: no room for a file of ${megabytes} MiB, which takes ${diskTimes} times its size`);
        break;
      }
      const size = { megabytes, files: Math.max(1, Math.floor(megabytesMin / megabytes)) };
      for (const [place, used] of (await roundTrip(bench, peers, size, index + 1)).entries())
        note(bench, curves[place] as Curve, size, used);
    }
  });
  draw(curves, bench.scale === 1 ? undefined : join(tmpdir(), "dfs-growth-trial"));
}

interface Used {
  readonly seconds: number;
  readonly usages: readonly ProcessUsage[];
}

/** Puts files of one size, and gets them back. */
async function roundTrip(
  bench: Bench,
  { network, guest }: PairAndGuest,
  { megabytes, files }: Sized,
  generation: number,
): Promise<[Used, Used]> {
  const numbers = Array.from({ length: files }, (_, at) => at);
  const local = (at: number): string => join(bench.program.folder, `growth-${generation}-${at}`);
  const remote = (at: number): string => `/growth-${generation}-${at}`;
  const timed = async (commandOf: (at: number) => string): Promise<Used> => {
    const startedMs = performance.now();
    const commands = numbers.map(commandOf).join("; ");
    const usages = await network.measured(async () => (await network.shell(guest, commands)).usage);
    return { seconds: (performance.now() - startedMs) / 1000, usages };
  };
  const removeAll = async (): Promise<void> => {
    for (const at of numbers) await rm(local(at));
  };
  for (const at of numbers) await writeBigFile(local(at), seed + (generation << 12) + at, megabytes);
  const put = await timed((at) => `put -q ${local(at)} ${remote(at)}`);
  await removeAll();
  const get = await timed((at) => `get -q ${remote(at)} ${local(at)}`);
  await removeAll();
  return [put, get];
}

function note(
  bench: Bench,
  { name, cost, memory }: Curve,
  { megabytes, files }: Sized,
  { seconds, usages }: Used,
): void {
  const bytes = files * megabytes * MiB;
  const cpuSeconds = usages.reduce((sum, usage) => sum + usage.cpuSeconds, 0) / (bytes / GiB);
  cost.push([megabytes * MiB, Number(cpuSeconds.toPrecision(3))]);
  memory.push([megabytes * MiB, Math.round(Math.max(...usages.map(({ peakMiB }) => peakMiB)) * MiB)]);
  bench.add({
    name: `growth: ${name} of ${megabytes} MiB${files > 1 ? `, ${files} files` : ""}`,
    ours: `${cpuSeconds.toFixed(1)} s of CPU a GiB, ${(bytes / 1e6 / seconds).toFixed(0)} MB/s`,
    others: "",
    runs: seconds.toFixed(2),
    processes: usageText(usages),
  });
}

function draw(curves: readonly Curve[], folder: string | undefined): void {
  const shared = {
    command: "npm run bench -- growth",
    made: madeHere(),
    x: { label: "size of a file", scale: "log", unit: "bytes" },
  } as const;
  const where = folder === undefined ? [] : [folder];
  writePlot(
    "growth-cost",
    {
      title: "What a byte costs, against the size of its file",
      subtitle: "from a peer without a shelf to the disks of two others and back; all four processes on one machine",
      ...shared,
      y: { label: "CPU time a GiB, all processes together", scale: "linear", unit: "seconds", include: [0] },
      series: curves.map(({ name, cost }) => ({ name, points: cost })),
    },
    ...where,
  );
  writePlot(
    "growth-memory",
    {
      title: "Memory of the largest process so far, against the size of a file",
      subtitle: "the same transfers, one after the other, by the same peers; resident memory at its highest",
      ...shared,
      y: { label: "memory of one process", scale: "linear", unit: "bytes", include: [0] },
      series: curves.map(({ name, memory }) => ({ name, points: memory })),
      marks: [{ y: 300 * MiB, label: "300 MiB" }],
    },
    ...where,
  );
}
