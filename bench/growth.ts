/** What a byte costs in files of more and more of them: put to two disks, and got back, from 1 MiB on. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeBigFile } from "./content.ts";
import type { Bench } from "./contest.ts";
import { withPairAndGuest } from "./networks.ts";
import { type ProcessUsage, median, usageText } from "./process-usage.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const largestFull = 4_096;
/** Each file has so many times the bytes of the one before. */
const step = 16;
const seed = 4_000;
/** What takes less time is done so often. */
const repetitionsSmall = 10;
const smallMegabytes = 16;

/**
 * From a peer without a shelf to the disks of two others, and back there. The largest file has 4 GiB, or as many MiB as
 * `DFS_BENCH_MEGABYTES` says: 20480 for 20 GiB, which takes 60 GiB of disk.
 */
export async function growth(bench: Bench): Promise<void> {
  const largest = Number(process.env["DFS_BENCH_MEGABYTES"] ?? bench.scaled(largestFull));
  const sizes: number[] = [];
  for (let megabytes = 1; megabytes < largest; megabytes *= step) sizes.push(megabytes);
  sizes.push(largest);
  await withPairAndGuest(bench, async ({ network, guest }) => {
    for (const [index, megabytes] of sizes.entries()) {
      const repetitions = megabytes <= smallMegabytes ? repetitionsSmall : 1;
      const puts: Timed[] = [];
      const gets: Timed[] = [];
      for (let at = 0; at < repetitions; at++) {
        const file = join(bench.program.folder, `growth-${megabytes}`);
        const name = `/growth-${megabytes}-${at}`;
        const run = (command: string): Promise<Timed> =>
          timed(() => network.measured(async () => (await network.shell(guest, command)).usage));
        await writeBigFile(file, seed + index * repetitionsSmall + at, megabytes);
        puts.push(await run(`put -q ${file} ${name}`));
        await rm(file);
        gets.push(await run(`get -q ${name} ${file}`));
        await rm(file);
      }
      addRow(bench, `growth: put of ${megabytes} MiB`, megabytes, puts);
      addRow(bench, `growth: get of ${megabytes} MiB`, megabytes, gets);
    }
  });
}

interface Timed {
  readonly seconds: number;
  readonly usages: readonly ProcessUsage[];
}

async function timed(work: () => Promise<readonly ProcessUsage[]>): Promise<Timed> {
  const startedMs = performance.now();
  const usages = await work();
  return { seconds: (performance.now() - startedMs) / 1000, usages };
}

function addRow(bench: Bench, name: string, megabytes: number, runs: readonly Timed[]): void {
  const seconds = median(runs.map((run) => run.seconds));
  // Counted in hundredths of a second, so that all runs together say more than each.
  const cpuSeconds = runs.flatMap(({ usages }) => usages).reduce((sum, usage) => sum + usage.cpuSeconds, 0);
  const gibibytes = (megabytes * MiB) / GiB;
  bench.add({
    name,
    ours: `${((megabytes * MiB) / 1e6 / seconds).toFixed(0)} MB/s, ${(cpuSeconds / runs.length / gibibytes).toFixed(1)} s of CPU a GiB`,
    others: "",
    runs: runs.map((run) => run.seconds.toFixed(2)).join(" "),
    processes: usageText(runs.flatMap(({ usages }) => usages)),
  });
}
