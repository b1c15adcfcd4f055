import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inputCharactersMax } from "../../src/core/limits.ts";
import { localFolder } from "./driver.ts";
import { MemoryClient } from "./memory-client.ts";
import { FakeTerminal } from "./terminal.ts";
import type { TerminalOptions } from "./terminal.ts";

const key = {
  enter: "\r",
  tab: "\t",
  shiftTab: "\u001b[Z",
  escape: "\u001b",
  ctrlC: "\u0003",
  ctrlF: "\u0006",
  ctrlR: "\u0012",
  ctrlU: "\u0015",
  backspace: "\u007f",
  up: "\u001b[A",
  down: "\u001b[B",
  right: "\u001b[C",
  left: "\u001b[D",
  altF: "\u001bf",
};
const colors = { red: "1", green: "2", yellow: "3", magenta: "5", cyan: "6" };

function filled(): MemoryClient {
  const client = new MemoryClient();
  client.add("/photos/cat.jpg", "meow\n");
  client.add("/photos/cow.jpg", "moo\n");
  client.add("/plan.txt", "plan\n");
  return client;
}

async function withTerminal(options: TerminalOptions, work: (terminal: FakeTerminal) => Promise<void>): Promise<void> {
  const terminal = new FakeTerminal({ client: filled(), ...options });
  try {
    await terminal.until((text) => expect(text).toMatch(/> ?$/));
    await work(terminal);
  } finally {
    terminal.stdin.end();
    await terminal.ended;
  }
}

/** Waits until the terminal shows exactly this. */
const shows = (terminal: FakeTerminal, text: string): Promise<void> =>
  terminal.until((shown) => expect(shown).toBe(text));

/** Waits until the first sign of `text` is drawn like this. */
const looks = (terminal: FakeTerminal, text: string, look: string): Promise<void> =>
  terminal.until(() => expect(terminal.look(text)).toBe(look));

describe("the colours of the typed line", () => {
  it("LINE-1 commands, options and strings have theirs, an unknown command is red", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type("lss");
      await looks(terminal, "lss", colors.red);
      terminal.type(`${key.backspace} -l 'a b'`);
      await looks(terminal, "ls -l", `bold ${colors.green}`);
      await looks(terminal, "-l", colors.cyan);
      await looks(terminal, "'a b'", colors.yellow);
      terminal.type(key.enter);
      await terminal.until((text) => expect(text).toMatch(/\[3\] \/>$/));
      expect(terminal.look("ls -l")).toBe(`bold ${colors.green}`);
    });
  });

  it("LINE-3 a path that is there is underlined, on its own side", async () => {
    const folder = localFolder();
    writeFileSync(join(folder, "here.txt"), "");
    await withTerminal({ columns: 100 }, async (terminal) => {
      terminal.type(`lcd ${folder}${key.enter}put here.txt plan.txt`);
      await looks(terminal, "here.txt", "underline");
      await looks(terminal, "plan.txt", "underline");
      terminal.type(`${key.ctrlU}put plan.txt here.txt`);
      await terminal.until((text) => expect(text).toMatch(/put plan\.txt here\.txt$/));
      terminal.type("x photos");
      await looks(terminal, "photos", "underline");
      expect([terminal.look("plan.txt here"), terminal.look("here.txtx")]).toEqual(["", ""]);
    });
  });

  it("LINE-3 a network that does not answer holds no key up", async () => {
    const client = new MemoryClient({ hold: () => new Promise(() => undefined) });
    await withTerminal({ client }, async (terminal) => {
      terminal.type("cat plan.txt");
      await shows(terminal, "/> cat plan.txt");
      terminal.type(` more${key.left}x`);
      await shows(terminal, "/> cat plan.txt morxe");
      expect(terminal.look("plan.txt")).toBe("");
      terminal.type(key.ctrlC);
    });
  });

  it.each<readonly [what: string, options: TerminalOptions]>([
    ["--color=never", { argv: ["--color=never"] }],
    ["NO_COLOR", { env: { NO_COLOR: "1" } }],
    ["TERM=dumb", { env: { TERM: "dumb" } }],
    ["CI", { env: { CI: "true" } }],
  ])("LINE-12 %s: nothing has a colour", async (_what, options) => {
    await withTerminal(options, async (terminal) => {
      terminal.type("lss photos");
      await shows(terminal, "/> lss photos");
      terminal.type(key.enter);
      await terminal.until((text) => expect(text).toMatch(/\[127\] \/>$/));
      expect(terminal.written).not.toMatch(/\u001b\[[0-9;]*[3][0-9]/u);
      expect(terminal.written).not.toMatch(/\u001b\[(1|4)m/u);
    });
  });
});

