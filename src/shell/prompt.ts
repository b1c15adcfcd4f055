/**
 * The prompt: keys in, lines to the shell, and a live area at the foot of the terminal that shows the line being typed
 * or the bars of what runs.
 */
import type { DfsClient } from "../core/client.ts";
import { emitKeypressEvents } from "node:readline";
import { DfsError } from "../core/errors.ts";
import { redrawsPerSecondMax } from "../core/limits.ts";
import type { ProgressLines, ProgressView, Question } from "./command.ts";
import { commonPrefix, complete } from "./completion.ts";
import type { Completion } from "./completion.ts";
import { printable } from "../core/names.ts";
import { fillColumns } from "./formats.ts";
import { appendHistory, readHistory } from "./history.ts";
import { layoutInput } from "./input-layout.ts";
import { afterSubmit, emptyLine, pressAnswer, pressKey, replaceRange, suggestion } from "./line-editor.ts";
import type { Key, LineState } from "./line-editor.ts";
import { LineOutput } from "./line-output.ts";
import type { PromptTerminal } from "./plain-prompt.ts";
import { completionEnvironment, promptText, recognise } from "./prompt-view.ts";
import { Screen } from "./screen.tsx";
import type { LiveArea } from "./screen.tsx";
import { Shell } from "./shell.ts";
import type { ShellOptions } from "./shell.ts";
import { pasteMode } from "./terminal-questions.ts";

const clearScreen = "\u001b[2J\u001b[H";
const redrawMs = 1000 / redrawsPerSecondMax;
const columnsDefault = 80;
const rowsDefault = 24;
/** Rows that the typed line leaves to what was printed before. */
const rowsKept = 2;
/** Longer than this nobody waits for a Tab. */
const completionMs = 2000;
/** Keys typed ahead while a command runs: more than anybody types. */
const keysAheadMax = 1000;

/** Runs lines until `exit`, Ctrl-D or the end of input. The prompt is shown at once, the client opens behind it. Returns the exit code. */
export async function runPrompt(options: ShellOptions, terminal: PromptTerminal): Promise<number> {
  const prompt = new Prompt(options, terminal);
  return prompt.run();
}

/** A question in place of the line: answered by Enter, given up by Ctrl-C. Its line knows no history, and none knows it. */
interface OpenQuestion extends Question {
  readonly line: LineState;
  readonly answer: (line: string) => void;
  readonly giveUp: () => void;
}

class Prompt {
  readonly #options: ShellOptions;
  readonly #terminal: PromptTerminal;
  readonly #shell: Shell;
  readonly #screen: Screen;
  readonly #output: LineOutput;
  readonly #keysAhead: Key[] = [];
  #line = emptyLine();
  #question: OpenQuestion | undefined;
  #running: AbortController | undefined;
  #progress: ProgressLines | undefined;
  #completing: AbortController | undefined;
  #redraw: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #end: ((code: number) => void) | undefined;

