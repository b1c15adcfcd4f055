/**
 * `npm run bench [-- OPTIONS NAME…]`: what the product does a second, beside other tools that are installed.
 *
 * Prints a table in Markdown to stdout, and each row to stderr as it comes. Everything happens in a folder of its own
 * in the temporary folder. A file system that has just deleted many files is slow at creating others, so that what a job
 * leaves stays until the end, but for jobs with few and large files, which come last.
 */
import { mkdir, mkdtemp, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Bench } from "./contest.ts";
import { Corpora } from "./corpora.ts";
import { type NamedJob, jobs, tableJobs } from "./jobs.ts";
import { type Program, copyProgram } from "./peers.ts";
import { type Report, joined, loadNow, reportHead, reportText, writePerformance } from "./report.ts";
import { hasOwnLoopback, runInOwnNamespace } from "./wire.ts";

const trialScale = 1 / 16;
/** Corpora of all kinds, each in as many versions as there are repetitions, and one more. */
const corporaBytes = 9 * 1024 ** 3;

const help = `usage: npm run bench [-- [OPTIONS] [NAME…]]

  --trial         a sixteenth of everything, once: to try the benchmarks themselves
  --runs N        how often each contestant runs (3)
  --json FILE     keeps the figures in FILE
  --from FILE     runs nothing, but reads the figures of FILE; several files are put together
  --write         puts the table into docs/PERFORMANCE.md: that of the main jobs alone, or the other one
  --profile DIR   every peer leaves a CPU profile below DIR
  --folder DIR    works below DIR (the system's temporary folder)

names, of the main table: ${tableJobs.join(", ")}; all of these without one
others: ${Object.keys(jobs)
  .filter((name) => !tableJobs.includes(name))
  .join(", ")}
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    trial: { type: "boolean", default: false },
    runs: { type: "string", default: "3" },
    json: { type: "string" },
    from: { type: "string", multiple: true, default: [] },
    write: { type: "boolean", default: false },
    profile: { type: "string" },
    folder: { type: "string", default: tmpdir() },
    help: { type: "boolean", default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const names = positionals.length === 0 ? tableJobs : positionals;
  const unknown = names.filter((name) => jobs[name] === undefined);
  if (values.help || unknown.length > 0) {
    process.stderr.write(`${unknown.map((name) => `no such benchmark: ${name}\n`).join("")}${help}`);
    return values.help ? 0 : 2;
  }
  if (values.from.length > 0) {
    const texts = await Promise.all(values.from.map((file) => readFile(file, "utf8")));
    await publish(joined(texts.map((text) => JSON.parse(text) as Report)));
    return 0;
  }
  return (await runInOwnNamespace()) ?? run(names);
}

/** Runs the jobs and publishes what they measured; one that fails is told and does not keep the others from running. */
async function run(names: readonly string[]): Promise<number> {
  const scale = values.trial ? trialScale : 1;
  await requireSpace(values.folder, scale * neededBytes(names));
  const folder = await mkdtemp(join(values.folder, "dfs-bench-"));
  const head = reportHead(values.trial ? "--trial" : "", names);
  const before = loadNow();
  // The programs of the job hear of it too and end it; what is on the disk is then removed as always.
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (isInterrupted = true));
  try {
    const program = await copyProgram(folder, values.profile === undefined ? undefined : resolve(values.profile));
    const corpora = new Corpora(folder, scale);
    const rows: Report["rows"][number][] = [];
    const skipped = new Set(hasOwnLoopback ? [] : ["bytes on the wire are those of the whole machine's loopback"]);
    let failures = 0;
    for (const name of names) {
      if (isInterrupted) break;
      const startedMs = performance.now();
      const bench = await runJob(name, program, corpora, scale);
      process.stderr.write(`  ${name} took ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
      rows.push(...bench.rows);
      for (const note of bench.skipped) skipped.add(note);
      if (bench.hasFailed) failures += 1;
    }
    await publish({ ...head, load: [before, loadNow()], scale, rows, skipped: [...skipped] });
    return failures === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runJob(name: string, program: Program, corpora: Corpora, scale: number): Promise<Bench> {
  const { run, isLarge } = jobs[name] as NamedJob;
  const folder = join(program.folder, `job-${name}`);
  await mkdir(folder);
  const repetitions = values.trial ? 1 : Number(values.runs);
  const bench = new Bench({ ...program, folder }, corpora, { scale, repetitions });
  await run(bench).catch((error: unknown) => {
    bench.hasFailed = true;
    bench.skipped.add(`${name} failed: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (isLarge === true) await rm(folder, { recursive: true, force: true });
  return bench;
}

async function publish(report: Report): Promise<void> {
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (values.write)
    await writePerformance(report, report.jobs.every((job) => tableJobs.includes(job)) ? "main" : "others");
  process.stdout.write(reportText(report));
}

/** What stays is summed up; of what goes after its job, only the largest is there at a time. */
function neededBytes(names: readonly string[]): number {
  const chosen = names.map((name) => jobs[name] as NamedJob);
  const staying = chosen.filter(({ isLarge }) => isLarge !== true);
  const large = chosen.filter(({ isLarge }) => isLarge === true).map(({ diskBytes }) => diskBytes);
  return corporaBytes + staying.reduce((sum, { diskBytes }) => sum + diskBytes, 0) + Math.max(0, ...large);
}

async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new Error(`${folder} has less than ${Math.ceil(bytes / 1e9)} GB free; name another by --folder`);
}