describe("the menu of Tab", () => {
  const menu = "/> cat photos/c\ncat.jpg  5 B   cow.jpg  4 B";

  it("LINE-2 opens where there is a choice; Tab chooses, Enter takes", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type(`cat ph${key.tab}${key.tab}`);
      await shows(terminal, "/> cat photos/c");
      terminal.type(key.tab);
      await shows(terminal, menu);
      expect(terminal.cursor()).toEqual({ x: 15, y: 0 });
      expect(terminal.look("5 B")).toBe("dim");
      terminal.type(key.tab);
      await shows(terminal, menu.replace("photos/c", "photos/cat.jpg"));
      await looks(terminal, "cat.jpg  5", "inverse");
      terminal.type(key.right);
      await shows(terminal, menu.replace("photos/c", "photos/cow.jpg"));
      terminal.type(key.shiftTab);
      await shows(terminal, menu.replace("photos/c", "photos/cat.jpg"));
      terminal.type(key.enter);
      await shows(terminal, "/> cat photos/cat.jpg");
      terminal.type(key.enter);
      await shows(terminal, "/> cat photos/cat.jpg \nmeow\n/>");
    });
  });

  it("LINE-2 Escape closes it with the line as it was; typing narrows it, and widens it again", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type(`cat photos/c${key.tab}${key.down}`);
      await shows(terminal, menu.replace("photos/c", "photos/cat.jpg"));
      terminal.type(key.escape);
      await terminal.until((text) => expect(text).toMatch(/^\/> cat photos\/c[^\n]*$/));
      terminal.type(`${key.tab}o`);
      await shows(terminal, "/> cat photos/co\ncow.jpg  4 B");
      terminal.type(key.backspace);
      await shows(terminal, menu);
      terminal.type("x");
      await shows(terminal, "/> cat photos/cx");
    });
  });

  it("LINE-2 a key behind a choice goes on in the line; a directory needs no second slash", async () => {
    const client = filled();
    client.add("/phone/a", "");
    await withTerminal({ client }, async (terminal) => {
      terminal.type(`ls pho${key.tab}${key.tab}/x`);
      await shows(terminal, "/> ls phone/x");
      terminal.type(`${key.ctrlU}ls pho${key.tab}${key.tab}${key.tab} y`);
      await terminal.until((text) => expect(text).toBe("/> ls photos/ y"));
    });
  });

  it("LINE-2 is bounded by the terminal, and goes away with the line", async () => {
    const client = new MemoryClient();
    for (let index = 10; index < 40; index += 1) client.add(`/file${index}`, "");
    await withTerminal({ client, columns: 20, rows: 8 }, async (terminal) => {
      terminal.type(`cat f${key.tab}${key.tab}`);
      await shows(terminal, "/> cat file\nfile10  0 B\nfile11  0 B\nfile12  0 B\nfile13  0 B\n… 26 more");
      terminal.type(key.up);
      await shows(terminal, "/> cat file39\nfile36  0 B\nfile37  0 B\nfile38  0 B\nfile39  0 B\n… 26 more");
      terminal.type(key.ctrlC);
      await terminal.until((text) => expect(text).toBe("/> cat file39^C\n/>"));
    });
  });

  it("LINE-2 tells what commands, options, aliases and variables are", async () => {
    await withTerminal({ columns: 60, rows: 20 }, async (terminal) => {
      terminal.type(`alias lsl='ls -l'; DIR=photos${key.enter}ls${key.tab}`);
      await terminal.until((text) => expect(text).toMatch(/\nls +list .*\nlsl +alias of ls -l$/));
      terminal.type(`${key.escape}l --s${key.tab}`);
      await terminal.until((text) => expect(text).toMatch(/\n--stale +show what any/));
      terminal.type(`${key.ctrlU}ls $DI${key.tab}/c${key.tab}${key.tab}`);
      await terminal.until((text) => expect(text).toMatch(/> ls photos\/c\ncat.jpg/));
    });
  });
});

