import { describe, expect, it, vi } from "vitest";
import { type DfsError, toDfsError } from "../../../src/core/errors.ts";
import { resolvePath, rootPath } from "../../../src/core/names.ts";
import { showOn } from "../../../src/shell/views/full-screen.ts";
import { type NcduState, ncduRows, sortedItems } from "../../../src/shell/views/ncdu-rows.ts";
import { type NcduOptions, ncduView } from "../../../src/shell/views/ncdu-view.ts";
import { rowText } from "../../../src/shell/views/rows.ts";
import { runLines } from "../driver.ts";
import { MemoryClient } from "../memory-client.ts";
import { FakeTerminal, type TerminalOptions } from "../terminal.ts";

const totals = (logical: number, files = 1, directories = 0) => ({
  sums: { logical, unique: logical / 2, history: 0, replicated: logical },
  files,
  directories,
});
const state: NcduState = {
  path: "/",
  totals: totals(3_000, 9, 2),
  items: [
    { kind: "directory", name: "日本語", totals: totals(2_000, 7, 1) },
    { kind: "file", name: "tab\there", totals: totals(1_000) },
    { kind: "rest", name: "… 5 smaller files", totals: totals(0, 5) },
  ],
  selected: 1,
  offset: 0,
  measure: "logical",
  look: "graph",
  order: "size",
  scan: { entries: 12, elapsedMs: 40, isDone: true },
  isListing: false,
  isHelp: false,
};
const text = (shown: NcduState, columns = 60, rows = 7): readonly string[] =>
  ncduRows(shown, { columns, rows }).map((row) => rowText(row, columns, false).trimEnd());

describe("ncdu as rows", () => {
  it.each<readonly [what: string, change: Partial<NcduState>, rows: Record<number, string>]>([
    [
      "sizes with graphs",
      {},
      {
        0: "2.9 KiB logical  /  9 files in 2 directories",
        1: "12 entries summed up in 40 ms",
        2: "     2.0 KiB [##########] /日本語",
        3: ">     1000 B [#####     ]  tab\\x09here",
        4: "         0 B [          ] … 5 smaller files",
      },
    ],
    [
      "percentages",
      { look: "percent" },
      { 2: "     2.0 KiB  66.7% /日本語", 4: "         0 B   0.0% … 5 smaller files" },
    ],
    ["both", { look: "both" }, { 3: ">     1000 B  33.3% [#####     ]  tab\\x09here" }],
    ["neither", { look: "neither" }, { 2: "     2.0 KiB /日本語" }],
    [
      "unique sizes",
      { measure: "unique" },
      { 0: "1.5 KiB unique  /  9 files in 2 directories", 3: ">      500 B [#####     ]  tab\\x09here" },
    ],
    [
      "a walk under way",
      { scan: { entries: 7, elapsedMs: 2_000, isDone: false } },
      { 1: "summing up … 7 entries in 2 s" },
    ],
    ["a listing under way", { isListing: true }, { 1: "listing …" }],
    ["a message", { message: { text: "it\u001b[2J failed", isBad: true } }, { 1: "it\\x1b[2J failed" }],
    [
      "a question about a directory",
      { question: { kind: "directory", name: "old", totals: totals(1, 7, 1) } },
      { 6: "remove old with 7 files in 2 directories? [y/N]" },
    ],
    ["a question about a file", { question: { kind: "file", name: "a", totals: totals(1) } }, { 6: "remove a? [y/N]" }],
    ["nothing", { items: [] }, { 2: "  nothing is in it" }],
    ["what was scrolled to", { offset: 2, selected: 2 }, { 2: ">        0 B [          ] … 5 smaller files", 3: "" }],
    ["help", { isHelp: true }, { 0: "ncdu: keys", 6: " any key back" }],
  ])("VIEW-18 %s", (_what, change, rows) => {
    const shown = text({ ...state, ...change });
    expect(shown).toHaveLength(7);
    for (const [row, expected] of Object.entries(rows)) expect(shown[Number(row)]).toBe(expected);
  });

  it.each([
    [20, 5],
    [18, 5],
    [10, 2],
    [1, 1],
  ])("VIEW-18 fits %i columns and %i rows", (columns, rows) => {
    expect(text(state, columns, rows)).toHaveLength(rows);
    if (columns >= 18)
      expect(text(state, columns, rows)[2]).toBe(columns === 18 ? "     2.0 KiB /日…" : "     2.0 KiB /日本語");
  });

  it("VIEW-18 sorts by size or name, what is too much to list at the end", () => {
    const names = (order: NcduState["order"]): readonly string[] =>
      sortedItems(state.items.toReversed(), "logical", order).map(({ name }) => name);
    expect(names("size")).toEqual(["日本語", "tab\there", "… 5 smaller files"]);
    expect(names("name")).toEqual(["tab\there", "日本語", "… 5 smaller files"]);
  });
});

