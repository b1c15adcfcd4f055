/**
 * The prompt's configuration file: a script that the prompt runs before the first line is typed, for aliases, variables
 * and `set`. Scripts do not read it, so that they do the same for everybody.
 */
import { join } from "node:path";
import envPaths from "env-paths";
import { toDfsError } from "../core/errors.ts";
import { printable } from "../core/names.ts";
import type { Environment } from "./command.ts";
import { messageText } from "./formats.ts";
import type { Output } from "./output.ts";
import { scriptFile } from "./script-file.ts";
import type { Shell } from "./shell.ts";

export interface ConfigFile {
  readonly path: string;
  /** Somebody named it: that it is not there is worth a word. */
  readonly isNamed: boolean;
}

/** The platform's usual place for a user's settings. */
export function defaultConfigPath(): string {
  return join(envPaths("dfs-shell", { suffix: "" }).config, "config");
}

/** The file that DFS_CONFIG names, or else the usual one, where there is a usual place. */
export function configFile(env: Environment, usualPath: string | undefined): ConfigFile | undefined {
  const named = env["DFS_CONFIG"];
  if (named !== undefined && named !== "") return { path: named, isNamed: true };
  return usualPath === undefined ? undefined : { path: usualPath, isNamed: false };
}

/** Runs the file's commands, all of them whatever fails. Errors are told, and keep nobody from the prompt. */
export async function runConfig(
  shell: Shell,
  { path, isNamed }: ConfigFile,
  stderr: Output,
  interrupt: AbortSignal,
): Promise<void> {
  try {
    await shell.configure(await scriptFile(path, process.cwd(), interrupt), interrupt);
  } catch (error) {
    const failure = toDfsError(error);
    if (failure.kind === "not-found" && !isNamed) return;
    await stderr.write(`dfs-shell: ${printable(path)}: ${messageText(failure)}\n`);
    await stderr.flush();
  }
}
