/**
 * `npm run sim:scale [-- [--trial] NAME…]`: measures how the parts of a network grow, and draws it into docs/plots.
 *
 * `--trial` takes small sizes and leaves its plots in the temporary folder. Ends with 2 on a name or option that is none.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { madeHere, writePlot } from "../../scripts/plot/plot-files.ts";
import { announce } from "./announce.ts";
import { catalogue } from "./catalogue.ts";
import { idle } from "./idle.ts";
import { lookup } from "./lookup.ts";
import { plan } from "./plan.ts";
import { repair } from "./repair.ts";
import type { ScaleJob } from "./scale-job.ts";

const jobs: Readonly<Record<string, ScaleJob>> = { lookup, announce, idle, plan, repair, catalogue };

const print = (line: string): void => void process.stderr.write(`${line}\n`);

async function run(name: string, job: ScaleJob, trial: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "dfs-scale-"));
  try {
    for (const [plotName, plot] of Object.entries(await job({ trial, folder, print }))) {
      const complete = { ...plot, command: `npm run sim:scale -- ${name}`, made: madeHere() };
      const paths = writePlot(plotName, complete, trial ? join(tmpdir(), "dfs-scale-trial") : undefined);
      process.stdout.write(`${paths.join("\n")}\n`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: { trial: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => jobs[name] === undefined);
if (unknown.length > 0) {
  print(`no job named ${unknown.join(", ")}; there are: ${Object.keys(jobs).join(", ")}`);
  process.exit(2);
}
for (const [name, job] of Object.entries(jobs))
  if (positionals.length === 0 || positionals.includes(name)) await run(name, job, values.trial);
