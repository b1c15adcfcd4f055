import type { Entry, Found } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import type { FindQuery, NameTest } from "../../core/find-query.ts";
import { allOn, atOption, eachOperand, staleOption, wholeNumber } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { entryJson, jsonLine, nameText } from "../formats.ts";
import { remotePath, shownPath } from "../operands.ts";
import { temporary } from "../manual.ts";

const dayMs = 24 * 60 * 60_000;
/** What a size without a unit counts, as POSIX has it. */
const blockBytes = 512;
/** No file is larger, and no number below it loses a byte. */
const sizeBytesMax = Number.MAX_SAFE_INTEGER - 1;
const sizeUnitBytes: Readonly<Record<string, number>> = { c: 1, k: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** `find`: prints what passes every test, by the index of names where there is one. */
export const find: Command = {
  name: "find",
  purpose: "files",
  summary: "search trees and print the paths that pass every test",
  usage:
    "[PATH…] [-name G] [-iname G] [-type f|d] [-size ±N[ckMG]] [-mtime ±N] [-newer F] [-mindepth N] [-maxdepth N] [-print0] [--at WHEN] [--stale] [--json]",
  description: [
    "Prints each path below each PATH (without one, below the current directory) that passes every test. Tests are as in POSIX: the words after the paths, each with one dash. Every test that is given has to hold.",
    "Names are found by an index that this machine keeps of what you can see, so that a search does not ask for every directory. Quote globs: they are the test's, not the shell's.",
    "N means exactly N, +N more and -N less. Sizes are rounded up to whole units, ages down to whole days.",
  ],
  options: [
    { long: "name", value: "GLOB", summary: "the name matches" },
    { long: "iname", value: "GLOB", summary: "the name matches, whatever the case" },
    { long: "type", value: "f|d", summary: "what it is", values: { f: "a file", d: "a directory" } },
    {
      long: "size",
      value: "±N[ckMG]",
      summary: "more, less or exactly N units, rounded up; 512-byte blocks unless named",
    },
    { long: "mtime", value: "±N", summary: "changed more, less or exactly N days ago" },
    { long: "newer", value: "PATH", summary: "changed after this remote file was" },
    { long: "mindepth", value: "N", summary: "at least this far below the operand" },
    { long: "maxdepth", value: "N", summary: "at most this far below the operand" },
    { long: "print0", summary: "end each path with NUL" },
    atOption,
    staleOption,
    { long: "json", summary: "one JSON object a line" },
  ],
  side: allOn("remote"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { PATH: "where to search: a directory, or a file that is tested alone" },
  exitCodes: { 3: "a path is not there", ...temporary },
  examples: [
    ["find / -name '*.jpg' -size +1M", "Large pictures, wherever they are."],
    ["find . -type f -mtime -7", "What was changed within a week."],
    ["find . -newer report.pdf -print0", "What changed after a file did, for programs that read NUL-ended names."],
  ],
  seeAlso: ["ls", "tree", "du"],
  ownArguments: true,
  ownPatterns: true,
  run,
};

/** The expression of one call. */
interface Expression {
  /** What is asked for, so far. */
  query: FindQuery;
  newer: string | undefined;
  end: "\n" | "\0";
  json: boolean;
}

async function run({ operands }: Invocation, context: CommandContext): Promise<number> {
  const firstTest = operands.findIndex((operand) => operand.startsWith("-"));
  const paths = firstTest < 0 ? operands : operands.slice(0, firstTest);
  const expression = parseExpression(firstTest < 0 ? [] : operands.slice(firstTest), context.settings.json);
  const client = await context.client();
  if (expression.newer !== undefined) {
    const { modifiedMs } = await client.stat(remotePath(expression.newer, context), context.reads);
    narrow(expression, { modifiedAfterMs: modifiedMs });
  }
  return eachOperand(context, paths.length > 0 ? paths : ["."], (operand) => search(operand, expression, context));
}

async function search(operand: string, expression: Expression, context: CommandContext): Promise<void> {
  const client = await context.client();
  const path = remotePath(operand, context);
  const { query, json } = expression;
  for await (const found of client.find(path, query, { ...context.reads, whole: json }))
    await context.stdout.write(line(shownPath(operand, path, found.path), found, expression, context));
}

function line(shown: string, { entry }: Found, { end }: Expression, { stdout }: CommandContext): string {
  if (entry !== undefined) return jsonLine(entryJson(entry));
  return (end === "\0" ? shown : nameText(shown, stdout)) + end;
}

function parseExpression(words: readonly string[], json: boolean): Expression {
  const expression: Expression = {
    query: {},
    newer: undefined,
    end: "\n",
    json,
  };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string;
    const flag = flags[word === "--json" ? "-json" : word];
    const primary = primaries[word];
    if (flag !== undefined) flag(expression);
    else if (primary === undefined) throw new DfsError("usage", `unknown test "${word}"`);
    else {
      at += 1;
      const value = words[at];
      if (value === undefined) throw new DfsError("usage", `${word} needs a value`);
      primary(expression, value);
    }
  }
  return expression;
}

const flags: Readonly<Record<string, (expression: Expression) => void>> = {
  "-print": () => undefined,
  "-print0": (expression) => {
    expression.end = "\0";
  },
  "-json": (expression) => {
    expression.json = true;
  },
};

const primaries: Readonly<Record<string, (expression: Expression, value: string) => void>> = {
  "-name": (expression, value) => addName(expression, { glob: value, ignoreCase: false }),
  "-iname": (expression, value) => addName(expression, { glob: value, ignoreCase: true }),
  "-type": (expression, value) => {
    const { query } = expression;
    expression.query = { ...query, kinds: [...(query.kinds ?? []), kindOf(value)] };
  },
  "-size": (expression, value) => narrow(expression, sizeRange(value)),
  "-mtime": (expression, value) => narrow(expression, timeRange(value, Date.now())),
  "-newer": (expression, value) => {
    expression.newer = value;
  },
  "-mindepth": (expression, value) => {
    expression.query = { ...expression.query, depthMin: wholeNumber(value, "-mindepth", 0) };
  },
  "-maxdepth": (expression, value) => {
    expression.query = { ...expression.query, depthMax: wholeNumber(value, "-maxdepth", 0) };
  },
};

function addName(expression: Expression, test: NameTest): void {
  const { query } = expression;
  expression.query = { ...query, names: [...(query.names ?? []), test] };
}

type Range = Pick<FindQuery, "sizeMinBytes" | "sizeMaxBytes" | "modifiedAfterMs" | "modifiedUntilMs">;

/** Takes what is in both ranges. */
function narrow(expression: Expression, range: Range): void {
  const { query } = expression;
  expression.query = {
    ...query,
    sizeMinBytes: greater(query.sizeMinBytes, range.sizeMinBytes),
    sizeMaxBytes: less(query.sizeMaxBytes, range.sizeMaxBytes),
    modifiedAfterMs: greater(query.modifiedAfterMs, range.modifiedAfterMs),
    modifiedUntilMs: less(query.modifiedUntilMs, range.modifiedUntilMs),
  };
}

function greater(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

function less(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

function kindOf(value: string): Entry["kind"] {
  if (value !== "f" && value !== "d") throw new DfsError("usage", `-type needs f or d, not "${value}"`);
  return value === "f" ? "file" : "directory";
}

/** Sizes count in whole units, rounded up. */
function sizeRange(value: string): Range {
  const match = /^([+-]?)(\d{1,15})([ckMG]?)$/.exec(value);
  if (match === null) throw new DfsError("usage", `-size needs a number, with +, -, c, k, M or G, not "${value}"`);
  const unitBytes = sizeUnitBytes[match[3] ?? ""] ?? blockBytes;
  const most = Math.min(Number(match[2]) * unitBytes, sizeBytesMax);
  if (match[1] === "+") return { sizeMinBytes: most + 1 };
  const below = most - unitBytes;
  return match[1] === "-" ? { sizeMaxBytes: below } : { sizeMinBytes: Math.max(0, below + 1), sizeMaxBytes: most };
}

/** Times count in whole days, rounded down. */
function timeRange(value: string, nowMs: number): Range {
  const match = /^([+-]?)(\d{1,9})$/.exec(value);
  if (match === null) throw new DfsError("usage", `-mtime needs a number of days, with + or -, not "${value}"`);
  const sinceMs = nowMs - Number(match[2]) * dayMs;
  if (match[1] === "+") return { modifiedUntilMs: sinceMs - dayMs };
  if (match[1] === "-") return { modifiedAfterMs: sinceMs };
  return { modifiedAfterMs: sinceMs - dayMs, modifiedUntilMs: sinceMs };
}
