/**
 * The prompt: keys in, lines to the shell, and a live area at the foot of the terminal that shows the line being typed
 * or the bars of what runs.
 */
import type { DfsClient } from "../core/client.ts";
import { emitKeypressEvents } from "node:readline";
import type { Interface, ReadLineOptions } from "node:readline";
import { toDfsError } from "../core/errors.ts";
import { keysAheadMax, redrawsPerSecondMax } from "../core/limits.ts";
import type { ProgressLines, ProgressView, Question } from "./command.ts";
import { editText } from "./edit-line.ts";
import { messageText } from "./formats.ts";
import type { Key } from "./line-editor.ts";
import { runConfig } from "./config-file.ts";
import { LineOutput } from "./line-output.ts";
import type { PromptTerminal } from "./plain-prompt.ts";
import { PromptLine, keptRows } from "./prompt-line.ts";
import { HealthWatch } from "./prompt-health.ts";
import { OpenQuestion } from "./prompt-question.ts";
import { recognise } from "./prompt-view.ts";
import { Screen } from "./screen.tsx";
import type { LiveArea } from "./screen.tsx";
import { Shell } from "./shell.ts";
import type { ShellOptions } from "./shell.ts";
import { pasteMode } from "./terminal-questions.ts";

/** How long a lone Escape may be the start of an arrow key's code; Node reads nothing else of an interface here. */
const escapeWait: Pick<ReadLineOptions, "escapeCodeTimeout"> = { escapeCodeTimeout: 100 };
const clearScreen = "\u001b[2J\u001b[H";
const redrawMs = 1000 / redrawsPerSecondMax;
const columnsDefault = 80;
const rowsDefault = 24;
/** Rows that the typed line leaves to what was printed before. */
const rowsKept = 2;
const onlyTransfers = "Ctrl-Z sends transfers to the background; start other commands there with &\n";

/** Runs lines until `exit`, Ctrl-D or the end of input. The prompt is shown at once, the client opens behind it. Returns the exit code. */
export async function runPrompt(options: ShellOptions, terminal: PromptTerminal): Promise<number> {
  const prompt = new Prompt(options, terminal);
  return prompt.run();
}

class Prompt {
  readonly #options: ShellOptions;
  readonly #terminal: PromptTerminal;
  readonly #shell: Shell;
  readonly #screen: Screen;
  readonly #output: LineOutput;
  readonly #line: PromptLine;
  readonly #health: HealthWatch;
  readonly #keysAhead: Key[] = [];
  #question: OpenQuestion | undefined;
  #running: AbortController | undefined;
  #progress: ProgressLines | undefined;
  #redraw: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #end: ((code: number) => void) | undefined;
  /** What jobs told while something else has the terminal. */
  #told: string[] | undefined;

