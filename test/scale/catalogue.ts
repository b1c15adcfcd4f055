/** Size of the catalogue on the disk, cost of commits, and time of opening it, against the number of files. */
import { batchOperationsMax } from "../../src/core/limits.ts";
import type { PlotInput } from "../../scripts/plot/plot-data.ts";
import { CatalogueGrowth } from "./catalogue-growth.ts";
import type { ScaleJob } from "./scale-job.ts";

const sizes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const sizesTrial = [1_000, 10_000, 100_000];
/** What the disk has no room for is worked out from the two largest sizes. */
const computedSize = 100_000_000;
const singles = 500;
const batches = 20;

interface Row {
  readonly files: number;
  readonly bytes: number;
  readonly openSeconds: number;
  /** Seconds of the processor for one file, committed by itself and with 255 others. */
  readonly singleSeconds: number;
  readonly batchSeconds: number;
}

/** Grows one catalogue from size to size and measures it at each. */
async function measureGrowth(folder: string, at: readonly number[], print: (line: string) => void): Promise<Row[]> {
  const growth = new CatalogueGrowth(folder);
  const rows: Row[] = [];
  for (const files of at) {
    await growth.growTo(files);
    const openSeconds = cpuSecondsOf(() => growth.reopen());
    const bytes = growth.bytes;
    const one = growth.commandsFor(singles, 1);
    const many = growth.commandsFor(batches * batchOperationsMax, batchOperationsMax);
    const singleSeconds = cpuSecondsOf(() => growth.applyAll(one)) / singles;
    const batchSeconds = cpuSecondsOf(() => growth.applyAll(many)) / (batches * batchOperationsMax);
    rows.push({ files, bytes, openSeconds, singleSeconds, batchSeconds });
    print(`${files} files: ${(bytes / files).toFixed(0)} bytes each, opened in ${openSeconds.toFixed(2)} s`);
    print(
      `  commits: ${(singleSeconds * 1e6).toFixed(0)} µs a file alone, ${(batchSeconds * 1e6).toFixed(0)} µs with others`,
    );
  }
  growth.close();
  return rows;
}

export const catalogue: ScaleJob = async ({ trial, folder, print }) => {
  const rows = await measureGrowth(folder, trial ? sizesTrial : sizes, print);
  const series = (name: string, of: (row: Row) => number): PlotInput["series"][number] => {
    const points = rows.map((row): [number, number] => [row.files, significant(of(row))]);
    return { name, points, ...(trial ? {} : { computed: [[computedSize, continued(points)]] }) };
  };
  const x = { label: "files", scale: "log", unit: "count" } as const;
  return {
    "catalogue-size": {
      title: "The catalogue on the disk of each coordinator",
      subtitle: "the real tables with their indexes and page sums, 1,000 files a directory, one revision a file",
      x,
      y: { label: "bytes", scale: "log", unit: "bytes" },
      series: [series("all files", ({ bytes }) => bytes), series("a file", ({ bytes, files }) => bytes / files)],
    },
    "catalogue-commits": {
      title: "Applying and committing a new file to the catalogue",
      subtitle:
        "real commands with their signatures, applied and committed to SQLite, without the group's log and network",
      x,
      y: { label: "CPU time a file", scale: "log", unit: "seconds" },
      series: [
        series("one file a command", ({ singleSeconds }) => singleSeconds),
        series(`${batchOperationsMax} files a command`, ({ batchSeconds }) => batchSeconds),
      ],
    },
    "catalogue-open": {
      title: "Opening the catalogue when a coordinator starts",
      subtitle: "every page is read and checked against its sum; files in the page cache",
      x,
      y: { label: "CPU time", scale: "log", unit: "seconds" },
      series: [series("opening", ({ openSeconds }) => openSeconds)],
    },
  };
};

/** The next power of ten after the last point, in a straight line through the last two. */
function continued(points: readonly (readonly [number, number])[]): number {
  const [before, last] = points.slice(-2);
  if (before === undefined || last === undefined) throw new Error("two sizes are needed");
  const decades = Math.log10(computedSize / last[0]) / Math.log10(last[0] / before[0]);
  return significant(last[1] * (last[1] / before[1]) ** decades);
}

const significant = (value: number): number => Number(value.toPrecision(4));

function cpuSecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
