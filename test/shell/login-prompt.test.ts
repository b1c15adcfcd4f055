import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseUserName } from "../../src/core/ids.ts";
import { resolvePath } from "../../src/core/names.ts";
import { localFolder } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";
import { FakeTerminal } from "./terminal.ts";
import type { TerminalOptions } from "./terminal.ts";

const ann = parseUserName("ann");
const password = "seven blue kites";
const secrets = /seven|blue|kites|eight|wagons/;
const key = {
  enter: "\r",
  tab: "\t",
  ctrlC: "\u0003",
  ctrlL: "\u000c",
  ctrlR: "\u0012",
  ctrlU: "\u0015",
  ctrlY: "\u0019",
  up: "\u001b[A",
};

async function network(): Promise<MemoryClient> {
  const client = new MemoryClient();
  client.add("/common.txt", "for all");
  await client.addUser({ name: ann, password });
  await client.login({ name: ann, password });
  client.add("/docs/plan", "the plan");
  await client.mkdir(resolvePath("/docs/deep"));
  await client.logout();
  return client;
}

/** Runs the prompt; no part of a password is ever on the screen or in the history. */
async function withTerminal(options: TerminalOptions, work: (terminal: FakeTerminal) => Promise<void>): Promise<void> {
  const historyPath = join(localFolder(), "history");
  const terminal = new FakeTerminal({ client: await network(), columns: 60, rows: 20, historyPath, ...options });
  try {
    await work(terminal);
    expect(terminal.written).not.toMatch(secrets);
  } finally {
    terminal.stdin.end();
    await terminal.ended;
  }
  if (existsSync(historyPath)) expect(readFileSync(historyPath, "utf8")).not.toMatch(secrets);
}

const endsWith = (terminal: FakeTerminal, end: string): Promise<void> =>
  terminal.until((text) => expect(text.endsWith(end)).toBe(true));

