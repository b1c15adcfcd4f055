/** Programs that run to their end, with what they cost. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { ProcessWatch } from "./process-watch.ts";
import type { ProcessUsage } from "./process-usage.ts";

export interface ProgramResult {
  readonly stdout: string;
  /** Of the program and what it started, read until just before their end; empty where it cannot be read. */
  readonly usage: readonly ProcessUsage[];
}

export interface RunOptions {
  /** What the program is called in the table; its own name without it. */
  readonly role?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** What is kept of a program's output, in characters. */
const outputCharactersMax = 64 * 1024;

/** Runs a program without stdin to its end. Fails with its stderr when its exit code is not 0. */
export async function runProgram(
  command: string,
  args: readonly string[],
  { role = command, env, cwd }: RunOptions = {},
): Promise<ProgramResult> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env }, cwd });
  const stdout = gather(child.stdout);
  const stderr = gather(child.stderr);
  const watch = new ProcessWatch(child.pid === undefined ? [] : [{ role, pid: child.pid }]);
  let usage: readonly ProcessUsage[] = [];
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${stderr()}`);
  } finally {
    usage = watch.stop();
  }
  return { stdout: stdout(), usage };
}

/** Keeps the end of what a stream says. */
export function gather(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.on("data", (bytes: Buffer) => (text = (text + bytes.toString()).slice(-outputCharactersMax)));
  return () => text;
}

/** The path of a program in $PATH, or where only the superuser looks; undefined when it is not installed. */
export function installed(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
