/** The local machine's part of a command: files that take its output or give its input, and commands run by `sh`. */
import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { constants } from "node:os";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { Environment } from "./command.ts";
import { StreamOutput, isBrokenPipe } from "./output.ts";
import type { Output } from "./output.ts";
import { localEnvironment, parametersOf } from "./variables.ts";

/** What a command reads and writes. */
export interface Streams {
  readonly stdin: AsyncIterable<Uint8Array> | undefined;
  readonly stdout: Output;
}

/**
 * Gives local commands their stdout and stderr.
 *
 * `inherit` lets them have the terminal itself (the prompt steps aside meanwhile); otherwise what they print is
 * handed to `stdout` and `stderr`.
 */
export interface LocalRunner {
  readonly inherit: boolean;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Runs `work` while the local command owns the terminal. */
  around<Result>(work: () => Promise<Result>): Promise<Result>;
}

export interface LocalSide {
  readonly lcwd: string;
  readonly variables: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
  readonly runner: LocalRunner;
  /** The program's environment. */
  readonly env: Environment;
}

interface ResolvedRedirection {
  readonly operator: ">" | ">>" | "<";
  /** As typed, relative to the local directory. */
  readonly path: string;
}

/** `sh` gives codes above this one to what a signal killed. */
const killedCodeMin = 128;

/** Runs `sh -c text` in the local directory, with the shell's variables in its environment and the script's parameters as its own. Returns its exit code. */
export async function runLocalCommand(text: string, side: LocalSide): Promise<number> {
  return side.runner.around(async () => {
    const child = start(text, side, side.runner.inherit ? "inherit" : "ignore");
    return ended(child, side);
  });
}

/** Runs `work` with its streams redirected and piped. The exit code is the work's, or the local command's where the work had none to complain. */
export async function withRedirections(
  redirections: readonly ResolvedRedirection[],
  pipe: string | undefined,
  streams: Streams,
  side: LocalSide,
  work: (streams: Streams) => Promise<number>,
): Promise<number> {
  let { stdin, stdout } = streams;
  const files: Writable[] = [];
  const sources: Readable[] = [];
  try {
    for (const { operator, path } of redirections) {
      if (operator === "<") {
        const source = await readable(path, side.lcwd);
        sources.push(source);
        stdin = source;
      } else {
        const file = await writable(path, side.lcwd, operator === ">>" ? "a" : "w");
        files.push(file);
        stdout = new StreamOutput(file, { isTTY: false, color: false });
      }
    }
    const isToFile = files.length > 0;
    const code = await (pipe === undefined || isToFile ? work({ stdin, stdout }) : piped(pipe, stdin, side, work));
    if (isToFile) await stdout.flush();
    return code;
  } finally {
    for (const source of sources) source.destroy();
    await Promise.all(files.map((file) => closed(file)));
  }
}

async function piped(
  pipe: string,
  stdin: Streams["stdin"],
  side: LocalSide,
  work: (streams: Streams) => Promise<number>,
): Promise<number> {
  return side.runner.around(async () => {
    const child = start(pipe, side, "pipe");
    const localCode = ended(child, side);
    localCode.catch(() => undefined); // awaited below, once the work has ended
    const input = child.stdin as Writable;
    const stdout = new StreamOutput(input, { isTTY: false, color: false });
    const code = await quietly(async () => {
      const result = await work({ stdin, stdout });
      await stdout.flush();
      return result;
    });
    input.end();
    return code === 0
      ? localCode
      : localCode.then(
          () => code,
          () => code,
        );
  });
}

/** A local command that stops reading early, as `head` does, is no failure. */
async function quietly(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (isBrokenPipe(error)) return 0;
    throw error;
  }
}

function start(text: string, side: LocalSide, stdin: "inherit" | "ignore" | "pipe"): ChildProcess {
  const out = side.runner.inherit ? "inherit" : "pipe";
  const stdio: StdioOptions = [stdin, out, out];
  const env = localEnvironment(side.variables, side.env);
  const child = spawn("sh", ["-c", text, "sh", ...parametersOf(side.variables)], { cwd: side.lcwd, env, stdio });
  child.stdin?.on("error", () => undefined);
  return child;
}

async function ended(child: ChildProcess, side: LocalSide): Promise<number> {
  const stop = (): void => {
    child.kill("SIGTERM");
  };
  side.signal.addEventListener("abort", stop, { once: true });
  try {
    const copies = [copy(child.stdout, side.runner.stdout), copy(child.stderr, side.runner.stderr)];
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", (error) => reject(toDfsError(error, { path: "sh" })));
      child.once("close", (exit, signal) =>
        resolve(exit ?? killedCodeMin + (constants.signals[signal ?? "SIGKILL"] ?? 0)),
      );
    });
    await Promise.all(copies);
    if (code > killedCodeMin && isOutOfTime(side.signal)) throw side.signal.reason as Error;
    return code;
  } finally {
    side.signal.removeEventListener("abort", stop);
  }
}

/** An interruption needs no words; a command that was ended because its time is up does. */
function isOutOfTime(signal: AbortSignal): boolean {
  return signal.aborted && toDfsError(signal.reason).kind === "timeout";
}

async function copy(from: ChildProcess["stdout"], to: Output): Promise<void> {
  if (from === null) return;
  for await (const bytes of from) await to.write(bytes as Uint8Array);
}

async function readable(path: string, lcwd: string): Promise<Readable> {
  const file = await opened(path, lcwd, "r");
  return createReadStream("", { fd: file });
}

async function writable(path: string, lcwd: string, flags: "a" | "w"): Promise<Writable> {
  const file = await opened(path, lcwd, flags);
  return createWriteStream("", { fd: file });
}

async function opened(path: string, lcwd: string, flags: "r" | "a" | "w"): Promise<FileHandle> {
  if (path === "") throw new DfsError("usage", "a redirection needs a file name");
  try {
    return await open(resolve(lcwd, path), flags);
  } catch (error) {
    throw toDfsError(error, { path });
  }
}

function closed(file: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    file.once("error", reject);
    file.end(resolve);
  });
}
