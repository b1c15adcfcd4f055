/** The prompt of a terminal that wants no drawing (TERM=dumb, NO_COLOR, CI): Node's own line editor, no colour, no bars. */
import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import { callbackify } from "node:util";
import { runConfig } from "./config-file.ts";
import type { ConfigFile } from "./config-file.ts";
import { complete } from "./completion.ts";
import { mayBeKept } from "./history-rules.ts";
import { appendHistory, readHistory } from "./history.ts";
import type { ShellInput, ShellOutput } from "./main.ts";
import type { Question } from "./command.ts";
import type { Output } from "./output.ts";
import { promptText } from "./prompt-text.ts";
import { completionEnvironment, recognise } from "./prompt-view.ts";
import { Shell } from "./shell.ts";
import type { ShellOptions } from "./shell.ts";
import { TerminalQuestions } from "./terminal-questions.ts";

export interface PromptTerminal {
  readonly stdin: ShellInput;
  readonly stdout: ShellOutput;
  /** Absent for a history in memory only. */
  readonly historyPath: string | undefined;
  readonly config: ConfigFile | undefined;
}

/** Runs lines until `exit` or the end of input. Returns the exit code. */
export async function runPlainPrompt(options: ShellOptions, terminal: PromptTerminal): Promise<number> {
  const history = terminal.historyPath === undefined ? [] : await readHistory(terminal.historyPath);
  return new PlainPrompt(options, terminal, history).run();
}

/** Lines typed ahead while a command runs: a pasted page. */
const linesAheadMax = 1000;
/** Longer than this nobody waits for a Tab. */
const completionMs = 2000;

class PlainPrompt {
  readonly #shell: Shell;
  readonly #stderr: Output;
  readonly #terminal: PromptTerminal;
  readonly #lines: Interface;
  readonly #linesAhead: string[] = [];
  /** What became of jobs in the background; shown before the next prompt, so as not to break the line that is typed. */
  readonly #told: string[] = [];
  #reader: ((line: string | undefined) => void) | undefined;
  #isClosed = false;
  #interrupt = new AbortController();

  constructor(options: ShellOptions, terminal: PromptTerminal, history: readonly string[]) {
    const { localRunner } = options;
    this.#terminal = terminal;
    this.#stderr = options.stderr;
    this.#shell = new Shell({
      ...options,
      ask: (question, signal) => this.#ask(question, signal),
      tell: async (text) => void this.#told.push(text),
      showView: options.showView && ((open, signal) => this.#aside(async () => options.showView?.(open, signal))),
      localRunner: { ...localRunner, around: (work) => (localRunner.inherit ? this.#aside(work) : work()) },
    });
    this.#lines = createInterface({
      input: terminal.stdin,
      output: terminal.stdout,
      terminal: true,
      history: history.toReversed(),
      completer: callbackify((line: string) => this.#complete(line)),
    });
    this.#lines.on("line", (line) => this.#onLine(line));
    this.#lines.on("close", () => this.#onClose());
    this.#lines.on("SIGINT", () => this.#onInterrupt());
  }

  async run(): Promise<number> {
    const { state } = this.#shell;
    const { config, historyPath } = this.#terminal;
    try {
      if (config !== undefined) await runConfig(this.#shell, config, this.#stderr, this.#interrupt.signal);
      for (;;) {
        void recognise(state, this.#shell.openedClient);
        const line = await this.#read(promptText(state, this.#terminal.stdout.columns));
        if (line === undefined) {
          this.#terminal.stdout.write("\n");
          return state.lastStatus;
        }
        if (historyPath !== undefined && mayBeKept(line)) await appendHistory(historyPath, line);
        this.#interrupt = new AbortController();
        await this.#shell.run({ name: "input", text: line }, this.#interrupt.signal);
        if (state.exitCode !== undefined) return state.exitCode;
      }
    } finally {
      this.#lines.close();
      await this.#shell.close();
    }
  }

  async #ask(question: Question, signal: AbortSignal): Promise<string> {
    if (!question.isSecret) return (await this.#read(question.text)) ?? "";
    // What was typed ahead was shown, and is no password; it is dropped, lest a password that was meant becomes a command.
    this.#linesAhead.length = 0;
    const { stdin, stdout } = this.#terminal;
    const terminal = { stdin, output: stdout, takesEscapes: false, onInterrupt: () => this.#onInterrupt() };
    return new TerminalQuestions(terminal).ask(question, signal);
  }

  /** The next line, one typed ahead first; `undefined` at the end of input, and an empty one after Ctrl-C. */
  #read(prompt: string): Promise<string | undefined> {
    for (const text of this.#told.splice(0)) this.#terminal.stdout.write(text);
    const ahead = this.#linesAhead.shift();
    if (ahead !== undefined) this.#terminal.stdout.write(`${prompt}${ahead}\n`);
    if (ahead !== undefined || this.#isClosed) return Promise.resolve(ahead);
    this.#lines.setPrompt(prompt);
    this.#lines.prompt();
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  #hand(line: string | undefined): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.(line);
  }

  #onLine(line: string): void {
    if (this.#reader !== undefined) this.#hand(line);
    else if (this.#linesAhead.length < linesAheadMax) this.#linesAhead.push(line);
  }

  #onClose(): void {
    this.#isClosed = true;
    this.#hand(undefined);
  }

  /** At the prompt the line is dropped; while a command runs, that is cancelled, with all that was typed ahead. */
  #onInterrupt(): void {
    this.#linesAhead.length = 0;
    this.#interrupt.abort();
    if (this.#reader === undefined) return;
    this.#hand("");
    // Ends the line in Node's editor; it comes back as one typed ahead.
    this.#lines.write("\n");
    this.#linesAhead.length = 0;
  }

  /** Steps aside for a local command that has the terminal. */
  async #aside<Result>(work: () => Promise<Result>): Promise<Result> {
    const { stdin } = this.#terminal;
    const onInterrupt = (): void => this.#interrupt.abort();
    this.#lines.pause();
    stdin.setRawMode?.(false);
    process.on("SIGINT", onInterrupt);
    try {
      return await work();
    } finally {
      process.removeListener("SIGINT", onInterrupt);
      stdin.setRawMode?.(true);
      this.#lines.resume();
    }
  }

  async #complete(line: string): Promise<[string[], string]> {
    const environment = completionEnvironment(this.#shell, AbortSignal.timeout(completionMs));
    const { start, candidates } = await complete(line, line.length, environment);
    return [candidates.map(({ text, isWhole }) => `${text}${isWhole ? " " : ""}`), line.slice(start)];
  }
}
