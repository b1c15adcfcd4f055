/** Every command has a whole manual, and what stands in it is true of the command. */
import { describe, expect, it } from "vitest";
import { findCommand, parseArguments } from "../../src/shell/command.ts";
import type { Command } from "../../src/shell/command.ts";
import { commands } from "../../src/shell/commands/table.ts";
import { expandWord } from "../../src/shell/expand.ts";
import { topics } from "../../src/shell/help-topics.ts";
import { boundKeys } from "../../src/shell/line-editor.ts";
import { pageText } from "../../src/shell/manual-text.ts";
import { exitCodes, exitCodesOf, purposes } from "../../src/shell/manual.ts";
import { parseScript } from "../../src/shell/parser.ts";
import type { ScriptSource, SimpleCommand } from "../../src/shell/syntax.ts";
import { runLines, runProgram } from "./driver.ts";

const summaryCharactersMax = 66;

function sourceOf(text: string): ScriptSource {
  return { name: "example", text };
}

/** A command's name in a regular expression. */
function escaped(name: string): string {
  return name.replace("[", "\\[");
}

/** The simple commands of a line. */
function commandsIn(line: string): readonly SimpleCommand[] {
  const { statements } = parseScript(sourceOf(line));
  const nodes = statements.flatMap(({ first, rest }) => [first, ...rest.map(({ command }) => command)]);
  return nodes.filter((node) => node.kind === "simple");
}

const variables = new Map([
  ["?", "0"],
  ["HOME", "/home/me"],
]);

/** What is to be said of the examples of a command. */
function faultsOfExample(command: Command, line: string): readonly string[] {
  const names: string[] = [];
  for (const { words } of commandsIn(line)) {
    const [name, ...rest] = words.map((word) => expandWord(word, variables, sourceOf(line)));
    const called = findCommand(commands, name?.text ?? "");
    names.push(name?.text ?? "");
    if (called === undefined) return [`${line}: no such command`];
    parseArguments(called, rest);
  }
  return names.includes(command.name) ? [] : [`${line}: is no example of ${command.name}`];
}

/** The operands that a usage line names: words in capitals that are no option's value. */
function operandsNamed({ usage, options }: Command): readonly string[] {
  const values = options.flatMap(({ long, short, value }) => {
    const flags = short === undefined ? [`--${long}`, `-${long}`] : [`--${long}`, `-${long}`, `-${short}`];
    return value === undefined ? [] : flags.flatMap((flag) => [`${flag} ${value}`, `${flag}[=${value}]`]);
  });
  const [first = ""] = usage.split(/(?<=\])/).filter((part) => part.startsWith("[-") && !part.startsWith("[--"));
  const rest = [first, ...values.toSorted((one, other) => other.length - one.length)].reduce(
    (text, value) => text.replaceAll(value, ""),
    usage.replaceAll(/\[-+[a-z-]+ [^\]\s]+(\[[^\]]*\])?\]/gi, ""),
  );
  return rest.match(/\b[A-Z]{1,}\b/g) ?? [];
}

