/**
 * The shell: where it stands, what it may use, and how it runs scripts.
 *
 * A script is parsed as a whole, then run statement by statement. It stops at the first failing command, unless told
 * to keep going; a command with a leading `-` is forgiven.
 */
import type { DfsClient } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { commandStopMs, stopMs } from "../core/limits.ts";
import { printable } from "../core/names.ts";
import { messageText } from "./formats.ts";
import { findCommand, parseArguments, staleOption, takesStale, usageLine } from "./command.ts";
import type {
  Command,
  CommandContext,
  Environment,
  Invocation,
  OptionValues,
  ProgressLines,
  ProgressView,
  Question,
  ReadCalls,
  Settings,
  ShellState,
} from "./command.ts";
import { expandGlob, expandWord, localGlobs, remoteGlobs } from "./expand.ts";
import type { Argument } from "./expand.ts";
import { runLocalCommand, withRedirections } from "./local-side.ts";
import type { LocalRunner, Streams } from "./local-side.ts";
import { commandPage } from "./manual-page.ts";
import { pageText } from "./manual-text.ts";
import { isBrokenPipe } from "./output.ts";
import type { Output } from "./output.ts";
import { parseScript } from "./parser.ts";
import { closed, unlessStuck, withinTime } from "./patience.ts";
import { stalenessText } from "./staleness.ts";
import { nearestNames } from "./suggestion.ts";
import type { Assignment, CommandNode, Script, ScriptSource, SimpleCommand, Statement } from "./syntax.ts";

export interface ShellOptions {
  readonly commands: readonly Command[];
  readonly settings: Settings;
  readonly state: ShellState;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Absent where the script itself comes from stdin. */
  readonly stdin: AsyncIterable<Uint8Array> | undefined;
  readonly openClient: () => Promise<DfsClient>;
  /** Asks a person for a line; absent where nobody can answer. Fails with `interrupted` when the signal fires. */
  readonly ask: ((question: Question, signal: AbortSignal) => Promise<string>) | undefined;
  readonly env: Environment;
  /** As in CommandContext. */
  readonly progress: (lines: ProgressLines) => ProgressView | undefined;
  /** Starts local commands that own the terminal; see LocalRunner. */
  readonly localRunner: LocalRunner;
}

const interruptedCode = 130;

export class Shell {
  readonly state: ShellState;
  readonly #options: ShellOptions;
  #client: Promise<DfsClient> | undefined;
  #isStuck = false;

  constructor(options: ShellOptions) {
    this.#options = options;
    this.state = options.state;
  }

  /** The client, opened at the first call; a failed opening is tried again at the next. */
  client(): Promise<DfsClient> {
    this.#client ??= this.#options.openClient().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  /** The client where it was opened already, or is being opened. */
  get openedClient(): Promise<DfsClient> | undefined {
    return this.#client;
  }

  /** Lets go of the client, if it was ever opened; one that is stuck is left alone. */
  async close(): Promise<void> {
    const letGo = async (): Promise<void> => (await this.#client?.catch(() => undefined))?.close();
    await closed(letGo(), this.#isStuck ? commandStopMs : stopMs);
  }

  /** As `runWhole`, but where nobody reads the output any more the script ends early, with 0. */
  async run(source: ScriptSource, interrupt: AbortSignal): Promise<number> {
    try {
      return await this.runWhole(source, interrupt);
    } catch (error) {
      if (isBrokenPipe(error)) return 0;
      throw error;
    }
  }

  /** Parses and runs a script. Returns its exit code; a syntax error is reported and runs nothing. Fails only with a broken pipe. */
  async runWhole(source: ScriptSource, interrupt: AbortSignal): Promise<number> {
    let script: Script;
    try {
      script = parseScript(source);
    } catch (error) {
      await this.#say(`${messageText(toDfsError(error))}\n`);
      return this.#remember(toDfsError(error).exitCode);
    }
    return this.#remember(await this.#statements(script, interrupt));
  }

  #unlessStuck<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
    return unlessStuck(signal, work, () => {
      this.#isStuck = true;
    });
  }

  #remember(code: number): number {
    this.state.lastStatus = code;
    this.state.variables.set("?", String(code));
    return code;
  }

  async #statements(script: Script, interrupt: AbortSignal): Promise<number> {
    let worst = 0;
    for (const statement of script.statements) {
      const code = await this.#statement(statement, script.source, interrupt);
      if (this.state.exitCode !== undefined) return this.state.exitCode;
      worst = Math.max(worst, code);
      if (interrupt.aborted) return interruptedCode;
      if (code !== 0 && !this.#options.settings.keepGoing) return code;
    }
    return worst;
  }

  async #statement(statement: Statement, source: ScriptSource, interrupt: AbortSignal): Promise<number> {
    let code = await this.#command(statement.first, source, interrupt);
    for (const { operator, command } of statement.rest) {
      if (this.state.exitCode !== undefined || interrupt.aborted) return code;
      if ((operator === "&&") === (code === 0)) code = await this.#command(command, source, interrupt);
    }
    return code;
  }

