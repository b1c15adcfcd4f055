/**
 * The shell: where it stands, what it may use, and how it runs scripts.
 *
 * A script is parsed as a whole, then run statement by statement. It stops at the first failing command, unless told
 * to keep going; a command with a leading `-` is forgiven.
 */
import type { DfsClient } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { commandStopMs, scriptDepthMax, stopMs } from "../core/limits.ts";
import { printable } from "../core/names.ts";
import { findCommand, lookedAt, noArguments, parseArguments, staleOption } from "./command.ts";
import { callsOf, surroundingsOf, takesStale } from "./command.ts";
import { isYes } from "./answers.ts";
import { Background } from "./background.ts";
import { asJob, branchOptions, commandText, isTransferAlone, requireForeground } from "./background-shell.ts";
import type {
  Command,
  CommandContext,
  Invocation,
  Question,
  ReadCalls,
  Settings,
  ShellState,
  Surroundings,
} from "./command.ts";
import { withoutAliases } from "./aliases.ts";
import { expandWord } from "./expand.ts";
import type { Argument } from "./expand.ts";
import { failureText, plainFailureText, unknownText } from "./failure-text.ts";
import type { Place } from "./failure-text.ts";
import { isCondition } from "./frame.ts";
import type { Call, Frame, StatementOutcome, Work } from "./frame.ts";
import { runLocalCommand, withRedirections } from "./local-side.ts";
import type { LocalRunner, LocalSide, Streams } from "./local-side.ts";
import { commandPage } from "./manual-page.ts";
import { pageText } from "./manual-text.ts";
import { expandOperand, redirectionFile } from "./operand-globs.ts";
import { isBrokenPipe } from "./output.ts";
import type { Output } from "./output.ts";
import { parseScript } from "./parser.ts";
import { closed, unlessStuck, withinTime } from "./patience.ts";
import { ShellClient } from "./shell-client.ts";
import { stalenessText } from "./staleness.ts";
import type { Assignment, CommandNode, Redirection, Script, ScriptSource, SimpleCommand, Statement } from "./syntax.ts";
import { commandTrace, traceLine, typedText } from "./trace.ts";

export interface ShellOptions extends Surroundings {
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
  /** Starts local commands that own the terminal; see LocalRunner. */
  readonly localRunner: LocalRunner;
  /** Whether a person types the lines: then transfers run as jobs, and what becomes of jobs in the background is told. */
  readonly isPrompt?: boolean | undefined;
  /** Whether nothing may run in the background: the script's changes are to happen as one. */
  readonly isAtomic?: boolean | undefined;
  /** Tells of jobs in the background; on stderr without it. */
  readonly tell?: ((text: string) => Promise<void>) | undefined;
}

export class Shell {
  readonly state: ShellState;
  readonly background: Background;
  readonly #options: ShellOptions;
  #settings: Settings;
  readonly #client: ShellClient;
  #isStuck = false;
  /** Signals of commands that were left alone: what becomes of them later is nobody's matter. */
  readonly #abandoned = new WeakSet<AbortSignal>();