  constructor(options: ShellOptions, terminal: PromptTerminal) {
    this.#options = options;
    this.#terminal = terminal;
    this.#screen = new Screen(terminal.stdin, terminal.stdout, options.stdout.color);
    this.#output = new LineOutput(this.#lineTerminal());
    const output = this.#output;
    this.#shell = new Shell({
      ...options,
      stdout: output,
      stderr: output,
      ask: (question) => this.#ask(question),
      progress: (lines) => this.#startBars(lines),
      tell: async (text) => (this.#told === undefined ? output.write(text) : void this.#told.push(text)),
      showView: (open, signal) => this.#stepAside(() => output.holding(async () => options.showView?.(open, signal))),
      localRunner: { ...options.localRunner, stdout: output, stderr: output, around: (work) => this.#aside(work) },
    });
    this.#health = new HealthWatch(
      () => this.#shell.openedClient,
      () => this.#showLine(),
    );
    this.#line = new PromptLine({
      shell: this.#shell,
      historyPath: terminal.historyPath,
      hasColor: options.stdout.color,
      columns: () => this.#columns,
      rows: () => this.#lineRows,
      health: () => this.#health.health,
      write: (text) => this.#screen.write(text),
      clearScreen: () => this.#screen.write(clearScreen),
      changed: () => this.#showLine(),
      submit: (text) => void this.#run(text),
      edit: (text) => this.#edit(text),
      leave: () => void this.#leave(),
      ready: () => this.#pressKeysAhead(),
    });
  }

  async run(): Promise<number> {
    const { stdin, stdout } = this.#terminal;
    const ended = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    emitKeypressEvents(stdin, escapeWait as Interface);
    const onEnd = (): void => this.#end?.(this.#shell.state.lastStatus);
    stdin.on("end", onEnd);
    stdout.on("resize", this.#resized);
    this.#attach();
    this.#show();
    // A client that cannot be opened is told by the first command that needs it.
    void this.#recognise(this.#shell.client()).then(() => this.#shell.background.tellOfEarlier());
    this.#health.refresh();
    await this.#configure();
    await this.#line.readHistory();
    const code = await ended;
    stdin.removeListener("end", onEnd);
    stdout.removeListener("resize", this.#resized);
    this.#health.stop();
    this.#line.forget();
    await this.#detach();
    await this.#shell.close();
    return code;
  }

  /** Keys wait meanwhile, and Ctrl-C ends it. */
  async #configure(): Promise<void> {
    const { config } = this.#terminal;
    if (config === undefined) return;
    this.#running = new AbortController();
    await runConfig(this.#shell, config, this.#output, this.#running.signal);
    this.#running = undefined;
    this.#show();
    this.#pressKeysAhead();
  }

  #attach(): void {
    const { stdin, stdout } = this.#terminal;
    stdin.setRawMode?.(true);
    stdin.on("keypress", this.#onKeypress);
    stdin.resume();
    stdout.write(pasteMode.on);
    this.#screen.start();
  }

  async #detach(): Promise<void> {
    const { stdin, stdout } = this.#terminal;
    this.#cancelRedraw();
    await this.#screen.stop();
    stdout.write(pasteMode.off);
    stdin.removeListener("keypress", this.#onKeypress);
    stdin.setRawMode?.(false);
    stdin.pause();
  }

  #aside<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#options.localRunner.inherit ? this.#stepAside(work) : work();
  }

  /** Steps aside for what has the terminal; an interrupt then is a signal, and ends the command. */
  async #stepAside<Result>(work: () => Promise<Result>): Promise<Result> {
    const onInterrupt = (): void => this.#running?.abort();
    await this.#detach();
    this.#told = [];
    process.on("SIGINT", onInterrupt);
    try {
      return await work();
    } finally {
      process.removeListener("SIGINT", onInterrupt);
      this.#attach();
      const told = this.#told.join("");
      this.#told = undefined;
      await this.#output.write(told);
    }
  }

  async #edit(text: string): Promise<string | undefined> {
    if (!this.#options.localRunner.inherit) return undefined;
    try {
      return await this.#aside(() => editText(text, this.#options.env));
    } catch (error) {
      this.#screen.write(`${messageText(toDfsError(error))}\n`);
      return undefined;
    }
  }

  readonly #onKeypress = (_text: string | undefined, key: Key): void => {
    const busy = this.#question === undefined ? (this.#running ?? this.#line.busy) : undefined;
    if (busy === undefined) this.#press(key);
    else this.#keyWhileBusy(key, busy);
  };

  #keyWhileBusy(key: Key, busy: AbortController): void {
    if (key.ctrl === true && key.name === "c") {
      this.#keysAhead.length = 0;
      busy.abort();
    } else if (key.ctrl === true && key.name === "z" && busy === this.#running) this.#toBackground();
    else if (this.#keysAhead.length < keysAheadMax) this.#keysAhead.push(key);
  }

  #toBackground(): void {
    if (!this.#shell.background.leaveForeground()) this.#screen.write(onlyTransfers);
  }

  /** Leaves, unless that would stop something: then says so, once. */
  async #leave(): Promise<void> {
    const reason = await this.#shell.background.reasonToStay();
    if (reason === undefined) this.#end?.(this.#shell.state.lastStatus);
    else this.#screen.write(`${reason}\n`);
  }

  /** The prompt is drawn anew where somebody else turns out to be logged in. */
  async #recognise(opening: Promise<DfsClient> | undefined): Promise<void> {
    if ((await recognise(this.#shell.state, opening)) && this.#running === undefined) this.#showSoon();
  }

  #press(key: Key): void {
    if (this.#question === undefined) this.#line.press(key);
    else this.#pressInAnswer(this.#question, key);
    this.#showSoon();
  }

  #pressInAnswer(question: OpenQuestion, key: Key): void {
    const step = question.press(key);
    if (step === "clear-screen") this.#screen.write(clearScreen);
    if (typeof step === "string") return;
    this.#question = undefined;
    this.#screen.write(keptRows({ prompt: [{ text: question.prompt }], text: step.kept }, this.#columns, false));
  }

  async #ask(question: Question): Promise<string> {
    await this.#output.flush();
    const open = new OpenQuestion(question);
    this.#question = open;
    this.#pressKeysAhead();
    this.#show();
    try {
      return await open.answered;
    } catch (error) {
      this.#running?.abort();
      throw error;
    }
  }

  async #run(text: string): Promise<void> {
    this.#running = new AbortController();
    this.#line.forget();
    this.#show();
    try {
      await this.#shell.run({ name: "input", text }, this.#running.signal);
    } finally {
      this.#running = undefined;
    }
    const { exitCode } = this.#shell.state;
    if (exitCode !== undefined) return this.#end?.(exitCode);
    this.#show();
    void this.#recognise(this.#shell.openedClient);
    this.#health.refresh();
    this.#pressKeysAhead();
  }

  /** Each key in its turn: one that starts something sends those after it back to wait. */
  #pressKeysAhead(): void {
    for (const key of this.#keysAhead.splice(0)) this.#onKeypress(undefined, key);
  }

  #startBars(lines: ProgressLines): ProgressView {
    this.#progress = lines;
    const timer = setInterval(this.#show, redrawMs);
    return {
      stop: () => {
        clearInterval(timer);
        this.#progress = undefined;
        this.#show();
      },
    };
  }

  /** Many keys at once, as in a paste, are drawn once. */
  #showSoon(): void {
    this.#redraw ??= setImmediate(this.#show);
  }

  /** The line changed by itself, which matters while it is shown. */
  #showLine(): void {
    if (this.#running === undefined) this.#showSoon();
  }

  #cancelRedraw(): void {
    clearImmediate(this.#redraw as NodeJS.Immediate | undefined);
    this.#redraw = undefined;
  }

  readonly #resized = (): void => {
    this.#screen.resized(this.#columns);
    this.#show();
  };

  readonly #show = (): void => {
    this.#cancelRedraw();
    this.#screen.show(this.#liveArea());
  };

  #liveArea(): LiveArea {
    const rows = this.#terminal.stdout.rows ?? rowsDefault;
    if (this.#question !== undefined) return this.#question.area(this.#columns, this.#lineRows);
    if (this.#running === undefined) return this.#line.area();
    if (this.#progress === undefined) return { rows: [] };
    const lines = this.#progress({ columns: this.#columns - 1, rows, nowMs: performance.now() });
    return { rows: lines.map((text) => [{ text }]) };
  }

  get #lineRows(): number {
    return Math.max(1, (this.#terminal.stdout.rows ?? rowsDefault) - rowsKept);
  }

  get #columns(): number {
    return this.#terminal.stdout.columns ?? columnsDefault;
  }

  #lineTerminal(): ConstructorParameters<typeof LineOutput>[0] {
    const columns = (): number => this.#columns;
    return {
      write: (text) => this.#screen.write(text),
      get columns() {
        return columns();
      },
      color: this.#options.stdout.color,
    };
  }
}
