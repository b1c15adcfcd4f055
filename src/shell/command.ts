/**
 * What a command of the shell is: a name, its options and operands, and what it does.
 *
 * One table of these descriptions gives parsing, usage lines, help and completion.
 */
import type { CheckResult } from "../core/checks.ts";
import type { CallOptions, DfsClient } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import type { PeerName, UserName } from "../core/ids.ts";
import type { DfsPath } from "../core/names.ts";
import type { Alias } from "./aliases.ts";
import { parseOptions } from "./arguments.ts";
import { newChange } from "./change-tag.ts";
import type { OptionSpec, OptionValue } from "./arguments.ts";
import type { Background } from "./background.ts";
import type { Argument } from "./expand.ts";
import type { Manual } from "./manual.ts";
import type { Output } from "./output.ts";
import type { ShowView } from "./views/full-screen.ts";
import { pastMs } from "./spans.ts";
import type { ScriptSource } from "./syntax.ts";

/** Which side an operand is on: it decides where globs look and what Tab completes. A `word` is one of the command's own. */
export type OperandSide = "remote" | "local" | "command" | "peer" | "user" | "invite" | "alias" | "word" | "none";

/** The option of every command that can be answered from what one coordinator has. */
export const staleOption: OptionSpec = {
  long: "stale",
  summary: "show what any coordinator has, without asking the others; says how old it is",
};

/** The option of every command that can look into the past. */
export const atOption: OptionSpec = {
  long: "at",
  value: "WHEN",
  summary: "as it was then: 2026-11-01, 2026-11-01T18:00, 2h, 3d (ago) or yesterday",
};

/** The option of every command that prints objects for programs. */
export const jsonOption: OptionSpec = { long: "json", summary: "one JSON object a line" };

export interface Command extends Manual {
  readonly name: string;
  readonly options: readonly OptionSpec[];
  /** The side of operand `index` (from 0) of `count`. */
  readonly side: (index: number, count: number) => OperandSide;
  /** What a `word` operand can be. */
  readonly words?: readonly string[] | undefined;
  /** Its paths are directories: Tab offers no files. */
  readonly onlyDirectories?: boolean | undefined;
  readonly operandsMin: number;
  readonly operandsMax: number;
  /** The command reads its own arguments, as `find` does: every word becomes an operand. */
  readonly ownArguments?: boolean | undefined;
  /** Behind its first word with a dash, patterns are the command's own and stand for no paths. */
  readonly ownPatterns?: boolean | undefined;
  /** The words behind it are a command with its arguments, which it runs by `inner`. */
  readonly isPrefix?: boolean | undefined;
  /** Its code 1 is an answer: where `&&` follows, no failure that ends a script. */
  readonly isCondition?: boolean | undefined;
  /** Whether a call can run as a transfer job of the peer; absent for commands that never do. */
  readonly isTransfer?: ((invocation: Invocation) => boolean) | undefined;
  /** Returns the exit code; a DfsError that it throws is reported and gives its own. */
  readonly run: (invocation: Invocation, context: CommandContext) => Promise<number>;
}

/** One call of a command, parsed. `groups` holds for each operand as typed what it stands for, `operands` all of it in a row. */
export interface Invocation {
  readonly options: OptionValues;
  readonly operands: readonly string[];
  readonly groups: readonly (readonly string[])[];
  /** With `--at`: which time the operands are of, in milliseconds since 1970. */
  readonly pastMs?: number | undefined;
}

/** How a transfer runs as a job: under the command as it was typed, followed until it ends or not. */
export interface AsJob {
  readonly label: string;
  readonly isBackground: boolean;
}

/** Where the shell stands. */
export interface ShellState {
  cwd: DfsPath;
  previousCwd: DfsPath | undefined;
  /** Absolute path of the local side. */
  lcwd: string;
  readonly variables: Map<string, string>;
  readonly aliases: Map<string, Alias>;
  /** Set by `exit`: the shell ends with this code. */
  exitCode: number | undefined;
  /** Who is logged in, as far as the shell knows; absent for the shared user. */
  user: UserName | undefined;
  /** The peer that answers, where the prompt has asked for its name. */
  peer: PeerName | undefined;
  /** Exit code of the last command: `$?`. */
  lastStatus: number;
}

/** How commands run; `set` changes some while the shell runs. */
export interface Settings {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly trace: boolean;
  readonly keepGoing: boolean;
  readonly json: boolean;
  /** Every command that knows `--stale` runs as if it was given. */
  readonly stale: boolean;
  /** Each command ends with `timeout` after this long; absent for no limit. */
  readonly timeoutMs?: number | undefined;
}

