import type { Entry } from "../../core/client.ts";
import type { DfsError } from "../../core/errors.ts";
import { rootPath } from "../../core/names.ts";
import { allOn, eachOperand, staleOption } from "../command.ts";
import type { Command, CommandContext, Invocation, OptionValues } from "../command.ts";
import { alignRows, entryJson, fillColumns, humanSize, jsonLine, modeText, nameText, timeText } from "../formats.ts";
import { doorEntries } from "../doors.ts";
import { compareNames, reportRefused, sortedEntries } from "../listing.ts";
import { remotePath } from "../operands.ts";
import { temporary } from "../manual.ts";

const rightAligned = new Set([1, 2, 3]);

/** `ls`: lists files and directories. */
export const ls: Command = {
  name: "ls",
  purpose: "files",
  summary: "list files and directories",
  usage: "[-1aldhrtSR] [--stale] [--json] [PATH…]",
  description: [
    "Lists what is in each DIR and tells each FILE; without an operand the current directory. Names are sorted by their code points. On a terminal they stand in columns, elsewhere one a line, so that scripts can read them.",
    "With -l each line has the mode, the number of disks that the file is on, its revision, its size in bytes, the time of its last change, and its name.",
    "With several operands files come first, then each directory under its name. What cannot be listed is told on stderr, and the others are listed all the same.",
  ],
  options: [
    { long: "one", short: "1", summary: "one name a line" },
    { long: "all", short: "a", summary: "also names that start with a dot, and the doors of / (shared, from)" },
    { long: "long", short: "l", summary: "mode, copies, revision, size, time and name" },
    { long: "directory", short: "d", summary: "directories themselves, not what is in them" },
    { long: "human", short: "h", summary: "sizes in powers of 1024" },
    { long: "reverse", short: "r", summary: "the other way round" },
    { long: "time", short: "t", summary: "newest first" },
    { long: "size", short: "S", summary: "largest first" },
    { long: "recursive", short: "R", summary: "also what is in the directories below" },
    staleOption,
    { long: "json", summary: "one JSON object a line" },
  ],
  side: allOn("remote"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { PATH: "a file or directory of the network; a glob such as *.jpg stands for all that match" },
  exitCodes: { 3: "a path is not there", 4: "a path leads through a file", ...temporary },
  examples: [
    ["ls -l /photos", "Modes, copies, revisions, sizes and times of what is in /photos."],
    ["ls -lhS *.jpg", "Pictures with readable sizes, the largest first."],
    ["ls -a /", "Hidden names too, and the doors to what is shared."],
  ],
  seeAlso: ["find", "tree", "stat", "du"],
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const { options } = invocation;
  const operands = invocation.operands.length > 0 ? invocation.operands : ["."];
  const client = await context.client();
  const files: Shown[] = [];
  const directories: { operand: string; entry: Entry }[] = [];
  const code = await eachOperand(context, operands, async (operand) => {
    const entry = await client.stat(remotePath(operand, context), context.reads);
    if (entry.kind === "file" || options.has("directory")) files.push({ entry, label: operand });
    else directories.push({ operand, entry });
  });
  await writeEntries(sorted(files, options), options, context);
  const listing = new Listing(options, context, operands.length > 1 || options.has("recursive"), files.length > 0);
  const listCode = await eachOperand(
    context,
    directories.map(({ operand }) => operand),
    async (operand) => listing.directory(operand, remotePath(operand, context)),
  );
  return Math.max(code, listCode, await listing.reportRefused());
}

/** An entry and what to call it. */
interface Shown {
  readonly entry: Entry;
  readonly label: string;
}

class Listing {
  readonly #options: OptionValues;
  readonly #context: CommandContext;
  readonly #withHeaders: boolean;
  readonly #refused: DfsError[] = [];
  #hasWritten: boolean;

  constructor(options: OptionValues, context: CommandContext, withHeaders: boolean, hasWritten: boolean) {
    this.#options = options;
    this.#context = context;
    this.#withHeaders = withHeaders;
    this.#hasWritten = hasWritten;
  }

  async directory(operand: string, path: Entry["path"]): Promise<void> {
    const client = await this.#context.client();
    const { reads } = this.#context;
    const entries = await sortedEntries(client, path, reads, (error) => this.#refused.push(error));
    const isAll = this.#options.has("all");
    const shown = entries.filter(({ name }) => isAll || !name.startsWith("."));
    const doors = isAll && path === rootPath ? await doorEntries(client, reads) : [];
    const ordered = sorted(
      [...shown, ...doors].map((entry) => ({ entry, label: entry.name })),
      this.#options,
    );
    await this.#header(operand);
    await writeEntries(ordered, this.#options, this.#context);
    if (!this.#options.has("recursive")) return;
    for (const { entry } of ordered) {
      if (entry.kind !== "directory" || doors.includes(entry)) continue;
      await this.directory(operand.endsWith("/") ? operand + entry.name : `${operand}/${entry.name}`, entry.path);
    }
  }

  /** Tells what was left out of the listings. Returns the exit code. */
  async reportRefused(): Promise<number> {
    return reportRefused(this.#refused, this.#context);
  }

  async #header(operand: string): Promise<void> {
    const { stdout } = this.#context;
    if (!this.#withHeaders || isJson(this.#options, this.#context)) return;
    await stdout.write(`${this.#hasWritten ? "\n" : ""}${nameText(operand, stdout)}:\n`);
    this.#hasWritten = true;
  }
}

function isJson(options: OptionValues, context: CommandContext): boolean {
  return options.has("json") || context.settings.json;
}

function sorted(entries: readonly Shown[], options: OptionValues): readonly Shown[] {
  const byName = (left: Shown, right: Shown): number => compareNames(left.label, right.label);
  const ordered = entries.toSorted((left, right) => {
    if (options.has("time")) return right.entry.modifiedMs - left.entry.modifiedMs || byName(left, right);
    if (options.has("size")) return right.entry.sizeBytes - left.entry.sizeBytes || byName(left, right);
    return byName(left, right);
  });
  return options.has("reverse") ? ordered.reverse() : ordered;
}

async function writeEntries(entries: readonly Shown[], options: OptionValues, context: CommandContext): Promise<void> {
  const { stdout } = context;
  if (entries.length === 0) return;
  const name = ({ entry, label }: Shown): string => nameText(label, stdout, entry.kind);
  if (isJson(options, context)) for (const { entry } of entries) await stdout.write(jsonLine(entryJson(entry)));
  else if (options.has("long"))
    await stdout.write(
      alignRows(
        entries.map((shown) => longRow(shown, name(shown), options)),
        rightAligned,
      ),
    );
  else if (options.has("one") || !stdout.isTTY) for (const shown of entries) await stdout.write(`${name(shown)}\n`);
  else await stdout.write(fillColumns(entries.map(name), stdout.columns));
}

function longRow({ entry }: Shown, name: string, options: OptionValues): readonly string[] {
  const isFile = entry.kind === "file";
  const size = options.has("human") ? humanSize(entry.sizeBytes) : String(entry.sizeBytes);
  return [
    modeText(entry),
    isFile ? String(entry.copies) : "-",
    isFile ? String(entry.revision) : "-",
    isFile ? size : "-",
    timeText(entry.modifiedMs),
    name,
  ];
}
