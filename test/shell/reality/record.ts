/** Writes the cases of a file again with what their lines print now: for a reviewer to read, as any other change. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "../driver.ts";
import { onTerminal } from "./case.ts";
import type { CaseTable, Printed, RealityCase, Text } from "./case.ts";
import { atTerminal, inPipe } from "./run-case.ts";

/** Runs the cases of `NAME.ts` in this folder, and puts what they print into it: `all`, or those that have no texts yet. */
export async function record(name: string, table: CaseTable, all: boolean): Promise<void> {
  const path = join(import.meta.dirname, `${name}.ts`);
  const text = readFileSync(path, "utf8");
  const start = text.indexOf("export const ");
  const recorded: Record<string, readonly RealityCase[]> = {};
  for (const [command, rows] of Object.entries(table)) {
    const told: RealityCase[] = [];
    for (const row of rows) told.push(await recordedCase(row, all));
    recorded[command] = told;
  }
  const constant = /^export const (\w+)/.exec(text.slice(start))?.[1] ?? name;
  writeFileSync(path, `${text.slice(0, start)}export const ${constant}: CaseTable = ${sourceOf(recorded)};\n`);
}

/** With `all` every case, otherwise those that have no texts yet. */
async function recordedCase(before: RealityCase, all: boolean): Promise<RealityCase> {
  const { pipe: was, tty: _tty, ...row } = before;
  if (!all && Object.keys(was).length > 0) return before;
  const typed: RealityCase = { ...row, pipe: {} };
  const pipe = printed(await inPipe(typed));
  const { screen, code } = await atTerminal(typed);
  const same = onTerminal({ pipe });
  if (same.screen === screen && same.code === code) return { ...row, pipe };
  return { ...row, pipe, tty: { screen: linesOf(screen), ...(code === 0 ? {} : { code }) } };
}

function printed({ out, err, code }: Outcome): Printed {
  return {
    ...(out === "" ? {} : { out: linesOf(out) }),
    ...(err === "" ? {} : { err: linesOf(err) }),
    ...(code === 0 ? {} : { code }),
  };
}

function linesOf(text: string): Text {
  return text.endsWith("\n") ? text.slice(0, -1).split("\n") : text;
}

/** A value as the source text of an object; control characters are escaped. */
function sourceOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sourceOf).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{\n${Object.entries(value)
      .map(([key, each]) => `${/^[a-zA-Z]\w*$/.test(key) ? key : JSON.stringify(key)}: ${sourceOf(each)}`)
      .join(",\n")}\n}`;
  return JSON.stringify(value);
}
