import type { Job } from "../../core/jobs.ts";
import { printable } from "../../core/names.ts";
import type { OwnJob } from "../background.ts";
import { allOn, isJson, jsonOption } from "../command.ts";
import type { Command } from "../command.ts";
import { fit } from "../bars.ts";
import { alignRows, byteText, jsonLine, timeText } from "../formats.ts";
import { jobDetail, jobJson, ownJobJson, ownState } from "../job-text.ts";
import { temporary } from "../manual.ts";

/** `jobs`: what runs in the background. */
export const jobs: Command = {
  name: "jobs",
  purpose: "transfers",
  summary: "list the transfers that go on, and what became of others",
  usage: "[-l] [--json]",
  description: [
    "Lists your transfers on this machine, whichever shell started them, and the jobs of this shell (s1, s2, …). Each line has the number by which fg, wait, kill, pause and resume take it, its state, the command, and how far it is or what it came to.",
    "A put or get of files runs as a job of the peer where it is typed at the prompt, and wherever & ends it: with dfs-peer running it goes on when the shell ends, however that happens, and the next shell shows it here. Some run at once, the others wait. What has ended is kept for a day. logout stops your transfers.",
    "Any other command with & is a job of the shell, and ends with it.",
  ],
  options: [{ long: "long", short: "l", summary: "also when each began and ended, and the files in work" }, jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [
    ["put -R photos /backup & jobs", "Put a tree in the background, and look how far it is."],
    ["jobs -l", "With times, and the files in work."],
    ["jobs --json", "The same for a program."],
  ],
  seeAlso: ["fg", "wait", "kill", "pause", "resume"],
  async run(invocation, context) {
    const { background, reads, stdout } = context;
    const { own } = background;
    const listed = await (await context.client()).jobs({ signal: reads.signal });
    if (isJson(invocation, context)) {
      for (const job of listed) await stdout.write(jsonLine(jobJson(job)));
      for (const job of own) await stdout.write(jsonLine(ownJobJson(job)));
      return 0;
    }
    const shown = (label: string): string => (stdout.isTTY ? fit(printable(label), labelColumns) : printable(label));
    const rows = [...listed.map((job) => row(job, shown)), ...own.map((job) => ownRow(job, shown))];
    if (rows.length === 0) await stdout.write(stdout.isTTY ? "no jobs\n" : "");
    const lines = alignRows(rows).split("\n");
    const isLong = invocation.options.has("long");
    for (const [index, job] of [...listed, ...own].entries()) {
      const line = lines[index] ?? "";
      await stdout.write(`${stdout.isTTY ? fit(line, stdout.columns) : line}\n${isLong ? details(job) : ""}`);
    }
    return 0;
  },
};

/** A longer command is cut on a terminal: how far it is counts more. */
const labelColumns = 36;

function row(job: Job, shown: (label: string) => string): readonly string[] {
  return [`[${job.id}]`, job.state, shown(job.label), jobDetail(job)];
}

function ownRow(job: OwnJob, shown: (label: string) => string): readonly string[] {
  const { id, label, code } = job;
  const detail = code === undefined || code === 0 ? "a job of this shell" : `a job of this shell: exit code ${code}`;
  return [`[${id}]`, ownState(job), shown(label), detail];
}

function details(job: Job | OwnJob): string {
  const ended = job.endedMs === undefined ? "" : `, ended ${timeText(job.endedMs)}`;
  const files = "progress" in job ? job.progress.running : [];
  const lines = files.map(
    ({ path, bytes, sizeBytes }) => `     ${printable(path)}: ${byteText(bytes)} of ${byteText(sizeBytes)}\n`,
  );
  return `     began ${timeText(job.startedMs)}${ended}\n${lines.join("")}`;
}
