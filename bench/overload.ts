/** More load than a peer can serve: what it answers in time, from half of what it can to ten times that. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { decodePeerKey, peerIdOf } from "../src/identity/peer-identity.ts";
import { loadMembership } from "../src/peer/peer-config.ts";
import { madeHere, writePlot } from "../scripts/plot/plot-files.ts";
import type { Bench } from "./contest.ts";
import type { LoadOrder, LoadOutcome, LoadSetup } from "./load-messages.ts";
import { withBackupPair } from "./networks.ts";
import type { Peer } from "./peers.ts";
import { median } from "./process-usage.ts";
import { installed, runProgram } from "./run-program.ts";
import { hasOwnLoopback } from "./wire.ts";

const clients = 4;
/** Times what the peer can do. */
const loads = [0.5, 1, 2, 5, 10];
const goodputShareMin = 0.8;
/** Each question may take so many times what it takes on average while as many are asked as can be answered, and never less than this. */
const deadlineTimes = 4;
const deadlineMsMin = 250;
/** For finding that out. */
const patienceMs = 10_000;
const lineRate = "100mbit";
const forMs = 8_000;
const atOnce = 8;
const entries = 400;

const questions = [
  { kind: "chunks", name: "chunks of 256 KiB, from two holders" },
  { kind: "reads", name: "listings of 400 entries" },
] as const;

/** Rows for chunks and for reads of the catalogue, and the plot of both at full scale. */
export async function overload(bench: Bench): Promise<void> {
  const curves: { name: string; points: [number, number][] }[] = [];
  await withBackupPair(bench, async ({ network, owner, backup }) => {
    await network.shell(owner, `mkdir ${Array.from({ length: entries }, (_, entry) => `/entry-${entry}`).join(" ")}`);
    const folders: string[] = [];
    for (let client = 0; client < clients; client += 1) {
      const member = await network.add(`client-${client}`, ["--capacity", "0", "--coordinator", "never"]);
      await network.kill(member);
      folders.push(member.folder);
    }
    const holders = [await addressOf(owner), await addressOf(backup)];
    const group = await LoadGroup.start(folders.map((folder) => ({ folder, holders })));
    const isSlow = await slowLine();
    if (!isSlow)
      bench.skipped.add("overload: without a network namespace and tc, the programs that ask take the peers' CPU");
    try {
      for (const { kind, name } of questions) {
        const runs: [number, number][][] = [];
        for (let run = 0; run < bench.repetitions; run += 1) runs.push(await measured(group, kind, bench.scale));
        const points = loads.map((load, place): [number, number] => [
          load,
          median(runs.map((run) => run[place]?.[1] ?? NaN)),
        ]);
        curves.push({ name, points });
        const peaks = runs.map((run) => Math.max(...run.map(([, goodput]) => goodput)));
        bench.add({
          job: `overload: ${name}, answered in time at ten times the load that can be served`,
          unit: "of the peak",
          better: "more",
          ours: {
            name: "ours",
            values: runs.map((run, index) => (run.at(-1)?.[1] ?? NaN) / (peaks[index] ?? NaN)),
            processes: [],
          },
          others: [],
          targets: [{ value: goodputShareMin }],
          also: `peak ${median(peaks).toFixed(0)}/s`,
        });
      }
    } finally {
      group.stop();
      if (isSlow) await runProgram("tc", ["qdisc", "del", "dev", "lo", "root"]);
    }
  });
  if (bench.scale === 1) writePlot("overload", plotOf(curves));
}

