/** docs/COMMANDS.md: every command, option and exit code, with the cases that the tests hold against the shell. */
import { onTerminal, textOf } from "../test/shell/reality/case.ts";
import type { RealityCase } from "../test/shell/reality/case.ts";
import { optionsUsed } from "../test/shell/reality/coverage.ts";
import { tables } from "../test/shell/reality/table.ts";
import { worldTexts } from "../test/shell/reality/world-texts.ts";
import { optionText } from "../src/shell/arguments.ts";
import type { Command } from "../src/shell/command.ts";
import { commands } from "../src/shell/commands/table.ts";
import { programName, programOptions } from "../src/shell/launch.ts";
import { exitCodes, exitCodesOf, purposes } from "../src/shell/manual.ts";
import { optionTerm } from "../src/shell/manual-page.ts";

const intro = `# Commands

Written by \`npm run docs\` from the command table and from the table of lines typed and text expected, which the tests
hold against the shell (HELP-7). Every command, option and exit code has an example; the numbers in the tables lead to it.
\`help COMMAND\` in the shell tells the same at more length, [dfs-shell.1](dfs-shell.1) is the man page.

The examples happen in a small network of two peers, anna and ben, with a few files, on the first of November 2026; what
is different from that stands behind the line. The first text is what a pipe gets, stdout and then stderr. The second one
is what a terminal of 80 columns shows, colours left out; where there is none, it is the same.
`;

/** The text of docs/COMMANDS.md. */
export function commandsMarkdown(): string {
  const program = [`## The program`, programTable(), ...examplesOf(programName)];
  const all = commands.flatMap((command) => [headingOf(command), ...commandParts(command)]);
  return `${[intro.trimEnd(), index(), exitCodeTable(), ...program, ...all].join("\n\n")}\n`;
}

function casesOf(name: string): readonly RealityCase[] {
  return Object.values(tables).flatMap((table) => table[name] ?? []);
}

/** The commands by purpose. */
function index(): string {
  const rows = Object.entries(purposes).flatMap(([purpose, heading]) => {
    const own = commands.filter((command) => command.purpose === purpose);
    return own.length === 0 ? [] : [[heading, own.map(({ name }) => `[${cell(name)}](#${anchor(name)})`).join(" ")]];
  });
  return table(["for", "commands"], rows);
}

function exitCodeTable(): string {
  const cases = casesOf(programName);
  const rows = Object.entries(exitCodes).map(([code, meaning]) => [
    code,
    cell(meaning),
    links(programName, cases, (row) => codesOf(row).has(Number(code))),
  ]);
  return table(["exit code", "meaning", "examples"], rows);
}

function programTable(): string {
  const cases = casesOf(programName);
  const rows = programOptions.map((option) => {
    const [term, meaning] = optionTerm(option);
    const flags = [`--${option.long}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
    const uses = ({ argv = [] }: RealityCase): boolean =>
      argv.some((word) => flags.includes(word) || word.startsWith(`--${option.long}=`));
    return [code(term), cell(meaning), links(programName, cases, uses)];
  });
  return table(["option", "meaning", "examples"], rows);
}

function commandParts(command: Command): readonly string[] {
  const { name, summary, usage, options, ownArguments } = command;
  const cases = casesOf(name);
  const optionRows = options.map((option) => [
    code(optionText(option, ownArguments).trimStart()),
    cell(optionTerm(option, ownArguments)[1]),
    links(name, cases, (row) => optionsUsed(command, row).has(option.long)),
  ]);
  const codeRows = exitCodesOf(command).map(([each, meaning]) => [
    String(each),
    cell(meaning),
    links(name, cases, (row) => codesOf(row).has(each)),
  ]);
  return [
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    fence(`${name} ${usage}`.trimEnd()),
    ...(optionRows.length === 0 ? [] : [table(["option", "meaning", "examples"], optionRows)]),
    table(["exit code", "meaning", "examples"], codeRows),
    ...examplesOf(name),
  ];
}

function codesOf(row: RealityCase): ReadonlySet<number> {
  return new Set([row.pipe.code ?? 0, onTerminal(row).code ?? 0]);
}

function links(name: string, cases: readonly RealityCase[], shows: (row: RealityCase) => boolean): string {
  return cases
    .flatMap((row, at) => (shows(row) ? [`[${at + 1}](#${anchor(name)}-${at + 1})`] : []))
    .slice(0, linksMax)
    .join(" ");
}

/** More examples of one option tell nothing new. */
const linksMax = 6;

function examplesOf(name: string): readonly string[] {
  return casesOf(name).map((row, at) => example(`${anchor(name)}-${at + 1}`, at + 1, row));
}

function example(id: string, number: number, row: RealityCase): string {
  const where = worldTexts[row.world ?? "home"] ?? "";
  const terminal = onTerminal(row);
  const notes = [where, interruption(row)].filter((note) => note !== "").join("; ");
  const heading = `<a id="${id}"></a>**${number}.** ${typed(row.lines)}${notes === "" ? "" : `, ${notes}`}`;
  const pipe = shown(textOf(row.pipe.out) + textOf(row.pipe.err), row.pipe.code);
  const parts = [heading, fence(pipe)];
  if (row.tty !== undefined) parts.push("On a terminal:", fence(shown(textOf(terminal.screen), terminal.code)));
  return parts.join("\n\n");
}

function interruption({ isInterrupted, keys, stdin }: RealityCase): string {
  if (isInterrupted === true) return "and Ctrl-C while it runs";
  if (keys !== undefined) return `and ${code(keys)} pressed on the terminal`;
  return stdin === undefined ? "" : `with ${code(stdin.trimEnd())} on stdin`;
}

function shown(text: string, exitCode = 0): string {
  const end = exitCode === 0 ? "" : `${text === "" || text.endsWith("\n") ? "" : "\n"}[exit code ${exitCode}]\n`;
  return `${plain(text)}${end}`.replace(/\n$/, "") || "(nothing)";
}

/** Without colours and other escape codes; a NUL is made visible. */
function plain(text: string): string {
  return text.replaceAll(/\u001b\[[\d;?]*[A-Za-z]/g, "").replaceAll("\0", "␀");
}

function fence(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  return lines.join("\n");
}

/** Text in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll(/[|\\`*_<[\]]/g, "\\$&");
}

/** Text in a cell or a line, as it is typed. */
function code(text: string): string {
  const isQuoted = text.includes("`");
  return isQuoted ? cell(text) : `\`${text.replaceAll("|", "\\|")}\``;
}

/** A line as it is typed, outside of tables. */
function typed(line: string): string {
  return line.includes("`") ? `\`\` ${line} \`\`` : `\`${line}\``;
}

function headingOf({ name }: Command): string {
  return anchor(name) === name ? `## ${name}` : `<a id="${anchor(name)}"></a>\n\n## ${cell(name)}`;
}

/** A heading's anchor; one without letters is spelled out. */
function anchor(name: string): string {
  return name === "[" ? "bracket" : name;
}
