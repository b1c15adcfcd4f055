/** Has the whole terminal for a view, and leaves it exactly as it was found, whatever ends the view. */
import { emitKeypressEvents } from "node:readline";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { redrawsPerSecondMax } from "../../core/limits.ts";
import type { Key } from "../line-editor.ts";
import type { ShellInput, ShellOutput } from "../main.ts";
import { giveScreenBack, paint, takeScreen } from "./frame.ts";
import { type Row, type ViewSpace, rowText } from "./rows.ts";

export interface View {
  readonly draw: (space: ViewSpace) => readonly Row[];
  /** Ctrl-C is not told: it always leaves. */
  readonly press: (key: Key) => void;
  /** Goes on beside it until `signal` fires, as it does when the view is left; a failure leaves the view. */
  readonly work: (signal: AbortSignal) => Promise<void>;
}

/** What a view may do to the screen. */
export interface ViewScreen {
  /** Something is to be drawn anew, soon. */
  changed(): void;
  leave(): void;
}

export type OpenView = (screen: ViewScreen) => View;

/** Shows a view until it is left. Fails with `interrupted` at Ctrl-C, as `signal` says, and as the view does. */
export type ShowView = (open: OpenView, signal: AbortSignal) => Promise<void>;

export interface ViewTerminal {
  readonly stdin: ShellInput;
  readonly stdout: ShellOutput;
  readonly color: boolean;
}

const redrawMs = 1000 / redrawsPerSecondMax;
const endSignals = ["SIGTERM", "SIGHUP"] as const;
const columnsDefault = 80;
const rowsDefault = 24;

export function showOn(terminal: ViewTerminal): ShowView {
  return async (open, signal) => {
    signal.throwIfAborted();
    await new FullScreen(terminal, signal).show(open);
  };
}

class FullScreen implements ViewScreen {
  readonly #terminal: ViewTerminal;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  #view: View | undefined;
  #shown: readonly string[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #isWaitingForDrain = false;
  #others: ((...args: unknown[]) => void)[] = [];
  #wasRaw = false;
  #wasPaused = false;
  #hasTerminal = false;
  #leave: () => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(terminal: ViewTerminal, signal: AbortSignal) {
    this.#terminal = terminal;
    this.#signal = signal;
  }

  async show(open: OpenView): Promise<void> {
    const ended = new Promise<void>((resolve, reject) => {
      this.#leave = resolve;
      this.#fail = reject;
    });
    const onAbort = (): void => this.#fail(toDfsError(this.#signal.reason));
    this.#signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#takeTerminal();
      this.#view = open(this);
      this.#draw();
      this.#view.work(this.#ending.signal).catch((error: unknown) => {
        if (!this.#ending.signal.aborted) this.#fail(error);
      });
      await ended;
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
      clearTimeout(this.#timer);
      this.#giveTerminalBack();
      this.#ending.abort();
    }
  }

  changed(): void {
    if (this.#timer !== undefined || !this.#hasTerminal) return;
    this.#timer = setTimeout(() => this.#draw(), Math.max(0, this.#drawnMs + redrawMs - performance.now()));
  }

  leave(): void {
    this.#leave();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { stdout, color } = this.#terminal;
    const { columns = columnsDefault, rows = rowsDefault } = stdout;
    if (this.#view === undefined || !this.#hasTerminal || this.#isWaitingForDrain) return;
    try {
      const drawn = this.#view.draw({ columns, rows }).slice(0, rows);
      const texts = drawn.map((row) => rowText(row, columns, color));
      const bytes = paint(this.#shown, texts, columns);
      this.#shown = texts;
      if (bytes !== "" && !stdout.write(bytes)) this.#drawWhenDrained();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#drawnMs = performance.now();
    }
  }

  /** A terminal that is slow gets the next frame when it has taken this one. */
  #drawWhenDrained(): void {
    this.#isWaitingForDrain = true;
    this.#terminal.stdout.once("drain", () => {
      this.#isWaitingForDrain = false;
      this.changed();
    });
  }

  readonly #drawAll = (): void => {
    this.#shown = undefined;
    this.changed();
  };

  readonly #onKeypress = (_text: string | undefined, key: Key): void => {
    if (key.ctrl === true && key.name === "c") this.#fail(new DfsError("interrupted", "interrupted"));
    else if (key.ctrl === true && key.name === "l") this.#drawAll();
    else {
      try {
        this.#view?.press(key);
      } catch (error) {
        this.#fail(error);
      }
      this.changed();
    }
  };

  readonly #onEnd = (): void => this.#fail(new DfsError("interrupted", "the terminal is gone"));

  /** The terminal is given back first; who else hears of the signal decides then, or it ends the program as it would have. */
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#giveTerminalBack();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    else this.#fail(new DfsError("interrupted", `interrupted by ${signal}`));
  };

  /** After a stop from outside the terminal is whatever others made of it. */
  readonly #onContinue = (): void => {
    const { stdin, stdout } = this.#terminal;
    stdin.setRawMode?.(true);
    stdout.write(takeScreen);
    this.#drawAll();
  };

  readonly #onExit = (): void => this.#giveTerminalBack();

  #takeTerminal(): void {
    const { stdin, stdout } = this.#terminal;
    emitKeypressEvents(stdin);
    this.#others = stdin.listeners("keypress") as ((...args: unknown[]) => void)[];
    stdin.removeAllListeners("keypress");
    stdin.on("keypress", this.#onKeypress);
    stdin.on("end", this.#onEnd);
    stdout.on("resize", this.#drawAll);
    for (const signal of endSignals) process.on(signal, this.#onSignal);
    process.on("SIGCONT", this.#onContinue);
    process.on("exit", this.#onExit);
    this.#wasRaw = stdin.isRaw === true;
    this.#wasPaused = stdin.isPaused();
    this.#hasTerminal = true;
    stdin.setRawMode?.(true);
    stdin.resume();
    stdout.write(takeScreen);
  }

  #giveTerminalBack(): void {
    if (!this.#hasTerminal) return;
    this.#hasTerminal = false;
    const { stdin, stdout } = this.#terminal;
    stdout.write(giveScreenBack);
    if (this.#wasPaused || this.#others.length === 0) stdin.pause();
    stdin.removeListener("keypress", this.#onKeypress);
    stdin.removeListener("end", this.#onEnd);
    for (const listener of this.#others) stdin.on("keypress", listener);
    stdin.setRawMode?.(this.#wasRaw);
    stdout.removeListener("resize", this.#drawAll);
    for (const signal of endSignals) process.removeListener(signal, this.#onSignal);
    process.removeListener("SIGCONT", this.#onContinue);
    process.removeListener("exit", this.#onExit);
  }
}
