/** The program's own command line: what was asked for, and its help. */
import { DfsError } from "../core/errors.ts";
import { firstOperandIndex, parseOptions } from "./arguments.ts";
import type { OptionSpec } from "./arguments.ts";
import { OptionValues } from "./command.ts";
import type { Command } from "./command.ts";
import { optionTerm } from "./manual-page.ts";
import type { Term } from "./manual-page.ts";
import { termsText } from "./manual-text.ts";
import { purposes } from "./manual.ts";

/** What the shell is to do. */
type Task =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "join"; readonly invite: string }
  /** Commands given with `-c`. */
  | { readonly kind: "commands"; readonly text: string }
  | { readonly kind: "file"; readonly path: string; readonly parameters: readonly string[] }
  /** A script on stdin, asked for with `-`. */
  | { readonly kind: "stdin"; readonly parameters: readonly string[] }
  /** The prompt; a script on stdin where that is no terminal. */
  | { readonly kind: "prompt" };

export interface Launch {
  readonly task: Task;
  readonly dataFolder: string | undefined;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly trace: boolean;
  readonly parseOnly: boolean;
  readonly keepGoing: boolean;
  readonly json: boolean;
  readonly stale: boolean;
  readonly atomic: boolean;
  readonly color: "auto" | "always" | "never";
  readonly progress: boolean;
  /** Whether a prompt runs its configuration file. */
  readonly config: boolean;
  readonly timeoutMs: number | undefined;
}

/** What the program is called, its options, and the words that may stand in place of a script. */
export const programName = "dfs-shell";
export const programWords = { join: "make this machine a peer of an invite's network" } as const;
export const programOptions: readonly OptionSpec[] = [
  { long: "data", value: "DIR", summary: "this machine's data folder" },
  { long: "command", short: "c", value: "CMDS", summary: "run these commands and end" },
  { long: "quiet", short: "q", summary: "no summaries and no bars" },
  { long: "verbose", short: "v", summary: "counters and details" },
  { long: "trace", short: "x", summary: "write each command to stderr before it runs" },
  { long: "dry-run", short: "n", summary: "parse only, run nothing" },
  { long: "keep-going", short: "k", summary: "go on after a failing command" },
  { long: "atomic", summary: "all changes of the script to the network happen at once, when it ends with 0; or none" },
  { long: "stale", summary: "show what any coordinator has, without asking the others; says how old it is" },
  { long: "json", summary: "NDJSON from every command that can" },
  {
    long: "color",
    value: "WHEN",
    summary: "colours and bold headings",
    values: { auto: "on a terminal", always: "also in a pipe", never: "nowhere" },
  },
  { long: "no-progress", summary: "no bars" },
  { long: "no-config", summary: "the prompt does not read its configuration file" },
  { long: "timeout", value: "SECONDS", summary: "the longest that one command may take" },
  { long: "help", summary: "this text" },
  { long: "version", summary: "the version" },
];

export const programAbout = "a private, encrypted, versioned file space across your own machines";

/** How the program is called, behind its name. */
export const programSynopses = [
  "[options] [-c CMDS | FILE [PARAMETER…] | - [PARAMETER…]]",
  "[--data DIR] join INVITE|-",
] as const;

const usage = programSynopses
  .map((synopsis, at) => `${at === 0 ? "usage:" : "      "} ${programName} ${synopsis}`)
  .join("\n");

/** The request that `argv` (without the program's name) makes. Fails with `usage`. */
export function parseLaunch(argv: readonly string[]): Launch {
  const scriptAt = scriptIndex(argv);
  const own = argv.slice(0, scriptAt);
  const { values, operandIndexes } = parseOptions(own, programOptions);
  const given = new OptionValues(values);
  const color = given.text("color") ?? "auto";
  if (color !== "auto" && color !== "always" && color !== "never")
    throw new DfsError("usage", `--color is auto, always or never, not "${color}"`);
  const timeout = given.text("timeout");
  return {
    task: taskOf(
      given,
      operandIndexes.map((index) => own[index] as string),
      argv.slice(scriptAt),
    ),
    dataFolder: given.text("data"),
    quiet: given.has("quiet"),
    verbose: given.has("verbose"),
    trace: given.has("trace"),
    parseOnly: given.has("dry-run"),
    keepGoing: given.has("keep-going"),
    json: given.has("json"),
    stale: given.has("stale"),
    atomic: given.has("atomic"),
    color,
    progress: !given.has("no-progress"),
    config: !given.has("no-config"),
    timeoutMs: timeout === undefined ? undefined : secondsOf(timeout),
  };
}

/** Where the script's name is: what stands behind it is the script's. Behind `join` options go on. */
function scriptIndex(argv: readonly string[]): number {
  const first = firstOperandIndex(argv, programOptions);
  return argv[first] === "join" ? argv.length : first;
}

/** The task of `own` operands, `join` with what it takes, or of a script and its parameters. */
function taskOf(given: OptionValues, own: readonly string[], script: readonly string[]): Task {
  if (given.has("help")) return { kind: "help" };
  if (given.has("version")) return { kind: "version" };
  const text = given.text("command");
  const [path, ...parameters] = script;
  if (text !== undefined) {
    if (path !== undefined || own.length > 0) throw new DfsError("usage", "-c and a script exclude each other");
    return { kind: "commands", text };
  }
  if (own.length > 0) return joinTask(own);
  if (path === undefined) return { kind: "prompt" };
  return path === "-" ? { kind: "stdin", parameters } : { kind: "file", path, parameters };
}

function joinTask([, invite, ...more]: readonly string[]): Task {
  if (more.length > 0) throw new DfsError("usage", "too many operands");
  if (invite === undefined)
    throw new DfsError("usage", 'join needs an invite; "invite" in a shell of the network makes one');
  return { kind: "join", invite };
}

function secondsOf(text: string): number {
  const seconds = /^\d{1,7}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds <= 0) throw new DfsError("usage", `--timeout needs a number of seconds, not "${text}"`);
  return Math.ceil(seconds * 1000);
}

/** The program's help, on one screen: its options, the names of the commands, and where more is told. */
export function programHelp(commands: readonly Command[], columns: number): string {
  const names = Object.entries(purposes).flatMap(([purpose, heading]): readonly Term[] => {
    const own = commands.filter((command) => command.purpose === purpose).map(({ name }) => name);
    return own.length === 0 ? [] : [[heading, own.join(" ")]];
  });
  return [
    usage,
    "",
    `${programAbout.charAt(0).toUpperCase()}${programAbout.slice(1)}.`,
    "",
    "options:",
    termsText(
      programOptions.map((option) => optionTerm(option)),
      columns,
      2,
    ),
    "commands:",
    termsText(names, columns, 2),
    'more: dfs-shell -c help, -c "help put", -c "help grammar"; or help at the prompt',
    "exit codes: 0 ok, 1 failed or partly failed, 2 usage, 3 no such path, 4 refused, 5 temporary,",
    "  6 not logged in, 7 integrity, 127 unknown command, 130 interrupted",
    "",
  ].join("\n");
}

/** The program's usage lines. */
export function programUsage(): string {
  return `${usage}\n`;
}
