/** What changed between two texts, line by line: unified, as `diff -u` writes it. */
import { structuredPatch } from "diff";
import { diffEditsMax, diffTimeMs } from "../../core/limits.ts";
import { printable } from "../../core/names.ts";
import type { Output } from "../output.ts";

/** Lines that belong together, each with a sign in front: a blank for what stayed, `-` and `+` for what went and came. */
export interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  /** A line that starts with a backslash says that the one before it has no line end. */
  readonly lines: readonly string[];
}

/** The hunks that make `newText` of `oldText`, each with so many lines around it; undefined where too much differs to tell in time. */
export function hunksOf(oldText: string, newText: string, contextLines: number): readonly Hunk[] | undefined {
  const options = { context: contextLines, timeout: diffTimeMs, maxEditLength: diffEditsMax };
  return structuredPatch("", "", oldText, newText, "", "", options)?.hunks;
}

/** The text of these bytes; undefined for what is no text. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Hunks below the labels of both sides, as they are written to `output`. */
export function* unifiedLines(
  labels: readonly [string, string],
  hunks: readonly Hunk[],
  output: Output,
): Generator<string> {
  const line = (text: string): string => `${colored(shown(text, output), output)}\n`;
  yield `${bold(shown(`--- ${labels[0]}`, output), output)}\n`;
  yield `${bold(shown(`+++ ${labels[1]}`, output), output)}\n`;
  for (const { oldStart, oldLines, newStart, newLines, lines } of hunks) {
    yield line(`@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`);
    for (const text of lines) yield line(text);
  }
}

/** As POSIX has it: of one line only its number, and of none the one before. */
function range(start: number, lines: number): string {
  if (lines === 1) return String(start);
  return `${lines === 0 ? Math.max(0, start - 1) : start},${lines}`;
}

/** A tab is no danger to a terminal, and belongs to a text. */
function shown(text: string, { isTTY }: Output): string {
  return isTTY ? text.split("\t").map(printable).join("\t") : text;
}

const colors: Readonly<Record<string, number>> = { "-": 31, "+": 32, "@": 36 };

function colored(text: string, { color }: Output): string {
  const code = colors[text.charAt(0)];
  return color && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text;
}

function bold(text: string, { color }: Output): string {
  return color ? `\u001b[1m${text}\u001b[0m` : text;
}
