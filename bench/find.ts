/** `find` over a million names: the first time, when the index is made, and later; with what the peer and the shell need. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "./contest.ts";
import { type NewDirectory, withManyFiles } from "./many-files.ts";
import { Network } from "./peers.ts";
import { median, usageText } from "./process-usage.ts";

const namesFull = 1_000_000;
/** Files of one directory after the other: few, some, many. */
const directoryFiles = [3, 40, 12, 250, 7, 1_500, 30, 90, 18, 8_000];
const laterRuns = 5;
const depthMax = 8;
const findLine = "find / -name 'picture-*77.jpg'";

export async function find(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  try {
    const peer = await network.add("peer");
    await network.kill(peer);
    const names = Number(process.env["DFS_BENCH_NAMES"] ?? bench.scaled(namesFull));
    await fill(peer.folder, names);
    await network.startAgain(peer);
    await delay(2_000); // what a peer does after its start is not what is measured
    const first = await timedFind(bench, network, peer, `find: ${names} names, first`, 1);
    const later = await timedFind(bench, network, peer, `find: ${names} names, later`, laterRuns);
    await timedFind(bench, network, peer, `find: ${names} names, one more than before`, 1, "mkdir /more; ");
    if (first === 0 || first !== later) throw new Error(`find gave ${first} names first and ${later} later`);
    const bytes = await folderBytes(join(peer.folder, "names"));
    bench.skipped.add(
      `the index of ${names} names has ${(bytes / 1e6).toFixed(0)} MB, and ${first} of them were found`,
    );
  } finally {
    await network.stop();
  }
}

/** Adds a row; returns how many names were found at the last run. */
async function timedFind(
  bench: Bench,
  network: Network,
  peer: Parameters<Network["shell"]>[0],
  name: string,
  runs: number,
  before = "",
): Promise<number> {
  const times: number[] = [];
  let found = 0;
  const usages = await network.measured(async () => {
    let usage: Awaited<ReturnType<Network["shell"]>>["usage"] = [];
    for (let run = 0; run < runs; run += 1) {
      const startedMs = performance.now();
      const result = await network.shell(peer, `${before}${findLine}`);
      times.push((performance.now() - startedMs) / 1000);
      usage = result.usage;
      found = result.stdout.split("\n").length - 1;
    }
    return usage;
  });
  bench.add({
    name,
    ours: `${median(times).toFixed(2)} s`,
    others: "",
    runs: times.map((seconds) => seconds.toFixed(2)).join(" "),
    processes: usageText(usages),
  });
  return found;
}

/** Brings so many names into the catalogue of a stopped peer: directories in one another, up to eight deep. */
function fill(folder: string, names: number): Promise<void> {
  return withManyFiles(folder, async (tree) => {
    const way: NewDirectory["directory"][] = [];
    let directories = 0;
    let files = 0;
    for (let left = names; left > 0;) {
      directories += 1;
      way.length = Math.min(way.length, directories % depthMax);
      const made = tree.newDirectory(way.at(-1) ?? tree.root, `album-${directories}`);
      way.push(made.directory);
      const amount = Math.min(left - 1, directoryFiles[directories % directoryFiles.length] ?? 0);
      const first = files + 1;
      await tree.add(
        made,
        Array.from({ length: amount }, (_, place) => `picture-${first + place}.jpg`),
      );
      files += amount;
      left -= 1 + amount;
    }
  });
}

async function folderBytes(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