function plotOf(curves: readonly { readonly name: string; readonly points: [number, number][] }[]) {
  return {
    title: "What is answered in time, against the load",
    subtitle: `${clients} programs ask two peers, open loop, each question has ${deadlineTimes} times the time that it takes at full load`,
    command: "npm run bench -- overload",
    made: madeHere(),
    x: { label: "load, as a multiple of what can be served", scale: "log" as const, unit: "count" as const },
    y: { label: "answered in time, of the peak", scale: "linear" as const, unit: "count" as const, include: [0, 1] },
    series: curves.map(({ name, points }) => {
      const peak = Math.max(...points.map(([, goodput]) => goodput));
      return { name, points: points.map(([load, goodput]): [number, number] => [load, round(goodput / peak)]) };
    }),
    marks: [{ y: goodputShareMin, label: "80 %" }],
  };
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/**
 * Makes the line of this benchmark's own namespace slow, so that the line is the limit and not the CPU, of which the
 * programs that ask would take most at ten times the load; false where that is not possible.
 */
async function slowLine(): Promise<boolean> {
  if (!hasOwnLoopback || installed("tc") === undefined) return false;
  const shape = ["tbf", "rate", lineRate, "burst", "256kb", "latency", "50ms"];
  await runProgram("tc", ["qdisc", "replace", "dev", "lo", "root", ...shape]);
  return true;
}

/** Goodput a second at each load. */
async function measured(group: LoadGroup, kind: LoadOrder["kind"], scale: number): Promise<[number, number][]> {
  const order = { kind, deadlineMs: patienceMs, atOnce, forMs: Math.max(1_000, forMs * scale) };
  const perSecond = (value: number): number => (value * 1_000) / order.forMs;
  await group.ask(order); // connections, caches and measured speeds are there afterwards
  const capacity = perSecond((await group.ask(order)).inTime);
  const meanMs = (1_000 * clients * atOnce) / capacity;
  const deadlineMs = Math.max(deadlineMsMin, deadlineTimes * meanMs);
  process.stderr.write(`  ${kind}: ${capacity.toFixed(0)}/s, each in ${meanMs.toFixed(0)} ms on average\n`);
  const points: [number, number][] = [];
  for (const load of loads) {
    const { inTime, asked, failures } = await group.ask({ ...order, deadlineMs, perSecond: capacity * load });
    process.stderr.write(
      `  ${kind} ${load} ×: asked ${perSecond(asked).toFixed(0)}/s, in time ${perSecond(inTime).toFixed(0)}/s, others ${JSON.stringify(failures)}\n`,
    );
    points.push([load, perSecond(inTime)]);
  }
  return points;
}

async function addressOf({ folder }: Peer): Promise<string> {
  const membership = await loadMembership(folder);
  if (membership === undefined) throw new Error(`${folder} holds no member`);
  const { config, identity } = membership;
  return `/ip4/127.0.0.1/tcp/${config.port}/p2p/${peerIdOf(decodePeerKey(identity))}`;
}

/** The programs that ask. */
class LoadGroup {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  static async start(setups: readonly LoadSetup[]): Promise<LoadGroup> {
    const children = setups.map(() => fork(join(import.meta.dirname, "load-client.ts")));
    await Promise.all(children.map((child, index) => answerOf(child, setups[index])));
    return new LoadGroup(children);
  }

  /** What all of them together are told to ask, and what became of it. */
  async ask({ perSecond, ...order }: LoadOrder): Promise<LoadOutcome> {
    const each = perSecond === undefined ? order : { ...order, perSecond: perSecond / this.#children.length };
    const outcomes = (await Promise.all(this.#children.map((child) => answerOf(child, each)))) as LoadOutcome[];
    const sum = (of: (outcome: LoadOutcome) => number): number =>
      outcomes.reduce((total, outcome) => total + of(outcome), 0);
    const kinds = new Set(outcomes.flatMap(({ failures }) => Object.keys(failures)));
    return {
      asked: sum(({ asked }) => asked),
      inTime: sum(({ inTime }) => inTime),
      failures: Object.fromEntries(Array.from(kinds, (kind) => [kind, sum(({ failures }) => failures[kind] ?? 0)])),
    };
  }

  stop(): void {
    for (const child of this.#children) child.kill();
  }
}

function answerOf(child: ChildProcess, message: LoadSetup | LoadOrder | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a program that asks ended with ${code}`));
    child.once("exit", onExit);
    child.once("message", (answer) => {
      child.off("exit", onExit);
      resolve(answer);
    });
    child.send(message ?? {});
  });
}
