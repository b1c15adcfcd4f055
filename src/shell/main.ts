/**
 * The terminal: from a command line to an exit code.
 *
 * A *script* is text in the shell's grammar: given with `-c`, in a file, on stdin, or typed at the prompt, one line
 * each. A *command* is one entry of the command table; it speaks to the network through a DfsClient only, which is
 * opened when the first command needs it. The *local side* is this machine's own files and commands.
 *
 *   text → lexer → parser → shell (expansion, redirection, commands) → DfsClient
 *                             ↑                     ↓
 *                           prompt (Ink, or plain)  Output (terminal, pipe, file)
 */
import type { CheckResult } from "../core/checks.ts";
import type { CallOptions, DfsClient } from "../core/client.ts";
import type { Readable, Writable } from "node:stream";
import { DfsError, toDfsError } from "../core/errors.ts";
import { printable, rootPath } from "../core/names.ts";
import { runAtomically } from "./atomic.ts";
import { startBatchBars } from "./batch-bars.ts";
import { findCommand } from "./command.ts";
import type { ShellState } from "./command.ts";
import { commands } from "./commands/table.ts";
import { configFile } from "./config-file.ts";
import { loggedInOpener, namesUser } from "./environment-login.ts";
import { jsonLine, messageText } from "./formats.ts";
import { parseLaunch, programHelp, programUsage } from "./launch.ts";
import type { Launch } from "./launch.ts";
import { StreamOutput, isBrokenPipe } from "./output.ts";
import { parseScript } from "./parser.ts";
import type { PasswordSources } from "./passwords.ts";
import { scriptFile, scriptText } from "./script-file.ts";
import { Shell } from "./shell.ts";
import type { ShellOptions } from "./shell.ts";
import type { ScriptSource } from "./syntax.ts";
import { TerminalQuestions } from "./terminal-questions.ts";
import { startVariables } from "./variables.ts";

export { defaultConfigPath } from "./config-file.ts";
export { defaultHistoryPath } from "./history.ts";

/** What the shell reads keys or a script from. */
export type ShellInput = Readable & {
  readonly isTTY?: boolean | undefined;
  readonly isRaw?: boolean | undefined;
  setRawMode?: ((isRaw: boolean) => unknown) | undefined;
};

/** What the shell writes to. */
export type ShellOutput = Writable & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

export interface ShellProgram {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly stdin: ShellInput;
  readonly stdout: ShellOutput;
  readonly stderr: ShellOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Opens the client, at the first command that needs it. `onProgress` hears what takes its time. */
  readonly openClient: (options: {
    readonly dataFolder?: string | undefined;
    readonly onProgress?: ((message: string) => void) | undefined;
  }) => Promise<DfsClient>;
  /** Makes this machine a peer of the network that the invite is for. */
  readonly joinNetwork: (options: {
    readonly dataFolder?: string | undefined;
    readonly invite: string;
  }) => Promise<{ readonly peerName: string; readonly networkId: string }>;
  /** Checks this machine and the data folder where no peer can be asked; without it, nothing can be said of them. */
  readonly checkMachine?:
    | ((options: CallOptions & { readonly dataFolder?: string | undefined }) => AsyncIterable<CheckResult>)
    | undefined;
  /** Where the prompt keeps its history; without it, in memory only. */
  readonly historyPath?: string | undefined;
  /** Where a user's configuration of the prompt is; without it there is none, unless DFS_CONFIG names one. */
  readonly configPath?: string | undefined;
}

/** Runs the shell as its command line asks. Returns the exit code; everything that fails is reported on stderr. */
export async function runShell(program: ShellProgram): Promise<number> {
  try {
    return await runTask(program, parseLaunch(program.argv));
  } catch (error) {
    if (isBrokenPipe(error)) return 0;
    const failure = toDfsError(error);
    const subject = failure.path === undefined ? "" : `${printable(failure.path)}: `;
    const usage = failure.kind === "usage" ? programUsage() : "";
    program.stderr.write(`dfs-shell: ${subject}${messageText(failure)}\n${usage}`);
    return failure.exitCode;
  }
}

/** Who forgets -c is told of it. */
async function scriptToRun(path: string): Promise<ScriptSource> {
  try {
    return await scriptFile(path, process.cwd());
  } catch (error) {
    const { kind, message } = toDfsError(error);
    if (kind !== "not-found" || findCommand(commands, path) === undefined) throw error;
    throw new DfsError(kind, `${message}; to run the command: dfs-shell -c "${path} …"`, { path, cause: error });
  }
}

