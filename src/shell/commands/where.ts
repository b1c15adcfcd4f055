/* The commands that say or change where the shell stands. */
import type { DfsClient, Entry } from "../../core/client.ts";
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { rootPath } from "../../core/names.ts";
import type { DfsPath } from "../../core/names.ts";
import { allOn, isJson, jsonOption, staleOption } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { sharedPath } from "../doors.ts";
import { jsonLine, nameText } from "../formats.ts";
import { remotePath } from "../operands.ts";
import { temporary } from "../manual.ts";

/** `cd`: changes the directory of the network's side. */
export const cd: Command = {
  name: "cd",
  purpose: "files",
  summary: "change the directory",
  usage: "[--stale] [DIR|-]",
  description: [
    "Goes to DIR, where relative paths begin from then on; without an operand to /. The local side has a directory of its own: see lcd.",
    "With - it goes back to where it was before, and prints that. shared: is everybody's files, whoever is logged in; shared:DIR is a directory in them.",
  ],
  options: [staleOption],
  side: allOn("remote"),
  onlyDirectories: true,
  operandsMin: 0,
  operandsMax: 1,
  operands: { DIR: "a directory of the network", "-": "the directory before this one" },
  exitCodes: { 3: "there is no such directory", 4: "it is a file", ...temporary },
  examples: [
    ["cd /photos", "Go to /photos."],
    ["cd -", "Go back, and print where that is."],
    ["cd shared:", "Go to the files that all members share."],
    ["cd /from/ann", "Go to what ann shares with you."],
    ["cd /@2026-11-01", "Go to your files as they were on that day, at its beginning."],
  ],
  seeAlso: ["pwd", "lcd", "ls"],
  async run({ operands }, context) {
    const { state, reads } = context;
    const [operand] = operands;
    if (operand === "-" && state.previousCwd === undefined)
      throw new DfsError("usage", "there is no directory to go back to");
    const client = await context.client();
    let entry: Entry;
    try {
      entry = await client.stat(await target(operand, client, context), reads);
    } catch (error) {
      return context.report(error, operand);
    }
    if (entry.kind !== "directory") throw new DfsError("not-directory", "not a directory", { path: operand });
    state.previousCwd = state.cwd;
    state.cwd = entry.path;
    if (operand === "-") await context.stdout.write(`${nameText(entry.path, context.stdout)}\n`);
    return 0;
  },
};

async function target(operand: string | undefined, client: DfsClient, context: CommandContext): Promise<DfsPath> {
  if (operand === undefined) return rootPath;
  if (operand === "-") return context.state.previousCwd ?? rootPath;
  return (await sharedPath(operand, client, context.reads)) ?? remotePath(operand, context);
}

/** `pwd`: prints the directory of the network's side. */
export const pwd: Command = {
  name: "pwd",
  purpose: "files",
  summary: "print the directory",
  usage: "[--json]",
  description: ["Prints the directory of the network in which the shell stands."],
  options: [jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: {},
  examples: [["pwd", "Print where relative paths begin."]],
  seeAlso: ["cd", "lpwd"],
  async run(invocation, context) {
    await writePath(context.state.cwd, invocation, context);
    return 0;
  },
};

/** `lcd`: changes the local directory. */
export const lcd: Command = {
  name: "lcd",
  purpose: "local",
  summary: "change the local directory",
  usage: "[DIR]",
  description: ["Goes to DIR on this machine: there put reads and get writes. Without an operand it goes home."],
  options: [],
  side: allOn("local"),
  onlyDirectories: true,
  operandsMin: 0,
  operandsMax: 1,
  operands: { DIR: "a directory of this machine" },
  exitCodes: { 3: "there is no such directory", 4: "it is a file, or may not be entered" },
  examples: [
    ["lcd $HOME/Pictures", "Go to the local pictures."],
    ["lcd", "Go home."],
  ],
  seeAlso: ["lpwd", "lls", "cd"],
  async run({ operands }, { state }) {
    const operand = operands[0] ?? homedir();
    const path = resolve(state.lcwd, operand);
    try {
      if (!(await stat(path)).isDirectory()) throw new DfsError("not-directory", "not a directory");
    } catch (error) {
      const { kind, message } = toDfsError(error);
      throw new DfsError(kind, message, { path: operand, cause: error });
    }
    state.lcwd = path;
    return 0;
  },
};

/** `lpwd`: prints the local directory. */
export const lpwd: Command = {
  name: "lpwd",
  purpose: "local",
  summary: "print the local directory",
  usage: "[--json]",
  description: ["Prints the directory of this machine where put reads and get writes."],
  options: [jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: {},
  examples: [["lpwd", "Print it."]],
  seeAlso: ["lcd", "pwd"],
  async run(invocation, context) {
    await writePath(context.state.lcwd, invocation, context);
    return 0;
  },
};

async function writePath(path: string, invocation: Invocation, context: CommandContext): Promise<void> {
  const { stdout } = context;
  await stdout.write(isJson(invocation, context) ? jsonLine({ path }) : `${nameText(path, stdout)}\n`);
}
