import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { resolve } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

const program = resolve(import.meta.dirname, "terminal-program.ts");
const secrets = /seven|blue|kites/;
const terminals: ChildProcessWithoutNullStreams[] = [];

afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.kill("SIGKILL");
});

/** A shell of the system on a terminal of its own, by `script`. */
class RealTerminal {
  output = "";
  readonly #script: ChildProcessWithoutNullStreams;

  constructor(environment: string, args: string) {
    const shell = `${environment} sh -c 'echo "pid $$"; exec ${process.execPath} --import tsx ${program} ${args}'`;
    const command = `${shell}; echo "code $?"; stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*echo' -e '-*icanon' | xargs echo now`;
    this.#script = spawn("script", ["-qfec", command, "/dev/null"], { cwd: resolve(import.meta.dirname, "../..") });
    terminals.push(this.#script);
    this.#script.stdout.on("data", (data: Buffer) => {
      this.output += data.toString("utf8");
    });
  }

  type(text: string): void {
    this.#script.stdin.write(text);
  }

  kill(): void {
    process.kill(Number(/pid (\d+)/.exec(this.output)?.[1]), "SIGTERM");
  }
}

const shows = (terminal: RealTerminal, pattern: RegExp): Promise<void> =>
  vi.waitFor(() => expect(terminal.output).toMatch(pattern), { timeout: 20_000, interval: 10 });

describe("a password on a real terminal", () => {
  it.each<
    readonly [what: string, environment: string, args: string, act: (terminal: RealTerminal) => void, end: RegExp]
  >([
    [
      "an answer",
      "",
      '-c "login ann; whoami | cat"',
      (terminal) => terminal.type("seven blue kites\r"),
      /ann\r\ncode 0\r\n/,
    ],
    ["Ctrl-C", "", '-c "login ann"', (terminal) => terminal.type("seven\u0003"), /login: interrupted\r\ncode 130\r\n/],
    ["SIGTERM", "", '-c "login ann"', (terminal) => terminal.kill(), /code 143\r\n/],
    ["a timeout", "", '--timeout 1 -c "login ann"', (terminal) => terminal.type("seven"), /code 5\r\n/],
    [
      "the environment's user",
      "DFS_USER=ann",
      '-c "whoami | cat"',
      (terminal) => terminal.type("seven blue kites\r"),
      /ann\r\ncode 0\r\n/,
    ],
  ])(
    "ACC-33 after %s the terminal echoes again, and had echoed nothing",
    async (_what, environment, args, act, end) => {
      const terminal = new RealTerminal(environment, args);
      await shows(terminal, /password of ann: /);
      act(terminal);
      await shows(terminal, end);
      await shows(terminal, /now (icanon echo|echo icanon)\r\n/);
      expect(terminal.output).not.toMatch(secrets);
    },
  );

  it.each<readonly [what: string, environment: string]>([
    ["drawn", "TERM=xterm"],
    ["plain", "TERM=dumb"],
  ])("ACC-33 so it is at a %s prompt", async (_what, environment) => {
    const terminal = new RealTerminal(environment, "");
    await shows(terminal, /\/> /);
    terminal.type("login ann\r");
    await shows(terminal, /password of ann: /);
    terminal.type("seven blue kites\r");
    await shows(terminal, /ann(@anna)? \/> /);
    terminal.type("exit 3\r");
    await shows(terminal, /code 3\r\n/);
    await shows(terminal, /now (icanon echo|echo icanon)\r\n/);
    expect(terminal.output).not.toMatch(secrets);
  });
});
