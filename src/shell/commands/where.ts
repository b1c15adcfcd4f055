/* The commands that say or change where the shell stands. */
import type { DfsClient } from "../../core/client.ts";
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { rootPath } from "../../core/names.ts";
import type { DfsPath } from "../../core/names.ts";
import { allOn, staleOption } from "../command.ts";
import type { Command, CommandContext } from "../command.ts";
import { sharedPath } from "../doors.ts";
import { nameText } from "../formats.ts";
import { remotePath } from "../operands.ts";

/** `cd`: changes the directory of the network's side. */
export const cd: Command = {
  name: "cd",
  summary: "change the directory; alone it goes to /, with - to the one before, with shared: to everybody's files",
  usage: "[--stale] [DIR|-]",
  options: [staleOption],
  side: allOn("remote"),
  operandsMin: 0,
  operandsMax: 1,
  examples: ["cd /photos", "cd -", "cd shared:", "cd /from/ann"],
  async run({ operands }, context) {
    const { state, reads } = context;
    const [operand] = operands;
    if (operand === "-" && state.previousCwd === undefined)
      throw new DfsError("usage", "there is no directory to go back to");
    const client = await context.client();
    const entry = await client.stat(await target(operand, client, context), reads);
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
  summary: "print the directory",
  usage: "",
  options: [],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: [],
  async run(_invocation, { state, stdout }) {
    await stdout.write(`${nameText(state.cwd, stdout)}\n`);
    return 0;
  },
};

/** `lcd`: changes the local directory. */
export const lcd: Command = {
  name: "lcd",
  summary: "change the local directory; alone it goes home",
  usage: "[DIR]",
  options: [],
  side: allOn("local"),
  operandsMin: 0,
  operandsMax: 1,
  examples: ["lcd /home/me/Pictures"],
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
  summary: "print the local directory",
  usage: "",
  options: [],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: [],
  async run(_invocation, { state, stdout }) {
    await stdout.write(`${nameText(state.lcwd, stdout)}\n`);
    return 0;
  },
};