  /** A shell with another's `background` is a job of that one. */
  constructor(options: ShellOptions, background?: Background) {
    this.#options = options;
    this.#settings = options.settings;
    this.state = options.state;
    this.#client = new ShellClient(options.openClient, options.state);
    const { isPrompt = false, tell = (text: string) => this.#say(text) } = options;
    const clients = { client: () => this.client(), openedClient: () => this.openedClient };
    this.background = background ?? new Background({ ...clients, isPrompt, tell });
  }

  /** The client, opened at the first call; a failed opening is tried again at the next, and so is one whose peer has stopped. */
  client(): Promise<DfsClient> {
    return this.#client.get();
  }

  /** The client where it was opened already, or is being opened. */
  get openedClient(): Promise<DfsClient> | undefined {
    return this.#client.opened;
  }

  /** Lets go of the client, if it was ever opened; one that is stuck is left alone. */
  async close(): Promise<void> {
    this.background.close();
    const letGo = async (): Promise<void> => (await this.openedClient?.catch(() => undefined))?.close();
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
  runWhole(source: ScriptSource, interrupt: AbortSignal): Promise<number> {
    const { stdin, stdout } = this.#options;
    return this.#script({ source, interrupt, streams: { stdin, stdout }, depth: 1 });
  }

  /** Runs a script of settings: all of it, whatever fails, as if nothing had been run before the first line. */
  async configure(source: ScriptSource, interrupt: AbortSignal): Promise<void> {
    const { stdin, stdout } = this.#options;
    await this.#script({ source, interrupt, streams: { stdin, stdout }, depth: 1, keepsGoing: true });
    this.state.exitCode = undefined;
    this.#remember(0);
  }

  async #script(frame: Frame): Promise<number> {
    let script: Script;
    if (frame.depth === 1) this.background.hasLeft = false;
    try {
      script = parseScript(frame.source);
      if (this.#options.isAtomic === true) requireForeground(script);
    } catch (error) {
      await this.#say(plainFailureText(toDfsError(error), { source: frame.source, start: 0 }));
      return this.#remember(toDfsError(error).exitCode);
    }
    return this.#remember(await this.#statements(script, frame));
  }

  #unlessStuck<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
    return unlessStuck(signal, work, () => {
      this.#isStuck = true;
      this.#abandoned.add(signal);
    });
  }

  #remember(code: number): number {
    this.state.lastStatus = code;
    this.state.variables.set("?", String(code));
    return code;
  }

