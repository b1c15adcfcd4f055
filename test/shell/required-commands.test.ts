/** What the shell has to have: every command and option that was asked for, written down once, by hand. */
import { describe, expect, it } from "vitest";
import { findCommand } from "../../src/shell/command.ts";
import { commands } from "../../src/shell/commands/table.ts";
import { exitCodesOf, exitCodes } from "../../src/shell/manual.ts";
import { programOptions, programWords } from "../../src/shell/launch.ts";
import { tables } from "./reality/table.ts";

/** Each command with its options: letters behind one dash, names behind two, and those of `find` as it has them. */
const required: Readonly<Record<string, string>> = {
  ls: "-1aldhrtSR --at --json",
  cd: "",
  pwd: "",
  lcd: "",
  lpwd: "",
  lls: "",
  lmkdir: "",
  put: "-RnfcqP --if-rev --expire --copies",
  get: "-RnfcqP --rev --at",
  cat: "--rev --at",
  head: "",
  stat: "--json",
  find: "--name --iname --type --size --mtime --newer --maxdepth --print0 --at --json",
  du: "-hsacd --at",
  df: "-h",
  tree: "-adhL --at",
  rm: "-rfi",
  rmdir: "",
  mkdir: "-p",
  mv: "-fin",
  cp: "-r",
  revisions: "",
  restore: "--rev",
  undo: "",
  diff: "--rev",
  why: "",
  jobs: "",
  fg: "",
  wait: "",
  kill: "",
  pause: "",
  resume: "",
  login: "-u --password-file",
  logout: "",
  whoami: "",
  passwd: "",
  adduser: "",
  status: "-v --watch --json",
  peers: "",
  fingers: "",
  backup: "",
  invite: "",
  peer: "",
  fsck: "",
  doctor: "",
  ncdu: "",
  top: "",
  set: "",
  unset: "",
  alias: "",
  source: "",
  echo: "",
  test: "",
  time: "",
  sleep: "",
  help: "",
  completion: "",
  exit: "",
};

const requiredOfProgram = "-cqvxnk --atomic --keep-going --json --color --no-progress --data --timeout";

/** The options of a row, one by one: letters alone, names with their dashes taken off. */
function optionsOf(row: string): readonly string[] {
  return row.split(" ").flatMap((word) => {
    if (word.startsWith("--")) return [word.slice(2)];
    return word === "" ? [] : Array.from(word.slice(1));
  });
}

describe("what was asked for", () => {
  it.each(Object.entries(required))("HELP-10 there is %s, with its options", (name, row) => {
    const command = findCommand(commands, name);
    const known = command?.options.flatMap(({ long, short }) => [long, short]) ?? [];
    expect(command, name).toBeDefined();
    expect(optionsOf(row).filter((option) => !known.includes(option))).toEqual([]);
  });

  it("HELP-10 the program has its options, and join", () => {
    const known = programOptions.flatMap(({ long, short }) => [long, short]);
    expect(optionsOf(requiredOfProgram).filter((option) => !known.includes(option))).toEqual([]);
    expect(Object.keys(programWords)).toEqual(["join"]);
    expect(findCommand(commands, "peer")?.words).toContain("remove");
  });

  it("HELP-10 the exit codes are those that were agreed", () => {
    expect(Object.keys(exitCodes).map(Number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 127, 130]);
    const named = new Set(commands.flatMap((command) => exitCodesOf(command).map(([code]) => code)));
    expect(Array.from(named).toSorted((left, right) => left - right)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 127, 130]);
  });

  it("HELP-8 the program, each of its options and each exit code has a case", () => {
    const rows = tables["program"]?.["dfs-shell"] ?? [];
    const words = rows.flatMap(({ argv = [] }) => argv.map((word) => word.replace(/=.*$/s, "")));
    const unused = programOptions.filter(
      ({ long, short }) => !words.includes(`--${long}`) && (short === undefined || !words.includes(`-${short}`)),
    );
    expect(unused).toEqual([]);
    const codes = new Set(rows.flatMap(({ pipe, tty }) => [pipe.code ?? 0, tty?.code ?? 0]));
    expect(Object.keys(exitCodes).filter((code) => !codes.has(Number(code)))).toEqual([]);
  });
});
