/**
 * What a listing, a lookup, a find and a commit cost against the number of files: a peer whose catalogue grows tenfold from
 * step to step. Also drawn into docs/plots at full scale.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { madeHere, writePlot } from "../scripts/plot/plot-files.ts";
import type { DfsClient } from "../src/core/client.ts";
import { resolvePath } from "../src/core/names.ts";
import { connectControl } from "../src/peer/control/control-client.ts";
import { controlAddress } from "../src/peer/data-folder-paths.ts";
import { addInBulk, type BulkLayout } from "./bulk-files.ts";
import type { Bench } from "./contest.ts";
import { withManyFiles } from "./many-files.ts";
import { Network, type Peer } from "./peers.ts";
import { median, usageOf } from "./process-usage.ts";
import type { Row } from "./result.ts";

const filesFirst = 1_000;
/** DFS_BENCH_FILES sets another; ten million files take 10 GB and 17 minutes of CPU. */
const filesLastFull = 10_000_000;
const filesEach = 100;
const groupDirectories = 10;
/** After its start, and after the index was made, a peer has things to do that are not what is measured. */
const restMs = 2_000;
/** What is asked before it counts, so that the peer's code is compiled. */
const warmingShare = 0.5;
/** One probe ends early after this. */
const probeSecondsMax = 20;
/** What the system counts CPU time in. */
const cpuTickSeconds = 0.01;

/** One question or change, made so often; the peer's CPU time of one counts, for it does not depend on what else the machine does. */
interface Probe {
  readonly name: string;
  readonly times: number;
  readonly ask: (client: DfsClient, asked: Asked) => Promise<unknown>;
}

/** What a probe may ask about. */
interface Asked {
  readonly directories: number;
  /** Those whose files can be opened. */
  readonly whole: readonly number[];
  /** Never the same again. */
  readonly run: number;
}

const random = (below: number): number => Math.floor(Math.random() * below);
/** The directory with this number: ten in each group. */
const wayOf = (directory: number): readonly [string, string] => [
  `group-${Math.floor(directory / groupDirectories)}`,
  `directory-${directory}`,
];
const pathOf = (directory: number): string => `/${wayOf(directory).join("/")}`;
/** Names all of the same length. */
const fileName = (directory: number, place: number): string =>
  `file-${String(directory).padStart(6, "0")}-${String(place).padStart(2, "0")}.txt`;
const layout: BulkLayout = {
  filesEach,
  groupDirectories,
  groupName: (group) => `group-${group}`,
  directoryName: (directory) => wayOf(directory)[1],
  fileName,
};

const probes: readonly Probe[] = [
  {
    name: "stat of a file",
    times: 1_000,
    ask: (client, { whole }) => {
      const directory = whole[random(whole.length)] ?? 0;
      return client.stat(resolvePath(`${pathOf(directory)}/${fileName(directory, random(filesEach))}`));
    },
  },
  {
    name: `ls of a directory of ${filesEach}`,
    times: 500,
    ask: async (client, { directories }) => {
      const { names } = await client.names(resolvePath(pathOf(random(directories))));
      if (names.length !== filesEach) throw new Error(`${names.length} names instead of ${filesEach}`);
    },
  },
  {
    name: "find below such a directory",
    times: 500,
    ask: async (client, { directories }) => {
      const found = await foundBelow(client, pathOf(random(directories)), "*-07.txt");
      if (found !== 1) throw new Error(`found ${found} names instead of 1`);
    },
  },
  {
    name: "find of a pattern among all names",
    times: 300,
    ask: async (client, { directories }) => {
      const directory = random(directories);
      const found = await foundBelow(client, "/", `*${fileName(directory, 7).slice(4)}`);
      if (found !== 1) throw new Error(`found ${found} names instead of 1`);
    },
  },
  {
    name: "commit of a directory",
    times: 1_000,
    ask: (client, { directories, run }) => client.mkdir(resolvePath(`${pathOf(0)}-${directories}-${run}`)),
  },
];

