/* The commands that look at and change this machine's files. */
import { mkdir, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Stats } from "node:fs";
import { toDfsError } from "../../core/errors.ts";
import { allOn, eachOperand } from "../command.ts";
import type { Command, CommandContext, OptionValues } from "../command.ts";
import { alignRows, fillColumns, humanSize, modeText, nameText, timeText } from "../formats.ts";
import { compareNames } from "../../core/name-order.ts";

const rightAligned = new Set([1]);

/** `lls`: lists local files. */
export const lls: Command = {
  name: "lls",
  purpose: "local",
  summary: "list local files",
  usage: "[-1alh] [PATH…]",
  description: [
    "Lists files of this machine as ls lists those of the network: the current local directory without an operand. With -l each line has the mode, the size in bytes, the time of its last change, and the name.",
  ],
  options: [
    { long: "one", short: "1", summary: "one name a line" },
    { long: "all", short: "a", summary: "also names that start with a dot" },
    { long: "long", short: "l", summary: "mode, size, time and name" },
    { long: "human", short: "h", summary: "sizes in powers of 1024" },
  ],
  side: allOn("local"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { PATH: "a file or directory of this machine" },
  exitCodes: { 3: "a path is not there", 4: "it may not be read" },
  examples: [
    ["lls *.jpg", "Which pictures put *.jpg would take."],
    ["lls -lh", "Readable sizes."],
  ],
  seeAlso: ["lcd", "put", "ls"],
  async run({ options, operands }, context) {
    const named = operands.length > 0 ? operands : ["."];
    return eachOperand(context, named, (operand) => list(operand, named.length > 1, options, context));
  },
};

async function list(
  operand: string,
  withHeader: boolean,
  options: OptionValues,
  context: CommandContext,
): Promise<void> {
  const { state, stdout } = context;
  const path = resolve(state.lcwd, operand);
  const own = await stat(path).catch((error: unknown) => {
    throw toDfsError(error);
  });
  if (!own.isDirectory()) return write([{ name: operand, stats: own }], options, context);
  const names = (await readdir(path)).filter((name) => options.has("all") || !name.startsWith("."));
  const files: LocalFile[] = [];
  for (const name of names.sort(compareNames))
    files.push({ name, stats: await stat(join(path, name)).catch(() => undefined) });
  if (withHeader) await stdout.write(`${nameText(operand, stdout)}:\n`);
  return write(files, options, context);
}

/** A local file; one that cannot be looked at (a dangling link) has no stats. */
interface LocalFile {
  readonly name: string;
  readonly stats: Stats | undefined;
}

async function write(files: readonly LocalFile[], options: OptionValues, { stdout }: CommandContext): Promise<void> {
  const name = (file: LocalFile): string => nameText(file.name, stdout, kindOf(file));
  if (options.has("long"))
    await stdout.write(
      alignRows(
        files.map((file) => longRow(file, name(file), options)),
        rightAligned,
      ),
    );
  else if (options.has("one") || !stdout.isTTY) for (const file of files) await stdout.write(`${name(file)}\n`);
  else if (files.length > 0) await stdout.write(fillColumns(files.map(name), stdout.columns));
}

function kindOf(file: LocalFile): "file" | "directory" {
  return file.stats?.isDirectory() === true ? "directory" : "file";
}

function longRow(file: LocalFile, name: string, options: OptionValues): readonly string[] {
  if (file.stats === undefined) return ["?", "?", "?", name];
  const { mode, size, mtimeMs } = file.stats;
  return [
    modeText({ kind: kindOf(file), mode }),
    options.has("human") ? humanSize(size) : String(size),
    timeText(mtimeMs),
    name,
  ];
}

/** `lmkdir`: makes a local directory. */
export const lmkdir: Command = {
  name: "lmkdir",
  purpose: "local",
  summary: "make local directories",
  usage: "[-p] DIR…",
  description: ["Makes each DIR on this machine."],
  options: [{ long: "parents", short: "p", summary: "also those above; an existing one is fine" }],
  side: allOn("local"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { DIR: "a directory that is not there yet" },
  exitCodes: { 3: "the directory above is not there", 4: "it exists already, or may not be made" },
  examples: [["lmkdir -p restored/photos", "Make it, and restored too where that is missing."]],
  seeAlso: ["lcd", "get"],
  async run({ options, operands }, context) {
    return eachOperand(context, operands, async (operand) => {
      try {
        await mkdir(resolve(context.state.lcwd, operand), { recursive: options.has("parents") });
      } catch (error) {
        throw toDfsError(error);
      }
    });
  },
};
