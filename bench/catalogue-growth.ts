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
import type { Bench } from "./contest.ts";
import { withManyFiles } from "./many-files.ts";
import { Network, type Peer } from "./peers.ts";
import { median, usageOf } from "./process-usage.ts";

const filesFirst = 1_000;
/** DFS_BENCH_FILES sets another; ten million files take 6 GB and half an hour. */
const filesLastFull = 1_000_000;
const filesEach = 100;
const groupDirectories = 10;
/** After its start, and after the index was made, a peer has things to do that are not what is measured. */
const restMs = 2_000;
/** What the system counts CPU time in. */
const cpuTickSeconds = 0.01;

/** One question or change, made so often; the peer's CPU time of one counts, for it does not depend on what else the machine does. */
interface Probe {
  readonly name: string;
  readonly times: number;
  /** `run` counts from 0. */
  readonly ask: (client: DfsClient, directories: number, run: number) => Promise<unknown>;
}

const random = (below: number): number => Math.floor(Math.random() * below);
/** The directory with this number: ten in each group. */
const wayOf = (directory: number): readonly [string, string] => [
  `group-${Math.floor(directory / groupDirectories)}`,
  `directory-${directory}`,
];
const pathOf = (directory: number): string => `/${wayOf(directory).join("/")}`;
const fileName = (directory: number, place: number): string => `file-${directory}-${place}.txt`;

const probes: readonly Probe[] = [
  {
    name: "stat of a file",
    times: 300,
    ask: (client, directories) => {
      const directory = random(directories);
      return client.stat(resolvePath(`${pathOf(directory)}/${fileName(directory, random(filesEach))}`));
    },
  },
  {
    name: `ls of a directory of ${filesEach}`,
    times: 200,
    ask: async (client, directories) => {
      const { names } = await client.names(resolvePath(pathOf(random(directories))));
      if (names.length !== filesEach) throw new Error(`${names.length} names instead of ${filesEach}`);
    },
  },
  {
    name: "find below such a directory",
    times: 200,
    ask: async (client, directories) => {
      const found = await foundBelow(client, pathOf(random(directories)), "*-7.txt");
      if (found !== 1) throw new Error(`found ${found} names instead of 1`);
    },
  },
  {
    name: "find among all names",
    times: 30,
    ask: async (client, directories) => {
      const found = await foundBelow(client, "/", `file-${random(directories)}-7.txt`);
      if (found !== 1) throw new Error(`found ${found} names instead of 1`);
    },
  },
  {
    name: "commit of a directory",
    times: 300,
    ask: (client, directories, run) => client.mkdir(resolvePath(`${pathOf(0)}-${directories}-${run}`)),
  },
];

export async function catalogueGrowth(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  const points = probes.map((): [number, number][] => []);
  const last = Number(process.env["DFS_BENCH_FILES"] ?? bench.scaled(filesLastFull));
  try {
    const peer = await network.add("peer");
    let directories = 0;
    for (let files = filesFirst; files <= last; files *= 10) {
      await network.kill(peer);
      await fill(peer.folder, directories, (directories = files / filesEach));
      await network.startAgain(peer);
      await measure(bench, peer, directories, points);
    }
  } finally {
    await network.stop();
  }
  draw(points, bench.scale === 1 ? undefined : join(tmpdir(), "dfs-catalogue-growth-trial"));
}

/** Makes the directories with these numbers, and their files. */
function fill(folder: string, first: number, end: number): Promise<void> {
  return withManyFiles(folder, async (tree) => {
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
}

async function measure(
  bench: Bench,
  { role, folder, child }: Peer,
  directories: number,
  points: readonly [number, number][][],
): Promise<void> {
  const usage = (): number => usageOf(role, child.pid ?? 0)?.cpuSeconds ?? NaN;
  const client = await connectControl(controlAddress(folder));
  // The first find makes the index of names.
  await foundBelow(client, pathOf(0), "*");
  await delay(restMs);
  for (const [place, { name, times, ask }] of probes.entries()) {
    const seconds: number[] = [];
    const before = usage();
    for (let run = 0; run < times; run++) {
      const startedMs = performance.now();
      await ask(client, directories, run);
      seconds.push((performance.now() - startedMs) / 1000);
    }
    // Where a hundredth of a second is not used up, half of it is nearer than nothing.
    const cpuSeconds = Math.max(usage() - before, cpuTickSeconds / 2) / times;
    const files = directories * filesEach;
    points[place]?.push([files, Number(cpuSeconds.toPrecision(3))]);
    bench.add({
      name: `growth: ${name}, ${files} files`,
      ours: `${(cpuSeconds * 1000).toFixed(2)} ms of CPU, p50 ${(median(seconds) * 1000).toFixed(2)} ms`,
      others: "",
      runs: "",
      processes: "",
    });
  }
  await client.close();
}

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