export async function catalogueGrowth(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  const points = probes.map((): [number, number][] => []);
  const last = Number(process.env["DFS_BENCH_FILES"] ?? bench.scaled(filesLastFull));
  try {
    const peer = await network.add("peer");
    const whole: number[] = [];
    let directories = 0;
    for (let files = filesFirst; files <= last; files *= 10) {
      await network.kill(peer);
      whole.push(...(await fill(peer.folder, directories, (directories = files / filesEach))));
      await network.startAgain(peer);
      await measure(bench, peer, { directories, whole }, points);
    }
  } finally {
    await network.stop();
  }
  draw(points, bench.scale === 1 ? undefined : join(tmpdir(), "dfs-catalogue-growth-trial"));
}

/** Makes the directories with these numbers, and their files: the first of all by commands. Resolves with those whose files can be opened. */
async function fill(folder: string, first: number, end: number): Promise<readonly number[]> {
  if (first > 0) return addInBulk(folder, layout, first, end);
  await withManyFiles(folder, async (tree) => {
    let group: ReturnType<typeof tree.newDirectory> | undefined;
    let made = "";
    for (let directory = first; directory < end; directory++) {
      const [groupName, name] = wayOf(directory);
      if (group === undefined || made !== groupName) {
        group = tree.newDirectory(tree.root, groupName);
        made = groupName;
        await tree.add(group, []);
      }
      const names = Array.from({ length: filesEach }, (_, place) => fileName(directory, place));
      await tree.add(tree.newDirectory(group.directory, name), names);
    }
  });
  return Array.from({ length: end - first }, (_, place) => first + place);
}

async function measure(
  bench: Bench,
  { role, folder, child }: Peer,
  { directories, whole }: Omit<Asked, "run">,
  points: readonly [number, number][][],
): Promise<void> {
  const usage = (): number => usageOf(role, child.pid ?? 0)?.cpuSeconds ?? NaN;
  const client = await connectControl(controlAddress(folder));
  const sizeBefore = usage();
  // The first find makes the index of names.
  await foundBelow(client, pathOf(0), "*");
  bench.add(
    row(
      `growth: the index of names, ${directories * filesEach} files`,
      `${(usage() - sizeBefore).toFixed(1)} s of CPU`,
    ),
  );
  for (const { times, ask } of probes)
    for (let run = 0; run < times * warmingShare; run += 1) await ask(client, { directories, whole, run });
  await delay(restMs);
  for (const [place, { name, times, ask }] of probes.entries()) {
    const seconds: number[] = [];
    const before = usage();
    const endMs = performance.now() + probeSecondsMax * 1000;
    for (let run = 0; run < times && performance.now() < endMs; run += 1) {
      const startedMs = performance.now();
      await ask(client, { directories, whole, run: times + run });
      seconds.push((performance.now() - startedMs) / 1000);
    }
    // Where a hundredth of a second is not used up, half of it is nearer than nothing.
    const cpuSeconds = Math.max(usage() - before, cpuTickSeconds / 2) / seconds.length;
    const files = directories * filesEach;
    points[place]?.push([files, Number(cpuSeconds.toPrecision(3))]);
    const cpu = `${(cpuSeconds * 1000).toFixed(2)} ms of CPU, p50 ${(median(seconds) * 1000).toFixed(2)} ms`;
    bench.add(row(`growth: ${name}, ${files} files`, cpu));
  }
  await client.close();
}

const row = (name: string, ours: string): Row => ({ name, ours, others: "", runs: "", processes: "" });

async function foundBelow(client: DfsClient, path: string, glob: string): Promise<number> {
  let found = 0;
  for await (const _ of client.find(resolvePath(path), { names: [{ glob, ignoreCase: false }] })) found += 1;
  return found;
}

function draw(points: readonly [number, number][][], folder: string | undefined): void {
  writePlot(
    "catalogue-growth",
    {
      title: "One question and one commit, against the number of files",
      subtitle: `one peer, ${filesEach} files a directory, asked by another process over the control socket`,
      command: "npm run bench -- catalogue-growth",
      made: madeHere(),
      x: { label: "files in the catalogue", scale: "log", unit: "count" },
      y: { label: "CPU time of the peer, all its threads", scale: "log", unit: "seconds" },
      series: probes.map(({ name }, place) => ({ name, points: points[place] ?? [] })),
    },
    ...(folder === undefined ? [] : [folder]),
  );
}
