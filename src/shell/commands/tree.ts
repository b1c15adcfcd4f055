import type { Entry } from "../../core/client.ts";
import { allOn, atOption, eachOperand, isJson, jsonOption, staleOption } from "../command.ts";
import type { Command, CommandContext, Invocation, OptionValues } from "../command.ts";
import type { DfsError } from "../../core/errors.ts";
import type { ChildName } from "../../core/directory-names.ts";
import { type DfsPath, childPath } from "../../core/names.ts";
import { entryJson, humanSize, jsonLine, nameText } from "../formats.ts";
import { namedEntries, reportRefused, sortedNames } from "../listing.ts";
import { remotePath } from "../operands.ts";
import { temporary } from "../manual.ts";

/** `tree`: draws trees. */
export const tree: Command = {
  name: "tree",
  purpose: "files",
  summary: "draw trees, sorted by name",
  usage: "[-adh] [-L N] [--at WHEN] [--stale] [--json] [DIR…]",
  description: [
    "Draws each DIR with all that is below it, and counts directories and files at the end. With --json each is a line as ls --json prints it, a directory before what is in it. Without an operand it draws the current directory.",
  ],
  options: [
    { long: "all", short: "a", summary: "also names that start with a dot" },
    { long: "directories", short: "d", summary: "only directories" },
    { long: "human", short: "h", summary: "with sizes in powers of 1024" },
    { long: "level", short: "L", value: "N", summary: "only so many levels" },
    atOption,
    staleOption,
    jsonOption,
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
  async run(invocation, context) {
    const { operands } = invocation;
    const drawing = new Drawing(invocation, context);
    const named = operands.length > 0 ? operands : ["."];
    const code = await eachOperand(context, named, (operand) => drawing.draw(operand));
    if (drawing.hasDrawn) await drawing.counts();
    return Math.max(code, await drawing.reportRefused());
  },
};

/** A name, with the whole entry where more of it is shown. */
type Drawn = ChildName & { readonly entry?: Entry };

class Drawing {
  readonly #options: OptionValues;
  readonly #context: CommandContext;
  readonly #levels: number;
  readonly #isJson: boolean;
  readonly #refused: DfsError[] = [];
  hasDrawn = false;
  #directories = 0;
  #files = 0;

  constructor(invocation: Invocation, context: CommandContext) {
    const { options } = invocation;
    this.#options = options;
    this.#context = context;
    this.#isJson = isJson(invocation, context);
    this.#levels = options.number("level", 1) ?? Number.POSITIVE_INFINITY;
  }

  async draw(operand: string): Promise<void> {
    const { stdout, reads } = this.#context;
    const client = await this.#context.client();
    const entry = await client.stat(remotePath(operand, this.#context), reads);
    await stdout.write(this.#isJson ? jsonLine(entryJson(entry)) : `${nameText(operand, stdout, entry.kind)}\n`);
    this.hasDrawn = true;
    if (entry.kind === "directory") await this.#children(entry.path, "", 1);
    else this.#files += 1;
  }

  async #children(path: DfsPath, indent: string, level: number): Promise<void> {
    let waiting: Drawn | undefined;
    for await (const child of this.#shown(path)) {
      if (waiting !== undefined) await this.#child(path, waiting, indent, level, false);
      waiting = child;
    }
    if (waiting !== undefined) await this.#child(path, waiting, indent, level, true);
  }

  async *#shown(path: DfsPath): AsyncGenerator<Drawn> {
    const { reads } = this.#context;
    const client = await this.#context.client();
    const onRefused = (error: DfsError): void => void this.#refused.push(error);
    for await (const names of sortedNames(client, path, reads, { onRefused })) {
      const shown = names.filter(
        ({ name, kind }) =>
          (this.#options.has("all") || !name.startsWith(".")) &&
          (kind === "directory" || !this.#options.has("directories")),
      );
      if (!this.#options.has("human") && !this.#isJson) yield* shown;
      else
        for await (const entries of namedEntries(client, path, shown, reads, onRefused))
          yield* entries.map((entry) => ({ name: entry.name, kind: entry.kind, entry }));
    }
  }

  async #child(path: DfsPath, child: Drawn, indent: string, level: number, isLast: boolean): Promise<void> {
    const { stdout } = this.#context;
    const { kind, name, entry } = child;
    const size = entry === undefined ? "" : `[${humanSize(entry.sizeBytes).padStart(5)}]  `;
    const line = `${indent}${isLast ? "└── " : "├── "}${size}${nameText(name, stdout, kind)}\n`;
    await stdout.write(this.#isJson && entry !== undefined ? jsonLine(entryJson(entry)) : line);
    if (kind === "file") this.#files += 1;
    else {
      this.#directories += 1;
      if (level < this.#levels)
        await this.#children(childPath(path, name), indent + (isLast ? "    " : "│   "), level + 1);
    }
  }

  /** Tells what was left out of the drawing. Returns the exit code. */
  async reportRefused(): Promise<number> {
    return reportRefused(this.#refused, this.#context);
  }

  async counts(): Promise<void> {
    if (this.#isJson) return;
    const directories = `${this.#directories} ${this.#directories === 1 ? "directory" : "directories"}`;
    const files = `${this.#files} ${this.#files === 1 ? "file" : "files"}`;
    const counted = this.#options.has("directories") ? directories : `${directories}, ${files}`;
    await this.#context.stdout.write(`\n${counted}\n`);
  }
}