  async #statements({ statements }: Script, frame: Frame): Promise<number> {
    const { interrupt } = frame;
    let worst = 0;
    for (const statement of statements) {
      const { code, isAnswer } = await this.#statement(statement, frame);
      if (this.state.exitCode !== undefined) return this.state.exitCode;
      if (this.background.hasLeft) return code;
      if (!isAnswer || statement === statements.at(-1)) worst = Math.max(worst, code);
      if (interrupt.aborted) return toDfsError(interrupt.reason).exitCode;
      if (code !== 0 && !isAnswer && !(this.#settings.keepGoing || frame.keepsGoing === true)) return code;
    }
    return worst;
  }

  async #statement(statement: Statement, frame: Frame): Promise<StatementOutcome> {
    if (statement.background !== undefined) return this.#inBackground(statement, frame);
    const { first, rest } = statement;
    let last = first;
    let code = await this.#command(first, frame);
    for (const { operator, command } of rest) {
      if (this.state.exitCode !== undefined || frame.interrupt.aborted || this.background.hasLeft) break;
      if ((operator === "&&") !== (code === 0)) continue;
      last = command;
      code = await this.#command(command, frame);
    }
    const wasLast = last === (rest.at(-1)?.command ?? first);
    return { code, isAnswer: !wasLast && code === 1 && isCondition(last, this.#options.commands, this.state.aliases) };
  }

  /** A transfer alone becomes a job of the peer, everything else a shell of its own that starts where this one stands. */
  async #inBackground({ background = "", ...statement }: Statement, frame: Frame): Promise<StatementOutcome> {
    if (isTransferAlone(statement, this.#options.commands, this.state.aliases))
      return { code: await this.#command(statement.first, { ...frame, background }), isAnswer: false };
    const branch = branchOptions({ ...this.#options, settings: this.#settings }, () => this.client());
    const shell = new Shell(branch, this.background);
    const streams = { stdin: undefined, stdout: frame.streams.stdout };
    const code = await this.background.start(background, (interrupt) =>
      shell.#statements({ source: frame.source, statements: [statement] }, { ...frame, interrupt, streams }),
    );
    return { code: this.#remember(code), isAnswer: false };
  }

  /** The exit code that counts: 0 for a forgiven command, whatever `$?` says. */
  async #command(node: CommandNode, frame: Frame): Promise<number> {
    const { source, interrupt, streams } = frame;
    const code = await withinTime(interrupt, this.#settings.timeoutMs, (signal) =>
      this.#runNode(node, { source, start: node.start, label: commandText(node, frame), frame, signal }),
    );
    this.#remember(code);
    await streams.stdout.flush();
    await this.#options.stderr.flush();
    return node.forgiven && !interrupt.aborted ? 0 : code;
  }

  async #runNode(node: CommandNode, call: Call): Promise<number> {
    const { signal, frame } = call;
    try {
      signal.throwIfAborted();
      if (node.kind === "assignment") return await this.#assign(node, call);
      if (node.kind === "simple") return await this.#simple(node, call);
      await this.#trace(node, `!${node.text}`);
      await frame.streams.stdout.flush();
      return await this.#unlessStuck(signal, runLocalCommand(node.text, this.#localSide(call)));
    } catch (error) {
      if (isBrokenPipe(error)) throw error;
      const failure = toDfsError(error);
      await this.#say(plainFailureText(failure, call));
      return failure.exitCode;
    }
  }

  async #assign(node: Assignment, { source }: Call): Promise<number> {
    const { text } = expandWord(node.value, this.state.variables, source);
    await this.#trace(node, `${node.name}=${text === "" ? "" : typedText(text)}`);
    this.state.variables.set(node.name, text);
    return 0;
  }

  async #simple(node: SimpleCommand, call: Call): Promise<number> {
    const { aliases, variables } = this.state;
    const words = withoutAliases(node.words, call.source, aliases).map(({ word, source }) => ({
      // The words of an alias stand where its name does.
      start: source === call.source ? word.start : node.start,
      argument: expandWord(word, variables, source),
    }));
    const redirections = node.redirections.map(({ operator, target }) => ({
      operator,
      start: target.start,
      argument: expandWord(target, variables, call.source),
    }));
    await this.#trace(node, commandTrace([...words, ...redirections], node.pipe));
    const [name, ...args] = words.map(({ argument }) => argument) as [Argument, ...Argument[]];
    const command = findCommand(this.#options.commands, name.text);
    if (command === undefined) return this.#unknown(name.text, call);
    const work = await this.#prepare(command, args, call);
    if (typeof work === "number") return work;
    try {
      const files: { operator: Redirection["operator"]; path: string }[] = [];
      for (const { operator, argument } of redirections)
        files.push({
          operator,
          path: await this.#unlessStuck(call.signal, redirectionFile(argument, this.state.lcwd)),
        });
      const running = withRedirections(files, node.pipe, call.frame.streams, this.#localSide(call), work);
      return await this.#unlessStuck(call.signal, running);
    } catch (error) {
      if (isBrokenPipe(error)) throw error;
      const failure = toDfsError(error);
      return this.#report(command, call, failure, failure.path ?? "");
    }
  }

  /** Parses options and looks up globs; an exit code where that already decides the outcome. */
  async #prepare(command: Command, words: readonly Argument[], call: Call): Promise<Work | number> {
    const [name, ...rest] = words;
    if (command.isPrefix === true && name !== undefined && name.text !== "--help") {
      const behind = findCommand(this.#options.commands, name.text);
      if (behind === undefined) return this.#unknown(name.text, call);
      const work = await this.#prepare(behind, rest, call);
      return typeof work === "number" ? work : (streams) => this.#invoke(command, noArguments, call, streams, work);
    }
    try {
      const { options, operands, help } = parseArguments(command, words);
      if (help) {
        const { stdout } = call.frame.streams;
        await stdout.write(pageText(commandPage(command), stdout));
        return 0;
      }
      const groups: (readonly string[])[] = [];
      const pastMs = lookedAt(command, options, Date.now());
      const sides = {
        state: this.state,
        reads: this.#reads(command, options, call.signal),
        pastMs,
        client: () => this.client(),
      };
      for (const index of operands.keys())
        groups.push(await this.#unlessStuck(call.signal, expandOperand(command, operands, index, sides)));
      return (streams) => this.#invoke(command, { options, operands: groups.flat(), groups, pastMs }, call, streams);
    } catch (error) {
      return this.#reportEnd(command, call, error);
    }
  }

  #reads(command: Command, options: Invocation["options"], signal: AbortSignal): ReadCalls {
    return { signal, stale: takesStale(command) && (this.#settings.stale || options.has(staleOption.long)) };
  }

  async #invoke(command: Command, invocation: Invocation, call: Call, streams: Streams, inner?: Work): Promise<number> {
    if (command.name !== "exit") this.background.forgetWarning();
    const { isPrompt = false } = this.#options;
    try {
      const reads = this.#reads(command, invocation.options, call.signal);
      if (reads.stale === true) await this.#sayStaleness(command, call.signal);
      const placed = { ...call, asJob: asJob(command, invocation, call, isPrompt) };
      const context = this.#context(command, placed, streams, reads, inner);
      return await command.run(invocation, { ...context, pastMs: invocation.pastMs });
    } catch (error) {
      if (this.#abandoned.has(call.signal)) return toDfsError(error).exitCode;
      return this.#reportEnd(command, call, error);
    }
  }

  /** Whatever a command was told when its signal fired, it failed for the signal's reason. */
  #reportEnd(command: Command, call: Call, error: unknown): Promise<number> {
    const { aborted, reason } = call.signal;
    return this.#report(command, call, aborted && !isBrokenPipe(error) ? reason : error);
  }

  async #sayStaleness(command: Command, signal: AbortSignal): Promise<void> {
    const client = await this.client();
    const text = stalenessText(await client.staleness({ signal }));
    if (text !== undefined) await this.#say(`${command.name}: ${text}\n`);
  }

  #context(command: Command, call: Call, streams: Streams, reads: ReadCalls, inner?: Work): CommandContext {
    const { signal, frame } = call;
    const { commands, stderr, ask } = this.#options;
    return {
      ...surroundingsOf(this.#options),
      state: this.state,
      settings: this.#settings,
      commands,
      stdout: streams.stdout,
      stderr,
      stdin: streams.stdin,
      ...callsOf(command, reads),
      client: () => this.#client.forCommand(),
      report: async (error, operand) => {
        if (isBrokenPipe(error) || signal.aborted) throw error;
        return this.#report(command, call, error, operand);
      },
      ask: ask && (async (text) => isYes(await ask({ text: `${text} [y/N] `, isSecret: false }, signal))),
      askLine: ask && ((question) => ask(question, signal)),
      background: this.background,
      asJob: call.asJob,
      changeSettings: (changes) => {
        this.#settings = { ...this.#settings, ...changes };
      },
      runScript: (source) => {
        if (frame.depth >= scriptDepthMax)
          throw new DfsError("usage", `scripts are nested ${scriptDepthMax} deep: does one run itself?`);
        // A signal of its own: each nested script has listeners, and Node warns of more than ten.
        const interrupt = AbortSignal.any([signal]);
        return this.#script({ source, interrupt, streams, depth: frame.depth + 1 });
      },
      inner: inner && (() => inner(streams)),
    };
  }

  async #report(command: Command, place: Place, error: unknown, operand?: string): Promise<number> {
    if (isBrokenPipe(error)) throw error;
    const failure = toDfsError(error);
    await this.#say(failureText(failure, command, place, operand));
    return failure.exitCode;
  }

  async #unknown(name: string, place: Place): Promise<number> {
    const failure = new DfsError("unknown-command", "no such command");
    const names = [...this.#options.commands.map((command) => command.name), ...this.state.aliases.keys()];
    await this.#say(unknownText(failure, name, names, place));
    return failure.exitCode;
  }

  async #trace(node: CommandNode, text: string): Promise<void> {
    if (this.#settings.trace) await this.#say(`${printable(traceLine(node, text))}\n`);
  }

  /** What was printed before stands before the message, also where both go to the same file. */
  async #say(text: string): Promise<void> {
    await this.#options.stdout.flush();
    await this.#options.stderr.write(text);
    await this.#options.stderr.flush();
  }

  /** What a redirected script prints goes to its file, also what its local commands print. */
  #localSide({ signal, frame }: Call): LocalSide {
    const { localRunner, stdout, env } = this.#options;
    const { lcwd, variables } = this.state;
    const isRedirected = frame.streams.stdout !== stdout;
    const runner = isRedirected ? { ...localRunner, inherit: false, stdout: frame.streams.stdout } : localRunner;
    return { lcwd, variables, signal, runner, env };
  }
}