/** The room that progress has on a terminal, and the time. */
export interface BarSpace {
  readonly columns: number;
  readonly rows: number;
  /** Of the same clock as `performance.now()`. */
  readonly nowMs: number;
}

/** Draws how far something is: lines that fit into the space. Asked anew a few times a second. */
export type ProgressLines = (space: BarSpace) => readonly string[];

/** Progress that is shown. */
export interface ProgressView {
  /** Takes it away. */
  stop(): void;
}

/** What a person is asked at the terminal. */
export interface Question {
  /** With the blank that follows it. */
  readonly text: string;
  /** The answer is not shown, and nothing remembers it. */
  readonly isSecret: boolean;
}

/** The options of calls that change files: all calls of one command are one change, which `undo` takes back as a whole. */
type WriteCalls = Pick<CallOptions, "change"> & { readonly signal: AbortSignal };

/** The options of calls that read. */
export type ReadCalls = Pick<CallOptions, "stale"> & { readonly signal: AbortSignal };

/** What of the program's surroundings a shell hands on to its commands. */
export interface Surroundings {
  /** The program's environment. */
  readonly env: Environment;
  /** Shows on a terminal what `lines` draws, until it is stopped; `undefined` where nobody looks. */
  readonly progress: (lines: ProgressLines) => ProgressView | undefined;
  /** Has the whole terminal for a view; absent where there is none that could show it. */
  readonly showView?: ShowView | undefined;
  /** Checks this machine where no peer can be asked; absent where nothing can be said of it. */
  readonly checkMachine?: ((signal: AbortSignal) => AsyncIterable<CheckResult>) | undefined;
}

/** What the calls of one run of a command are made with: those that change files are one change. */
export function callsOf({ name }: Command, reads: ReadCalls): Pick<CommandContext, "signal" | "reads" | "writes"> {
  const { signal } = reads;
  return { signal, reads, writes: { signal, change: newChange(name) } };
}

/** The surroundings alone, of something that has more. */
export function surroundingsOf({ env, progress, showView, checkMachine }: Surroundings): Surroundings {
  return { env, progress, showView, checkMachine };
}

/** Everything that a command may touch. */
export interface CommandContext extends Surroundings {
  readonly state: ShellState;
  readonly settings: Settings;
  readonly commands: readonly Command[];
  readonly stdout: Output;
  readonly stderr: Output;
  /** Absent where the script itself comes from stdin. */
  readonly stdin: AsyncIterable<Uint8Array> | undefined;
  readonly signal: AbortSignal;
  /** For the calls that read: the signal, and whether stale answers are welcome. */
  readonly reads: ReadCalls;
  /** That of the invocation. */
  readonly pastMs?: number | undefined;
  /** For the calls that change files. */
  readonly writes: WriteCalls;
  /** The client, opened at the first call. */
  client(): Promise<DfsClient>;
  /** Writes `command: operand: reason` to stderr and returns the exit code; rethrows an interruption and a broken pipe. */
  report(error: unknown, operand?: string): Promise<number>;
  /** Asks a person for yes or no; absent where nobody can answer. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  /** Asks a person for a line; absent where nobody can answer. Fails with `interrupted`. */
  readonly askLine: ((question: Question) => Promise<string>) | undefined;
  readonly background: Background;
  /** Present where a transfer is to run as a job of the peer. */
  readonly asJob: AsJob | undefined;
  /** From the next command on the shell runs with these. */
  changeSettings(changes: Partial<Settings>): void;
  /** Runs a script where this command stands, with its input and output. Returns its exit code. Fails with `usage` where scripts are nested too deep. */
  readonly runScript: (source: ScriptSource) => Promise<number>;
  /** Runs the command that stands behind this one, a prefix; absent where nothing does. */
  readonly inner: (() => Promise<number>) | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The options of one call. */
export class OptionValues {
  readonly #values: Readonly<Record<string, OptionValue>>;

  constructor(values: Readonly<Record<string, OptionValue>>) {
    this.#values = values;
  }

  has(long: string): boolean {
    return this.#values[long] !== undefined;
  }

  text(long: string): string | undefined {
    const value = this.#values[long];
    return typeof value === "string" ? value : undefined;
  }

