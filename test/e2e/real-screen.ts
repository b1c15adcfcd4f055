/** A program on a terminal of its own, and the screen that it draws. */
import { type ChildProcess, spawn } from "node:child_process";
import xterm from "@xterm/headless";
import { vi } from "vitest";

const minuteMs = 60_000;

export class RealScreen {
  readonly ended: Promise<void>;
  #output = "";
  readonly #child: ChildProcess;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;

  /** Runs a program with its arguments, none of which has a quote in it. */
  constructor(args: readonly string[], columns = 80, rows = 24) {
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
    const program = args.map((arg) => `"${arg}"`).join(" ");
    const line = `stty cols ${columns} rows ${rows}; echo "pid $$"; exec env -u CI -u NO_COLOR TERM=xterm ${program}`;
    this.#child = spawn("script", ["-qfec", `sh -c '${line}'`, "/dev/null"]);
    this.#child.stdout?.on("data", (data: Buffer) => {
      this.#output += data.toString("utf8");
      this.#terminal.write(data);
    });
    this.#child.stdin?.on("error", () => undefined); // the program was killed
    this.ended = new Promise((settle) => this.#child.once("close", () => settle()));
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Everything on the screen and above it, without blank lines at the end. */
  text(): string {
    const { active } = this.#terminal.buffer;
    const lines: string[] = [];
    for (let row = 0; row < active.length; row += 1) lines.push(active.getLine(row)?.translateToString(true) ?? "");
    return lines.join("\n").trimEnd();
  }

  /** Waits until the screen looks so. */
  async shows(pattern: RegExp): Promise<void> {
    const look = (): void => {
      if (!pattern.test(this.text())) throw new Error(`the screen does not show ${pattern}:\n${this.text()}`);
    };
    await vi.waitFor(look, { timeout: minuteMs, interval: 5 });
  }

  /** Kills the program at once. */
  async kill(): Promise<void> {
    process.kill(Number(/pid (\d+)/.exec(this.#output)?.[1]), "SIGKILL");
    await this.ended;
  }

  /** Ends it, if it still runs. */
  close(): void {
    this.#child.kill("SIGKILL");
  }
}
