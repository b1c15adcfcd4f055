import { DfsError, toDfsError } from "../../core/errors.ts";
import { printable, rootPath } from "../../core/names.ts";
import { allOn, eachOperand } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { remotePath } from "../operands.ts";
import { temporary } from "../manual.ts";

/** Targets that may be removed without a question: what a person can still count at a glance. */
const targetsUnasked = 3;

/** `rm`: removes files and trees. */
export const rm: Command = {
  name: "rm",
  purpose: "files",
  summary: "remove files and trees",
  usage: "[-rfi] PATH…",
  description: [
    "Removes each PATH. What is removed is kept for a while (see retain): undo and restore bring it back. Its space is given back after that.",
    "On a terminal it asks before it removes a tree or more than three targets; -f does not ask. The root cannot be removed.",
  ],
  options: [
    { long: "recursive", short: "r", summary: "directories with all that is in them" },
    { long: "force", short: "f", summary: "never ask, and say nothing of what is not there" },
    { long: "interactive", short: "i", summary: "ask for each" },
  ],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { PATH: "a file, or with -r a directory" },
  exitCodes: {
    1: "the question was answered with no",
    2: "wrong usage, or -i and nobody can answer",
    3: "a path is not there",
    4: "a directory without -r, or the root",
    ...temporary,
  },
  examples: [
    ["rm old.txt", "Remove a file."],
    ["rm -r drafts", "Remove a directory with all that is in it."],
    ["rm -f *.tmp", "Remove many without a question."],
  ],
  seeAlso: ["undo", "restore", "rmdir", "retain"],
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
      await client.remove(path, { recursive, ...context.writes });
    } catch (error) {
      if (toDfsError(error).kind === "is-directory") throw new DfsError("is-directory", "is a directory (use -r)");
      if (!options.has("force") || toDfsError(error).kind !== "not-found") throw error;
    }
  });
}

async function mayRemove({ options, operands }: Invocation, context: CommandContext): Promise<boolean> {
  if (options.has("force") || options.has("interactive") || context.ask === undefined) return true;
  const recursive = options.has("recursive");
  if (!recursive && operands.length <= targetsUnasked) return true;
  const what = operands.length === 1 ? printable(operands[0] ?? "") : `${operands.length} targets`;
  return context.ask(
    `rm: remove ${what}${recursive ? ` with all that is in ${operands.length === 1 ? "it" : "them"}` : ""}?`,
  );
}

async function agrees(question: string, context: CommandContext): Promise<boolean> {
  if (context.ask === undefined) throw new DfsError("usage", "-i needs a terminal to ask on");
  return context.ask(question);
}
