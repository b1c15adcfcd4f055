/** Runs lines of the shell against a client in memory and gives back what a person would see. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { afterAll } from "vitest";
import { rm } from "node:fs/promises";
import type { DfsClient } from "../../src/core/client.ts";
import { runShell } from "../../src/shell/main.ts";
import type { ShellInput, ShellProgram } from "../../src/shell/main.ts";
import { MemoryClient } from "./memory-client.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly client?: DfsClient | undefined;
  /** What the program reads on stdin. */
  readonly stdin?: string | undefined;
  /** stdout and stderr are terminals of this width. */
  readonly columns?: number | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly openClient?: (() => Promise<DfsClient>) | undefined;
  /** Hears what comes to stdout. */
  readonly onOut?: ((text: string) => void) | undefined;
  readonly checkMachine?: ShellProgram["checkMachine"];
  /** Nobody reads stdout any more: each write fails with EPIPE. */
  readonly brokenStdout?: boolean | undefined;
  /** Answers that a person types, one a question; stdin is a terminal then. */
  readonly answers?: readonly string[] | undefined;
  /** The terminal that both stdout and stderr are; what is written is there. */
  readonly screen?: Sink | undefined;
  /** What `join` joins. */
  readonly networkId?: string | undefined;
  /** The terminal that stdin is. */
  readonly keyboard?: Keyboard | undefined;
}

/** A terminal's input: what is typed stays there until it is read. */
export class Keyboard extends PassThrough {
  readonly isTTY = true;
  isRaw = false;
  /** Whether keys were ever read one by one. */
  wasRaw = false;

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw;
    this.wasRaw ||= isRaw;
    return this;
  }
}

const folders: string[] = [];

/** A fresh local folder, removed at the end. */
export function localFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "shell-"));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** Keeps what is written to it. */
export class Sink extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly columns: number | undefined;

  readonly #isBroken: boolean;
  readonly #onText: ((text: string) => void) | undefined;

  constructor(columns: number | undefined, isBroken = false, onText?: (text: string) => void) {
    super();
    this.isTTY = columns !== undefined;
    this.columns = columns;
    this.#isBroken = isBroken;
    this.#onText = onText;
  }

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error) => void): void {
    if (this.#isBroken) return callback(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    this.text += chunk.toString("utf8");
    this.#onText?.(chunk.toString("utf8"));
    callback();
  }
}

/** Runs the program with these arguments. */
export async function runProgram(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const stdout = options.screen ?? new Sink(options.columns, options.brokenStdout, options.onOut);
  const stderr = options.screen ?? new Sink(options.columns);
  const stdin = inputOf(options);
  const code = await runShell({
    argv,
    stdin,
    stdout,
    stderr,
    env: options.env ?? {},
    version: "0.1.0",
    openClient: options.openClient ?? (async () => options.client ?? new MemoryClient()),
    checkMachine: options.checkMachine,
    joinNetwork: async ({ invite }) => ({ peerName: "ben", networkId: options.networkId ?? `network of ${invite}` }),
  });
  return { code, out: stdout.text, err: stderr.text };
}

function inputOf({ stdin, answers, keyboard }: RunOptions): ShellInput {
  if (keyboard !== undefined) return keyboard;
  if (answers === undefined) return stdin === undefined ? new PassThrough().end() : Readable.from([Buffer.from(stdin)]);
  const typed = new PassThrough().end(answers.map((answer) => `${answer}\n`).join(""));
  return Object.assign(typed, { isTTY: true, setRawMode: () => undefined });
}

/** Runs lines of the shell with `-c`. */
export function runLines(lines: string, options: RunOptions = {}): Promise<Outcome> {
  return runProgram(["-c", lines], options);
}
