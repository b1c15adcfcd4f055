/** How long after a key the screen shows it: at a prompt beside a running peer, idle and while that stores eight files. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeBigFile } from "./content.ts";
import type { Bench } from "./contest.ts";
import { type Peer, Network } from "./peers.ts";
import { installed } from "./run-program.ts";
import { TypedTerminal } from "./typed-terminal.ts";

/** Somebody who types fast, and stops to think. */
const pausesMs = [40, 60, 90, 60, 150];
const keysFull = 400;
const transfers = 8;
const megabytesFull = 384;
/** Commands, options, strings, paths that exist and others. */
const lines = [
  "ls -l photos/summer.jpg",
  "put -R 'two words' photos",
  "find / -name '*.jpg' # all",
  "cat notes.txt; df -h",
];
const clearLine = "\u0015";

export async function typing(bench: Bench): Promise<void> {
  if (installed("script") === undefined || process.platform !== "linux") {
    bench.skipped.add("no typing: it needs the script program of util-linux");
    return;
  }
  const network = new Network(bench.program);
  try {
    const peer = await network.add("peer");
    await network.shell(peer, `mkdir -p photos; put ${bench.program.shell} photos/summer.jpg`);
    const terminal = new TypedTerminal(bench.program.shell, peer.folder);
    await terminal.until((typed) => typed.endsWith("> "));
    bench.add(row("typing: idle", await typed(terminal, bench.scaled(keysFull))));
    bench.add(await duringTransfers(bench, network, peer, terminal));
    await terminal.exit();
  } finally {
    await network.stop();
  }
}

/** Eight puts in the background of the same prompt; keys that come after the last one ended do not count. */
async function duringTransfers(bench: Bench, network: Network, peer: Peer, terminal: TypedTerminal) {
  const paths = Array.from({ length: transfers }, (_, index) => join(bench.program.folder, `typing-${index}`));
  for (const [index, path] of paths.entries()) await writeBigFile(path, 100 + index, bench.scaled(megabytesFull));
  const isRunning = async (): Promise<boolean> =>
    /"state":"(?:running|waiting)"/.test((await network.shell(peer, "jobs --json")).stdout);
  const puts = paths.map((path) => `put ${path} /`).join(" & ");
  await terminal.press(`${puts} &\r`, (shown) => shown.endsWith("> "));
  const figures: number[] = [];
  while (figures.length < bench.scaled(keysFull)) {
    const more = await typed(terminal, 40);
    if (!(await isRunning())) break;
    figures.push(...more);
  }
  return row(`typing: during ${transfers} puts`, figures);
}

/** Types lines again and again; milliseconds for each key. */
async function typed(terminal: TypedTerminal, keys: number): Promise<readonly number[]> {
  const figures: number[] = [];
  for (let key = 0; key < keys;) {
    for (const line of lines) {
      for (let end = 1; end <= line.length && key < keys; end += 1, key += 1) {
        const text = line.slice(0, end);
        figures.push(await terminal.press(line.slice(end - 1, end), (shown) => shown.endsWith(`> ${text}`)));
        await delay(pausesMs[key % pausesMs.length]);
      }
      await terminal.press(clearLine, (shown) => shown.endsWith("> "));
    }
  }
  return figures;
}

function row(name: string, figures: readonly number[]) {
  const sorted = figures.toSorted((left, right) => left - right);
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN).toFixed(1);
  return {
    name,
    ours: `median ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms`,
    others: "",
    runs: `${figures.length} keys`,
    processes: "",
  };
}
