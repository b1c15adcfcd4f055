import type { Entry } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { pathParts } from "../../core/names.ts";
import { allOn, eachOperand, staleOption, wholeNumber } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { entryJson, jsonLine, nameText } from "../formats.ts";
import { compileGlob } from "../glob.ts";
import { remotePath, shownPath } from "../operands.ts";

const dayMs = 24 * 60 * 60_000;
/** What a size without a unit counts, as POSIX has it. */
const blockBytes = 512;
const sizeUnitBytes: Readonly<Record<string, number>> = { c: 1, k: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** `find`: walks trees and prints what passes every test. */
export const find: Command = {
  name: "find",
  summary: "walk trees and print the paths that pass every test",
  usage:
    "[PATH…] [-name G] [-iname G] [-type f|d] [-size ±N[ckMG]] [-mtime ±N] [-newer F] [-mindepth N] [-maxdepth N] [-print0] [--stale] [--json]",
  options: [
    { long: "name", value: "GLOB", summary: "the name matches" },
    { long: "iname", value: "GLOB", summary: "the name matches, whatever the case" },
    { long: "type", value: "f|d", summary: "a file or a directory" },
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
    staleOption,
    { long: "json", summary: "one JSON object a line" },
  ],
  side: allOn("remote"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: ["find / -name '*.jpg' -size +1M", "find . -type f -mtime -7"],
  ownArguments: true,
  run,
};

type Test = (entry: Entry) => boolean;

/** The expression of one call. */
interface Expression {
  readonly tests: Test[];
  newer: string | undefined;
  depthMin: number;
  depthMax: number;
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
    expression.tests.push((entry) => entry.modifiedMs > modifiedMs);
  }
  return eachOperand(context, paths.length > 0 ? paths : ["."], (operand) => walk(operand, expression, context));
}

async function walk(operand: string, expression: Expression, context: CommandContext): Promise<void> {
  const client = await context.client();
  const path = remotePath(operand, context);
  const ownDepth = pathParts(path).length;
  for await (const entry of client.walk(path, context.reads)) {
    const depth = pathParts(entry.path).length - ownDepth;
    if (depth < expression.depthMin || depth > expression.depthMax) continue;
    if (expression.tests.every((test) => test(entry)))
      await context.stdout.write(line(shownPath(operand, path, entry.path), entry, expression, context));
  }
}

function line(shown: string, entry: Entry, { json, end }: Expression, { stdout }: CommandContext): string {
  if (json) return jsonLine(entryJson(entry));
  return (end === "\0" ? shown : nameText(shown, stdout)) + end;
}

function parseExpression(words: readonly string[], json: boolean): Expression {
  const expression: Expression = {
    tests: [],
    newer: undefined,
    depthMin: 0,
    depthMax: Number.POSITIVE_INFINITY,
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
  "-name": ({ tests }, value) => tests.push(nameTest(value, false)),
  "-iname": ({ tests }, value) => tests.push(nameTest(value, true)),
  "-type": ({ tests }, value) => tests.push(typeTest(value)),
  "-size": ({ tests }, value) => tests.push(sizeTest(value)),
  "-mtime": ({ tests }, value) => tests.push(timeTest(value, Date.now())),
  "-newer": (expression, value) => {
    expression.newer = value;
  },
  "-mindepth": (expression, value) => {
    expression.depthMin = wholeNumber(value, "-mindepth", 0);
  },
  "-maxdepth": (expression, value) => {
    expression.depthMax = wholeNumber(value, "-maxdepth", 0);
  },
};

function nameTest(pattern: string, ignoreCase: boolean): Test {
  const isMatch = compileGlob(pattern, { ignoreCase, matchHidden: true });
  return (entry) => isMatch(entry.name);
}

function typeTest(value: string): Test {
  if (value !== "f" && value !== "d") throw new DfsError("usage", `-type needs f or d, not "${value}"`);
  return (entry) => (entry.kind === "file") === (value === "f");
}

function sizeTest(value: string): Test {
  const match = /^([+-]?)(\d{1,15})([ckMG]?)$/.exec(value);
  if (match === null) throw new DfsError("usage", `-size needs a number, with +, -, c, k, M or G, not "${value}"`);
  const unitBytes = sizeUnitBytes[match[3] ?? ""] ?? blockBytes;
  return (entry) => compares(match[1], Math.ceil(entry.sizeBytes / unitBytes), Number(match[2]));
}

function timeTest(value: string, nowMs: number): Test {
  const match = /^([+-]?)(\d{1,9})$/.exec(value);
  if (match === null) throw new DfsError("usage", `-mtime needs a number of days, with + or -, not "${value}"`);
  return (entry) => compares(match[1], Math.floor((nowMs - entry.modifiedMs) / dayMs), Number(match[2]));
}

function compares(sign: string | undefined, actual: number, wanted: number): boolean {
  if (sign === "+") return actual > wanted;
  return sign === "-" ? actual < wanted : actual === wanted;
}
