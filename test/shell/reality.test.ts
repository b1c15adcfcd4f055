/** Holds the table of lines typed → text expected against the shell, and the shell against what it must have. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { commands } from "../../src/shell/commands/table.ts";
import { exitCodesOf } from "../../src/shell/manual.ts";
import { onTerminal, textOf } from "./reality/case.ts";
import { optionsUsed } from "./reality/coverage.ts";
import { record } from "./reality/record.ts";
import { atTerminal, inPipe } from "./reality/run-case.ts";
import { tables } from "./reality/table.ts";
import { nowMs } from "./reality/worlds.ts";

beforeAll(() => {
  process.env["TZ"] = "UTC";
  process.umask(0o022);
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: nowMs });
});

const recordMs = 60_000;

// With DFS_RECORD=new the table takes the texts of cases that have none, with DFS_RECORD=all those of all cases: to be
// read as any other change, before it is kept.
afterAll(async () => {
  const wanted = process.env["DFS_RECORD"];
  if (wanted !== undefined)
    for (const [name, table] of Object.entries(tables)) await record(name, table, wanted === "all");
  vi.useRealTimers();
}, recordMs);

const all = Object.values(tables).flatMap((table) =>
  Object.entries(table).flatMap(([command, rows]) => rows.map((row) => ({ command, row }))),
);

describe("the table of lines typed and text expected", () => {
  it.each(all)("HELP-7 $command in a pipe: $row.lines", async ({ row }) => {
    const { out, err, code = 0 } = row.pipe;
    expect(await inPipe(row)).toEqual({ out: textOf(out), err: textOf(err), code });
  });

  it.each(all)("HELP-7 $command on a terminal: $row.lines", async ({ row }) => {
    const { screen, code = 0 } = onTerminal(row);
    expect(await atTerminal(row)).toEqual({ screen: textOf(screen), code });
  });

  it.each(commands)("HELP-8 $name, each of its options and each of its exit codes has a case", (command) => {
    const own = all.filter(({ command: name }) => name === command.name).map(({ row }) => row);
    expect(own.length).toBeGreaterThan(0);
    const used = new Set(own.flatMap((row) => Array.from(optionsUsed(command, row))));
    const options = command.options.map(({ long }) => long);
    expect(options.filter((long) => !used.has(long))).toEqual([]);
    const codes = new Set(own.flatMap(({ pipe, tty }) => [pipe.code ?? 0, tty?.code ?? 0]));
    expect(
      exitCodesOf(command)
        .map(([code]) => code)
        .filter((code) => !codes.has(code)),
    ).toEqual([]);
    // Ctrl-C ends whatever runs, and the commands of the shell itself give the codes of others.
    const declared = new Set([...exitCodesOf(command).map(([code]) => code), 130]);
    const others = Array.from(codes).filter((code) => !declared.has(code));
    expect(command.purpose === "shell" ? [] : others).toEqual([]);
  });

  it("HELP-8 every case belongs to a command that there is", () => {
    const names = new Set([...commands.map(({ name }) => name), "dfs-shell"]);
    expect(all.map(({ command }) => command).filter((name) => !names.has(name))).toEqual([]);
  });
});
