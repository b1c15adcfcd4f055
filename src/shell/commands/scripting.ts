/* The commands that scripts are made of: variables, options of the shell, other scripts, waiting and measuring. */
import { setTimeout as delay } from "node:timers/promises";
import { DfsError } from "../../core/errors.ts";
import { sleepMsMax } from "../../core/limits.ts";
import { allOn } from "../command.ts";
import type { Command } from "../command.ts";
import { scriptFile } from "../script-file.ts";
import { checkVariableName, withParameters } from "../variables.ts";

/** `unset`: forgets variables. */
export const unset: Command = {
  name: "unset",
  purpose: "shell",
  summary: "forget variables",
  usage: "NAME…",
  description: [
    "Forgets variables: to use one from then on is an error, and local commands get it no more. To forget one that is not set is none.",
  ],
  options: [],
  side: allOn("none"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { NAME: "a variable's name, without a dollar sign" },
  exitCodes: {},
  examples: [["unset DAY", "From here on $DAY is an error."]],
  seeAlso: ["set", "grammar"],
  async run({ operands }, { state }) {
    for (const operand of operands) state.variables.delete(checkVariableName(operand));
    return 0;
  },
};

/** `source`: runs the commands of a local file here. */
export const source: Command = {
  name: "source",
  purpose: "shell",
  summary: "run the commands of a local file in this shell",
  usage: "FILE [PARAMETER…]",
  description: [
    "Runs a script here: its variables, directories and options of the shell stay when it ends. It stops at its first failing command, as every script does, and its exit code is that of source. exit in it ends the shell.",
    "The file is parsed as a whole before anything of it runs. Errors in it name file, line and column. A redirection or a pipe behind source takes what all its commands print.",
  ],
  options: [],
  side: (index) => (index === 0 ? "local" : "remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: {
    FILE: "a local file",
    PARAMETER: "$1, $2 and so on in the file; without any it has those of the script that runs it",
  },
  exitCodes: { 3: "there is no such file" },
  examples: [
    ["source settings.dfs", "Set what several scripts have in common."],
    ["source rotate.dfs daily 7 > rotated.log", "Run a script with two parameters, and keep what it prints."],
  ],
  seeAlso: ["set", "scripts"],
  ownArguments: true,
  async run({ operands: [path, ...parameters] }, { state, signal, runScript }) {
    if (path === undefined) throw new DfsError("usage", "an operand is missing");
    const script = await scriptFile(path, state.lcwd, signal);
    return withParameters(state.variables, parameters, () => runScript(script));
  },
};

/** `time`: says how long a command took. */
export const time: Command = {
  name: "time",
  purpose: "shell",
  summary: "run a command and say how long it took",
  usage: "COMMAND [ARGUMENT…]",
  description: [
    "Runs the command that follows it, then writes to stderr how long that took, as real 1.234 s. The exit code is the command's.",
  ],
  options: [],
  side: allOn("command"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { COMMAND: "a command of this shell", ARGUMENT: "its options and operands" },
  exitCodes: { 127: "there is no such command" },
  examples: [["time put -R photos /", "Say how long it takes to store this folder."]],
  seeAlso: ["sleep", "scripts"],
  ownArguments: true,
  isPrefix: true,
  async run(_invocation, { inner, stdout, stderr }) {
    if (inner === undefined) throw new DfsError("usage", "an operand is missing");
    const startedMs = performance.now();
    const code = await inner();
    await stdout.flush();
    await stderr.write(`real ${((performance.now() - startedMs) / 1000).toFixed(3)} s\n`);
    return code;
  },
};

const unitMs: Readonly<Record<string, number>> = { "": 1000, s: 1000, m: 60_000, h: 3_600_000 };

/** `sleep`: waits. */
export const sleep: Command = {
  name: "sleep",
  purpose: "shell",
  summary: "wait for so many seconds, minutes or hours",
  usage: "N[s|m|h]",
  description: ["Waits. N can have a fraction; without a unit it counts seconds. Ctrl-C ends the waiting."],
  options: [],
  side: allOn("none"),
  operandsMin: 1,
  operandsMax: 1,
  operands: { N: "how long, at most 24 days" },
  exitCodes: {},
  examples: [
    ["sleep 5", "Wait for five seconds."],
    ["sleep 1.5h", "Wait for an hour and a half."],
  ],
  seeAlso: ["time", "scripts"],
  async run({ operands: [operand = ""] }, { signal }) {
    await delay(sleepMs(operand), undefined, { signal });
    return 0;
  },
};

function sleepMs(text: string): number {
  const [, number, unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?)([smh]?)$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * (unitMs[unit] ?? Number.NaN));
  if (!(ms <= sleepMsMax))
    throw new DfsError("usage", `a time as 5, 1.5m or 2h is needed, at most 24 days, not "${text}"`);
  return ms;
}
