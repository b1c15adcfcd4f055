import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import { localFolder } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";
import { FakeTerminal } from "./terminal.ts";
import type { TerminalOptions } from "./terminal.ts";

const key = {
  enter: "\r",
  tab: "\t",
  ctrlA: "\u0001",
  ctrlC: "\u0003",
  ctrlD: "\u0004",
  ctrlE: "\u0005",
  up: "\u001b[A",
  left: "\u001b[D",
};

function filled(): MemoryClient {
  const client = new MemoryClient();
  client.add("/photos/cat.jpg", "meow\n");
  client.add("/plan.txt", "plan\n");
  return client;
}

async function withTerminal(options: TerminalOptions, work: (terminal: FakeTerminal) => Promise<void>): Promise<void> {
  const terminal = new FakeTerminal({ client: filled(), ...options });
  try {
    await work(terminal);
  } finally {
    terminal.stdin.end();
    await terminal.ended;
  }
}

/** Waits until the terminal shows exactly this. */
const shows = (terminal: FakeTerminal, text: string): Promise<void> =>
  terminal.until((shown) => expect(shown).toBe(text));

describe("the prompt", () => {
  it("SHELL-46 runs what is typed, and leaves on Ctrl-D with the screen as it was", async () => {
    const terminal = new FakeTerminal({ client: filled() });
    await shows(terminal, "/>");
    terminal.type("ls");
    await shows(terminal, "/> ls");
    expect(terminal.cursor()).toEqual({ x: 5, y: 0 });
    terminal.type(key.enter);
    await shows(terminal, "/> ls\nphotos  plan.txt\n/>");
    terminal.type(`cd photos${key.enter}`);
    await shows(terminal, "/> ls\nphotos  plan.txt\n/> cd photos\n/photos>");
    terminal.type(`cat nope${key.enter}`);
    await terminal.until((text) => expect(text).toMatch(/cat: nope: no such file or\s+directory\n\[3\] \/photos>$/));
    terminal.type(key.ctrlD);
    expect(await terminal.ended).toBe(3);
    await terminal.until((text) => expect(text).toMatch(/directory$/));
    expect(terminal.stdin.isRaw).toBe(false);
    expect(terminal.client.isClosed).toBe(true);
  });

  it("SHELL-46 exit ends it with its code; so does the end of input", async () => {
    const terminal = new FakeTerminal();
    terminal.type(`exit 4${key.enter}`);
    expect(await terminal.ended).toBe(4);
    const other = new FakeTerminal();
    other.stdin.end();
    expect(await other.ended).toBe(0);
  });

  it("SHELL-47 shows the prompt before the client is open; the first command waits for it", async () => {
    let open: (client: MemoryClient) => void = () => undefined;
    const opened = new Promise<MemoryClient>((resolve) => {
      open = resolve;
    });
    await withTerminal({ openClient: () => opened }, async (terminal) => {
      terminal.type(`pwd${key.enter}ls${key.enter}`);
      await terminal.until((text) => expect(text).toContain("/> pwd\n/\n/> ls"));
      open(filled());
      await terminal.until((text) => expect(text).toMatch(/photos {2}plan.txt\n\/>$/));
    });
  });

  it("SHELL-47 a client that cannot be opened is told by each command, and tried again", async () => {
    let tries = 0;
    const openClient = async (): Promise<MemoryClient> => {
      tries += 1;
      if (tries < 3) throw new DfsError("locked", "the folder is in use");
      return filled();
    };
    await withTerminal({ openClient }, async (terminal) => {
      await terminal.until((text) => expect(text).toBe("/>"));
      terminal.type(`ls${key.enter}`);
      await terminal.until((text) => expect(text).toContain("ls: the folder is in use\n[5] />"));
      terminal.type(`ls${key.enter}`);
      await terminal.until((text) => expect(text).toContain("photos  plan.txt\n/>"));
    });
  });

  it("SHELL-47 a command that did not stop at Ctrl-C says nothing any more when it ends later", async () => {
    let answer: (error: Error) => void = () => undefined;
    const client = filled();
    const stat = client.stat.bind(client);
    client.stat = () => new Promise((_resolve, reject) => (answer = reject));
    await withTerminal({ client }, async (terminal) => {
      terminal.type(`ls${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/\/> ls$/));
      terminal.type("\u0003");
      await terminal.until((text) => expect(text).toMatch(/\/> ls\nls: interrupted\n\[130\] .*\/>$/));
      client.stat = stat;
      answer(new DfsError("timeout", "too late"));
      terminal.type(`ls${key.enter}`);
      await terminal.until((text) =>
        expect(text).toMatch(/\/> ls\nls: interrupted\n\[130\] .*\/> ls\nphotos {2}plan.txt\n.*\/>$/),
      );
    });
  });

  it("SHELL-48 Tab completes commands and paths, and lists what is possible", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type(`sta${key.tab}`);
      await shows(terminal, "/> stat");
      terminal.type(key.tab);
      await terminal.until((text) => expect(text).toMatch(/^\/> stat\nstat .*\nstatus .*$/));
      terminal.type(`\u0015cat ph${key.tab}${key.tab}${key.enter}`);
      await terminal.until((text) => expect(text).toContain("/> cat photos/cat.jpg \nmeow\n/>"));
    });
  });

  it("SHELL-49 history comes back with the arrows, and from a file of the owner's alone", async () => {
    const historyPath = join(localFolder(), "history");
    writeFileSync(historyPath, '"pwd"\nbroken\n');
    await withTerminal({ historyPath }, async (terminal) => {
      await shows(terminal, "/>");
      terminal.type(`echo 'a b'${key.enter}`);
      await terminal.until((text) => expect(text).toContain("a b\n/>"));
      terminal.type(key.up);
      await terminal.until((text) => expect(text).toMatch(/\/> echo 'a b'$/));
      terminal.type(key.up);
      await terminal.until((text) => expect(text).toMatch(/\/> pwd$/));
      await terminal.until(() => expect(readFileSync(historyPath, "utf8")).toBe(`"pwd"\nbroken\n"echo 'a b'"\n`));
    });
    const fresh = join(localFolder(), "history");
    await withTerminal({ historyPath: fresh }, async (terminal) => {
      terminal.type(`pwd${key.enter}`);
      await terminal.until(() => expect(statSync(fresh).mode & 0o777).toBe(0o600));
    });
  });

  it("SHELL-49 what is typed while the history is read is not lost", async () => {
    const historyPath = join(localFolder(), "history");
    execFileSync("mkfifo", [historyPath]);
    await withTerminal({ historyPath }, async (terminal) => {
      await shows(terminal, "/>");
      terminal.type("pw");
      await shows(terminal, "/> pw");
      writeFileSync(historyPath, '"pwd"\n');
      await terminal.until((text) => {
        terminal.type(key.ctrlE);
        expect(text).toBe("/> pwd");
      });
      terminal.type(key.ctrlC);
    });
  });

  it("SHELL-50 Ctrl-C drops the line; while a command runs it cancels that, and the prompt stays", async () => {
    const hold = (signal: AbortSignal | undefined): Promise<void> =>
      new Promise((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
    const client = new MemoryClient({ hold });
    client.add("/a", "x");
    await withTerminal({ client }, async (terminal) => {
      terminal.type(`half a line${key.ctrlC}`);
      await shows(terminal, "/> half a line^C\n/>");
      terminal.type(`cat a; echo never${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/echo never$/));
      terminal.type(key.ctrlC);
      await terminal.until((text) => expect(text).toMatch(/cat: interrupted\n\[130\] \/>$/));
      terminal.type(`echo on${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/\non\n\/>$/));
    });
  });

  it("SHELL-51 wide characters and long lines stand where they should", async () => {
    await withTerminal({ columns: 20 }, async (terminal) => {
      terminal.type("echo 日本語");
      await shows(terminal, "/> echo 日本語");
      expect(terminal.cursor()).toEqual({ x: 14, y: 0 });
      terminal.type(`${key.left}x`);
      await shows(terminal, "/> echo 日本x語");
      expect(terminal.cursor()).toEqual({ x: 13, y: 0 });
      terminal.type(` ${"0123456789".repeat(2)}`);
      await shows(terminal, "/> echo 日本x 01234\n567890123456789語");
      terminal.type(key.enter);
      await terminal.until((text) => expect(text).toContain("日本x"));
    });
  });

  it("SHELL-51 a resized terminal is drawn anew", async () => {
    await withTerminal({ columns: 60 }, async (terminal) => {
      terminal.type("echo 0123456789012345678901234567890123456789");
      await shows(terminal, "/> echo 0123456789012345678901234567890123456789");
      terminal.resize(30, 12);
      await shows(terminal, "/> echo 012345678901234567890\n1234567890123456789");
      terminal.type(key.enter);
      await terminal.until((text) => expect(text).toMatch(/\/>$/));
    });
  });

  it("SHELL-52 pasted lines wait for Enter, then run as one script", async () => {
    await withTerminal({}, async (terminal) => {
      await shows(terminal, "/>");
      terminal.type("\u001b[200~echo a\necho b\u001b[201~");
      await shows(terminal, "/> echo a\necho b");
      terminal.type(key.enter);
      await terminal.until((text) => expect(text).toBe("/> echo a\necho b\na\nb\n/>"));
    });
  });

  it("SHELL-53 a question is answered at the prompt; Ctrl-C there cancels", async () => {
    await withTerminal({ columns: 60 }, async (terminal) => {
      terminal.type(`rm -r photos${key.enter}`);
      await terminal.until((text) => expect(text).toContain("remove photos with all that is in it? [y/N]"));
      terminal.type(`n${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/\[y\/N\] n\n\[1\] \/>$/));
      terminal.type(`rm -r photos${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/\[y\/N\]$/));
      terminal.type(key.ctrlC);
      await terminal.until((text) => expect(text).toMatch(/\[130\] \/>$/));
      terminal.type(`rm -r photos${key.enter}y${key.enter}ls${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/\[y\/N\] y\n\/> ls\nplan.txt\n\/>$/));
    });
  });

  it("SHELL-54 bars are shown while a transfer runs, and gone when it ends", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const folder = localFolder();
    writeFileSync(join(folder, "data.bin"), "x".repeat(2048));
    const client = new MemoryClient({ hold: () => held });
    await withTerminal({ client, columns: 70 }, async (terminal) => {
      terminal.type(`lcd ${folder}; put data.bin${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/data\.bin +░+ {3}0% {2}0 B/));
      release();
      await terminal.until((text) => expect(text).toMatch(/\n1 file, 2\.0 KiB in .*\n\/>$/));
      expect(terminal.text()).not.toContain("░");
    });
  });

  it("SHELL-55 output of many lines all stays, the prompt below it", async () => {
    const client = new MemoryClient();
    const lines = Array.from({ length: 300 }, (_, index) => `line ${index}`).join("\n");
    client.add("/many", lines);
    await withTerminal({ client }, async (terminal) => {
      terminal.type(`cat many${key.enter}`);
      await terminal.until((text) => expect(text).toBe(`/> cat many\n${lines}\n/>`));
    });
  });

  it("SHELL-56 a dumb terminal gets a plain prompt without escape codes for colour", async () => {
    const terminal = new FakeTerminal({ client: filled(), env: { TERM: "dumb" } });
    await terminal.until((text) => expect(text).toBe("/>"));
    terminal.type(`cat pl${key.tab}`);
    await terminal.until((text) => expect(text).toBe("/> cat plan.txt"));
    terminal.type(key.enter);
    await terminal.until((text) => expect(text).toMatch(/plan\n\/>$/));
    terminal.type(`junk${key.ctrlC}`);
    await terminal.until((text) => expect(text).toMatch(/junk\n\/>$/));
    terminal.type(`rm -r photos${key.enter}n${key.enter}echo typed ahead${key.enter}exit 3${key.enter}`);
    expect(await terminal.ended).toBe(3);
    await terminal.until((text) => expect(text).toContain("\ntyped ahead\n"));
    expect(terminal.text()).not.toContain("\u001b[3");
  });
});