async function runTask(program: ShellProgram, launch: Launch): Promise<number> {
  const { task } = launch;
  if (launch.atomic && (task.kind === "join" || (task.kind === "prompt" && program.stdin.isTTY === true)))
    throw new DfsError("usage", "--atomic needs a script: -c, a file or stdin");
  switch (task.kind) {
    case "help":
      return print(program, programHelp(commands, program.stdout.columns ?? columnsDefault));
    case "version":
      return print(program, `dfs-shell ${program.version}\n`);
    case "join":
      return join(program, launch, task.invite);
    case "commands":
      return runScript(program, launch, { name: "-c", text: task.text }, true);
    case "file":
      return runScript(program, launch, await scriptToRun(task.path), true);
    case "stdin":
      return runScript(program, launch, await scriptOnStdin(program), false);
    default:
      if (program.stdin.isTTY === true) return runPrompt(program, launch);
      return runScript(program, launch, await scriptOnStdin(program), false);
  }
}

async function print({ stdout }: ShellProgram, text: string): Promise<number> {
  const output = new StreamOutput(stdout, { isTTY: false, color: false });
  await output.write(text);
  await output.flush();
  return 0;
}

async function join(program: ShellProgram, { dataFolder, json }: Launch, operand: string): Promise<number> {
  const invite = operand === "-" ? (await scriptText(program.stdin, "stdin")).trim() : operand;
  const { peerName, networkId } = await program.joinNetwork({ dataFolder, invite });
  return print(program, json ? jsonLine({ networkId, peerName }) : `joined network ${networkId} as ${peerName}\n`);
}

async function scriptOnStdin({ stdin }: ShellProgram): Promise<ScriptSource> {
  return { name: "stdin", text: await scriptText(stdin, "stdin") };
}

/** Runs one script with the terminal as it is. `stdinIsFree` says whether commands may read stdin. */
async function runScript(
  program: ShellProgram,
  launch: Launch,
  source: ScriptSource,
  stdinIsFree: boolean,
): Promise<number> {
  if (launch.parseOnly) return parseOnly(program, source);
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  // Once: a second Ctrl-C ends the program whatever it does.
  process.once("SIGINT", onInterrupt);
  const options = batchOptions(program, launch, stdinIsFree, interrupt);
  try {
    if (launch.atomic) return await runAtomicScript(program, options, source, interrupt.signal);
    return await runPlainScript(options, source, interrupt.signal);
  } finally {
    process.removeListener("SIGINT", onInterrupt);
  }
}

async function runPlainScript(options: ShellOptions, source: ScriptSource, interrupt: AbortSignal): Promise<number> {
  const shell = new Shell(options);
  try {
    const code = await shell.run(source, interrupt);
    await shell.background.endScript(interrupt);
    return code;
  } finally {
    await shell.close();
  }
}

function runAtomicScript(
  { stderr }: ShellProgram,
  options: ShellOptions,
  source: ScriptSource,
  interrupt: AbortSignal,
): Promise<number> {
  const { timeoutMs, verbose } = options.settings;
  const say = (text: string): void => void stderr.write(`dfs-shell: --atomic: ${text}\n`);
  return runAtomically(
    { openClient: options.openClient, interrupt, timeoutMs, isVerbose: verbose, say },
    (openClient) => new Shell({ ...options, openClient, isAtomic: true }).runWhole(source, interrupt),
  );
}

function parseOnly(program: ShellProgram, source: ScriptSource): number {
  try {
    parseScript(source);
    return 0;
  } catch (error) {
    program.stderr.write(`${messageText(toDfsError(error))}\n`);
    return toDfsError(error).exitCode;
  }
}

function batchOptions(
  program: ShellProgram,
  launch: Launch,
  stdinIsFree: boolean,
  interrupt: AbortController,
): ShellOptions {
  const { stdin, stderr } = program;
  const base = shellOptions(program, launch);
  const ask = stdinIsFree ? questions(program, () => interrupt.abort()) : undefined;
  const showsBars = launch.progress && !launch.quiet && stderr.isTTY === true && hasSize(stderr) && !isPlain(program);
  const terminal = {
    write: (text: string) => void stderr.write(text),
    get columns() {
      return stderr.columns ?? base.stderr.columns;
    },
    get rows() {
      return stderr.rows ?? rowsDefault;
    },
  };
  return {
    ...base,
    stdin: stdinIsFree ? (stdin as AsyncIterable<Uint8Array>) : undefined,
    ask,
    openClient: loggedInOpener(base.openClient, sourcesAt(program, ask, interrupt.signal), interrupt.signal),
    progress: (lines) => (showsBars ? startBatchBars(terminal, lines) : undefined),
  };
}

/** Asks at the terminal, where there is one on both sides. */
function questions(program: ShellProgram, onInterrupt: () => void): ShellOptions["ask"] {
  const { stdin, stderr } = program;
  if (stdin.isTTY !== true || stderr.isTTY !== true) return undefined;
  const takesEscapes = program.env["TERM"] !== "dumb";
  const terminal = new TerminalQuestions({ stdin, output: stderr, takesEscapes, onInterrupt });
  return (question, signal) => terminal.ask(question, signal);
}

