import type { Entry } from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { pathParts } from "../../core/names.ts";
import { allOn, atOption, eachOperand, staleOption } from "../command.ts";
import type { Command, CommandContext, Invocation, OptionValues } from "../command.ts";
import { humanSize, jsonLine, nameText } from "../formats.ts";
import { remotePath, shownPath } from "../operands.ts";
import { temporary } from "../manual.ts";
import { type Sums, addSums, noBytes, sumsOf } from "../sums.ts";

const unitBytes = 1024;

/** `du`: sums what trees hold. */
export const du: Command = {
  name: "du",
  purpose: "files",
  summary: "sum up trees, in KiB, rounded up",
  usage: "[-hsacl] [-d N] [--at WHEN] [--stale] [--json] [PATH…]",
  description: [
    "Sums up what is below each PATH, without one below the current directory, with a line for each directory.",
    "With --long there are four sums: LOGICAL is what ls shows; UNIQUE is what the newest revisions added to the store after deduplication, so that a second copy costs nothing; HISTORY is the same of earlier revisions; REPLICATED is both, on all disks that they are on.",
  ],
  options: [
    { long: "human", short: "h", summary: "sizes in powers of 1024" },
    { long: "summarize", short: "s", summary: "only the operands" },
    { long: "all", short: "a", summary: "also files" },
    { long: "total", short: "c", summary: "a grand total at the end" },
    { long: "depth", short: "d", value: "N", summary: "only so far below the operands" },
    { long: "long", short: "l", summary: "logical, unique (stored once), history and replicated sizes" },
    atOption,
    staleOption,
    { long: "json", summary: "one JSON object a line, in bytes" },
  ],
  side: allOn("remote"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { PATH: "a directory or file of the network" },
  exitCodes: { 3: "a path is not there", ...temporary },
  examples: [
    ["du -sh /photos", "How large a tree is."],
    ["du -l -d 1 /", "What each top directory costs, history and copies included."],
    ["du -ac *.iso", "Files with a total."],
  ],
  seeAlso: ["df", "ls", "find"],
  run,
};

async function run({ options, operands }: Invocation, context: CommandContext): Promise<number> {
  const report = new Report(options, context);
  await report.header();
  const code = await eachOperand(context, operands.length > 0 ? operands : ["."], (operand) => report.tree(operand));
  await report.total();
  return code;
}

class Report {
  readonly #options: OptionValues;
  readonly #context: CommandContext;
  readonly #depthMax: number;
  readonly #total = noBytes();

  constructor(options: OptionValues, context: CommandContext) {
    this.#options = options;
    this.#context = context;
    const depth = options.number("depth", 0);
    if (depth !== undefined && options.has("summarize")) throw new DfsError("usage", "-s and -d exclude each other");
    this.#depthMax = options.has("summarize") ? 0 : (depth ?? Number.POSITIVE_INFINITY);
  }

  get #isJson(): boolean {
    return this.#options.has("json") || this.#context.settings.json;
  }

  async header(): Promise<void> {
    if (this.#options.has("long") && !this.#isJson)
      await this.#context.stdout.write("LOGICAL\tUNIQUE\tHISTORY\tREPLICATED\tPATH\n");
  }

  /** Walks one operand with a stack as deep as the tree: a directory is printed once the walk has left it. */
  async tree(operand: string): Promise<void> {
    const path = remotePath(operand, this.#context);
    const ownDepth = pathParts(path).length;
    const open: { entry: Entry; depth: number; sums: Sums }[] = [];
    const leave = async (): Promise<void> => {
      const left = open.pop();
      if (left === undefined) return;
      addSums(open.at(-1)?.sums ?? this.#total, left.sums);
      if (left.depth <= this.#depthMax && this.#isListed(left.entry, left.depth))
        await this.#line(shownPath(operand, path, left.entry.path), left.entry.path, left.sums);
    };
    const client = await this.#context.client();
    let refusal: DfsError | undefined;
    try {
      for await (const entry of client.walk(path, this.#context.reads)) {
        const depth = pathParts(entry.path).length - ownDepth;
        while (open.length > depth) await leave();
        open.push({ entry, depth, sums: sumsOf(entry) });
      }
    } catch (error) {
      refusal = toDfsError(error);
      if (refusal.kind !== "invalid-name" && refusal.kind !== "integrity") throw error;
    }
    while (open.length > 0) await leave();
    if (refusal !== undefined) throw refusal;
  }

  async total(): Promise<void> {
    if (this.#options.has("total")) await this.#line("total", undefined, this.#total);
  }

  #isListed(entry: Entry, depth: number): boolean {
    return depth === 0 || entry.kind === "directory" || this.#options.has("all");
  }

  async #line(shown: string, path: string | undefined, sums: Sums): Promise<void> {
    const { stdout } = this.#context;
    if (this.#isJson) return stdout.write(jsonLine(jsonSums(path, sums)));
    const columns = this.#options.has("long")
      ? [sums.logical, sums.unique, sums.history, sums.replicated]
      : [sums.logical];
    const sizes = columns.map((bytes) => this.#sizeText(bytes));
    return stdout.write(`${sizes.join("\t")}\t${nameText(shown, stdout)}\n`);
  }

  #sizeText(bytes: number): string {
    return this.#options.has("human") ? humanSize(bytes) : String(Math.ceil(bytes / unitBytes));
  }
}

function jsonSums(path: string | undefined, sums: Sums): Record<string, unknown> {
  return {
    ...(path === undefined ? { total: true } : { path }),
    logicalBytes: sums.logical,
    uniqueBytes: sums.unique,
    historyBytes: sums.history,
    replicatedBytes: sums.replicated,
  };
}
