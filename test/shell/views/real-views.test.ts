import { afterEach, describe, expect, it } from "vitest";
import { RealTerminal, endTerminals, shows } from "../real-terminal.ts";

afterEach(endTerminals);

/** The last of what was sent to a terminal that a view had: colours off, wrapping on, the cursor back, the other screen. */
const givenBack = "\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l";

describe("a view on a real terminal", () => {
  it.each<
    readonly [what: string, environment: string, args: string, act: (terminal: RealTerminal) => void, code: number]
  >([
    ["q", "TERM=xterm", '-c "status --watch"', (terminal) => terminal.type("q"), 0],
    ["Ctrl-C", "TERM=xterm", '-c "status --watch"', (terminal) => terminal.type("\u0003"), 130],
    ["SIGTERM", "TERM=xterm", '-c "status --watch"', (terminal) => terminal.kill("SIGTERM"), 143],
    ["SIGHUP", "TERM=xterm", '-c "status --watch"', (terminal) => terminal.kill("SIGHUP"), 129],
    ["SIGINT from outside", "TERM=xterm", '-c "status --watch"', (terminal) => terminal.kill("SIGINT"), 130],
    ["a timeout", "TERM=xterm", '--timeout 4 -c "status --watch"', () => undefined, 5],
    ["the end of the program", "TERM=xterm ENDS_AFTER_MS=3500", '-c "status --watch"', () => undefined, 7],
    ["an error that nobody catches", "TERM=xterm THROWS_AFTER_MS=3500", '-c "status --watch"', () => undefined, 1],
  ])("VIEW-15 after %s it is as it was found", async (_what, environment, args, act, code) => {
    const terminal = new RealTerminal(environment, args);
    await shows(terminal, /coordinators/);
    act(terminal);
    await shows(terminal, new RegExp(`code ${code}\\r\\n`));
    await shows(terminal, /now (icanon echo|echo icanon)\r\n/);
    expect(terminal.output.split(givenBack)).toHaveLength(2);
    expect(terminal.output.split(givenBack)[1]).not.toMatch(/\u001b\[\?\d+[hl]/);
  });

  it.each<readonly [what: string, environment: string]>([
    ["drawn", "TERM=xterm"],
    ["plain", "TERM=xterm NO_COLOR=1"],
  ])("VIEW-15 so it is at a %s prompt, which goes on", async (_what, environment) => {
    const terminal = new RealTerminal(environment, "");
    await shows(terminal, /\/>/);
    terminal.type("status --watch\r");
    await shows(terminal, /coordinators/);
    terminal.type("q");
    await shows(terminal, /\?1049l/);
    terminal.type("echo still here\r");
    await shows(terminal, /still here\r?\n/);
    terminal.type("exit 3\r");
    await shows(terminal, /code 3\r\n/);
    await shows(terminal, /now (icanon echo|echo icanon)\r\n/);
    expect(terminal.output.split(givenBack)).toHaveLength(2);
  });

  it.each(["TERM=dumb", "TERM=xterm CI=1"])(
    "VIEW-14 with %s reports are printed, and nothing is drawn",
    async (environment) => {
      const terminal = new RealTerminal(environment, '--timeout 3 -c "status --watch --interval 1"');
      await shows(terminal, /code 5\r\n/);
      expect(terminal.output.match(/healthy: /g)?.length).toBeGreaterThan(1);
      expect(terminal.output).not.toContain("\u001b");
    },
  );
});
