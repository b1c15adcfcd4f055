/* The commands of the shell itself. */
import { DfsError } from "../../core/errors.ts";
import { printable } from "../../core/names.ts";
import { allOn, findCommand, helpText, wholeNumber } from "../command.ts";
import type { Command } from "../command.ts";
import { alignRows } from "../formats.ts";

const exitCodeMax = 255;

/** `help`: what there is, and how each is used. */
export const help: Command = {
  name: "help",
  summary: "list the commands, or tell about some",
  usage: "[COMMAND…]",
  options: [],
  side: allOn("command"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: ["help put"],
  async run({ operands }, { commands, stdout }) {
    if (operands.length === 0) await stdout.write(commandList(commands));
    for (const operand of operands) {
      const command = findCommand(commands, operand);
      if (command === undefined) throw new DfsError("not-found", "no such command", { path: operand });
      await stdout.write(helpText(command));
    }
    return 0;
  },
};

/** The commands with their summaries, one a line. */
export function commandList(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary]);
  return alignRows([...rows, ["!COMMAND", "run a command of this machine"]]);
}

/** `echo`: prints its operands. */
export const echo: Command = {
  name: "echo",
  summary: "print its operands",
  usage: "[TEXT…]",
  options: [],
  side: allOn("remote"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: ["echo $?"],
  ownArguments: true,
  async run({ operands }, { stdout }) {
    const text = operands.join(" ");
    await stdout.write(`${stdout.isTTY ? printable(text) : text}\n`);
    return 0;
  },
};

/** `exit`: ends the shell. */
export const exit: Command = {
  name: "exit",
  summary: "end the shell, with the last command's code unless told",
  usage: "[CODE]",
  options: [],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 1,
  examples: [],
  async run({ operands }, { state }) {
    const [operand] = operands;
    const code = operand === undefined ? state.lastStatus : wholeNumber(operand, "exit", 0);
    if (code > exitCodeMax) throw new DfsError("usage", `an exit code is at most ${exitCodeMax}`);
    state.exitCode = code;
    return code;
  },
};
