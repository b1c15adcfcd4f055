/* The commands that stop jobs and let them go on. */
import type { JobOrder } from "../../core/jobs.ts";
import { allOn, eachOperand } from "../command.ts";
import type { Command, Invocation, CommandContext } from "../command.ts";
import { jobName, transferId } from "../job-numbers.ts";
import { temporary } from "../manual.ts";

const common = {
  purpose: "transfers",
  usage: "JOB…",
  options: [],
  side: allOn("none"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
} as const;

const ended = "wrong usage, or the job has ended already";

/** `kill`: stops jobs. */
export const kill: Command = {
  ...common,
  name: "kill",
  summary: "stop jobs",
  description: [
    "Cancels transfers, and stops jobs of this shell. What a transfer has done stays: put -c and get -c go on from there.",
  ],
  operands: { JOB: "%N: a transfer by its number, as jobs lists it; %sN: a job of this shell" },
  exitCodes: { 2: ended, 3: "there is no such job", ...temporary },
  examples: [
    ["kill %2", "Cancel a transfer."],
    ["kill %s1", "Stop a job of this shell."],
  ],
  seeAlso: ["jobs", "pause"],
  async run({ operands }, context) {
    const client = await context.client();
    return eachOperand(context, operands, async (operand) => {
      const name = jobName(operand);
      if (name.kind === "own") context.background.stopOwn(name.id);
      else await client.steerJob(name.id, "cancel", { signal: context.signal });
    });
  },
};

/** `pause`: holds transfers. */
export const pause: Command = {
  ...common,
  name: "pause",
  summary: "hold transfers until resume",
  description: [
    "Holds transfers: nothing more is read or sent, and what was sent is kept. What is on its way just then, 8 MiB at the most, still arrives.",
  ],
  operands: { JOB: "%N: a transfer by its number, as jobs lists it" },
  exitCodes: { 2: ended, 3: "there is no such job", ...temporary },
  examples: [["pause %2", "Leave the line to others for a while."]],
  seeAlso: ["resume", "jobs"],
  run: (invocation, context) => steer(invocation, context, "pause", "paused"),
};

/** `resume`: lets transfers go on. */
export const resume: Command = {
  ...common,
  name: "resume",
  summary: "let paused transfers go on",
  description: [
    "Lets paused transfers go on where they stopped, in the background: what was sent is not sent again. fg does the same, and shows it.",
  ],
  operands: { JOB: "%N: a transfer by its number, as jobs lists it" },
  exitCodes: { 2: ended, 3: "there is no such job", ...temporary },
  examples: [["resume %2", "Go on."]],
  seeAlso: ["pause", "fg"],
  run: (invocation, context) => steer(invocation, context, "resume", "resumed"),
};

async function steer(
  { operands }: Invocation,
  context: CommandContext,
  order: JobOrder,
  done: string,
): Promise<number> {
  const client = await context.client();
  return eachOperand(context, operands, (operand) =>
    client.steerJob(transferId(operand, done), order, { signal: context.signal }),
  );
}
