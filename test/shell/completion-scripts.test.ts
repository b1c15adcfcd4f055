/**
 * The completion scripts for other shells, run in those shells. bash has to be there; where zsh or fish are not, their scripts
 * are read by bash or held against their form instead (docs/TESTING.md).
 */
import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../src/shell/commands/table.ts";
import { programOptions } from "../../src/shell/launch.ts";
import { runLines } from "./driver.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "completion-"));
const deadlineMs = 20_000;
const isThere = (shell: string): boolean => spawnSync(shell, ["--version"]).error === undefined;

beforeAll(async () => {
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "two words.dfs"), "");
  writeFileSync(join(folder, "nightly.dfs"), "");
  for (const shell of ["bash", "zsh", "fish"])
    writeFileSync(join(folder, `script.${shell}`), (await runLines(`completion ${shell}`)).out);
});

afterAll(() => rmSync(folder, { recursive: true }));

const flags = programOptions.flatMap(({ long, short }) => [`--${long}`, ...(short === undefined ? [] : [`-${short}`])]);
const names = commands.map(({ name }) => name);
const files = ["data", "nightly.dfs", "script.bash", "script.fish", "script.zsh", "two words.dfs"];

describe("the script for bash", () => {
  /** What bash offers for the last of these words, which it has cut at blanks and equals signs. */
  async function offered(...words: readonly string[]): Promise<readonly string[]> {
    const program = `source script.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dfs_shell; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run("bash", ["--norc", "-c", program, "bash", "dfs-shell", ...words], { cwd: folder });
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  }

  it.each<readonly [words: string[], offers: readonly string[]]>([
    [["-"], flags],
    [["--co"], ["--command", "--color"]],
    [
      ["--color", ""],
      ["auto", "always", "never"],
    ],
    [
      ["--color", "="],
      ["auto", "always", "never"],
    ],
    [["--color", "=", "al"], ["always"]],
    [["-c", ""], names],
    [
      ["-xc", "sta"],
      ["stat", "status"],
    ],
    [["-c", "ls", ""], []],
    [["-c", "ls", "--at"], ["--atomic"]],
    [["--data", ""], ["data"]],
    [["--timeout", ""], []],
    [[""], ["join", ...files]],
    [["--color", "=", "never", "-q", "j"], ["join"]],
    [["--data", "data", "two"], ["two words.dfs"]],
    [["join", ""], []],
    [["join", "--js"], ["--json"]],
    [["nightly.dfs", "d"], ["data"]],
  ])("HELP-9 offers for %j what the tables have", async (words, offers) => {
    expect(await offered(...words)).toEqual(offers.toSorted());
  });

  it("HELP-9 is bound to the program", async () => {
    const { stdout } = await run("bash", ["--norc", "-c", "source script.bash; complete -p dfs-shell"], {
      cwd: folder,
    });
    expect(stdout).toBe("complete -o filenames -F _dfs_shell dfs-shell\n");
  });
});

describe("the script for zsh", () => {
  /** The line that zsh has after these keys, in a terminal of its own. */
  async function lineAfter(keys: string): Promise<string> {
    const inner = [
      "PROMPT= RPROMPT= ; unsetopt zle_bracketed_paste 2>/dev/null",
      "autoload -Uz compinit && compinit -u -D && source ./script.zsh",
      'tell() { print -rn -- "$BUFFER" > line.part && mv line.part line.txt; exit }; zle -N tell; bindkey "^X" tell',
      "print ready > ready.txt",
    ].join("; ");
    const outer = `rm -f line.txt ready.txt; zmodload zsh/zpty; zpty shell zsh -f -i; zpty -w shell ${quoted(inner)}
until [[ -e ready.txt ]]; do zpty -r -t shell >/dev/null; done
zpty -w -n shell ${quoted(`${keys}\u0018`)}
until [[ -e line.txt ]]; do zpty -r -t shell >/dev/null; done; cat line.txt`;
    const { stdout } = await run("zsh", ["-f", "-c", outer], { cwd: folder, timeout: deadlineMs });
    return stdout;
  }

  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

  it("HELP-9 completes in zsh; where that is not installed, bash at least can parse it, and every option is in it", async () => {
    if (isThere("zsh")) {
      expect(await lineAfter("dfs-shell --colo\t")).toBe("dfs-shell --color=");
      expect(await lineAfter("dfs-shell --color=al\t")).toBe("dfs-shell --color=always ");
      expect(await lineAfter("dfs-shell -c doc\t")).toBe("dfs-shell -c doctor ");
      expect(await lineAfter("dfs-shell jo\t")).toBe("dfs-shell join ");
      expect(await lineAfter("dfs-shell --data \t")).toBe("dfs-shell --data data/");
      expect(await lineAfter("dfs-shell nigh\t")).toBe("dfs-shell nightly.dfs ");
    } else await run("bash", ["-n", "script.zsh"], { cwd: folder });
    const { out } = await runLines("completion zsh");
    expect(out).toMatch(/^#compdef dfs-shell\n/);
    for (const flag of flags) expect(out).toMatch(new RegExp(`[{',]${flag}[=+,}[]`));
    for (const name of names) expect(out).toContain(`\n    '${name}:`);
  });
});

describe("the script for fish", () => {
  it("HELP-9 completes in fish; where that is not installed, every line is a whole complete command", async () => {
    const { out } = await runLines("completion fish");
    if (isThere("fish")) {
      const offered = async (line: string): Promise<readonly string[]> => {
        const program = `source script.fish; complete -C '${line}'`;
        const { stdout } = await run("fish", ["-c", program], { cwd: folder, env: { ...process.env, HOME: folder } });
        return stdout
          .trimEnd()
          .split("\n")
          .map((row) => row.split("\t")[0] ?? "")
          .toSorted();
      };
      expect(await offered("dfs-shell --")).toEqual(flags.filter((flag) => flag.startsWith("--")).toSorted());
      expect(await offered("dfs-shell --color ")).toEqual(["always", "auto", "never"]);
      expect(await offered("dfs-shell -c sta")).toEqual(["stat", "status"]);
      expect(await offered("dfs-shell j")).toEqual(["join"]);
      expect(await offered("dfs-shell --data d")).toEqual(["data/"]);
      expect(await offered("dfs-shell nigh")).toEqual(["nightly.dfs"]);
      expect(await offered("dfs-shell join n")).toEqual([""]);
    }
    const lines = out.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const whole = /^complete -c dfs-shell( -[a-z]( ([^'\s]+|'([^'\\]|\\['\\])*'))?)+$/;
    expect(lines.filter((line) => !whole.test(line))).toEqual([]);
    for (const { long } of programOptions) expect(lines.join("\n")).toContain(` -l ${long} `);
  });
});

describe("completion", () => {
  it("HELP-9 names the shells that it knows", async () => {
    expect(await runLines("completion tcsh")).toEqual({
      out: "",
      err: 'completion: the shell is bash, zsh, fish, not "tcsh"\nusage: completion SHELL\n',
      code: 2,
    });
  });
});
