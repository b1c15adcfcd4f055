/* The commands that wait for jobs. */
import { DfsError } from "../../core/errors.ts";
import type { JobId } from "../../core/ids.ts";
import { printable } from "../../core/names.ts";
import { allOn, eachOperand } from "../command.ts";
import type { Command, CommandContext } from "../command.ts";
import { jobName, transferId } from "../job-numbers.ts";
import { jobExitCode } from "../job-text.ts";
import { followTransfer, outcomeStyle } from "../transfer.ts";
import { temporary } from "../manual.ts";

/** `fg`: brings a transfer to the foreground. */
export const fg: Command = {
  name: "fg",
  purpose: "transfers",
  summary: "follow a transfer until it has ended",
  usage: "[JOB]",
  description: [
    "Shows the bars of a transfer that runs in the background, and what it came to; without a number, of the one that was started last. A paused transfer goes on.",
    "Ctrl-Z sends it to the background again, Ctrl-C cancels it.",
  ],
  options: [],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 1,
  operands: { JOB: "%N: a transfer by its number, as jobs lists it" },
  exitCodes: { 1: "some of its files failed", 3: "there is no such job, or none goes on", ...temporary },
  examples: [
    ["fg", "Follow the transfer that was started last."],
    ["fg %2", "Follow this one."],
  ],
  seeAlso: ["jobs", "wait"],
  async run(invocation, context) {
    const [operand] = invocation.operands;
    const client = await context.client();
    const id = operand === undefined ? await lastTransfer(context) : transferId(operand, "followed");
    const job = (await client.jobs({ signal: context.signal })).find((each) => each.id === id);
    if (job === undefined) throw new DfsError("not-found", "there is no such job: see jobs", { path: `%${id}` });
    if (job.state === "paused") await client.steerJob(id, "resume", { signal: context.signal });
    if (job.endedMs === undefined) await context.stdout.write(`${printable(job.label)}\n`);
    return followTransfer(id, outcomeStyle(invocation, context), context);
  },
};

async function lastTransfer(context: CommandContext): Promise<JobId> {
  const client = await context.client();
  const last = (await client.jobs({ signal: context.signal })).findLast(({ endedMs }) => endedMs === undefined);
  if (last === undefined) throw new DfsError("not-found", "no transfer goes on: see jobs");
  return last.id;
}

/** `wait`: waits for jobs. */
export const wait: Command = {
  name: "wait",
  purpose: "transfers",
  summary: "wait for jobs to end",
  usage: "[JOB…]",
  description: [
    "Waits until the given jobs have ended, and ends with their exit code, the worst of several; without an operand, for all that this shell put into the background. Ctrl-C ends the waiting, not the jobs.",
  ],
  options: [],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { JOB: "%N: a transfer by its number, as jobs lists it; %sN: a job of this shell" },
  exitCodes: {
    1: "some files of a transfer failed",
    3: "there is no such job",
    130: "a job was cancelled",
    ...temporary,
  },
  examples: [
    ["put -R photos & put -R music & wait", "Put two trees at once, and wait for both."],
    ["wait %3", "Wait for a transfer of any shell."],
  ],
  seeAlso: ["jobs", "fg", "kill"],
  async run({ operands }, context) {
    const { background, signal } = context;
    const all =
      operands.length > 0 ? operands : [...background.unwaited.map((id) => `%${id}`), ...background.unwaitedOwn];
    return eachOperand(context, all, async (operand) => {
      const name = jobName(operand);
      if (name.kind === "own") return background.ownEnd(name.id, signal);
      return jobExitCode(await background.transferEnd(name.id, signal));
    });
  },
};