/** Where the password of the environment's user comes from. */
function sourcesAt({ env, stderr }: ShellProgram, ask: ShellOptions["ask"], signal: AbortSignal): PasswordSources {
  const say = async (text: string): Promise<void> => void stderr.write(text);
  return { askLine: ask && ((question) => ask(question, signal)), env, folder: process.cwd(), say };
}

const rowsDefault = 24;
const columnsDefault = 80;

/** What batch and prompt have in common. */
function shellOptions(program: ShellProgram, launch: Launch): ShellOptions {
  const { stdout, stderr, checkMachine: check } = program;
  const { quiet, verbose, trace, keepGoing, json, stale, timeoutMs, dataFolder } = launch;
  const out = outputOf(stdout, launch, program);
  const error = outputOf(stderr, launch, program);
  const onProgress = verbose ? (message: string) => void stderr.write(`${printable(message)}\n`) : undefined;
  return {
    commands,
    settings: { quiet, verbose, trace, keepGoing, json, stale, timeoutMs },
    state: startState(program, launch),
    stdout: out,
    stderr: error,
    stdin: undefined,
    openClient: () => program.openClient({ dataFolder, onProgress }),
    checkMachine: check && ((signal) => check({ dataFolder, signal })),
    ask: undefined,
    env: program.env,
    progress: () => undefined,
    showView: viewsOn(program, out.color),
    localRunner: {
      inherit: stdout === process.stdout && stderr === process.stderr,
      stdout: out,
      stderr: error,
      around: (work) => work(),
    },
  };
}

function startState({ env }: ShellProgram, { task }: Launch): ShellState {
  return {
    cwd: rootPath,
    previousCwd: undefined,
    lcwd: process.cwd(),
    variables: startVariables(env, "parameters" in task ? task.parameters : []),
    aliases: new Map(),
    exitCode: undefined,
    user: undefined,
    peer: undefined,
    lastStatus: 0,
  };
}

function outputOf(stream: ShellOutput, launch: Launch, program: ShellProgram): StreamOutput {
  const isTTY = stream.isTTY === true;
  const color = launch.color === "auto" ? isTTY && !isPlain(program) : launch.color === "always";
  return new StreamOutput(stream, { isTTY, color, columns: () => stream.columns });
}

/** Views have the whole terminal; NO_COLOR takes their colours, not their places on the screen. */
function viewsOn(program: ShellProgram, color: boolean): ShellOptions["showView"] {
  const { stdin, stdout } = program;
  if (stdin.isTTY !== true || stdout.isTTY !== true || !hasSize(stdout) || isDumb(program)) return undefined;
  return async (open, signal) => {
    const { showOn } = await import("./views/full-screen.ts");
    await showOn({ stdin, stdout, color })(open, signal);
  };
}

/** Whether the environment asks for neither colour nor escape codes. */
function isPlain(program: ShellProgram): boolean {
  const { NO_COLOR: noColor = "" } = program.env;
  return noColor !== "" || isDumb(program);
}

/** Whether nobody looks who could be shown more than lines. CI is read as Ink reads it. */
function isDumb({ env }: ShellProgram): boolean {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== "0" && env[name] !== "false";
  return isSet("CI") || isSet("CONTINUOUS_INTEGRATION") || env["TERM"] === "dumb";
}

/** Some terminals do not say how large they are: nothing can be drawn there. */
function hasSize({ columns = 0, rows = 0 }: ShellOutput): boolean {
  return columns > 0 && rows > 0;
}

/** Ink is loaded only here: it takes longer to load than a batch takes to run. */
async function runPrompt(program: ShellProgram, launch: Launch): Promise<number> {
  const { stdin, stdout } = program;
  const config = launch.config ? configFile(program.env, program.configPath) : undefined;
  const terminal = { stdin, stdout, historyPath: program.historyPath, config };
  const options = { ...shellOptions(program, launch), openClient: await promptOpener(program, launch), isPrompt: true };
  if (isPlain(program) || stdout.isTTY !== true || !hasSize(stdout)) {
    const { runPlainPrompt } = await import("./plain-prompt.ts");
    return runPlainPrompt(options, terminal);
  }
  const { runPrompt: runInkPrompt } = await import("./prompt.ts");
  return runInkPrompt(options, terminal);
}

/** A prompt for the environment's user begins with the login, or not at all. */
async function promptOpener(program: ShellProgram, launch: Launch): Promise<ShellOptions["openClient"]> {
  const { openClient } = shellOptions(program, launch);
  const interrupt = new AbortController();
  const ask = questions(program, () => interrupt.abort());
  const sources = sourcesAt(program, ask, interrupt.signal);
  if (!namesUser(sources)) return openClient;
  const open = loggedInOpener(openClient, sources, interrupt.signal);
  let first: DfsClient | undefined = await open();
  return async () => {
    const client = first ?? (await open());
    first = undefined;
    return client;
  };
}