  /** The exit code that counts: 0 for a forgiven command, whatever `$?` says. */
  async #command(node: CommandNode, source: ScriptSource, interrupt: AbortSignal): Promise<number> {
    const { timeoutMs } = this.#options.settings;
    const code = await withinTime(interrupt, timeoutMs, (signal) => this.#runNode(node, source, signal));
    this.#remember(code);
    await this.#options.stdout.flush();
    await this.#options.stderr.flush();
    return node.forgiven && !interrupt.aborted ? 0 : code;
  }

  async #runNode(node: CommandNode, source: ScriptSource, signal: AbortSignal): Promise<number> {
    try {
      signal.throwIfAborted();
      if (node.kind === "assignment") return this.#assign(node, source);
      if (node.kind === "simple") return await this.#simple(node, source, signal);
      await this.#trace(`!${node.text}`);
      await this.#options.stdout.flush();
      return await this.#unlessStuck(signal, runLocalCommand(node.text, this.#localSide(signal)));
    } catch (error) {
      if (isBrokenPipe(error)) throw error;
      return this.#reportPlain(error);
    }
  }

  #assign(node: Assignment, source: ScriptSource): number {
    this.state.variables.set(node.name, expandWord(node.value, this.state.variables, source).text);
    return 0;
  }

  async #simple(node: SimpleCommand, source: ScriptSource, signal: AbortSignal): Promise<number> {
    const { variables } = this.state;
    const [name, ...words] = node.words.map((word) => expandWord(word, variables, source)) as [Argument, ...Argument[]];
    await this.#trace([name, ...words].map((word) => quoted(word.text)).join(" "));
    const command = findCommand(this.#options.commands, name.text);
    if (command === undefined) return this.#unknown(name.text);
    const redirections = node.redirections.map(({ operator, target }) => ({
      operator,
      path: expandWord(target, variables, source).text,
    }));
    const prepared = await this.#prepare(command, words, signal);
    if (typeof prepared === "number") return prepared;
    const { stdin, stdout } = this.#options;
    try {
      const work = withRedirections(redirections, node.pipe, { stdin, stdout }, this.#localSide(signal), (streams) =>
        this.#invoke(command, prepared, streams, signal),
      );
      return await this.#unlessStuck(signal, work);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      return this.#report(command, error);
    }
  }

  /** Parses options and looks up globs; an exit code where that already decides the outcome. */
  async #prepare(command: Command, words: readonly Argument[], signal: AbortSignal): Promise<Invocation | number> {
    try {
      const { options, operands, help } = parseArguments(command, words);
      if (help) {
        await this.#options.stdout.write(pageText(commandPage(command), this.#options.stdout));
        return 0;
      }
      const groups: (readonly string[])[] = [];
      const reads = this.#reads(command, options, signal);
      for (const [index, operand] of operands.entries())
        groups.push(await this.#unlessStuck(signal, this.#expand(command, operand, index, operands, reads)));
      return { options, operands: groups.flat(), groups };
    } catch (error) {
      return this.#reportEnd(command, error, signal);
    }
  }

  #reads(command: Command, options: OptionValues, signal: AbortSignal): ReadCalls {
    return { signal, stale: takesStale(command) && (this.#options.settings.stale || options.has(staleOption.long)) };
  }

  async #expand(
    command: Command,
    operand: Argument,
    index: number,
    operands: readonly Argument[],
    reads: ReadCalls,
  ): Promise<readonly string[]> {
    if (operand.pattern === undefined) return [operand.text];
    if (command.ownArguments === true && operands.slice(0, index).some((before) => before.text.startsWith("-")))
      return [operand.text];
    const side = command.side(index, operands.length);
    if (side === "remote") return expandGlob(operand, remoteGlobs(await this.client(), this.state.cwd, reads));
    return side === "local" ? expandGlob(operand, localGlobs(this.state.lcwd)) : [operand.text];
  }

  async #invoke(command: Command, invocation: Invocation, streams: Streams, signal: AbortSignal): Promise<number> {
    try {
      const reads = this.#reads(command, invocation.options, signal);
      if (reads.stale === true) await this.#sayStaleness(command, signal);
      return await command.run(invocation, this.#context(command, streams, reads));
    } catch (error) {
      return this.#reportEnd(command, error, signal);
    }
  }

  /** Whatever a command was told when its signal fired, it failed for the signal's reason. */
  #reportEnd(command: Command, error: unknown, signal: AbortSignal): Promise<number> {
    return this.#report(command, signal.aborted && !isBrokenPipe(error) ? signal.reason : error);
  }

  async #sayStaleness(command: Command, signal: AbortSignal): Promise<void> {
    const client = await this.client();
    const text = stalenessText(await client.staleness({ signal }));
    if (text !== undefined) await this.#say(`${command.name}: ${text}\n`);
  }

  #context(command: Command, streams: Streams, reads: ReadCalls): CommandContext {
    const { signal } = reads;
    const { settings, commands, stderr, ask, env, progress } = this.#options;
    return {
      state: this.state,
      settings,
      commands,
      stdout: streams.stdout,
      stderr,
      stdin: streams.stdin,
      signal,
      reads,
      client: () => this.client(),
      report: async (error, operand) => {
        if (isBrokenPipe(error) || signal.aborted) throw error;
        return this.#report(command, error, operand);
      },
      ask: ask && (async (text) => isYes(await ask({ text: `${text} [y/N] `, isSecret: false }, signal))),
      askLine: ask && ((question) => ask(question, signal)),
      env,
      progress,
    };
  }

  async #report(command: Command, error: unknown, operand?: string): Promise<number> {
    if (isBrokenPipe(error)) throw error;
    const failure = toDfsError(error);
    const subject = operand ?? failure.path;
    const usage = failure.kind === "usage" && operand === undefined ? `${usageLine(command)}\n` : "";
    const about = subject === undefined || subject === "" ? "" : `${printable(subject)}: `;
    const way = failure.kind === "no-quorum" && takesStale(command) ? "; use --stale to see what is known" : "";
    await this.#say(`${command.name}: ${about}${reason(failure)}${way}\n${usage}`);
    return failure.exitCode;
  }

  async #reportPlain(error: unknown): Promise<number> {
    const failure = toDfsError(error);
    await this.#say(`${failure.path === undefined ? "" : `${printable(failure.path)}: `}${messageText(failure)}\n`);
    return failure.exitCode;
  }

  async #unknown(name: string): Promise<number> {
    const failure = new DfsError("unknown-command", "no such command");
    const names = this.#options.commands.map((command) => command.name);
    const [nearest] = nearestNames(name, names);
    const hint = nearest === undefined ? '; "help" lists them' : `; did you mean "${nearest}"?`;
    await this.#say(`${printable(name)}: ${failure.message}${hint}\n`);
    return failure.exitCode;
  }

  async #trace(text: string): Promise<void> {
    if (this.#options.settings.trace) await this.#say(`+ ${printable(text)}\n`);
  }

  /** What was printed before stands before the message, also where both go to the same file. */
  async #say(text: string): Promise<void> {
    await this.#options.stdout.flush();
    await this.#options.stderr.write(text);
    await this.#options.stderr.flush();
  }

  #localSide(signal: AbortSignal): Parameters<typeof runLocalCommand>[1] {
    const { lcwd, variables } = this.state;
    return { lcwd, variables, signal, runner: this.#options.localRunner };
  }
}

function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim());
}

/** The words people know for what they meet most, the error's own for the rest. */
function reason(failure: DfsError): string {
  const retry = failure.retryAfterMs === undefined ? "" : ` (try again in ${Math.ceil(failure.retryAfterMs / 1000)} s)`;
  return `${messageText(failure)}${retry}`;
}

/** `text` as it could be typed. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