  constructor(options: ShellOptions, terminal: PromptTerminal) {
    this.#options = options;
    this.#terminal = terminal;
    this.#screen = new Screen(terminal.stdin, terminal.stdout);
    this.#output = new LineOutput(this.#lineTerminal());
    const output = this.#output;
    this.#shell = new Shell({
      ...options,
      stdout: output,
      stderr: output,
      ask: (question) => this.#ask(question),
      progress: (lines) => this.#startBars(lines),
      localRunner: { ...options.localRunner, stdout: output, stderr: output, around: (work) => this.#aside(work) },
    });
  }

  async run(): Promise<number> {
    const { stdin, stdout, historyPath } = this.#terminal;
    const ended = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    emitKeypressEvents(stdin);
    const onEnd = (): void => this.#end?.(this.#shell.state.lastStatus);
    stdin.on("end", onEnd);
    stdout.on("resize", this.#show);
    this.#attach();
    this.#show();
    // A client that cannot be opened is told by the first command that needs it.
    void this.#recognise(this.#shell.client());
    if (historyPath !== undefined) {
      const older = await readHistory(historyPath);
      // Only now is the line looked at: keys came in while the file was read.
      this.#line = withOlder(this.#line, older);
    }
    const code = await ended;
    stdin.removeListener("end", onEnd);
    stdout.removeListener("resize", this.#show);
    await this.#detach();
    await this.#shell.close();
    return code;
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

  /** Steps aside for a local command that has the terminal; an interrupt then is a signal, and ends the command. */
  async #aside<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#options.localRunner.inherit) return work();
    const onInterrupt = (): void => this.#running?.abort();
    await this.#detach();
    process.on("SIGINT", onInterrupt);
    try {
      return await work();
    } finally {
      process.removeListener("SIGINT", onInterrupt);
      this.#attach();
    }
  }

  readonly #onKeypress = (_text: string | undefined, key: Key): void => {
    const busy = this.#question === undefined ? (this.#running ?? this.#completing) : undefined;
    if (busy === undefined) this.#press(key);
    else this.#keyWhileBusy(key, busy);
  };

  #keyWhileBusy(key: Key, busy: AbortController): void {
    if (key.ctrl === true && key.name === "c") {
      this.#keysAhead.length = 0;
      busy.abort();
    } else if (this.#keysAhead.length < keysAheadMax) this.#keysAhead.push(key);
  }

  /** The prompt is drawn anew where somebody else turns out to be logged in. */
  async #recognise(opening: Promise<DfsClient> | undefined): Promise<void> {
    if ((await recognise(this.#shell.state, opening)) && this.#running === undefined) this.#showSoon();
  }

  #press(key: Key): void {
    if (this.#question === undefined) this.#pressInLine(key);
    else this.#pressInAnswer(this.#question, key);
    this.#showSoon();
  }

  #pressInLine(key: Key): void {
    const { state, effect } = pressKey(this.#line, key);
    this.#line = state;
    if (effect === "submit") this.#submit();
    else if (effect === "cancel") this.#abandonLine();
    else if (effect === "leave") this.#end?.(this.#shell.state.lastStatus);
    else if (effect === "complete") void this.#complete();
    else if (effect === "clear-screen") this.#screen.write(clearScreen);
  }

  #pressInAnswer(question: OpenQuestion, key: Key): void {
    const { state, effect } = pressAnswer(question.line, key);
    this.#question = { ...question, line: state };
    if (effect === "clear-screen") this.#screen.write(clearScreen);
    if (effect !== "submit" && effect !== "cancel" && effect !== "leave") return;
    this.#question = undefined;
    this.#keepLine(question.text, question.isSecret ? "" : state.text);
    if (effect === "cancel") question.giveUp();
    else question.answer(effect === "submit" ? state.text : "");
  }

  async #ask(question: Question): Promise<string> {
    await this.#output.flush();
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#running?.abort();
        reject(new DfsError("interrupted", "interrupted"));
      };
      this.#question = { ...question, line: emptyLine(), answer: resolve, giveUp };
      this.#pressKeysAhead();
      this.#show();
    });
  }

  #abandonLine(): void {
    this.#keepLine(promptText(this.#shell.state), `${this.#line.text}^C`);
    this.#line = emptyLine(this.#line.history);
  }

  /** Writes the line as it was typed above the live area, where it stays. */
  #keepLine(prompt: string, text = this.#line.text): void {
    const { rows } = layoutInput({ prompt, text, cursor: 0, suggestion: "" }, this.#columns, Infinity);
    this.#screen.write(rows.map((row) => `${row.map((span) => span.text).join("")}\n`).join(""));
  }

  #submit(): void {
    const { text } = this.#line;
    const before = this.#line.history;
    this.#keepLine(promptText(this.#shell.state));
    this.#line = afterSubmit(this.#line, text);
    const { historyPath } = this.#terminal;
    if (historyPath !== undefined && this.#line.history !== before) void appendHistory(historyPath, text);
    if (text.trim() !== "") void this.#run(text);
  }

  async #run(text: string): Promise<void> {
    this.#running = new AbortController();
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
    this.#pressKeysAhead();
  }

  /** Each key in its turn: one that starts something sends those after it back to wait. */
  #pressKeysAhead(): void {
    for (const key of this.#keysAhead.splice(0)) this.#onKeypress(undefined, key);
  }

  /** Completes the word at the cursor; keys wait meanwhile, Ctrl-C or a slow network gives up. */
  async #complete(): Promise<void> {
    const cancel = new AbortController();
    this.#completing = cancel;
    const timer = setTimeout(() => cancel.abort(), completionMs);
    const aborted = new Promise<undefined>((resolve) => {
      cancel.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const environment = completionEnvironment(this.#shell, cancel.signal);
    const { text, cursor } = this.#line;
    const completion = await Promise.race([complete(text, cursor, environment), aborted]);
    clearTimeout(timer);
    this.#completing = undefined;
    if (completion !== undefined) this.#take(completion);
    this.#show();
    this.#pressKeysAhead();
  }

  /** Types what all candidates have in common; where that adds nothing, lists them. */
  #take({ start, end, candidates }: Completion): void {
    const [only] = candidates;
    if (only === undefined) return;
    const text = candidates.length === 1 && only.isWhole ? `${only.text} ` : commonPrefix(candidates);
    if (text.length > end - start || candidates.length === 1) this.#line = replaceRange(this.#line, start, end, text);
    else {
      this.#keepLine(promptText(this.#shell.state));
      const labels = candidates.map(({ label }) => printable(label));
      this.#screen.write(fillColumns(labels, this.#columns));
    }
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

  #cancelRedraw(): void {
    clearImmediate(this.#redraw as NodeJS.Immediate | undefined);
    this.#redraw = undefined;
  }

  readonly #show = (): void => {
    this.#cancelRedraw();
    this.#screen.show(this.#liveArea());
  };

  #liveArea(): LiveArea {
    const rows = this.#terminal.stdout.rows ?? rowsDefault;
    if (this.#question !== undefined) return this.#questionArea(this.#question, rows);
    if (this.#running === undefined) return this.#inputArea(promptText(this.#shell.state), rows);
    if (this.#progress === undefined) return { rows: [] };
    const lines = this.#progress({ columns: this.#columns - 1, rows, nowMs: performance.now() });
    return { rows: lines.map((text) => [{ text }]) };
  }

  #inputArea(prompt: string, rows: number): LiveArea {
    const { text, cursor, search } = this.#line;
    const shown = search === undefined ? prompt : `(search) ${search.query}: `;
    const parts = { prompt: shown, text, cursor, suggestion: suggestion(this.#line) };
    return layoutInput(parts, this.#columns, Math.max(1, rows - rowsKept));
  }

  #questionArea({ text: prompt, isSecret, line }: OpenQuestion, rows: number): LiveArea {
    const { text, cursor } = isSecret ? emptyLine() : line;
    return layoutInput({ prompt, text, cursor, suggestion: "" }, this.#columns, Math.max(1, rows - rowsKept));
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

/** The line with what was remembered before it; lines may have been typed while that was read. */
function withOlder(line: LineState, older: readonly string[]): LineState {
  return { ...line, history: [...older, ...line.history], historyAt: line.historyAt + older.length };
}
