import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { localFolder, runProgram } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";
import { FakeTerminal } from "./terminal.ts";
import type { TerminalOptions } from "./terminal.ts";

function configOf(text: string): string {
  const path = join(localFolder(), "config");
  writeFileSync(path, text);
  return path;
}

async function withTerminal(options: TerminalOptions, work: (terminal: FakeTerminal) => Promise<void>): Promise<void> {
  const client = new MemoryClient();
  client.add("/photos/cat.jpg", "meow\n");
  const terminal = new FakeTerminal({ client, columns: 70, ...options });
  try {
    await work(terminal);
  } finally {
    terminal.stdin.end();
    await terminal.ended;
  }
}

const dumb = { env: { TERM: "dumb" } };

describe("the configuration file", () => {
  it.each<readonly [what: string, options: TerminalOptions]>([
    ["a drawn", {}],
    ["a plain", dumb],
  ])("LINE-16 %s prompt runs it before the first line", async (_what, options) => {
    const configPath = configOf("# mine\nalias l='ls -1'\nP=photos\necho ready\n");
    await withTerminal({ configPath, ...options }, async (terminal) => {
      terminal.type("l $P\r");
      await terminal.until((text) => expect(text).toMatch(/ready\n\/> l \$P\ncat\.jpg\n\/>$/));
    });
  });

  it.each<readonly [what: string, options: TerminalOptions]>([
    ["a drawn", {}],
    ["a plain", dumb],
  ])("LINE-16 errors in it are told with their place, and %s prompt comes all the same", async (_what, options) => {
    const configPath = configOf("cat nope\nalias 'a b=c'\nexit 3\necho never\n");
    await withTerminal({ configPath, ...options }, async (terminal) => {
      await terminal.until((text) => {
        const flat = text.replaceAll("\n", "");
        expect(flat).toContain(`${configPath}:1:1: cat: nope: no such file or directory`);
        expect(flat).toContain(`${configPath}:2:1: alias: a b=c: `);
        expect(flat).toMatch(/(?<!\] )\/>$/);
      });
      terminal.type("echo $?\r");
      await terminal.until((text) => expect(text).toMatch(/\/> echo \$\?\n0\n\/>$/));
      expect(terminal.text()).not.toContain("never");
    });
  });

  it("LINE-16 one that does not parse runs nothing", async () => {
    const configPath = configOf("echo one\necho 'two\n");
    await withTerminal({ configPath }, async (terminal) => {
      await terminal.until((text) => {
        expect(text.replaceAll("\n", "")).toContain(`${configPath}:2:6: the quote ' is never closed`);
        expect(text).toMatch(/\n\/>$/);
      });
      expect(terminal.text()).not.toMatch(/^one$/m);
    });
  });

  it("LINE-16 DFS_CONFIG names another, which must be there; --no-config leaves it out", async () => {
    const configPath = configOf("echo usual\n");
    const other = configOf("echo other\n");
    await withTerminal({ configPath, env: { DFS_CONFIG: other } }, (terminal) =>
      terminal.until((text) => expect(text).toBe("other\n/>")),
    );
    await withTerminal({ configPath, env: { DFS_CONFIG: "/nope-nope" } }, (terminal) =>
      terminal.until((text) => expect(text).toBe("dfs-shell: /nope-nope: no such file or directory\n/>")),
    );
    await withTerminal({ configPath: "/nope-nope" }, (terminal) => terminal.until((text) => expect(text).toBe("/>")));
    await withTerminal({ configPath, argv: ["--no-config"] }, async (terminal) => {
      terminal.type("echo on\r");
      await terminal.until((text) => expect(text).toBe("/> echo on\non\n/>"));
    });
    const folder = join(localFolder(), "config");
    mkdirSync(folder);
    await withTerminal({ configPath: folder }, (terminal) =>
      terminal.until((text) => expect(text.replaceAll("\n", "")).toMatch(/config: .*directory.*\/>$/)),
    );
  });

  it("LINE-16 Ctrl-C ends one that takes long", async () => {
    const configPath = configOf("echo started\nsleep 1h\nalias l=ls\n");
    await withTerminal({ configPath, columns: 200 }, async (terminal) => {
      await terminal.until((text) => expect(text).toContain("started"));
      terminal.type("\u0003echo on\r");
      await terminal.until((text) => expect(text).toMatch(/sleep: interrupted\n\/> echo on\non\n\/>$/));
    });
  });

  it("LINE-16 scripts do not read it", async () => {
    const env = { DFS_CONFIG: configOf("echo config\n") };
    expect(await runProgram(["-c", "echo script"], { env })).toMatchObject({ out: "script\n", err: "" });
    expect(await runProgram([], { env, stdin: "echo script" })).toMatchObject({ out: "script\n", err: "" });
  });

  it("LINE-16 help tells of aliases", async () => {
    const { out } = await runProgram(["-c", "alias l='ls -1'; help; help l"]);
    expect(out).toMatch(/\nALIASES\n +l +ls -1\n/);
    expect(out).toMatch(/\nALIAS\n +alias l='ls -1'\n+NAME\n +ls - /);
  });
});
