import { allOn, eachOperand, staleOption } from "../command.ts";
import type { Command, CommandContext, OptionValues } from "../command.ts";
import type { DfsError } from "../../core/errors.ts";
import type { DfsPath } from "../../core/names.ts";
import { humanSize, nameText } from "../formats.ts";
import { reportRefused, sortedEntries } from "../listing.ts";
import { remotePath } from "../operands.ts";
import { temporary } from "../manual.ts";

/** `tree`: draws trees. */
export const tree: Command = {
  name: "tree",
  purpose: "files",
  summary: "draw trees, sorted by name",
  usage: "[-adh] [-L N] [--stale] [DIR…]",
  description: [
    "Draws each DIR with all that is below it, and counts directories and files at the end. Without an operand it draws the current directory.",
  ],
  options: [
    { long: "all", short: "a", summary: "also names that start with a dot" },
    { long: "directories", short: "d", summary: "only directories" },
    { long: "human", short: "h", summary: "with sizes in powers of 1024" },
    { long: "level", short: "L", value: "N", summary: "only so many levels" },
    staleOption,
  ],
  side: allOn("remote"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { DIR: "a directory of the network; a file is drawn as one line" },
  exitCodes: { 3: "a path is not there", ...temporary },
  examples: [
    ["tree -L 2 /", "The two uppermost levels of everything."],
    ["tree -dh photos", "The directories below photos."],
  ],
  seeAlso: ["ls", "find", "du"],
  async run({ options, operands }, context) {
    const drawing = new Drawing(options, context);
    const named = operands.length > 0 ? operands : ["."];
    const code = await eachOperand(context, named, (operand) => drawing.draw(operand));
    await drawing.counts();
    return Math.max(code, await drawing.reportRefused());
  },
};

class Drawing {
  readonly #options: OptionValues;
  readonly #context: CommandContext;
  readonly #levels: number;
  readonly #refused: DfsError[] = [];
  #directories = 0;
  #files = 0;

  constructor(options: OptionValues, context: CommandContext) {
    this.#options = options;
    this.#context = context;
    this.#levels = options.number("level", 1) ?? Number.POSITIVE_INFINITY;
  }

  async draw(operand: string): Promise<void> {
    const { stdout, reads } = this.#context;
    const client = await this.#context.client();
    const entry = await client.stat(remotePath(operand, this.#context), reads);
    await stdout.write(`${nameText(operand, stdout, entry.kind)}\n`);
    if (entry.kind === "directory") await this.#children(entry.path, "", 1);
    else this.#files += 1;
  }

  async #children(path: DfsPath, indent: string, level: number): Promise<void> {
    const { stdout, reads } = this.#context;
    const entries = await sortedEntries(await this.#context.client(), path, reads, (error) =>
      this.#refused.push(error),
    );
    const shown = entries.filter(
      ({ name, kind }) =>
        (this.#options.has("all") || !name.startsWith(".")) &&
        (kind === "directory" || !this.#options.has("directories")),
    );
    for (const [index, entry] of shown.entries()) {
      const isLast = index === shown.length - 1;
      const size = this.#options.has("human") ? `[${humanSize(entry.sizeBytes).padStart(5)}]  ` : "";
      await stdout.write(`${indent}${isLast ? "└── " : "├── "}${size}${nameText(entry.name, stdout, entry.kind)}\n`);
      if (entry.kind === "file") this.#files += 1;
      else {
        this.#directories += 1;
        if (level < this.#levels) await this.#children(entry.path, indent + (isLast ? "    " : "│   "), level + 1);
      }
    }
  }

  /** Tells what was left out of the drawing. Returns the exit code. */
  async reportRefused(): Promise<number> {
    return reportRefused(this.#refused, this.#context);
  }

  async counts(): Promise<void> {
    const directories = `${this.#directories} ${this.#directories === 1 ? "directory" : "directories"}`;
    const files = `${this.#files} ${this.#files === 1 ? "file" : "files"}`;
    const counted = this.#options.has("directories") ? directories : `${directories}, ${files}`;
    await this.#context.stdout.write(`\n${counted}\n`);
  }
}
