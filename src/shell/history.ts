/** The prompt's history on disk: one JSON string a line, oldest first, readable by its owner only. */
import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import envPaths from "env-paths";
import { historyLinesMax } from "../core/limits.ts";

const ownerOnly = 0o600;

/** The platform's usual place for what a program remembers of its user. */
export function defaultHistoryPath(): string {
  return join(envPaths("dfs-shell", { suffix: "" }).log, "history");
}

/** The lines that a history file holds; none where it cannot be read. A file grown to twice the limit is cut down. */
export async function readHistory(path: string): Promise<readonly string[]> {
  let lines: readonly string[];
  try {
    lines = parseHistory(await readFile(path, "utf8"));
  } catch {
    // The first start, or a folder that cannot be read: history is a comfort, and no reason to fail.
    return [];
  }
  const kept = lines.slice(-historyLinesMax);
  if (lines.length > 2 * historyLinesMax) await rewrite(path, kept);
  return kept;
}

/** The lines in the text of a history file, oldest first. */
export function parseHistory(text: string): readonly string[] {
  return text.split("\n").flatMap(parsedLine);
}

function parsedLine(text: string): readonly string[] {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === "string" ? [line] : [];
  } catch {
    // Half a line, from a crash: left out.
    return [];
  }
}

async function rewrite(path: string, lines: readonly string[]): Promise<void> {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  try {
    await writeFile(`${path}.new`, text, { mode: ownerOnly });
    await rename(`${path}.new`, path);
  } catch {
    // The longer file stays, and is cut down at the next start.
  }
}

/** Adds one line to a history file. A disk that refuses costs the line and nothing else. */
export async function appendHistory(path: string, line: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await appendFile(path, `${JSON.stringify(line)}\n`, { mode: ownerOnly });
  } catch {
    // The line stays in this prompt's memory.
  }
}
