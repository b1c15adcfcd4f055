/** The shell's prompt on a terminal of its own: what its screen shows, and how long after a key it does. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import xterm from "@xterm/headless";

const columns = 100;
const rows = 24;
/** What the screen does not show by then it never will. */
const waitMs = 20_000;

/** What is in the row of the cursor, up to the cursor. */
type Shown = (typed: string) => boolean;

interface Waiting {
  readonly isShown: Shown;
  readonly resolve: (atMs: number) => void;
}

export class TypedTerminal {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  readonly #ended: Promise<unknown>;
  #waiting: Waiting | undefined;

  /** Starts the shell in a terminal of 24 × 100, by the `script` program of util-linux. */
  constructor(shell: string, dataFolder: string) {
    const line = `stty rows ${rows} cols ${columns}; exec "${process.execPath}" "${shell}" --data "${dataFolder}" --no-config`;
    const { CI: _, NO_COLOR: __, CONTINUOUS_INTEGRATION: ___, ...env } = process.env;
    this.#child = spawn("script", ["-qfc", line, "/dev/null"], {
      // The history of the person who measures stays as it is.
      env: { ...env, TERM: "xterm-256color", SHELL: "/bin/sh", XDG_STATE_HOME: `${dataFolder}-home` },
    });
    this.#ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdout.on("data", (bytes: Buffer) => {
      // The time at which it came, however long the emulator takes to draw it.
      const atMs = performance.now();
      this.#terminal.write(bytes, () => this.#look(atMs));
    });
  }

  /** Sends keys; milliseconds until the screen shows what they made. */
  async press(keys: string, isShown: Shown): Promise<number> {
    const startedMs = performance.now();
    const shown = this.until(isShown);
    this.#child.stdin.write(keys);
    return (await shown) - startedMs;
  }

  /** When the screen first showed it, by the clock of `performance.now()`. */
  until(isShown: Shown): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not shown within ${waitMs} ms: ${this.#typed()}`)), waitMs);
      const found = (atMs: number): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(atMs);
      };
      this.#waiting = { isShown, resolve: found };
      this.#look(performance.now());
    });
  }

  async exit(): Promise<void> {
    this.#child.stdin.write("\u0003exit\r");
    await this.#ended;
  }

  #look(atMs: number): void {
    if (this.#waiting?.isShown(this.#typed()) === true) this.#waiting.resolve(atMs);
  }

  #typed(): string {
    const { active } = this.#terminal.buffer;
    const row = active.getLine(active.baseY + active.cursorY)?.translateToString(false) ?? "";
    return row.slice(0, active.cursorX);
  }
}
