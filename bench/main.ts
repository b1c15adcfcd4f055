/**
 * `npm run bench [-- OPTIONS NAME…]`: what the product does a second, beside other tools that are installed.
 *
 * Prints a table in Markdown to stdout, and each row to stderr as it comes. Everything happens in a folder of its own
 * in the temporary folder, which is removed at the end and not before: a file system that has just deleted many files
 * is slow at creating others.
 */
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { catchUp, collect, putTwoCopies } from "./backup.ts";
import { getBig, putBig, putBigAgain, putLocal } from "./big-files.ts";
import { catalogue } from "./catalogue.ts";
import { chunkStore } from "./chunk-store.ts";
import { chunking } from "./chunking.ts";
import { Bench, type Job } from "./contest.ts";
import { find } from "./find.ts";
import { failover } from "./failover.ts";
import { groupCommits } from "./group-commits.ts";
import { copyProgram } from "./peers.ts";
import { largeDirectory } from "./large-directory.ts";
import { login } from "./login.ts";
import { restart } from "./restart.ts";
import { start } from "./start.ts";
import { getTree, putSmall, putTree } from "./trees.ts";
import { typing } from "./typing.ts";

const jobs: Readonly<Record<string, Job>> = {
  start,
  typing,
  login,
  catalogue,
  group: groupCommits,
  failover,
  restart,
  find,
  ls: largeDirectory,
  chunking,
  "chunk-store": chunkStore,
  "put-big": putBig,
  "put-big-again": putBigAgain,
  "put-local": putLocal,
  "get-big": getBig,
  "put-tree": putTree,
  "get-tree": getTree,
  "put-small": putSmall,
  "put-two-copies": putTwoCopies,
  "catch-up": catchUp,
  collect,
};

/** What all jobs together leave on the disk until the end. */
const diskBytesFull = 40 * 1024 ** 3;
const trialScale = 1 / 16;

const help = `usage: npm run bench [-- [--trial] [--profile DIR] [--folder DIR] [NAME…]]

  --trial        a sixteenth of everything, once: to try the benchmarks themselves
  --profile DIR  every peer leaves a CPU profile below DIR
  --folder DIR   work below DIR (the system's temporary folder)

names: ${Object.keys(jobs).join(", ")}; all of them without one
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    trial: { type: "boolean", default: false },
    profile: { type: "string" },
    folder: { type: "string", default: tmpdir() },
    help: { type: "boolean", default: false },
  },
});

const names = positionals.length === 0 ? Object.keys(jobs) : positionals;
const unknown = names.filter((name) => jobs[name] === undefined);
if (values.help || unknown.length > 0) {
  process.stderr.write(`${unknown.map((name) => `no such benchmark: ${name}\n`).join("")}${help}`);
  process.exitCode = values.help ? 0 : 2;
} else process.exitCode = await runJobs();

/** Runs the jobs one after the other; one that fails is told and does not keep the others from running. */
async function runJobs(): Promise<number> {
  const scale = values.trial ? trialScale : 1;
  await requireSpace(values.folder, diskBytesFull * scale * (names.length / Object.keys(jobs).length));
  const folder = await mkdtemp(join(values.folder, "dfs-bench-"));
  const loadBefore = loadavg();
  let failures = 0;
  // The programs of the job hear of it too and end it; what is on the disk is then removed as always.
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (isInterrupted = true));
  try {
    const program = await copyProgram(folder, values.profile === undefined ? undefined : resolve(values.profile));
    const bench = new Bench(program, { scale, repetitions: values.trial ? 1 : 3 });
    for (const name of names) {
      if (isInterrupted) break;
      await jobs[name]?.(bench).catch((error: unknown) => {
        failures += 1;
        bench.skipped.add(`${name} failed: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
    process.stdout.write(report(bench, loadBefore));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return failures === 0 ? 0 : 1;
}

async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new Error(`${folder} has less than ${Math.ceil(bytes / 1e9)} GB free; name another by --folder`);
}

function report({ rows, skipped }: Bench, loadBefore: readonly number[]): string {
  const columns = ["job", "ours", "others", "seconds of our runs", "CPU of one run and peak memory"];
  const cells = rows.map(({ name, ours, others, runs, processes }) => [name, ours, others, runs, processes]);
  const lines = [columns, columns.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`);
  const [cpu] = cpus();
  const machine =
    `${cpus().length} cores (${cpu?.model ?? "unknown"}), ${process.platform} ${process.arch}, Node ${process.version}; ` +
    `load ${loadBefore[0]?.toFixed(1)} before, ${loadavg()[0]?.toFixed(1)} at the end`;
  const notes = Array.from(skipped, (note) => `- ${note.replaceAll("\n", " ")}`);
  const scale = values.trial ? "\nA trial at a sixteenth of the size: the figures mean nothing.\n" : "";
  return `${lines.join("\n")}\n\n${machine}\n${scale}${notes.length === 0 ? "" : `\nLeft out:\n${notes.join("\n")}\n`}`;
}