describe("a password at the prompt", () => {
  it("ACC-30 is not shown, and nothing remembers it", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type(`login ann${key.enter}`);
      await endsWith(terminal, "/> login ann\npassword of ann:");
      terminal.type(`${password}${key.ctrlL}`);
      await terminal.until(() => {
        expect(terminal.written.split("\u001b[2J").at(1)).toContain("password of ann:");
        expect(terminal.cursor().x).toBe(17);
      });
      terminal.type(key.enter);
      await endsWith(terminal, "password of ann: \nlogged in as ann\nann@anna />");
      terminal.type(key.up);
      await endsWith(terminal, "ann@anna /> login ann");
      terminal.type(`${key.ctrlU}${key.ctrlY}${key.ctrlU}seve`);
      await endsWith(terminal, "ann@anna /> seve");
      terminal.type(`${key.ctrlU}${key.ctrlR}ki`);
      await endsWith(terminal, "(search) ki:");
      terminal.type(`${key.ctrlC}${key.ctrlU}echo done${key.enter}`);
      await endsWith(terminal, "ann@anna /> echo done\ndone\nann@anna />");
    });
  });

  it("ACC-30 corrected, searched in or pasted it stays unseen, and Ctrl-C gives the question up", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type(`login ann${key.enter}`);
      await endsWith(terminal, "password of ann:");
      terminal.type(`wrong${key.ctrlR}${key.tab}${key.up}${key.ctrlU}\u001b[200~${password}\n\u001b[201~${key.enter}`);
      await endsWith(terminal, "logged in as ann\nann@anna />");
      terminal.type(`-passwd; echo never${key.enter}`);
      await endsWith(terminal, "password of ann:");
      terminal.type(`seven bl${key.ctrlC}`);
      await endsWith(terminal, "passwd: interrupted\n[130] ann@anna />");
      terminal.type(`logout${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/logged out: \/ is what all members share\n\/>$/));
    });
  });

  it("ACC-30 a new one is typed twice, and typing ahead works", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type(`login ann${key.enter}${password}${key.enter}adduser bob${key.enter}`);
      terminal.type(`eight wagons${key.enter}eight wagon${key.enter}eight wagons${key.enter}eight wagons${key.enter}`);
      await terminal.until((text) => {
        expect(text).toContain(
          "the same again: \nthe two passwords differ: once more\nnew password of bob: \nthe same again: \n",
        );
        expect(text).toMatch(/bob is a user now[^$]*\nann@anna \/>$/);
      });
    });
  });

  it("ACC-32 a plain prompt reads it unseen, and drops what was typed ahead of it", async () => {
    await withTerminal({ env: { TERM: "dumb" } }, async (terminal) => {
      await endsWith(terminal, "/>");
      terminal.type(`login ann${key.enter}`);
      await endsWith(terminal, "password of ann:");
      terminal.type(`${password}x\u007f`);
      terminal.type(key.enter);
      await endsWith(terminal, "logged in as ann\nann />");
      terminal.type(key.up);
      await terminal.until((text) => expect(text).toMatch(/ann(@anna)? \/> login ann$/));
      terminal.type(`${key.ctrlU}${key.ctrlY}${key.ctrlU}passwd${key.enter}`);
      await endsWith(terminal, "passwd\npassword of ann:");
      terminal.type(key.ctrlC);
      await terminal.until((text) => expect(text).toMatch(/interrupted\n\[130\] ann@anna \/>$/));
      terminal.type(`pwd${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/pwd\n\/\nann@anna \/>$/));
    });
  });

  it("ACC-32 a line typed ahead of a plain prompt's question is neither its answer nor a command", async () => {
    await withTerminal({ env: { TERM: "dumb" } }, async (terminal) => {
      await endsWith(terminal, "/>");
      terminal.type(`login ann${key.enter}echo ahead${key.enter}`);
      await endsWith(terminal, "password of ann:");
      terminal.type(`${password}${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/logged in as ann\nann(@anna)? \/>$/));
      expect(terminal.text()).not.toContain("\nahead");
    });
  });
});

describe("the prompt of a user", () => {
  it("ACC-31 names the user and the peer from the start, and follows what other sessions change", async () => {
    const client = await network();
    await client.login({ name: ann, password, rememberMs: 3_600_000 });
    const other = client.another();
    await withTerminal({ client }, async (terminal) => {
      await endsWith(terminal, "ann@anna />");
      terminal.type(`cd docs${key.enter}`);
      await endsWith(terminal, "ann@anna /docs>");
      await other.logout();
      terminal.type(`pwd${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/\/docs\n\/docs>$/));
    });
  });

  it("ACC-31 a login that is removed elsewhere is told, with 6", async () => {
    const client = await network();
    await withTerminal({ client }, async (terminal) => {
      terminal.type(`login ann${key.enter}${password}${key.enter}`);
      await endsWith(terminal, "ann@anna />");
      await client.another().login({ name: ann, password });
      const admin = client.another();
      await admin.login({ name: ann, password });
      await admin.removeUser(ann);
      terminal.type(`ls${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/the user ann was removed:[^]*\[6\] ann@anna \/>$/));
      terminal.type(`logout${key.enter}`);
      await endsWith(terminal, "all members share\n/>");
    });
  });

  it("ACC-31 Tab offers the doors at the root, and what is behind them", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type(`ls /f${key.tab}`);
      await endsWith(terminal, "/> ls /f");
      terminal.type(`${key.ctrlU}login ann${key.enter}${password}${key.enter}`);
      await endsWith(terminal, "ann@anna />");
      terminal.type(`ls f${key.tab}`);
      await endsWith(terminal, "ann@anna /> ls from/");
      terminal.type(`${key.ctrlU}cat /sh${key.tab}c${key.tab}`);
      await endsWith(terminal, "ann@anna /> cat /shared/common.txt");
      terminal.type(`${key.ctrlU}cd docs${key.enter}`);
      await endsWith(terminal, "ann@anna /docs>");
      terminal.type(`ls f${key.tab}`);
      await endsWith(terminal, "ann@anna /docs> ls f");
      terminal.type(`${key.ctrlU}userdel a${key.tab}`);
      await endsWith(terminal, "userdel ann");
      terminal.type(`${key.ctrlU}login sh${key.tab}`);
      await terminal.until((text) => expect(text).toMatch(/login sh$/));
    });
  });

  it("ACC-25 DFS_USER logs in before the prompt is shown, and a refusal ends the program", async () => {
    await withTerminal({ env: { DFS_USER: "ann", DFS_PASSWORD: password } }, async (terminal) => {
      await endsWith(terminal, "ann@anna />");
      terminal.type(`ls${key.enter}`);
      await endsWith(terminal, "docs\nann@anna />");
    });
    const refused = new FakeTerminal({
      client: await network(),
      columns: 60,
      env: { DFS_USER: "ann", DFS_PASSWORD: "eight" },
    });
    expect(await refused.ended).toBe(4);
    await refused.until((text) => expect(text).toBe("dfs-shell: DFS_USER: wrong user or password"));
    const asked = new FakeTerminal({ client: await network(), env: { DFS_USER: "ann" } });
    await endsWith(asked, "password of ann:");
    asked.type(`${password}${key.enter}`);
    await endsWith(asked, "ann@anna />");
    asked.type(`exit 7${key.enter}`);
    expect(await asked.ended).toBe(7);
    expect(asked.stdin.isRaw).toBe(false);
  });
});
