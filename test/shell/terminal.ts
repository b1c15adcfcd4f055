/** A terminal on which the prompt runs: keys go in, and the screen is what a terminal emulator makes of the bytes. */
import { PassThrough, Writable } from "node:stream";
import xterm from "@xterm/headless";
import { vi } from "vitest";
import { type ShellOutput, runShell } from "../../src/shell/main.ts";
import { MemoryClient } from "./memory-client.ts";

// Ink reads these by itself when the prompt first loads it, and draws nothing when one is set.
delete process.env["CI"];
delete process.env["CONTINUOUS_INTEGRATION"];

class FakeOutput extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  text = "";
  readonly #terminal: InstanceType<typeof xterm.Terminal>;

  constructor(terminal: InstanceType<typeof xterm.Terminal>) {
    super();
    this.#terminal = terminal;
    this.columns = terminal.cols;
    this.rows = terminal.rows;
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.text += chunk.toString("utf8");
    // A terminal driver turns LF into CR LF.
    this.#terminal.write(chunk.toString("utf8").replace(/\n/g, "\r\n"), callback);
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.#terminal.resize(columns, rows);
    this.emit("resize");
  }
}

class FakeInput extends PassThrough {
  readonly isTTY = true;
  isRaw = false;

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw;
    return this;
  }
}

export interface TerminalOptions {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly client?: MemoryClient | undefined;
  readonly openClient?: (() => Promise<MemoryClient>) | undefined;
  readonly historyPath?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly configPath?: string | undefined;
  /** Of the program; the prompt without it. */
  readonly argv?: readonly string[] | undefined;
}

export class FakeTerminal {
  readonly client: MemoryClient;
  readonly stdin = new FakeInput();
  readonly ended: Promise<number>;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  readonly #output: FakeOutput;

  constructor(options: TerminalOptions = {}) {
    this.client = options.client ?? new MemoryClient();
    const { columns = 40, rows = 12, historyPath } = options;
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
    this.#output = new FakeOutput(this.#terminal);
    this.ended = runShell({
      argv: options.argv ?? [],
      stdin: this.stdin,
      stdout: this.#output,
      stderr: this.#output,
      env: options.env ?? {},
      version: "0.1.0",
      openClient: options.openClient ?? (async () => this.client),
      joinNetwork: () => Promise.reject(new Error("not here")),
      historyPath,
      configPath: options.configPath,
    });
  }

  type(text: string): void {
    this.stdin.write(text);
  }

  resize(columns: number, rows: number): void {
    this.#output.resize(columns, rows);
  }

  /** What programs write to. */
  get screen(): ShellOutput {
    return this.#output;
  }

  /** All that was ever written to it, escape codes included. */
  get written(): string {
    return this.#output.text;
  }

  /** Everything on the screen and above it, without blank lines at the end. */
  text(): string {
    const { active } = this.#terminal.buffer;
    const lines: string[] = [];
    for (let row = 0; row < active.length; row += 1) lines.push(active.getLine(row)?.translateToString(true) ?? "");
    return lines.join("\n").trimEnd();
  }

  /** How the first sign of `text` is drawn, where it was written last: `bold underline 2`, with the number of its colour. */
  look(text: string): string {
    const { active } = this.#terminal.buffer;
    for (let row = active.length - 1; row >= 0; row -= 1) {
      const line = active.getLine(row);
      const at = line?.translateToString(true).lastIndexOf(text) ?? -1;
      const cell = at < 0 ? undefined : line?.getCell(at);
      if (cell === undefined) continue;
      const looks = [
        ...(cell.isBold() === 0 ? [] : ["bold"]),
        ...(cell.isDim() === 0 ? [] : ["dim"]),
        ...(cell.isUnderline() === 0 ? [] : ["underline"]),
        ...(cell.isInverse() === 0 ? [] : ["inverse"]),
        ...(cell.isFgDefault() ? [] : [String(cell.getFgColor())]),
      ];
      return looks.join(" ");
    }
    throw new Error(`${text} is not on the screen`);
  }

  /** The rows that are shown now, without blanks behind them. */
  rows(): readonly string[] {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: this.#terminal.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? "",
    );
  }

  /** Whether the screen is one that is given back when a view is left. */
  get isAlternate(): boolean {
    return this.#terminal.buffer.active.type === "alternate";
  }

  /** The column and row of the cursor, from 0, the row counted from the top of `text`. */
  cursor(): { readonly x: number; readonly y: number } {
    const { active } = this.#terminal.buffer;
    return { x: active.cursorX, y: active.baseY + active.cursorY };
  }

  /** Waits until the text of the terminal passes `check`, which throws until then. */
  async until(check: (text: string) => void): Promise<void> {
    await vi.waitFor(() => check(this.text()), { timeout: 10_000, interval: 5 });
  }
}
