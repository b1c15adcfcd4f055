/* The commands that look at and change this machine's files. */
import { mkdir, readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Stats } from "node:fs";
import { toDfsError } from "../../core/errors.ts";
import { allOn, eachOperand, isJson, jsonOption } from "../command.ts";
import type { Command, CommandContext, Invocation, OptionValues } from "../command.ts";
import { alignRows, fillColumns, humanSize, jsonLine, modeText, nameText, timeText } from "../formats.ts";
import { compareNames } from "../../core/name-order.ts";

const rightAligned = new Set([1]);
/** Permissions, and not the kind of a file. */
const modeBits = 0o7777;

/** `lls`: lists local files. */
export const lls: Command = {
  name: "lls",
  purpose: "local",
  summary: "list local files",
  usage: "[-1alh] [--json] [PATH…]",
  description: [
    "Lists files of this machine as ls lists those of the network: the current local directory without an operand. With -l each line has the mode, the size in bytes, the time of its last change, and the name.",
  ],
  options: [
    { long: "one", short: "1", summary: "one name a line" },
    { long: "all", short: "a", summary: "also names that start with a dot" },
    { long: "long", short: "l", summary: "mode, size, time and name" },
    { long: "human", short: "h", summary: "sizes in powers of 1024" },
    jsonOption,
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
  async run(invocation, context) {
    const { operands } = invocation;
    const named = operands.length > 0 ? operands : ["."];
    const files: LocalFile[] = [];
    const directories: string[] = [];
    const code = await eachOperand(context, named, async (operand) => {
      const stats = await local(stat(resolve(context.state.lcwd, operand)));
      if (stats.isDirectory()) directories.push(operand);
      else files.push({ name: operand, path: resolve(context.state.lcwd, operand), stats });
    });
    await write(files, invocation, context);
    let hasWritten = files.length > 0;
    const listCode = await eachOperand(context, directories, async (operand) => {
      const { stdout } = context;
      const listed = await filesIn(operand, invocation.options, context);
      if (named.length > 1 && !isJson(invocation, context))
        await stdout.write(`${hasWritten ? "\n" : ""}${nameText(operand, stdout)}:\n`);
      hasWritten = true;
      await write(listed, invocation, context);
    });
    return Math.max(code, listCode);
  },
};

/** What fails on this machine, as an error of ours. */
async function local<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw toDfsError(error);
  }
}

async function filesIn(operand: string, options: OptionValues, { state }: CommandContext): Promise<LocalFile[]> {
  const path = resolve(state.lcwd, operand);
  const names = (await local(readdir(path))).filter((name) => options.has("all") || !name.startsWith("."));
  const files: LocalFile[] = [];
  for (const name of names.sort(compareNames))
    files.push({ name, path: join(path, name), stats: await stat(join(path, name)).catch(() => undefined) });
  return files;
}

/** A local file; one that cannot be looked at (a dangling link) has no stats. */
interface LocalFile {
  readonly name: string;
  readonly path: string;
  readonly stats: Stats | undefined;
}

async function write(files: readonly LocalFile[], invocation: Invocation, context: CommandContext): Promise<void> {
  const { stdout } = context;
  const { options } = invocation;
  const name = (file: LocalFile): string => nameText(file.name, stdout, kindOf(file));
  if (files.length === 0) return;
  if (isJson(invocation, context)) for (const file of files) await stdout.write(jsonLine(fileJson(file)));
  else if (options.has("long"))
    await stdout.write(
      alignRows(
        files.map((file) => longRow(file, name(file), options)),
        rightAligned,
      ),
    );
  else if (options.has("one") || !stdout.isTTY) for (const file of files) await stdout.write(`${name(file)}\n`);
  else if (files.length > 0) await stdout.write(fillColumns(files.map(name), stdout.columns));
}

function fileJson({ name, path, stats }: LocalFile): Record<string, unknown> {
  const own = { path, name: basename(name) };
  if (stats === undefined) return { ...own, kind: "unknown" };
  const kind = stats.isFile() ? "file" : stats.isDirectory() ? "directory" : "other";
  const { size, mode, mtime } = stats;
  return { ...own, kind, sizeBytes: kind === "file" ? size : 0, mode: mode & modeBits, modified: mtime.toISOString() };
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
      await local(mkdir(resolve(context.state.lcwd, operand), { recursive: options.has("parents") }));
    });
  },
};
