/** The prompt's history on disk: one JSON string a line, oldest first, readable by its owner only. */
import { appendFile, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
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
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch {
    // The first start, or a folder that cannot be read: history is a comfort, and no reason to fail.
    return [];
  }
  const lines = parseHistory(bytes.toString("utf8"));
  const kept = withoutRepeats(lines).slice(-historyLinesMax);
  if (lines.length > 2 * historyLinesMax) await rewrite(path, kept, bytes.length);
  return kept;
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
 * Puts a file with `lines` only in the place of one of `bytesRead` bytes. Another shell may add to the old file until its
 * name is gone: what it wrote is taken over, and from then on it finds the new one (see `appendHistory`).
 */
async function rewrite(path: string, lines: readonly string[], bytesRead: number): Promise<void> {
  const newPath = `${path}.new`;
  try {
    await removeStale(newPath);
    const old = await open(path, "r");
    try {
      // Fails where another shell is at it.
      await writeFile(newPath, textOf(lines), { mode: ownerOnly, flag: "wx" });
      await rename(newPath, path);
      const added = (await old.readFile()).subarray(bytesRead);
      if (added.length > 0) await appendFile(path, added, { mode: ownerOnly });
    } finally {
      await old.close();
    }
  } catch {
    // The longer file stays, and is cut down at the next start.
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
    for (let attempt = 0; attempt < appendAttemptsMax; attempt += 1) if (await isAppended(path, line)) return;
  } catch {
    // The line stays in this prompt's memory.
  }
}

/** False where the file was replaced while the line was written, which went to the old one. */
async function isAppended(path: string, line: string): Promise<boolean> {
  const file = await open(path, "a", ownerOnly);
  try {
    await file.appendFile(textOf([line]));
    const [written, named] = [await file.stat(), await stat(path).catch(() => undefined)];
    return written.ino === named?.ino;
  } finally {
    await file.close();
  }
}
