/** Backup: how a backup peer catches up, and whether removed files give their space back. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeBigFile } from "./content.ts";
import type { Bench } from "./contest.ts";
import { untilFull, withPairAndGuest } from "./networks.ts";
import { type Peer, Network } from "./peers.ts";
import { median } from "./process-usage.ts";

const megabytesFull = 1024;
const lookMs = 200;
const patienceMs = 10 * 60_000;
/** A peer that is away is noticed quickly; what it had is not copied to others while the benchmark runs. */
const timers = ["--suspect-after", "1s", "--down-after", "2s", "--out-after", "1h"];

/** A backup peer that was away during 1 GiB of writes: how fast it catches up, and how many bytes more than that came to it. */
export async function catchUp(bench: Bench): Promise<void> {
  const file = join(bench.program.folder, "catch-up");
  await writeBigFile(file, 200, bench.scaled(megabytesFull));
  await withPairAndGuest(
    bench,
    async ({ network, owner, backup, guest: writer }) => {
      await network.shell(writer, "policy min-copies 1");
      await network.shell(writer, `put -q ${file} /before`);
      const seconds: number[] = [];
      const shares: number[] = [];
      for (let repetition = 0; repetition < bench.repetitions; repetition++) {
        await network.kill(backup);
        const news = join(bench.program.folder, `catch-up-${repetition}`);
        await writeBigFile(news, 300 + repetition, bench.scaled(megabytesFull));
        const { stdout } = await network.shell(writer, `put -v ${news} /${repetition}`);
        await rm(news);
        const lackingBytes = Number(/\((\d+) bytes\)/.exec(stdout)?.[1]);
        await network.startAgain(backup, timers);
        const before = await readBytes(backup);
        const startedMs = performance.now();
        await untilFull(network, owner);
        seconds.push((performance.now() - startedMs) / 1000);
        shares.push(((await readBytes(backup)) - before) / lackingBytes);
      }
      const megabytes = megabytesOf(bench);
      bench.add({
        name: "catch-up",
        ours: `${Math.round(megabytes / median(seconds))} MB/s`,
        others: `bytes that the backup peer read, of those it lacked: ${shares.map((share) => share.toFixed(4)).join(" ")}`,
        runs: seconds.map((value) => value.toFixed(1)).join(" "),
        processes: "",
      });
    },
    timers,
  );
}

/** 10 GiB put and removed in pieces, while others are put and got: what the disk holds in the end, beside what is live. */
export async function collect(bench: Bench): Promise<void> {
  const pieces = 20;
  const megabytes = bench.scaled(megabytesFull / 2);
  const network = new Network(bench.program);
  try {
    const peer = await network.add("peer");
    await network.shell(peer, "retain --revisions 1 --days 0");
    const kept = join(bench.program.folder, "collect-kept");
    await writeBigFile(kept, 400, megabytes);
    await network.shell(peer, `put -q ${kept} /kept`);
    const seconds: number[] = [];
    for (let piece = 0; piece < pieces; piece++) {
      const source = join(bench.program.folder, `collect-${piece}`);
      await writeBigFile(source, 500 + piece, megabytes);
      const startedMs = performance.now();
      await network.shell(
        peer,
        `put -q ${source} /${piece}; get -f /kept ${join(bench.program.folder, "collect-got")}`,
      );
      seconds.push((performance.now() - startedMs) / 1000);
      if (piece > 0) await network.shell(peer, `rm /${piece - 1}`);
      await rm(source);
    }
    const startedMs = performance.now();
    let share = await diskShare(network, peer);
    while (share > 1.1 && performance.now() - startedMs < patienceMs) {
      await delay(lookMs);
      share = await diskShare(network, peer);
    }
    const settled = (performance.now() - startedMs) / 1000;
    bench.add({
      name: "collect",
      ours: `disk use ${(100 * share).toFixed(1)} % of the live data, ${settled.toFixed(0)} s after the last removal`,
      others: `each put and get of ${megabytes} MiB meanwhile: first ${seconds[0]?.toFixed(1)} s, slowest ${Math.max(...seconds).toFixed(1)} s`,
      runs: seconds.map((value) => value.toFixed(1)).join(" "),
      processes: "",
    });
  } finally {
    await network.stop();
  }
}

/** Bytes that a process has read so far, from disks and sockets alike. */
async function readBytes({ child }: Peer): Promise<number> {
  const io = await readFile(`/proc/${child.pid}/io`, "utf8");
  return Number(/^rchar: (\d+)$/m.exec(io)?.[1]);
}

async function diskShare(network: Network, peer: Peer): Promise<number> {
  const { stdout } = await network.shell(peer, "df --json");
  const total = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as DiskLine)
    .find(({ own }) => own !== undefined);
  return total?.own === undefined ? Number.POSITIVE_INFINITY : total.own.diskBytes / Math.max(1, total.own.liveBytes);
}

interface DiskLine {
  readonly own?: { readonly diskBytes: number; readonly liveBytes: number };
}

function megabytesOf(bench: Bench): number {
  return (bench.scaled(megabytesFull) * 1024 * 1024) / 1e6;
}