  /** Every value of an option that may be repeated, in their order. */
  texts(long: string): readonly string[] {
    const value = this.#values[long];
    return Array.isArray(value) ? (value as readonly string[]) : [];
  }

  /** A whole number of at least `min`; `undefined` where the option is absent. Fails with `usage`. */
  number(long: string, min: number): number | undefined {
    const text = this.text(long);
    return text === undefined ? undefined : wholeNumber(text, `--${long}`, min);
  }
}

/** A call without options and operands. */
export const noArguments: Invocation = { options: new OptionValues({}), operands: [], groups: [] };

/** `text` as a whole number of at least `min`. Fails with `usage`, naming `what`. */
export function wholeNumber(text: string, what: string, min: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min)) throw new DfsError("usage", `${what} needs a whole number of at least ${min}, not "${text}"`);
  return value;
}

export interface ParsedArguments {
  readonly options: OptionValues;
  readonly operands: readonly Argument[];
  readonly help: boolean;
}

/** The options and operands of a call of `command`. Fails with `usage` for an unknown option or a wrong number of operands. */
export function parseArguments(command: Command, words: readonly Argument[]): ParsedArguments {
  if (command.ownArguments === true) return parseOwnArguments(command, words);
  const args = words.map((word) => word.text);
  const { values, operandIndexes } = parseOptions(args, command.options);
  const operands = operandIndexes.map((index) => words[index] as Argument);
  const help = values["help"] === true;
  if (!help && operands.length < command.operandsMin) throw new DfsError("usage", "an operand is missing");
  if (!help && operands.length > command.operandsMax) throw new DfsError("usage", "too many operands");
  return { options: new OptionValues(values), operands, help };
}

/** `--stale` and `--at` are taken out, wherever they are not another option's value. */
function parseOwnArguments(command: Command, words: readonly Argument[]): ParsedArguments {
  const help = words.length === 1 && words[0]?.text === "--help";
  const valued = new Set(command.options.flatMap(({ long, value }) => (value === undefined ? [] : [`-${long}`])));
  const values: Record<string, string | boolean> = {};
  const operands: Argument[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const { text } = words[at] as Argument;
    const next = words[at + 1];
    const [, name, joined] = /^--?(stale|at)(?:=(.*))?$/.exec(text) ?? [];
    if (name === staleOption.long && joined === undefined && takesStale(command)) values[name] = true;
    else if (name === atOption.long && looksBack(command) && (joined ?? next) !== undefined) {
      values[name] = joined ?? next?.text ?? "";
      if (joined === undefined) at += 1;
    } else {
      operands.push(words[at] as Argument);
      if (valued.has(text) && next !== undefined) operands.push(words[(at += 1)] as Argument);
    }
  }
  return { options: new OptionValues(values), operands: help ? [] : operands, help };
}

/** The time that a call of a command looks at, in milliseconds since 1970; undefined for the present. Fails with `usage`. */
export function lookedAt(command: Command, options: OptionValues, nowMs: number): number | undefined {
  const when = looksBack(command) ? options.text(atOption.long) : undefined;
  return when === undefined ? undefined : pastMs(when, nowMs);
}

function looksBack(command: Command): boolean {
  return command.options.includes(atOption);
}

/** Whether the command can be answered from what one coordinator has. */
export function takesStale(command: Command): boolean {
  return command.options.includes(staleOption);
}

/** Whether the output is for a program: by `--json`, of the command or of the shell. */
export function isJson({ options }: Invocation, { settings }: CommandContext): boolean {
  return options.has(jsonOption.long) || settings.json;
}

/** The usage line of a command. */
export function usageLine(command: Command): string {
  return `usage: ${command.name}${command.usage === "" ? "" : ` ${command.usage}`}`;
}

/** Every operand on the same side. */
export function allOn(side: OperandSide): Command["side"] {
  return () => side;
}

/** The command with this name, if there is one. */
export function findCommand(commands: readonly Command[], name: string): Command | undefined {
  return commands.find((command) => command.name === name);
}

/** Runs `action` for each operand, reports those that fail, carries on, and returns the worst exit code. */
export async function eachOperand(
  context: CommandContext,
  operands: readonly string[],
  action: (operand: string) => Promise<number | void>,
): Promise<number> {
  let worst = 0;
  for (const operand of operands) {
    let code: number;
    try {
      code = (await action(operand)) ?? 0;
    } catch (error) {
      code = await context.report(error, operand);
    }
    worst = Math.max(worst, code);
  }
  return worst;
}
