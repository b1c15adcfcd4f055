import { PassThrough } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { redrawsPerSecondMax } from "../../../src/core/limits.ts";
import type { ShowView } from "../../../src/shell/views/full-screen.ts";
import { showOn } from "../../../src/shell/views/full-screen.ts";
import { textRow } from "../../../src/shell/views/rows.ts";
import { runLines, runProgram } from "../driver.ts";
import { MemoryClient } from "../memory-client.ts";
import { FakeTerminal, type TerminalOptions } from "../terminal.ts";

async function watching(options: TerminalOptions = {}): Promise<FakeTerminal> {
  const client = options.client ?? new MemoryClient({ peers: 3 });
  const terminal = new FakeTerminal({
    columns: 80,
    rows: 24,
    argv: ["-c", "status --watch --interval 0.2"],
    ...options,
    client,
  });
  await terminal.until((text) => expect(text).toMatch(/^(healthy|degraded): [^]*╰─ cleo/));
  return terminal;
}

describe("status --watch on a screen", () => {
  it("VIEW-8 fills the terminal, and leaves it as it was found", async () => {
    const terminal = await watching();
    expect(terminal.isAlternate).toBe(true);
    expect(terminal.stdin.isRaw).toBe(true);
    expect(terminal.rows()[0]).toMatch(/^healthy: /);
    expect(terminal.rows().at(-1)).toMatch(/^ q leave/);
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
    await vi.waitFor(() => expect(terminal.isAlternate).toBe(false));
    expect(terminal.stdin.isRaw).toBe(false);
    expect(terminal.text()).toBe("");
    expect(terminal.written).toMatch(/\u001b\[\?7h\u001b\[\?25h\u001b\[\?1049l$/);
    expect(terminal.stdin.listenerCount("keypress")).toBe(0);
    for (const signal of ["SIGTERM", "SIGHUP", "SIGCONT"]) expect(process.listenerCount(signal)).toBe(0);
  });

  it.each<readonly [key: string, typed: string, code: number]>([
    ["Escape", "\u001b", 0],
    ["Ctrl-C", "\u0003", 130],
  ])("VIEW-8 %s leaves", async (_key, typed, code) => {
    const terminal = await watching();
    terminal.type(typed);
    expect(await terminal.ended).toBe(code);
    await vi.waitFor(() => expect(terminal.isAlternate).toBe(false));
    expect(terminal.stdin.isRaw).toBe(false);
  });

  it("VIEW-8 at the prompt, which steps aside and comes back with its line", async () => {
    const terminal = new FakeTerminal({ columns: 80, rows: 24, client: new MemoryClient({ peers: 3 }) });
    await terminal.until((text) => expect(text).toContain("/>"));
    terminal.type("pwd\rstatus --watch\r");
    await terminal.until((text) => expect(text).toMatch(/term 3/));
    expect(terminal.isAlternate).toBe(true);
    terminal.type("q");
    await vi.waitFor(() => expect(terminal.isAlternate).toBe(false));
    terminal.type("echo back\r");
    await terminal.until((text) =>
      expect(text).toMatch(/\/> pwd\n\/\n[^\n]*\/> status --watch\n[^\n]*\/> echo back\nback\n/),
    );
    terminal.type("exit\r");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-9 is drawn anew for the size that the terminal has", async () => {
    const terminal = await watching();
    terminal.resize(20, 5);
    await terminal.until(() => {
      expect(terminal.rows()).toHaveLength(5);
      expect(terminal.rows()[0]).toMatch(/^healthy: .{0,11}$/);
      expect(terminal.rows().at(-1)).toMatch(/^ q leave/);
    });
    terminal.resize(120, 40);
    await terminal.until(() => expect(terminal.rows().join("\n")).toMatch(/space\n.*anna/));
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-9 scrolls where it does not fit", async () => {
    const terminal = await watching({ rows: 8 });
    expect(terminal.text()).not.toContain("cleo  █");
    terminal.type("\u001b[F");
    await terminal.until(() => expect(terminal.rows().at(-2)).toMatch(/cleo +█/));
    terminal.type("\u001b[H");
    await terminal.until(() => expect(terminal.rows().join("\n")).toContain("each with the one"));
    terminal.type("q");
    await terminal.ended;
  });

  it("VIEW-10 shows what changes, and how old it is when the peer does not answer", async () => {
    const client = new MemoryClient({ peers: 3 });
    const terminal = await watching({ client });
    client.network.setPeer("ben", { state: "down" });
    await terminal.until((text) => expect(text).toMatch(/ben +down/));
    client.status = () => Promise.reject(new Error("the peer is gone"));
    await terminal.until((text) => expect(text).toMatch(/as of \d+ (ms|s) ago: the peer is gone/));
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-10 never asks again before the last answers are there", async () => {
    const client = new MemoryClient({ peers: 3 });
    let asked = 0;
    let open = 0;
    let most = 0;
    const answer: { give: () => void }[] = [];
    const backup = client.backup.bind(client);
    client.backup = async (options) => {
      asked += 1;
      open += 1;
      most = Math.max(most, open);
      if (asked > 1) await new Promise<void>((resolve) => answer.push({ give: resolve }));
      open -= 1;
      return backup(options);
    };
    const terminal = await watching({ client });
    await vi.waitFor(() => expect(answer).toHaveLength(1));
    terminal.type("rrr");
    answer[0]?.give();
    await vi.waitFor(() => expect(asked).toBe(3));
    expect(most).toBe(1);
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-11 without colour no row has any", async () => {
    const terminal = await watching({ env: { NO_COLOR: "1" } });
    expect(terminal.rows()[0]).toMatch(/^healthy: /);
    terminal.type("q");
    await terminal.ended;
    expect(terminal.written.replace("\u001b[0m\u001b[?7h", "")).not.toMatch(/\u001b\[[0-9;]*m/);
  });

  it("VIEW-12 is redrawn 8 times a second at the most, whatever happens", async () => {
    const drawn: number[] = [];
    const stdout = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 10,
      rows: 3,
    });
    stdout.resume();
    const show: ShowView = showOn({ stdin: new PassThrough(), stdout, color: false });
    await show((screen) => {
      const startedMs = performance.now();
      return {
        draw: () => {
          drawn.push(performance.now());
          if (performance.now() - startedMs > 1_000) screen.leave();
          setImmediate(() => screen.changed());
          return [textRow(String(drawn.length))];
        },
        press: () => undefined,
        work: async () => undefined,
      };
    }, new AbortController().signal);
    expect(drawn.length).toBeGreaterThan(3);
    for (const [index, atMs] of drawn.slice(1).entries())
      expect(atMs - (drawn[index] as number)).toBeGreaterThan(1_000 / redrawsPerSecondMax - 10);
  });

  it("VIEW-13 a view that fails gives the terminal back, and says why", async () => {
    const broken = new FakeTerminal({
      columns: 80,
      rows: 24,
      argv: ["-c", "status --watch"],
      openClient: () => Promise.reject(new Error("no peer")),
    });
    expect(await broken.ended).toBe(1);
    await vi.waitFor(() => expect(broken.isAlternate).toBe(false));
    expect(broken.text()).toContain("status: no peer");
  });
});

describe("status --watch elsewhere", () => {
  it("VIEW-14 prints one report after another until it is interrupted", async () => {
    const outcome = await runProgram(["--timeout", "0.7", "-c", "status --watch --interval 0.2"]);
    expect(outcome.code).toBe(5);
    expect(outcome.out.match(/^healthy: /gm)?.length).toBeGreaterThan(1);
    expect(outcome.out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\nhealthy: /);
    expect(outcome.out).not.toContain("\u001b");
  });

  it("VIEW-14 with --json one object a line, with its time, also on a terminal", async () => {
    for (const columns of [undefined, 80]) {
      const outcome = await runProgram(["--timeout", "0.7", "-c", "status --watch --interval 0.2 --json"], { columns });
      const lines = outcome.out.trim().split("\n");
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines)
        expect(JSON.parse(line)).toMatchObject({
          health: "healthy",
          time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        });
    }
  });

  it("VIEW-14 goes on after a look that failed", async () => {
    const client = new MemoryClient();
    const status = client.status.bind(client);
    let looks = 0;
    client.status = (options) => {
      looks += 1;
      return looks === 1 ? Promise.reject(new Error("the peer is gone")) : status(options);
    };
    const outcome = await runProgram(["--timeout", "0.7", "-c", "status --watch --interval 0.2"], { client });
    expect(outcome.err).toMatch(/^status: the peer is gone\n/);
    expect(outcome.out).toContain("healthy: ");
  });

  it.each([
    ["status --interval 3", "--interval belongs to --watch"],
    ["status --watch --interval fast", '--interval needs a number of seconds from 0.2 to 3600, not "fast"'],
    ["status --watch --interval 0.1", "from 0.2 to 3600"],
  ])("VIEW-14 %s is refused", async (lines, message) => {
    const { code, err } = await runLines(lines);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
