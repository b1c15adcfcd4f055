import { DfsError } from "../../core/errors.ts";
import { allOn, isJson, jsonOption } from "../command.ts";
import type { Command, CommandContext, Settings } from "../command.ts";
import { jsonLine } from "../formats.ts";
import { typedText } from "../trace.ts";
import { checkVariableName, ownVariables } from "../variables.ts";

/** `set`: variables, and how the shell runs commands. */
export const set: Command = {
  name: "set",
  purpose: "shell",
  summary: "list or set variables, or change how the shell runs commands",
  usage: "[--json] [NAME VALUE | -ekquvx | +ekqvx | -o [OPTION] | +o OPTION]",
  description: [
    "Alone it lists the variables that were set since the shell started, as they could be typed. The others are those of the environment, which !env lists.",
    "With a name and a value it sets a variable, as NAME=VALUE does. With a dash it switches options of the shell on, with + off, from the next command on: -x +k, or by name -o json. set -o lists them all.",
    "pipefail is always on: a pipe fails when either side does.",
  ],
  options: [
    { long: "e", summary: "stop at the first failing command (errexit), as the shell does unless told otherwise" },
    { long: "k", summary: "go on after a failing command (keep-going), and end with the worst code" },
    { long: "q", summary: "no summaries and no bars (quiet)" },
    { long: "u", summary: "an unset variable is an error (nounset), as it is always" },
    { long: "v", summary: "counters and details (verbose)" },
    { long: "x", summary: "write each command to stderr before it runs (trace)" },
    {
      long: "o",
      value: "OPTION",
      summary: "the option of this name; alone it lists all as they are",
    },
    { ...jsonOption, summary: "the list as JSON, one object a line" },
  ],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: {
    NAME: "letters, digits and _, no digit first",
    VALUE: "one word; quote it where it has blanks",
    OPTION: "errexit, json, keep-going, nounset, pipefail, quiet, stale, trace or verbose",
  },
  exitCodes: {},
  examples: [
    ["set DAY monday", "The same as DAY=monday."],
    ["set -x", "Show every command before it runs."],
    ["set -o json; ls -l; set +o json", "One command's list for a program."],
  ],
  seeAlso: ["unset", "source", "grammar", "scripts"],
  ownArguments: true,
  async run(invocation, context) {
    const operands = invocation.operands.filter((operand) => operand !== "--json" && operand !== "-json");
    const json = isJson(invocation, context) || operands.length < invocation.operands.length;
    const [name, value, ...more] = operands;
    if (name === undefined) return listVariables(context, json);
    if (/^[-+]/.test(name)) return changeOptions(operands, context, json);
    if (value === undefined || more.length > 0)
      throw new DfsError("usage", "a name and a value are needed; a value of several words goes in quotes");
    context.state.variables.set(checkVariableName(name), value);
    return 0;
  },
};

/** An option of the shell: what it is now, and what setting or unsetting it changes; absent where that cannot be changed. */
interface ShellOption {
  readonly letter?: string | undefined;
  readonly isOn: (settings: Settings) => boolean;
  readonly change?: ((isOn: boolean) => Partial<Settings>) | undefined;
}

const always: ShellOption = { isOn: () => true };

const shellOptions: Readonly<Record<string, ShellOption>> = {
  errexit: { letter: "e", isOn: ({ keepGoing }) => !keepGoing, change: (isOn) => ({ keepGoing: !isOn }) },
  json: { isOn: ({ json }) => json, change: (json) => ({ json }) },
  "keep-going": { letter: "k", isOn: ({ keepGoing }) => keepGoing, change: (keepGoing) => ({ keepGoing }) },
  nounset: { ...always, letter: "u" },
  pipefail: always,
  quiet: { letter: "q", isOn: ({ quiet }) => quiet, change: (quiet) => ({ quiet }) },
  stale: { isOn: ({ stale }) => stale, change: (stale) => ({ stale }) },
  trace: { letter: "x", isOn: ({ trace }) => trace, change: (trace) => ({ trace }) },
  verbose: { letter: "v", isOn: ({ verbose }) => verbose, change: (verbose) => ({ verbose }) },
};

async function listVariables({ state, env, stdout }: CommandContext, json: boolean): Promise<number> {
  for (const [name, value] of ownVariables(state.variables, env))
    await stdout.write(json ? jsonLine({ name, value }) : `${name}=${value === "" ? "" : typedText(value)}\n`);
  return 0;
}

/** `-x`, `+kv`, `-o NAME`, `-o`; nothing is changed unless all of it makes sense. */
async function changeOptions(words: readonly string[], context: CommandContext, json: boolean): Promise<number> {
  let changes: Partial<Settings> = {};
  let lists = false;
  for (let at = 0; at < words.length; at += 1) {
    const [, sign, letters = ""] = /^([-+])([a-z]+)$/.exec(words[at] as string) ?? [];
    if (sign === undefined) throw new DfsError("usage", `unknown option '${words[at]}'`);
    for (const letter of letters) {
      const name = letter === "o" ? words[(at += 1)] : nameOf(letter);
      if (letter === "o" && name === undefined) lists = true;
      else changes = { ...changes, ...changed(name ?? `-${letter}`, sign === "-") };
    }
  }
  context.changeSettings(changes);
  if (lists) await listOptions({ ...context.settings, ...changes }, context, json);
  return 0;
}

function nameOf(letter: string): string | undefined {
  return Object.keys(shellOptions).find((name) => shellOptions[name]?.letter === letter);
}

function changed(name: string, isOn: boolean): Partial<Settings> {
  const option = Object.hasOwn(shellOptions, name) ? shellOptions[name] : undefined;
  if (option === undefined) throw new DfsError("usage", `unknown option '${name}'`);
  if (option.change !== undefined) return option.change(isOn);
  if (!isOn) throw new DfsError("usage", `${name} cannot be switched off`);
  return {};
}

async function listOptions(settings: Settings, { stdout }: CommandContext, json: boolean): Promise<void> {
  for (const [option, { isOn }] of Object.entries(shellOptions)) {
    const on = isOn(settings);
    await stdout.write(json ? jsonLine({ option, on }) : `set ${on ? "-" : "+"}o ${option}\n`);
  }
}
