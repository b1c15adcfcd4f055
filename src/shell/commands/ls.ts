import type { DfsClient, Entry } from "../../core/client.ts";
import type { ChildName } from "../../core/directory-names.ts";
import type { DfsError } from "../../core/errors.ts";
import { listedAtOnce } from "../../core/limits.ts";
import { compareNames } from "../../core/name-order.ts";
import { type DfsPath, childPath, rootPath } from "../../core/names.ts";
import { allOn, atOption, eachOperand, staleOption } from "../command.ts";
import type { Command, CommandContext, Invocation, OptionValues } from "../command.ts";
import { alignRows, entryJson, fillColumns, humanSize, jsonLine, modeText, nameText, timeText } from "../formats.ts";
import { doorEntries } from "../doors.ts";
import { listPages, namedEntries, reportRefused, sortedNames } from "../listing.ts";
import { remotePath } from "../operands.ts";
import { PathLookup } from "../path-lookup.ts";
import { temporary } from "../manual.ts";

const rightAligned = new Set([1, 2, 3]);

/** `ls`: lists files and directories. */
export const ls: Command = {
  name: "ls",
  purpose: "files",
  summary: "list files and directories",
  usage: "[-1aldhrtSR] [--at WHEN] [--stale] [--json] [PATH…]",
  description: [
    "Lists what is in each directory and tells each file; without an operand the current directory. Names are sorted by their code points. On a terminal they stand in columns, elsewhere one a line, so that scripts can read them.",
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
    atOption,
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
  const directories: string[] = [];
  const lookup = new PathLookup(client, context.reads, pathsOf(operands, context));
  const code = await eachOperand(context, operands, async (operand) => {
    const entry = await lookup.stat(remotePath(operand, context));
    const { kind } = entry;
    if (kind === "file" || options.has("directory")) files.push({ kind, entry, label: operand });
    else directories.push(operand);
  });
  await new Rows(options, context).write(sortedOperands(files, options));
  const listing = new Listing(client, options, context, operands.length > 1 || options.has("recursive"));
  listing.hasWritten = files.length > 0;
  const listCode = await eachOperand(context, directories, async (operand) =>
    listing.directory(operand, remotePath(operand, context)),
  );
  return Math.max(code, listCode, await listing.reportRefused());
}

/** The paths of the operands that can be paths. */
function pathsOf(operands: readonly string[], context: CommandContext): readonly DfsPath[] {
  return operands.flatMap((operand) => {
    try {
      return [remotePath(operand, context)];
    } catch {
      return []; // told when it is its turn
    }
  });
}

/** What is written of an entry, and what to call it. */
interface Shown {
  readonly label: string;
  readonly kind: Entry["kind"];
  /** Present where more than the name is written. */
  readonly entry?: Entry | undefined;
}

class Listing {
  hasWritten = false;
  readonly #client: DfsClient;
  readonly #options: OptionValues;
  readonly #context: CommandContext;
  readonly #withHeaders: boolean;
  readonly #refused: DfsError[] = [];

  constructor(client: DfsClient, options: OptionValues, context: CommandContext, withHeaders: boolean) {
    this.#client = client;
    this.#options = options;
    this.#context = context;
    this.#withHeaders = withHeaders;
  }

  /** Writes what is in a directory as it comes. */
  async directory(operand: string, path: DfsPath): Promise<void> {
    const hasDoors = this.#options.has("all") && path === rootPath;
    const doors = hasDoors ? await doorEntries(this.#client, this.#context.reads) : [];
    const rows = new Rows(this.#options, this.#context);
    const below: string[] = [];
    let hasHeader = false;
    for await (const names of gathered(this.#ordered(path, doors))) {
      if (!hasHeader) await this.#header(operand);
      hasHeader = true;
      for (const some of rows.areWhole ? batches(names) : [names]) await this.#write(rows, path, some, doors);
      if (!this.#options.has("recursive")) continue;
      for (const { kind, name } of names)
        if (kind === "directory" && !doors.some((door) => door.name === name)) below.push(name);
    }
    if (!hasHeader) await this.#header(operand);
    for (const name of below)
      await this.directory(operand.endsWith("/") ? operand + name : `${operand}/${name}`, childPath(path, name));
  }

  /** Tells what was left out of the listings. Returns the exit code. */
  async reportRefused(): Promise<number> {
    return reportRefused(this.#refused, this.#context);
  }

  readonly #onRefused = (error: DfsError): void => {
    this.#refused.push(error);
  };

  #ordered(path: DfsPath, doors: readonly Entry[]): AsyncIterable<readonly ChildName[]> {
    if (this.#options.has("time") || this.#options.has("size")) return this.#byRank(path, doors);
    const { reads } = this.#context;
    const names = withDoors(sortedNames(this.#client, path, reads, { onRefused: this.#onRefused }), doors);
    return this.#options.has("reverse") ? this.#reversed(names) : this.#forwards(names);
  }

  async *#forwards(names: AsyncIterable<readonly ChildName[]>): AsyncGenerator<readonly ChildName[]> {
    for await (const some of names) yield this.#shown(some);
  }

  async *#reversed(names: AsyncIterable<readonly ChildName[]>): AsyncGenerator<readonly ChildName[]> {
    const all: ChildName[] = [];
    for await (const some of names) all.push(...this.#shown(some));
    yield* batches(all.reverse());
  }

  /** By time or size: nothing can be written before all are known; of each entry only what it is sorted by is kept. */
  async *#byRank(path: DfsPath, doors: readonly Entry[]): AsyncGenerator<readonly ChildName[]> {
    const field = this.#options.has("time") ? "modifiedMs" : "sizeBytes";
    const all: (ChildName & { readonly rank: number })[] = [];
    const add = ({ name, kind, [field]: rank }: Entry): void => void all.push({ name, kind, rank });
    for await (const entry of listPages(this.#client, path, this.#context.reads, this.#onRefused)) add(entry);
    doors.forEach(add);
    const sorted = this.#shown(
      all.sort((left, right) => right.rank - left.rank || compareNames(left.name, right.name)),
    );
    yield* batches(this.#options.has("reverse") ? sorted.toReversed() : sorted);
  }

  #shown<Named extends ChildName>(names: readonly Named[]): readonly Named[] {
    return this.#options.has("all") ? names : names.filter(({ name }) => !name.startsWith("."));
  }

  async #write(rows: Rows, path: DfsPath, names: readonly ChildName[], doors: readonly Entry[]): Promise<void> {
    if (!rows.areWhole) return rows.write(names.map(({ name, kind }) => ({ label: name, kind })));
    const isDoor = (name: string): boolean => doors.some((door) => door.name === name);
    const own = names.filter(({ name }) => !isDoor(name));
    const entries = new Map(doors.map((door) => [door.name, door]));
    for await (const some of namedEntries(this.#client, path, own, this.#context.reads, this.#onRefused))
      for (const entry of some) entries.set(entry.name, entry);
    const shown = names.map(({ name, kind }) => ({ label: name, kind, entry: entries.get(name) }));
    await rows.write(shown.filter(({ entry }) => entry !== undefined));
  }

  async #header(operand: string): Promise<void> {
    const { stdout, settings } = this.#context;
    if (!this.#withHeaders || this.#options.has("json") || settings.json) return;
    await stdout.write(`${this.hasWritten ? "\n" : ""}${nameText(operand, stdout)}:\n`);
    this.hasWritten = true;
  }
}

/** The names with those of the doors in their places. */
async function* withDoors(
  source: AsyncIterable<readonly ChildName[]>,
  doors: readonly ChildName[],
): AsyncGenerator<readonly ChildName[]> {
  let waiting = doors;
  for await (const names of source) {
    const last = names.at(-1)?.name ?? "";
    const due = waiting.filter(({ name }) => compareNames(name, last) < 0);
    waiting = waiting.filter((door) => !due.includes(door));
    yield due.length === 0 ? names : [...names, ...due].sort((left, right) => compareNames(left.name, right.name));
  }
  yield waiting;
}

/** Few names wait for others, so that they are written together. */
async function* gathered(source: AsyncIterable<readonly ChildName[]>): AsyncGenerator<readonly ChildName[]> {
  let waiting: readonly ChildName[] = [];
  for await (const names of source) {
    waiting = waiting.length === 0 ? names : [...waiting, ...names];
    if (waiting.length < listedAtOnce) continue;
    yield waiting;
    waiting = [];
  }
  if (waiting.length > 0) yield waiting;
}

function* batches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += listedAtOnce) yield items.slice(at, at + listedAtOnce);
}

function sortedOperands(files: readonly Shown[], options: OptionValues): readonly Shown[] {
  const rank = ({ entry }: Shown): number => {
    if (options.has("time")) return entry?.modifiedMs ?? 0;
    return options.has("size") ? (entry?.sizeBytes ?? 0) : 0;
  };
  const ordered = files.toSorted((left, right) => rank(right) - rank(left) || compareNames(left.label, right.label));
  return options.has("reverse") ? ordered.reverse() : ordered;
}

/** Writes entries as the options say: JSON, long rows, names, or names in columns. */
class Rows {
  readonly #options: OptionValues;
  readonly #context: CommandContext;
  /** Of the columns of long rows: no later row is narrower than those before it. */
  readonly #widths: number[] = [];

  constructor(options: OptionValues, context: CommandContext) {
    this.#options = options;
    this.#context = context;
  }

  /** Whether more than names is written. */
  get areWhole(): boolean {
    return this.#isJson || this.#options.has("long");
  }

  get #isJson(): boolean {
    return this.#options.has("json") || this.#context.settings.json;
  }

  async write(shown: readonly Shown[]): Promise<void> {
    const { stdout } = this.#context;
    if (shown.length === 0) return;
    const name = ({ label, kind }: Shown): string => nameText(label, stdout, kind);
    const whole = shown.flatMap(({ entry, ...rest }) => (entry === undefined ? [] : [{ ...rest, entry }]));
    if (this.#isJson) await stdout.write(whole.map(({ entry }) => jsonLine(entryJson(entry))).join(""));
    else if (this.#options.has("long"))
      await stdout.write(
        alignRows(
          whole.map((each) => longRow(each.entry, name(each), this.#options)),
          rightAligned,
          this.#widths,
        ),
      );
    else if (this.#options.has("one") || !stdout.isTTY)
      await stdout.write(shown.map((each) => `${name(each)}\n`).join(""));
    else await stdout.write(fillColumns(shown.map(name), stdout.columns));
  }
}

function longRow(entry: Entry, name: string, options: OptionValues): readonly string[] {
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
