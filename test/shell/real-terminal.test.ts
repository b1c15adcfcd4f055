import { afterEach, describe, expect, it } from "vitest";
import { RealTerminal, endTerminals, shows } from "./real-terminal.ts";

const secrets = /seven|blue|kites/;

afterEach(endTerminals);

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
    await shows(terminal, /\/>/);
    terminal.type("login ann\r");
    await shows(terminal, /password of ann: /);
    terminal.type("seven blue kites\r");
    await shows(terminal, /ann(@anna)? \/>/);
    terminal.type("exit 3\r");
    await shows(terminal, /code 3\r\n/);
    await shows(terminal, /now (icanon echo|echo icanon)\r\n/);
    expect(terminal.output).not.toMatch(secrets);
  });
});