describe("suggestions", () => {
  it("LINE-7 come from history, and are taken whole or by the word", async () => {
    const historyPath = join(localFolder(), "history");
    writeFileSync(historyPath, '"cat photos/cow.jpg"\n');
    await withTerminal({ historyPath }, async (terminal) => {
      terminal.type("ca");
      await shows(terminal, "/> cat photos/cow.jpg");
      expect(terminal.look("t photos")).toBe("dim");
      expect(terminal.cursor()).toEqual({ x: 5, y: 0 });
      terminal.type(`${key.altF}${key.altF}x`);
      await shows(terminal, "/> cat photosx");
      terminal.type(`${key.backspace}${key.ctrlF}${key.enter}`);
      await shows(terminal, "/> cat photos/cow.jpg\nmoo\n/>");
    });
  });

  it("LINE-7 come from paths where history has none", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type("cat pl");
      await shows(terminal, "/> cat plan.txt");
      expect(terminal.look("an.txt")).toBe("dim");
      terminal.type(`${key.right}${key.enter}`);
      await shows(terminal, "/> cat plan.txt\nplan\n/>");
      terminal.type("ls ph");
      await terminal.until((text) => expect(text).toMatch(/> ls photos\/$/));
      terminal.type("x");
      await terminal.until((text) => expect(text).toMatch(/> ls phx$/));
    });
  });
});

