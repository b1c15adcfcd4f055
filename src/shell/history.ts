/** The prompt's history on disk: one JSON string a line, oldest first, readable by its owner only. */
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import envPaths from "env-paths";
import { historyLinesMax, historyRewriteMsMax } from "../core/limits.ts";

const ownerOnly = 0o600;
/** A file is replaced once a start at the most; twice in the time of a write is bad luck. */
const appendAttemptsMax = 3;

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
  if (isGrown(lines)) await shorten(path);
  return newest(lines);
}

function isGrown(lines: readonly string[]): boolean {
  return lines.length > 2 * historyLinesMax;
}

function newest(lines: readonly string[]): readonly string[] {
  return withoutRepeats(lines).slice(-historyLinesMax);
}

/** Each line once, where it stands last. */
function withoutRepeats(lines: readonly string[]): readonly string[] {
  return [...new Set(lines.toReversed())].toReversed();
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

/**
 * Puts the newest lines of a file in its place, by a file `.new` that only one shell can make. Others may add to the old
 * file until its name is gone: what they wrote is added to the new one, and from then on they find that (see `appendHistory`).
 */
async function shorten(path: string): Promise<void> {
  const newPath = `${path}.new`;
  try {
    await removeStale(newPath);
    const replacement = await open(newPath, "wx", ownerOnly);
    const old = await open(path, "r");
    try {
      const lines = parseHistory((await old.readFile()).toString("utf8"));
      await replacement.writeFile(textOf(newest(lines)));
      // Where another shell has shortened it meanwhile, this changes little.
      await rename(newPath, path);
      const added = (await old.readFile()).toString("utf8");
      if (added !== "") await append(path, added);
    } finally {
      await Promise.all([old.close(), replacement.close()]);
    }
  } catch {
    // Another shell is at it, or the disk refuses: the longer file stays, and is cut down at the next start.
  }
}

/** What a shell left behind that was killed while it rewrote. */
async function removeStale(newPath: string): Promise<void> {
  const found = await stat(newPath).catch(() => undefined);
  if (found !== undefined && Date.now() - found.mtimeMs > historyRewriteMsMax) await rm(newPath, { force: true });
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Adds one line to a history file, in one write, so that lines of several shells never mix. A disk that refuses costs the line and nothing else. */
export async function appendHistory(path: string, line: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await append(path, textOf([line]));
  } catch {
    // The line stays in this prompt's memory.
  }
}

/** Adds to the file of this name, and once more where another took the name meanwhile. */
async function append(path: string, text: string): Promise<void> {
  for (let attempt = 0; attempt < appendAttemptsMax; attempt += 1) if (await isAppended(path, text)) return;
}

/** False where the file was replaced while the text was written, which went to the old one. */
async function isAppended(path: string, text: string): Promise<boolean> {
  const file = await open(path, "a", ownerOnly);
  try {
    await file.appendFile(text);
    const [written, named] = [await file.stat(), await stat(path).catch(() => undefined)];
    return written.ino === named?.ino;
  } finally {
    await file.close();
  }
}
