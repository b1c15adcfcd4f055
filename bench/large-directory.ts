/** A directory of 100,000 files beside a running peer: when its listing begins, how long it takes, Tab, and the peer meanwhile. */
import { spawn } from "node:child_process";
import { resolvePath } from "../src/core/names.ts";
import { connectControl } from "../src/peer/control/control-client.ts";
import { controlAddress } from "../src/peer/data-folder-paths.ts";
import { createLog } from "../src/peer/log.ts";
import { usualSettings } from "../src/peer/peer-settings.ts";
import { startRunningPeer } from "../src/peer/running-peer.ts";
import { firstNames, namedEntries } from "../src/shell/listing.ts";
import { type Bench, bareNode } from "./contest.ts";
import { watchMainLoop } from "./main-loop.ts";
import { withManyFiles } from "./many-files.ts";
import { Network, type Peer } from "./peers.ts";
import { usageText } from "./process-usage.ts";
import { installed } from "./run-program.ts";

const filesFull = 100_000;
const repetitions = 5;
const commands = ["ls /large", "ls -l /large"];
/** Names that Tab asks for at the most. */
const namesMax = 200;
const indexLookMs = 20;

export async function largeDirectory(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  try {
    const peer = await network.add("peer");
    await network.kill(peer);
    const files = Number(process.env["DFS_BENCH_NAMES"] ?? bench.scaled(filesFull));
    await fill(peer.folder, files);
    await network.startAgain(peer);
    await untilSorted(bench, peer, files);
    for (const command of commands) {
      await firstOutput(bench, peer, `${command}, ${files} files: first output`, command, "pipe");
      await firstOutput(bench, peer, `${command}, ${files} files: first output on a terminal`, command, "terminal");
      await bench.contest({
        name: `${command}, ${files} files: all of it`,
        repetitions,
        ours: () => network.measured(async () => (await network.shell(peer, command)).usage),
        others: bareNode(),
      });
    }
    for (const command of ["tree /large", "du /large", "find /large", "ls -t /large"])
      await once(bench, network, peer, command);
    await completions(bench, peer);
    await network.kill(peer);
    await mainLoop(bench, peer.folder);
  } finally {
    await network.stop();
  }
}

/** Makes the directory; neither the order of their making nor that of their tokens is that of their names. */
function fill(folder: string, files: number): Promise<void> {
  return withManyFiles(folder, async (tree) => {
    const directory = tree.newDirectory(tree.root, "large");
    const names = Array.from({ length: files }, (_, place) => `img_${String(place).padStart(6, "0")}-holiday.jpg`);
    await tree.add(directory, names.toReversed());
  });
}

/** How long after its start a peer has made the index of names by itself. */
async function untilSorted(bench: Bench, { folder }: Peer, files: number): Promise<void> {
  const startedMs = performance.now();
  const client = await connectControl(controlAddress(folder));
  const path = resolvePath("/large");
  while (!(await client.names(path, { limit: 1 })).isSorted)
    await new Promise((resolve) => setTimeout(resolve, indexLookMs));
  await client.close();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(2);
  bench.add({
    name: `the index of ${files} names, from the start of the peer`,
    ours: `${seconds} s`,
    others: "",
    runs: "",
    processes: "",
  });
}

/** Time until the first byte of what a command writes. */
async function firstOutput(
  bench: Bench,
  peer: Peer,
  name: string,
  command: string,
  to: "pipe" | "terminal",
): Promise<void> {
  const args = [bench.program.shell, "--data", peer.folder, "-c", command];
  if (to === "terminal" && (installed("script") === undefined || process.platform !== "linux")) {
    bench.skipped.add("nothing on a terminal: it needs the script program of util-linux");
    return;
  }
  const inTerminal = [
    "-qfc",
    ["exec", process.execPath, ...args]
      .map((word) => `'${word}'`)
      .join(" ")
      .replace("'exec'", "exec"),
    "/dev/null",
  ];
  let ended: Promise<unknown> = Promise.resolve();
  await bench.contest({
    name,
    repetitions,
    ours: async () => {
      const child = to === "pipe" ? spawn(process.execPath, args) : spawn("script", inTerminal);
      ended = new Promise((resolve) => child.once("close", resolve));
      await new Promise((resolve) => child.stdout.once("data", resolve));
      child.stdout.resume();
      return [];
    },
    afterOurs: async () => void (await ended),
    others: bareNode(),
  });
}

async function once(bench: Bench, network: Network, peer: Peer, command: string): Promise<void> {
  const startedMs = performance.now();
  const usage = await network.measured(async () => (await network.shell(peer, command)).usage);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(2);
  bench.add({
    name: `${command}: all of it`,
    ours: `${seconds} s`,
    others: "",
    runs: seconds,
    processes: usageText(usage),
  });
}

/** What a menu of Tab waits for, in a shell that is there already: the first names, and their sizes. */
async function completions(bench: Bench, peer: Peer): Promise<void> {
  const client = await connectControl(controlAddress(peer.folder));
  const reads = { signal: new AbortController().signal, stale: true };
  const path = resolvePath("/large");
  let found = 0;
  for (const prefix of ["img_05", ""])
    await bench.contest({
      name: `Tab behind ls /large/${prefix}`,
      repetitions: 2 * repetitions,
      ours: async () => {
        const names = await firstNames(client, path, { prefix, namesMax }, reads);
        for await (const entries of namedEntries(client, path, names, reads)) found += entries.length;
        return [];
      },
    });
  await client.close();
  if (found === 0) throw new Error("Tab found nothing");
}

/** How late the main loop of a peer gets while it is listed, in this process. */
async function mainLoop(bench: Bench, folder: string): Promise<void> {
  const peer = await startRunningPeer({
    folder,
    setup: {},
    listen: "/ip4/127.0.0.1/tcp/0",
    isDaemon: true,
    settings: usualSettings,
    onFault: (fault) => {
      throw fault;
    },
    log: createLog(() => undefined, { level: "silent", json: false }),
    program: "bench",
    version: "0",
  });
  const network = new Network(bench.program);
  for (const command of ["ls /large", ...commands.slice(1), "du /large", "ls -t /large"])
    await watchMainLoop(bench, `${command}: the peer's main loop`, () => network.shell({ folder }, command));
  await peer.stop();
}
