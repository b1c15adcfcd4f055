import { DfsError, toDfsError } from "../../core/errors.ts";
import { printable, rootPath } from "../../core/names.ts";
import { allOn, eachOperand } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { remotePath } from "../operands.ts";

/** Targets that may be removed without a question: what a person can still count at a glance. */
const targetsUnasked = 3;

/** `rm`: removes files and trees. */
export const rm: Command = {
  name: "rm",
  summary: "remove files; on a terminal it asks for -r and for more than three targets",
  usage: "[-rfi] PATH…",
  options: [
    { long: "recursive", short: "r", summary: "directories with all that is in them" },
    { long: "force", short: "f", summary: "never ask, and say nothing of what is not there" },
    { long: "interactive", short: "i", summary: "ask for each" },
  ],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: ["rm old.txt", "rm -r drafts"],
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const { options, operands } = invocation;
  const recursive = options.has("recursive");
  if (!(await mayRemove(invocation, context))) return 1;
  const client = await context.client();
  return eachOperand(context, operands, async (operand) => {
    const path = remotePath(operand, context);
    if (path === rootPath) throw new DfsError("permission", "the root cannot be removed; name what is in it");
    if (options.has("interactive") && !(await agrees(`rm: remove ${printable(operand)}?`, context))) return;
    try {
      await client.remove(path, { recursive, signal: context.signal });
    } catch (error) {
      if (!options.has("force") || toDfsError(error).kind !== "not-found") throw error;
    }
  });
}

async function mayRemove({ options, operands }: Invocation, context: CommandContext): Promise<boolean> {
  if (options.has("force") || options.has("interactive") || context.ask === undefined) return true;
  const recursive = options.has("recursive");
  if (!recursive && operands.length <= targetsUnasked) return true;
  const what = operands.length === 1 ? printable(operands[0] ?? "") : `${operands.length} targets`;
  return context.ask(`rm: remove ${what}${recursive ? " with all that is in it" : ""}?`);
}

async function agrees(question: string, context: CommandContext): Promise<boolean> {
  if (context.ask === undefined) throw new DfsError("usage", "-i needs a terminal to ask on");
  return context.ask(question);
}
