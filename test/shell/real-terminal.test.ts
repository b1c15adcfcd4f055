import { afterEach, describe, expect, it, vi } from "vitest";
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

describe("the line in an editor", () => {
  const drawn = "TERM=xterm";

  it("LINE-17 is changed by VISUAL or EDITOR, and the terminal is the prompt's again", async () => {
    const terminal = new RealTerminal(`${drawn} VISUAL= EDITOR='sed -i s/one/two/'`, "");
    await shows(terminal, /\/>/);
    terminal.type("echo one\u001be");
    await shows(terminal, /two/);
    terminal.type(" three\r");
    await vi.waitFor(() => expect(terminal.shown).toMatch(/[^ ]two three\r\n/), { timeout: 20_000, interval: 10 });
    terminal.type("exit 4\r");
    await shows(terminal, /code 4\r\n/);
  });

  it("LINE-17 an editor that fails leaves the line as it was", async () => {
    const terminal = new RealTerminal(`${drawn} VISUAL=false`, "");
    await shows(terminal, /\/>/);
    terminal.type("echo one\u0018\u0005");
    await shows(terminal, /false ended with code 1; the line is as it was/);
    terminal.type("x\r");
    await vi.waitFor(() => expect(terminal.shown).toMatch(/[^ ]onex\r\n/), { timeout: 20_000, interval: 10 });
    terminal.type("exit\r");
    await shows(terminal, /code 0\r\n/);
  });
});
