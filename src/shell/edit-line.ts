/** The typed line in an editor of the user's. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DfsError } from "../core/errors.ts";
import { inputCharactersMax } from "../core/limits.ts";
import type { Environment } from "./command.ts";

/** A character is at most so many bytes of UTF-8. */
const characterBytesMax = 4;

/**
 * Lets VISUAL, EDITOR or `vi` change `text`, in a file that only this user can read, and returns what was saved without
 * the line end behind it. Fails with `usage` where the editor ends with another code than 0, and
 * where a line cannot be as long.
 */
export async function editText(text: string, env: Environment): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dfs-shell-"));
  const path = join(folder, "line.dfs");
  try {
    await writeFile(path, `${text}\n`, { mode: 0o600 });
    await runEditor([env["VISUAL"], env["EDITOR"]].find((name) => name !== undefined && name !== "") ?? "vi", path);
    const { size } = await stat(path);
    const saved = size > inputCharactersMax * characterBytesMax ? undefined : await readFile(path, "utf8");
    const edited = saved?.replace(/\n$/, "");
    if (edited === undefined || edited.length > inputCharactersMax)
      throw new DfsError("usage", `a line has at most ${inputCharactersMax} characters: source runs longer scripts`);
    return edited;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `editor` may have arguments, as in `EDITOR="code --wait"`. */
function runEditor(editor: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child =
      process.platform === "win32"
        ? spawn(`${editor} "${path}"`, { shell: true, stdio: "inherit" })
        : spawn("sh", ["-c", `${editor} "$1"`, "sh", path], { stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new DfsError("usage", `${editor} ended with ${signal ?? `code ${code}`}; the line is as it was`));
    });
  });
}