describe("manuals", () => {
  it.each(commands)("HELP-1 the manual of $name is whole", (command) => {
    const { name, purpose, summary, description, options, operands, examples, seeAlso, words = [] } = command;
    expect(Object.keys(purposes)).toContain(purpose);
    expect(summary).toMatch(/^\S.*[^.]$/);
    expect(summary.length).toBeLessThanOrEqual(summaryCharactersMax);
    expect(description.length).toBeGreaterThan(0);
    for (const text of description) expect(text).toMatch(/^\S.*[.:]$/);
    for (const option of options) expect(option.summary, option.long).toMatch(/^\S.*[^.]$/);
    for (const [operand, meaning] of Object.entries(operands)) expect(meaning, operand).toMatch(/^\S.*[^.]$/);
    for (const [code, meaning] of exitCodesOf(command)) {
      expect(Object.keys(exitCodes)).toContain(String(code));
      expect(meaning).toMatch(/^\S.*[^.]$/);
    }
    const explained = Object.keys(operands).map((operand) => operand.split(" ")[0]);
    expect(explained).toEqual(expect.arrayContaining([...operandsNamed(command), ...words]));
    expect(examples.length).toBeGreaterThan(0);
    for (const [, does] of examples) expect(does).toMatch(/^\S.*\.$/);
    expect(examples.flatMap(([line]) => faultsOfExample(command, line))).toEqual([]);
    const known = [...commands, ...topics].map((each) => each.name);
    expect(seeAlso.filter((other) => !known.includes(other) || other === name)).toEqual([]);
    expect(seeAlso.length).toBeGreaterThan(0);
  });

  it.each(commands)(
    "HELP-2 help $name and $name --help print the manual, and run nothing",
    async ({ name, options }) => {
      const openClient = (): Promise<never> => Promise.reject(new Error("the manual needs no network"));
      const byHelp = await runLines(`help ${name}`, { openClient });
      expect(byHelp).toMatchObject({ code: 0, err: "" });
      expect(await runLines(`${name} --help`, { openClient })).toEqual(byHelp);
      const headings = byHelp.out.split("\n").filter((line) => /^\S/.test(line));
      const wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "OPERANDS", "EXIT CODES", "EXAMPLES", "SEE ALSO"];
      expect(wanted.filter((heading) => headings.includes(heading))).toEqual(headings);
      expect(headings).toEqual(expect.arrayContaining(wanted.filter((heading) => !heading.startsWith("OP"))));
      for (const { long } of options) expect(byHelp.out).toContain(`-${long}`);
    },
  );

  it.each([20, 40, 80, 300])(
    "HELP-3 manuals fit into %i columns, and wide terminals do not stretch them",
    async (columns) => {
      for (const name of ["", "find", "put", "peer", "keys", "grammar"]) {
        const { out } = await runProgram(["--color=never", "-c", `help ${name}`], { columns });
        const widths = out.split("\n").map((line) => Array.from(line).length);
        expect(Math.max(...widths)).toBeLessThanOrEqual(Math.max(columns, 48) > 100 ? 100 : Math.max(columns, 48));
      }
    },
  );

  it("HELP-3 headings are bold where there is colour, and nowhere else", async () => {
    const plain = await runLines("help ls");
    const colored = await runLines("help ls", { columns: 80, env: { TERM: "xterm" } });
    expect(colored.out).toContain("\u001b[1mDESCRIPTION\u001b[0m\n");
    expect(plain.out).not.toContain("\u001b");
    expect(colored.out.replaceAll(/\u001b\[[01]m/g, "")).toBe(plain.out);
  });

  it("HELP-4 help lists every command once under its purpose, and every topic", async () => {
    const { out } = await runLines("help");
    for (const { name, summary } of commands)
      expect(out.match(new RegExp(`^    ${escaped(name)} +${summary.slice(0, 12)}`, "gm")), name).toHaveLength(1);
    for (const { name } of topics) {
      expect(out).toContain(`\n    ${name} `);
      expect(await runLines(`help ${name}`)).toMatchObject({ code: 0, err: "" });
    }
  });

  it("HELP-12 help keys has every key that does something in the line", () => {
    const page = pageText(topics.find(({ name }) => name === "keys")?.sections ?? [], { columns: 100, color: false });
    const called = (key: string): string =>
      key
        .replace("return", "enter")
        .replace("meta-", "alt-")
        .replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase());
    expect(boundKeys.length).toBeGreaterThan(30);
    expect(boundKeys.map(called).filter((key) => !new RegExp(`(^|[ ,])${key}([ ,]|$)`, "m").test(page))).toEqual([]);
  });

  it("HELP-5 help -k lists what mentions a word, whatever the case, and tells where nothing does", async () => {
    const { out } = await runLines("help -k Dedup");
    const names = out.split("\n").map((line) => line.split(" ")[0]);
    expect(names).toEqual(["stat", "du", "ncdu", "quota", ""]);
    expect(await runLines("help -k xylophone")).toEqual({
      out: "",
      err: "help: xylophone: nothing mentions it\n",
      code: 3,
    });
  });

  it("HELP-6 the program's help is one screen of 48 rows, and names every command", async () => {
    const { out } = await runProgram(["--help"], { columns: 80 });
    expect(out.split("\n").length).toBeLessThanOrEqual(48);
    for (const { name } of commands) expect(out).toMatch(new RegExp(`[ \n]${escaped(name)}[ \n]`));
  });
});
