/* The commands of the shell itself. */
import { DfsError } from "../../core/errors.ts";
import { printable } from "../../core/names.ts";
import { allOn, wholeNumber } from "../command.ts";
import type { Command } from "../command.ts";

const exitCodeMax = 255;

/** `echo`: prints its operands. */
export const echo: Command = {
  name: "echo",
  purpose: "shell",
  summary: "print its operands",
  usage: "[TEXT…]",
  description: [
    "Prints its operands with a blank between them, and a line end. Variables and globs in them are expanded first.",
  ],
  options: [],
  side: allOn("remote"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { TEXT: "any words; a word with a glob becomes the names that match" },
  exitCodes: {},
  examples: [
    ["echo $?", "The exit code of the last command."],
    ["echo *.txt", "Which names match."],
  ],
  seeAlso: ["help"],
  ownArguments: true,
  async run({ operands }, { stdout }) {
    const text = operands.join(" ");
    // Globs put names into the text: on a terminal only line ends are let through.
    const shown = stdout.isTTY ? text.split("\n").map(printable).join("\n") : text;
    await stdout.write(`${shown}\n`);
    return 0;
  },
};

/** `exit`: ends the shell. */
export const exit: Command = {
  name: "exit",
  purpose: "shell",
  summary: "end the shell",
  usage: "[CODE]",
  description: [
    "Ends the shell, or the script, with CODE; without it with the code of the last command.",
    "At the prompt it says so and stays, once, where that would stop jobs: those of the shell itself, and transfers of a peer that runs in the shell. Those of dfs-peer go on.",
  ],
  options: [],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 1,
  operands: { CODE: "0 to 255" },
  exitCodes: { 2: "wrong usage, or no such code" },
  examples: [
    ["exit", "Leave."],
    ["exit 3", "End a script with this code."],
  ],
  seeAlso: ["help"],
  async run({ operands }, { background, state, stderr }) {
    const [operand] = operands;
    const code = operand === undefined ? state.lastStatus : wholeNumber(operand, "the code", 0);
    if (code > exitCodeMax) throw new DfsError("usage", `an exit code is at most ${exitCodeMax}`);
    const reason = background.isPrompt ? await background.reasonToStay() : undefined;
    if (reason !== undefined) {
      await stderr.write(`exit: ${reason}\n`);
      return 1;
    }
    state.exitCode = code;
    return code;
  },
};
