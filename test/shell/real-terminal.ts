/** The shell as a program of its own on a real terminal, by `script`: with what the terminal's driver makes of it. */
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { resolve } from "node:path";
import { expect, vi } from "vitest";

const program = resolve(import.meta.dirname, "terminal-program.ts");
const terminals: ChildProcessWithoutNullStreams[] = [];

/** Ends those of a test that are left. */
export function endTerminals(): void {
  for (const terminal of terminals.splice(0)) terminal.kill("SIGKILL");
}

/** A shell of the system on a terminal of its own, by `script`. */
export class RealTerminal {
  output = "";
  readonly #script: ChildProcessWithoutNullStreams;

  constructor(environment: string, args: string) {
    const shell = `${environment} sh -c 'stty cols 80 rows 24; echo "pid $$"; exec ${process.execPath} --import tsx ${program} ${args}'`;
    const command = `${shell}; echo "code $?"; stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*echo' -e '-*icanon' | xargs echo now`;
    this.#script = spawn("script", ["-qfec", command, "/dev/null"], {
      cwd: resolve(import.meta.dirname, "../.."),
      // Where the tests run says nothing of the terminal; a test says what it wants.
      env: { ...process.env, CI: undefined, CONTINUOUS_INTEGRATION: undefined, NO_COLOR: undefined },
    });
    terminals.push(this.#script);
    this.#script.stdout.on("data", (data: Buffer) => {
      this.output += data.toString("utf8");
    });
  }

  /** What was sent without its colours. */
  get shown(): string {
    // oxlint-disable-next-line no-control-regex
    return this.output.replaceAll(/\u001b\[[0-9;]*m/g, "");
  }

  type(text: string): void {
    this.#script.stdin.write(text);
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    process.kill(Number(/pid (\d+)/.exec(this.output)?.[1]), signal);
  }
}

/** Waits until the terminal was sent what matches. */
export const shows = (terminal: RealTerminal, pattern: RegExp): Promise<void> =>
  vi.waitFor(() => expect(terminal.shown).toMatch(pattern), { timeout: 20_000, interval: 10 });
