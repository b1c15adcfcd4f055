import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { resolvePath } from "../../src/core/names.ts";
import { localFolder } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";
import { FakeTerminal } from "./terminal.ts";
import type { TerminalOptions } from "./terminal.ts";

const key = { enter: "\r", ctrlC: "\u0003", ctrlD: "\u0004", ctrlZ: "\u001a" };
const piece = 256 * 1024;

/** Transfers that stop before a piece until they are let pass. */
class Pace {
  #passedBytes = 0;
  #waiting: (() => void)[] = [];

  /** What a client in memory awaits before each piece. */
  readonly onPiece = async (passedBytes: number, signal: AbortSignal): Promise<void> => {
    while (passedBytes >= this.#passedBytes && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
  };

  /** Lets so many bytes of each file pass. */
  pass(bytes: number): void {
    this.#passedBytes = bytes;
    for (const go of this.#waiting.splice(0)) go();
  }
}

/** A local folder with a file of four pieces. */
function folder(): string {
  const path = localFolder();
  writeFileSync(join(path, "big"), Buffer.alloc(4 * piece, "x"));
  writeFileSync(join(path, "small"), "s");
  return path;
}

async function withTerminal(
  options: TerminalOptions,
  local: string,
  work: (terminal: FakeTerminal) => Promise<void>,
): Promise<void> {
  const terminal = new FakeTerminal({ columns: 80, rows: 24, ...options });
  try {
    terminal.type(`lcd ${local}${key.enter}`);
    await terminal.until((text) => expect(text).toMatch(/\/>$/));
    await work(terminal);
  } finally {
    terminal.stdin.end();
    await terminal.ended;
  }
}

const shows = (terminal: FakeTerminal, pattern: RegExp): Promise<void> =>
  terminal.until((text) => expect(text).toMatch(pattern));
const statesOf = async (client: MemoryClient): Promise<readonly string[]> =>
  (await client.jobs()).map(({ state }) => state);

describe("transfers at the prompt", () => {
  it("JOB-18 Ctrl-Z sends one to the background, and its end is told above the line that is typed", async () => {
    const pace = new Pace();
    const client = new MemoryClient({ onPiece: pace.onPiece });
    await withTerminal({ client }, folder(), async (terminal) => {
      terminal.type(`put big /a; echo next${key.enter}`);
      await shows(terminal, /░ +0%/);
      pace.pass(2 * piece);
      await shows(terminal, /█░+ +50%/);
      terminal.type(key.ctrlZ);
      await shows(terminal, /\[1\] put big \/a {2}\(in the background; "fg" brings it back\)\n\/>$/);
      expect(terminal.text()).not.toMatch(/^next|█/m);
      terminal.type("ls -l /wh");
      await shows(terminal, /\/> ls -l \/wh$/);
      pace.pass(Infinity);
      await shows(terminal, /\n\[1\] done: put big \/a: 1 file, 1\.0 MiB in [^\n]*, 2 copies\n\/> ls -l \/wh$/);
      expect((await client.stat(resolvePath("/a"))).sizeBytes).toBe(4 * piece);
    });
  });

  it("JOB-18 fg joins in the midst of it, Ctrl-Z leaves it again, Ctrl-C cancels it", async () => {
    const pace = new Pace();
    const client = new MemoryClient({ onPiece: pace.onPiece });
    await withTerminal({ client }, folder(), async (terminal) => {
      terminal.type(`put big /a &${key.enter}`);
      await shows(terminal, /\n\[1\] put big \/a\n\/>$/);
      pace.pass(3 * piece);
      terminal.type(`fg${key.enter}`);
      await shows(terminal, /\/> fg\nput big \/a\n.*█░+ +75% +768\.0 KiB\n768\.0 KiB/);
      terminal.type(key.ctrlZ);
      await shows(terminal, /\n\/> fg\nput big \/a\n\[1\] put big \/a {2}\(in the background.*\)\n\/>$/);
      terminal.type(`fg %1${key.enter}`);
      await shows(terminal, /█░+ +75%/);
      terminal.type(key.ctrlC);
      await shows(terminal, /fg: interrupted\n\[130\] \/>$/);
      terminal.type(`jobs${key.enter}`);
      await shows(terminal, /\[1\] {2}cancelled {2}put big \/a {2}nothing is through\n\/>$/);
      expect(await statesOf(client)).toEqual(["cancelled"]);
      expect(terminal.text()).not.toContain("[1] cancelled:");
      terminal.type(`wait${key.enter}`);
      await shows(terminal, /\/> wait\n\/>$/);
    });
  });

  it("JOB-18 Ctrl-C in the midst of a put cancels it, and leaves nothing", async () => {
    const pace = new Pace();
    const client = new MemoryClient({ onPiece: pace.onPiece });
    await withTerminal({ client }, folder(), async (terminal) => {
      terminal.type(`put big /a${key.enter}`);
      pace.pass(piece);
      await shows(terminal, /█░+ +25%/);
      terminal.type(key.ctrlC);
      await shows(terminal, /put: interrupted\n\[130\] \/>$/);
      expect((await client.jobs()).map(({ state }) => state)).toEqual(["cancelled"]);
      await expect(client.stat(resolvePath("/a"))).rejects.toMatchObject({ kind: "not-found" });
    });
  });

  it("JOB-18 what ran in the foreground is summed up there, and is not in the list", async () => {
    const client = new MemoryClient();
    await withTerminal({ client }, folder(), async (terminal) => {
      terminal.type(`put small${key.enter}`);
      await shows(terminal, /\/> put small\n1 file, 1 B in [^\n]*, 2 copies\n\/>$/);
      terminal.type(`put small /no/where${key.enter}jobs${key.enter}`);
      await shows(terminal, /put: .*no such file or directory\n\[3\] \/> jobs\nno jobs\n\/>$/);
      expect(await statesOf(client)).toEqual([]);
    });
  });

  it("JOB-18 resized in the midst of a transfer, the bars fit", async () => {
    const pace = new Pace();
    await withTerminal({ client: new MemoryClient({ onPiece: pace.onPiece }) }, folder(), async (terminal) => {
      terminal.type(`put big /a${key.enter}`);
      pace.pass(2 * piece);
      await shows(terminal, /█░+ +50%/);
      for (const [columns, rows] of [
        [40, 10],
        [100, 30],
        [50, 12],
      ] as const) {
        terminal.resize(columns, rows);
        await terminal.until((text) => {
          const bar = text.split("\n").findLast((line) => line.includes("█"));
          expect(stringWidth(bar ?? "")).toBe(columns - 1);
        });
      }
      pace.pass(Infinity);
      await shows(terminal, /1 file, 1\.0 MiB in .*\n?.*\n\/>$/);
      expect(terminal.text()).not.toMatch(/░/);
    });
  });

  it("JOB-18 thirty files at once on 24 rows: as many bars as fit, one for all, and the screen above stays", async () => {
    const pace = new Pace();
    const local = folder();
    mkdirSync(join(local, "many"));
    for (let file = 10; file < 40; file += 1) writeFileSync(join(local, "many", `f${file}`), Buffer.alloc(2 * piece));
    const client = new MemoryClient({ onPiece: pace.onPiece, isParallel: true });
    await withTerminal({ client }, local, async (terminal) => {
      terminal.type(`echo above${key.enter}put -R many /many${key.enter}`);
      pace.pass(piece);
      await shows(terminal, /… 10 more\n0\/30 files +█+░+ +50% +7\.5 MiB/);
      const bars = terminal
        .text()
        .split("\n")
        .filter((line) => /^many\/f\d\d|\/many\/f\d\d/.test(line));
      expect(bars).toHaveLength(20);
      expect(bars.every((bar) => / 50% +256\.0 KiB$/.test(bar))).toBe(true);
      expect(terminal.text()).toMatch(/\/> echo above\nabove\n\/> put -R many \/many\n/);
      terminal.type(key.ctrlZ);
      await shows(terminal, /above\n\/> put -R many \/many\n\[1\] put -R many \/many {2}\(in[^\n]*\)\n\/>$/);
      terminal.type(`fg${key.enter}`);
      await shows(terminal, /… 10 more\n0\/30 files +█+░+ +50% +7\.5 MiB/);
      pace.pass(Infinity);
      await shows(terminal, /30 files, 15\.0 MiB in [^\n]*\n\/>$/);
      expect(terminal.text()).not.toMatch(/░|more/);
    });
  });

  it("JOB-18 Ctrl-Z says what it is for where no transfer runs", async () => {
    const client = new MemoryClient({
      hold: (signal) => new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
    });
    client.add("/a", "a");
    await withTerminal({ client }, folder(), async (terminal) => {
      terminal.type(`cat a${key.enter}`);
      await shows(terminal, /\/> cat a$/);
      terminal.type(key.ctrlZ);
      await shows(terminal, /Ctrl-Z sends transfers to the background; start other commands there with &$/);
      terminal.type(key.ctrlC);
      await shows(terminal, /cat: interrupted\n\[130\] \/>$/);
      expect(await statesOf(client)).toEqual([]);
    });
  });

  it("JOB-19 another shell shows what goes on, joins in, and sees it through", async () => {
    const pace = new Pace();
    const client = new MemoryClient({ onPiece: pace.onPiece });
    const local = folder();
    await withTerminal({ client }, local, async (terminal) => {
      terminal.type(`put big /a${key.enter}`);
      pace.pass(piece);
      await shows(terminal, /█░+ +25%/);
      await withTerminal({ client: client.another() }, local, async (next) => {
        await shows(next, /\n1 transfer goes on in the background: see jobs\n/);
        next.type(`jobs${key.enter}`);
        await shows(next, /\[1\] {2}running {2}put big \/a {2}0\/1 file, 25% of 1\.0 MiB\n\/>$/);
        next.type(`fg${key.enter}`);
        await shows(next, /█░+ +25% +256\.0 KiB/);
        pace.pass(3 * piece);
        await shows(next, /█░+ +75% +768\.0 KiB/);
        await shows(terminal, /█░+ +75% +768\.0 KiB/);
        pace.pass(Infinity);
        await shows(next, /1 file, 1\.0 MiB in [^\n]*\n\/>$/);
      });
      await shows(terminal, /1 file, 1\.0 MiB in [^\n]*\n\/>$/);
      expect(await statesOf(client)).toEqual([]);
    });
  });

  it("JOB-21 leaving says once what would be stopped, and stops it the second time", async () => {
    const pace = new Pace();
    const client = new MemoryClient({ onPiece: pace.onPiece });
    client.hasDaemon = false;
    const local = folder();
    const terminal = new FakeTerminal({ client, columns: 80, rows: 24 });
    terminal.type(`lcd ${local}${key.enter}put big /a &${key.enter}`);
    await shows(terminal, /\n\[1\] put big \/a\n\/>$/);
    terminal.type(key.ctrlD);
    await shows(terminal, /\n1 transfer would be stopped; exit again to leave all the same\n\/>$/);
    terminal.type(`pwd${key.enter}exit${key.enter}`);
    await shows(terminal, /\/> exit\nexit: 1 transfer would be stopped; exit again to leave all the same\n\[1\] \/>$/);
    expect(client.isClosed).toBe(false);
    terminal.type(key.ctrlD);
    expect(await terminal.ended).toBe(1);
    expect(client.isClosed).toBe(true);
    pace.pass(Infinity);
  });

  it("JOB-21 with a daemon nothing keeps anybody from leaving but the shell's own jobs", async () => {
    const client = new MemoryClient({
      hold: (signal) => new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
    });
    client.add("/a", "a");
    const terminal = new FakeTerminal({ client, columns: 80, rows: 24 });
    terminal.type(`cat a &${key.enter}`);
    await shows(terminal, /\[s1\] cat a\n\/>$/);
    terminal.type(`exit${key.enter}`);
    await shows(terminal, /exit: 1 job of this shell would be stopped; exit again to leave all the same\n\[1\] \/>$/);
    terminal.type(`kill %s1${key.enter}`);
    await shows(terminal, /\[s1\] exit code 130: cat a\n/);
    terminal.type(`exit${key.enter}`);
    expect(await terminal.ended).toBe(0);
  });

  it("JOB-21 a dumb terminal is told of ended jobs before its next prompt", async () => {
    const client = new MemoryClient();
    const local = folder();
    const terminal = new FakeTerminal({ client, columns: 80, rows: 24, env: { TERM: "dumb" } });
    terminal.type(`lcd ${local}\nput small &\nwait\npwd\n`);
    await terminal.until((text) => expect(text).toMatch(/\[1\] done: put small: 1 file, 1 B in/));
    terminal.type("exit\n");
    expect(await terminal.ended).toBe(0);
  });
});
