/* The commands that ask whether something is so: 0 when it is, 1 when it is not. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { allOn, staleOption } from "../command.ts";
import type { Command, CommandContext } from "../command.ts";
import { isTrue } from "../conditions.ts";
import type { Look, Sight } from "../conditions.ts";
import { temporary } from "../manual.ts";
import { remotePath } from "../operands.ts";

const isSo = 0;
const isNotSo = 1;

const questions = {
  purpose: "shell",
  options: [
    { long: "e", value: "PATH", summary: "it is there" },
    { long: "f", value: "PATH", summary: "it is a file" },
    { long: "d", value: "PATH", summary: "it is a directory" },
    { long: "s", value: "PATH", summary: "it is there and not empty" },
    { long: "n", value: "TEXT", summary: "the text is not empty" },
    { long: "z", value: "TEXT", summary: "the text is empty" },
  ],
  operands: {
    EXPR: "an option above, or what follows; several are joined",
    TEXT: "alone: it is not empty",
    "TEXT = TEXT": "the texts are the same; != for different ones",
    "N -eq N": "whole numbers: equal; -ne not equal, -lt less, -le at most, -gt greater, -ge at least",
    "! EXPR": "it is not so",
    "EXPR -a EXPR": "both are so; binds closer than -o",
    "EXPR -o EXPR": "one of them is so",
    "( EXPR )": "what is between them first",
  },
  exitCodes: { 1: "it is not so", ...temporary },
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  ownArguments: true,
  isCondition: true,
} satisfies Partial<Command>;

const asAnswer =
  "Before && an answer of 1 does not stop a script; a failure does: where nobody can be asked, say, the code is 5.";

/** `test`: asks about remote paths, texts and numbers. */
export const test: Command = {
  ...questions,
  name: "test",
  summary: "whether something is so, of remote paths, texts and numbers",
  usage: "[--stale] [EXPR]",
  description: [
    "Gives 0 when the expression is so and 1 when it is not, as POSIX has it. Paths are the network's; see ltest for local ones. Nothing at all is not so.",
    asAnswer,
  ],
  options: [...questions.options, staleOption],
  side: allOn("remote"),
  examples: [
    ["test -d /backup || mkdir /backup", "Make a directory where there is none."],
    ["test $? -eq 3 && echo 'it was not there'", "Act on what became of the last command."],
  ],
  seeAlso: ["[", "ltest", "stat", "scripts"],
  run: async ({ operands }, context) => answer(operands, remoteLook(context)),
};

/** `[`: `test` with a `]` at its end. */
export const bracket: Command = {
  ...test,
  name: "[",
  summary: "as test, with a ] at the end",
  usage: "[--stale] [EXPR] ]",
  description: ["The same as test; its last word is a ].", asAnswer],
  examples: [["[ -e report.pdf ] || put report.pdf", "Store a file unless it is there."]],
  seeAlso: ["test", "ltest", "scripts"],
  async run({ operands }, context) {
    if (operands.at(-1) !== "]") throw new DfsError("usage", "a ] is missing at the end");
    return answer(operands.slice(0, -1), remoteLook(context));
  },
};

/** `ltest`: `test` of local paths. */
export const ltest: Command = {
  ...questions,
  name: "ltest",
  summary: "whether something is so, of local paths",
  usage: "[EXPR]",
  description: ["The same as test, but paths are this machine's, from the local directory (lcd).", asAnswer],
  side: allOn("local"),
  exitCodes: { 1: "it is not so" },
  examples: [["ltest -s dump.sql && put dump.sql /backup", "Store a file that is there and not empty."]],
  seeAlso: ["test", "lls", "scripts"],
  run: async ({ operands }, { state }) => answer(operands, (path) => localSight(resolve(state.lcwd, path))),
};

async function answer(words: readonly string[], look: Look): Promise<number> {
  return (await isTrue(words, look)) ? isSo : isNotSo;
}

function remoteLook(context: CommandContext): Look {
  return (operand) =>
    unlessAbsent(async () => {
      const client = await context.client();
      return client.stat(remotePath(operand, context), context.reads);
    }, operand);
}

function localSight(path: string): Promise<Sight | undefined> {
  return unlessAbsent(async () => {
    const stats = await stat(path);
    return { kind: stats.isFile() ? "file" : stats.isDirectory() ? "directory" : "other", sizeBytes: stats.size };
  }, path);
}

async function unlessAbsent(look: () => Promise<Sight>, path: string): Promise<Sight | undefined> {
  try {
    return await look();
  } catch (error) {
    const { kind, message } = toDfsError(error);
    if (kind === "not-found" || kind === "not-directory") return undefined;
    throw new DfsError(kind, message, { path, cause: error });
  }
}