function world(): MemoryClient {
  const client = new MemoryClient();
  client.add("/photos/2025/a.raw", "a".repeat(5_000));
  client.add("/photos/2025/b.raw", "b".repeat(3_000));
  client.add("/photos/长名/c.raw", "c".repeat(1_000));
  client.add("/notes.txt", "n".repeat(2_000));
  return client;
}

async function browsing(options: TerminalOptions = {}): Promise<FakeTerminal> {
  const terminal = new FakeTerminal({ columns: 60, rows: 10, argv: ["-c", "ncdu"], client: world(), ...options });
  await terminal.until((shown) => expect(shown).toMatch(/entries summed up in/));
  return terminal;
}

const up = "\u001b[A";
const down = "\u001b[B";
const right = "\u001b[C";
const left = "\u001b[D";

describe("ncdu on a screen", () => {
  it("VIEW-19 shows a directory by size, and enters and leaves directories", async () => {
    const terminal = await browsing();
    expect(terminal.rows().slice(0, 4)).toEqual([
      "10.7 KiB logical  /  4 files in 3 directories",
      expect.stringMatching(/^8 entries summed up in /),
      expect.stringMatching(/^> +8\.8 KiB \[#{10}\] \/photos/),
      expect.stringMatching(/^ +2\.0 KiB \[## +\] {2}notes\.txt/),
    ]);
    terminal.type(right);
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/^> +7\.8 KiB .*\/2025/));
    terminal.type(down + right);
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/^> +1000 B .* c\.raw/));
    expect(terminal.rows()[0]).toBe("1000 B logical  /photos/长名  1 file in 0 directories");
    terminal.type(left);
    await terminal.until(() => expect(terminal.rows()[3]).toMatch(/^> +1000 B .*\/长名/));
    terminal.type(left + left);
    await terminal.until(() => expect(terminal.rows()[1]).toBe("this is where ncdu began; q quits"));
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
    await vi.waitFor(() => expect(terminal.isAlternate).toBe(false));
  });

  it("VIEW-19 goes through sizes and looks, sorts by name, and shows help", async () => {
    const terminal = await browsing();
    terminal.type("aa");
    await terminal.until(() => expect(terminal.rows()[0]).toMatch(/^0 B of history/));
    terminal.type("aag");
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/8\.8 KiB {2}81\.8% \/photos/));
    terminal.type("n");
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/notes\.txt/));
    terminal.type("?");
    await terminal.until(() => expect(terminal.rows()[0]).toBe("ncdu: keys"));
    terminal.type("q");
    await terminal.until(() => expect(terminal.rows()[0]).toMatch(/logical/));
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-20 removes after a question, and everything above is smaller then", async () => {
    const client = world();
    const terminal = await browsing({ client });
    terminal.type(`${right}d`);
    await terminal.until(() =>
      expect(terminal.rows().at(-1)?.trimEnd()).toBe("remove 2025 with 2 files in 1 directory? [y/N]"),
    );
    terminal.type("n");
    await terminal.until(() => expect(terminal.rows()[1]).toBe("nothing was removed"));
    expect(client.changes).toBe(0);
    terminal.type("dy");
    await terminal.until(() => expect(terminal.rows()[1]).toBe("2025 is removed"));
    expect(terminal.rows()[0]).toBe("1000 B logical  /photos  1 file in 1 directory");
    expect(terminal.rows()[2]).toMatch(/^> +1000 B .*\/长名/);
    await expect(client.stat(resolvePath("/photos/2025"))).rejects.toMatchObject({ kind: "not-found" });
    terminal.type(left);
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/notes\.txt/));
    terminal.type(`${up}dy`);
    await terminal.until(() => expect(terminal.rows()[1]).toBe("notes.txt is removed"));
    expect(terminal.rows()[0]).toBe("1000 B logical  /  1 file in 2 directories");
    terminal.type("q");
    await terminal.ended;
  });

  it("VIEW-20 says why something is not removed, and goes on", async () => {
    const client = world();
    const terminal = await browsing({ client });
    client.loseQuorum(1_000);
    terminal.type("dy");
    await terminal.until(() => expect(terminal.rows()[1]).toMatch(/^photos: no majority of the coordinators answers/));
    expect(terminal.rows()[2]).toMatch(/\/photos/);
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-19 sums a directory up again, and those above it with it", async () => {
    const client = world();
    const terminal = await browsing({ client });
    terminal.type(right);
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/\/2025/));
    client.add("/photos/new/d.raw", "d".repeat(9_000));
    terminal.type("r");
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/8\.8 KiB .*\/new/));
    terminal.type(left);
    await terminal.until(() => expect(terminal.rows()[0]).toBe("19.5 KiB logical  /  5 files in 4 directories"));
    terminal.type(right);
    await terminal.until(() => expect(terminal.text()).toMatch(/\/new[^]*\/2025/));
    terminal.type("q");
    await terminal.ended;
  });

  it("VIEW-21 is there while it sums up, and shows how far it is", async () => {
    const client = world();
    const walk = client.walk.bind(client);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    client.walk = async function* (path, options) {
      let seen = 0;
      for await (const entry of walk(path, options)) {
        yield entry;
        if ((seen += 1) === 4) await held;
      }
    };
    const terminal = new FakeTerminal({ columns: 60, rows: 10, argv: ["-c", "ncdu"], client });
    await terminal.until(() => expect(terminal.rows()[1]).toMatch(/^summing up … 4 entries/));
    expect(terminal.text()).toContain("/photos");
    terminal.type("d");
    await terminal.until(() => expect(terminal.rows()[1]).toBe("wait until everything is summed up"));
    release();
    await terminal.until(() => expect(terminal.rows()[0]).toMatch(/4 files in 3 directories/));
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
  });

  it("VIEW-21 leaving ends the walk", async () => {
    const client = world();
    let ended: DfsError | undefined;
    client.walk = async function* (path, options) {
      yield await client.stat(path);
      try {
        await new Promise((_, reject) => options?.signal?.addEventListener("abort", () => reject(new Error("ended"))));
      } catch (error) {
        ended = toDfsError(error);
        throw error;
      }
    };
    const terminal = new FakeTerminal({ columns: 60, rows: 10, argv: ["-c", "ncdu"], client });
    await terminal.until(() => expect(terminal.rows()[1]).toMatch(/^summing up … 1 entries/));
    terminal.type("q");
    expect(await terminal.ended).toBe(0);
    await vi.waitFor(() => expect(ended).toBeDefined());
  });

  it("VIEW-17 what was folded is summed up when it is entered", async () => {
    const client = world();
    const terminal = new FakeTerminal({ columns: 60, rows: 10, client });
    await terminal.until((shown) => expect(shown).toContain("/>"));
    const options: NcduOptions = {
      client: async () => client,
      path: rootPath,
      reads: {},
      directoriesMax: 3,
      filesMax: 1,
    };
    const shown = showOn({ stdin: terminal.stdin, stdout: terminal.screen, color: false })(
      ncduView(options),
      new AbortController().signal,
    );
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/8\.8 KiB .*\/photos/));
    await terminal.until(() => expect(terminal.rows()[1]).toMatch(/8 entries summed up/));
    terminal.type(right);
    await terminal.until(() => expect(terminal.rows()[1]).toMatch(/6 entries summed up/));
    await terminal.until(() => expect(terminal.rows()[2]).toMatch(/7\.8 KiB .*\/2025/));
    terminal.type(right);
    await terminal.until(() => expect(terminal.rows()[3]).toMatch(/2\.9 KiB .* … 1 smaller files/));
    terminal.type("q");
    await shown;
    terminal.type("exit\r");
    await terminal.ended;
  });
});

describe("ncdu elsewhere", () => {
  it.each<readonly [lines: string, code: number, message: string]>([
    ["ncdu", 2, "ncdu: this needs a terminal: du -ah prints all sizes, du -sh the sum\nusage: ncdu [--stale] [DIR]\n"],
    ["ncdu a b", 2, "too many operands"],
  ])("VIEW-22 %s ends with %i", async (lines, code, message) => {
    const outcome = await runLines(lines);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(message);
  });

  it.each<readonly [operand: string, code: number, message: string]>([
    ["/gone", 3, "ncdu: /gone: no such file or directory"],
    ["/notes.txt", 4, "ncdu: /notes.txt: not a directory"],
  ])("VIEW-22 of %s it ends with %i before anything is drawn", async (operand, code, message) => {
    const terminal = new FakeTerminal({ columns: 60, rows: 10, argv: ["-c", `ncdu ${operand}`], client: world() });
    expect(await terminal.ended).toBe(code);
    expect(terminal.written).toContain(message);
    expect(terminal.written).not.toContain("\u001b[?1049h");
  });
});