describe("history", () => {
  it("LINE-8 Ctrl-R lists what it finds below the line", async () => {
    const historyPath = join(localFolder(), "history");
    const lines = ["put one", "ls", "echo put", "put two"];
    writeFileSync(historyPath, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await withTerminal({ historyPath }, async (terminal) => {
      await terminal.until((text) => {
        terminal.type(`${key.ctrlU}${key.up}`);
        expect(text).toBe("/> put two");
      });
      terminal.type(`${key.ctrlC}${key.ctrlR}put`);
      const above = "/> put two^C\n";
      await shows(terminal, `${above}(search) put: put two\n› put two\n  echo put\n  put one`);
      await looks(terminal, "put two", "inverse");
      expect([terminal.look("echo put"), terminal.look("put one")]).toEqual(["dim", "bold underline"]);
      terminal.type(key.ctrlR);
      await shows(terminal, `${above}(search) put: echo put\n  put two\n› echo put\n  put one`);
      terminal.type("z");
      await shows(terminal, `${above}(search) putz: echo put`);
      await looks(terminal, "(search)", colors.red);
      terminal.type(`${key.backspace}${key.ctrlR}${key.enter}`);
      await shows(terminal, `${above}/> echo put\nput\n/>`);
    });
  });

  it("LINE-9 several shells keep all their lines, and none with a password", async () => {
    const historyPath = join(localFolder(), "history");
    await withTerminal({ historyPath }, async (first) => {
      await withTerminal({ historyPath }, async (second) => {
        first.type(`echo one${key.enter}`);
        second.type(`echo two${key.enter} echo blank${key.enter}echo --password x${key.enter}echo three${key.enter}`);
        await first.until((text) => expect(text).toMatch(/\none\n\/>$/));
        await second.until((text) => expect(text).toMatch(/\nthree\n\/>$/));
        await second.until(() => {
          const kept = readFileSync(historyPath, "utf8").trim().split("\n").toSorted();
          expect(kept).toEqual(['"echo one"', '"echo three"', '"echo two"']);
        });
      });
    });
  });
});

describe("several lines", () => {
  it("LINE-13 an open quote, a backslash or an operator at the end goes on in the next line", async () => {
    await withTerminal({}, async (terminal) => {
      terminal.type(`echo 'a${key.enter}b'${key.enter}`);
      await shows(terminal, "/> echo 'a\nb'\na\nb\n/>");
      terminal.type(`echo c \\${key.enter}d &&${key.enter}echo e${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/echo c \\\nd &&\necho e\nc d\ne\n\/>$/));
    });
  });

  it("LINE-6 a paste of 10 kB is taken whole, shown around its end, and run by Enter", async () => {
    const lines = Array.from({ length: 500 }, (_, index) => `echo pasted ${String(index).padStart(6, "0")}`);
    await withTerminal({ columns: 60, rows: 10 }, async (terminal) => {
      const pasted = lines.join("\n");
      expect(pasted.length).toBeGreaterThan(9000);
      terminal.type(`\u001b[200~${pasted}\u001b[201~`);
      await terminal.until((text) => expect(text).toMatch(/echo pasted 000498\necho pasted 000499$/));
      expect(terminal.text().split("\n")).toHaveLength(8);
      expect(terminal.cursor().x).toBe("echo pasted 000499".length);
      terminal.type(key.enter);
      const printed = lines.map((line) => line.replace("echo ", "")).join("\n");
      await terminal.until((text) => expect(text.endsWith(`\n${printed}\n/>`)).toBe(true));
    });
  });

  it("LINE-6 a paste while a command runs waits for it, whole", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const client = new MemoryClient({ hold: () => held });
    client.add("/a", "x\n");
    await withTerminal({ client, columns: 60, rows: 10 }, async (terminal) => {
      terminal.type(`cat a${key.enter}`);
      await shows(terminal, "/> cat a");
      terminal.type(`\u001b[200~echo ${"y".repeat(9000)}z\u001b[201~`);
      release();
      await terminal.until((text) => expect(text).toMatch(/yyyz$/));
      terminal.type(`${key.ctrlU}exit${key.enter}`);
    });
  });

  it("LINE-6 a paste that is too long is left out, and said so", async () => {
    await withTerminal({ columns: 100 }, async (terminal) => {
      terminal.type(`\u001b[200~${"x".repeat(inputCharactersMax + 1)}\u001b[201~`);
      await terminal.until((text) => expect(text).toMatch(/^the pasted text was not taken: .*\n.*\/>$/s));
    });
  });
});

describe("wide characters and resizing", () => {
  it.each<readonly [text: string, columns: number]>([
    ["日本語", 6],
    ["e\u0301a\u0308", 2],
    ["\u{1f600}", 2],
    ["ｆｕｌｌ", 8],
    ["한국어", 6],
  ])("LINE-14 the cursor stands behind %s, and before its last sign", async (text, columns) => {
    await withTerminal({}, async (terminal) => {
      terminal.type(`echo '${text}`);
      await terminal.until(() => expect(terminal.cursor()).toEqual({ x: 9 + columns, y: 0 }));
      terminal.type("x'");
      await terminal.until(() => expect(terminal.cursor()).toEqual({ x: 11 + columns, y: 0 }));
      terminal.type(`${key.left}${key.left}${key.left}`);
      const last = [...new Intl.Segmenter().segment(text)].length;
      await terminal.until(() => expect(terminal.cursor()).toEqual({ x: 9 + columns - columns / last, y: 0 }));
    });
  });

  it("LINE-14 rows that the terminal wraps anew leave nothing behind, and what stands above stays", async () => {
    await withTerminal({ columns: 60 }, async (terminal) => {
      terminal.type(`echo above${key.enter}`);
      await shows(terminal, "/> echo above\nabove\n/>");
      terminal.type(`echo ${"0123456789".repeat(7)}`);
      const line = `/> echo ${"0123456789".repeat(7)}`;
      const rowsOf = (width: number): string => (line.match(new RegExp(`.{1,${width}}`, "g")) ?? []).join("\n");
      await shows(terminal, `/> echo above\nabove\n${rowsOf(59)}`);
      for (const columns of [40, 30, 60]) {
        terminal.resize(columns, 12);
        await shows(terminal, `/> echo above\nabove\n${rowsOf(columns - 1)}`);
      }
      terminal.type("x");
      await terminal.until((text) => expect(text).toBe(`/> echo above\nabove\n${rowsOf(59)}x`));
    });
  });

  it("LINE-14 a resized terminal shows the line and its menu once, the cursor where it was", async () => {
    await withTerminal({ columns: 60 }, async (terminal) => {
      terminal.type(`cat photos/c${key.tab}`);
      await terminal.until((text) => expect(text).toMatch(/cow\.jpg {2}4 B$/));
      for (const columns of [30, 50, 28, 60]) terminal.resize(columns, 12);
      await shows(terminal, "/> cat photos/c\ncat.jpg  5 B   cow.jpg  4 B");
      expect(terminal.cursor()).toEqual({ x: 15, y: 0 });
      terminal.type(`a${key.tab}${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/cat\.jpg \nmeow\n\/>$/));
    });
  });
});

describe("the prompt", () => {
  it("LINE-15 tells of a network that is not well, and when it is well again", async () => {
    const client = filled();
    await withTerminal({ client }, async (terminal) => {
      client.network.setPeer("ben", { state: "down" });
      terminal.type(`cd photos${key.enter}ls ca`);
      await terminal.until((text) => expect(text).toMatch(/\nanna\(degraded\) \/photos> ls cat\.jpg$/));
      expect(terminal.look("anna(")).toBe(colors.green);
      expect(terminal.look("(degraded")).toBe(colors.yellow);
      expect(terminal.cursor()).toEqual({ x: "anna(degraded) /photos> ls ca".length, y: 1 });
      client.network.setPeer("ben", { state: "up" });
      terminal.type(`t.jpg${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/\ncat\.jpg\n\/photos>$/));
      client.loseQuorum(1000);
      terminal.type(`cat nope${key.enter}`);
      await terminal.until((text) => expect(text).toMatch(/\n\[\d\] anna\(unavailable\) \/photos>$/));
      expect([terminal.look("["), terminal.look("(unavailable")]).toEqual([colors.red, colors.red]);
    });
  });
});
