/** Asks a person at a terminal on which nothing is drawn: the questions of scripts and of the plain prompt. */
import { emitKeypressEvents } from "node:readline";
import { createInterface } from "node:readline/promises";
import { DfsError } from "../core/errors.ts";
import type { Question } from "./command.ts";
import { emptyLine, pressAnswer } from "./line-editor.ts";
import type { Key, LineState } from "./line-editor.ts";
import type { ShellInput, ShellOutput } from "./main.ts";

/** What a terminal is told so that pasted text can be told from typed text. */
export const pasteMode = { on: "\u001b[?2004h", off: "\u001b[?2004l" };

export interface QuestionTerminal {
  readonly stdin: ShellInput;
  /** Where questions are written. */
  readonly output: ShellOutput;
  /** Whether the terminal may be sent escape codes. */
  readonly takesEscapes: boolean;
  /** Ctrl-C in an answer that is not shown: the terminal makes no signal of it then. */
  readonly onInterrupt: () => void;
}

export class TerminalQuestions {
  readonly #terminal: QuestionTerminal;
  /** What came in one piece with an answer, behind it: lines of answers that are shown, keys of those that are not. */
  readonly #linesAhead: string[] = [];
  #keysAhead: Key[] = [];

  constructor(terminal: QuestionTerminal) {
    this.#terminal = terminal;
  }

  /** The answer, without its line end; an empty one at the end of input. Fails with `interrupted`, or as `signal` says. */
  ask({ text, isSecret }: Question, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    return isSecret ? this.#secret(text, signal) : this.#shown(text, signal);
  }

  async #shown(text: string, signal: AbortSignal): Promise<string> {
    const { stdin, output } = this.#terminal;
    const typed = this.#linesAhead.shift();
    if (typed !== undefined || stdin.readableEnded) {
      output.write(typed === undefined ? `${text}\n` : text);
      return typed ?? "";
    }
    // Not as a terminal: the driver then edits the line, and Ctrl-C stays a signal.
    const lines = createInterface({ input: stdin, output, terminal: false });
    lines.on("line", (line) => this.#linesAhead.push(line));
    try {
      const ended = new Promise<undefined>((resolve) => {
        lines.once("close", () => resolve(undefined));
      });
      const answer = await Promise.race([lines.question(text, { signal }), ended]);
      if (answer === undefined) output.write("\n");
      return answer ?? "";
    } finally {
      lines.close();
    }
  }

  /** Reads keys one by one, so that nothing is echoed; whatever comes of it, the terminal is as it was afterwards. */
  async #secret(text: string, signal: AbortSignal): Promise<string> {
    const { stdin, output, takesEscapes } = this.#terminal;
    const reading = new SecretReading(this.#keysAhead);
    const onAbort = (): void => reading.fail(signal.reason);
    const onEnd = (): void => reading.end("");
    const onKeypress = (_text: string | undefined, key: Key): void => reading.press(key);
    emitKeypressEvents(stdin);
    const others = stdin.listeners("keypress") as ((...args: unknown[]) => void)[];
    stdin.removeAllListeners("keypress");
    stdin.on("keypress", onKeypress);
    stdin.on("end", onEnd);
    signal.addEventListener("abort", onAbort, { once: true });
    const wasRaw = stdin.isRaw === true;
    const wasPaused = stdin.isPaused();
    try {
      // The question comes after it: whoever answers it at once is not echoed.
      stdin.setRawMode?.(true);
      output.write(`${takesEscapes ? pasteMode.on : ""}${text}`);
      stdin.resume();
      reading.start();
      if (stdin.readableEnded) reading.end("");
      return await reading.answer;
    } catch (error) {
      if (reading.isCancelled) this.#terminal.onInterrupt();
      throw error;
    } finally {
      if (wasPaused || others.length === 0) stdin.pause();
      stdin.removeListener("keypress", onKeypress);
      stdin.removeListener("end", onEnd);
      for (const listener of others) stdin.on("keypress", listener);
      signal.removeEventListener("abort", onAbort);
      if (takesEscapes) output.write(pasteMode.off);
      stdin.setRawMode?.(wasRaw);
      output.write("\n");
      this.#keysAhead = reading.keysAhead;
    }
  }
}

/** One answer that is typed unseen. */
class SecretReading {
  readonly answer: Promise<string>;
  /** Keys behind the one that ended the answer. */
  readonly keysAhead: Key[] = [];
  isCancelled = false;
  readonly #earlier: readonly Key[];
  #line: LineState = emptyLine();
  #isOver = false;
  #resolve: (text: string) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(earlier: readonly Key[]) {
    this.#earlier = earlier;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Takes the keys that were typed before. */
  start(): void {
    for (const key of this.#earlier) this.press(key);
  }

  press(key: Key): void {
    if (this.#isOver) {
      this.keysAhead.push(key);
      return;
    }
    const { state, effect } = pressAnswer(this.#line, key);
    this.#line = state;
    if (effect === "submit") this.end(state.text);
    else if (effect === "leave") this.end("");
    else if (effect === "cancel") {
      this.isCancelled = true;
      this.fail(new DfsError("interrupted", "interrupted"));
    }
  }

  end(text: string): void {
    this.#isOver = true;
    this.#resolve(text);
  }

  fail(error: unknown): void {
    this.#isOver = true;
    this.#reject(error);
  }
}
