/** What a case shows of its command: which options it uses. */
import { parseOptions } from "../../../src/shell/arguments.ts";
import { findCommand } from "../../../src/shell/command.ts";
import type { Command } from "../../../src/shell/command.ts";
import { commands } from "../../../src/shell/commands/table.ts";
import { parseScript } from "../../../src/shell/parser.ts";
import type { CommandNode, Word } from "../../../src/shell/syntax.ts";
import type { RealityCase } from "./case.ts";

/** The long names of the options of `command` that the case's lines give it. */
export function optionsUsed(command: Command, { lines }: RealityCase): ReadonlySet<string> {
  return new Set(nodesOf(lines).flatMap((node) => (node.kind === "simple" ? usedBy(node.words, command) : [])));
}

function nodesOf(text: string): readonly CommandNode[] {
  try {
    const { statements } = parseScript({ name: "case", text });
    return statements.flatMap(({ first, rest }) => [first, ...rest.map((each) => each.command)]);
  } catch {
    // A case of a syntax error uses nothing.
    return [];
  }
}

function usedBy(words: readonly Word[], command: Command): readonly string[] {
  const [name, ...args] = words.map(({ parts }) => parts.map(({ text }) => text).join(""));
  if (findCommand(commands, name ?? "") !== command) return [];
  if (command.ownArguments === true)
    return command.options.flatMap(({ long }) =>
      args.some((arg) => arg.replace(/^--?/, "-") === `-${long}`) ? [long] : [],
    );
  try {
    const { values } = parseOptions(args, command.options);
    return Object.keys(values).filter((long) => values[long] !== undefined);
  } catch {
    // A case of a wrong option uses none.
    return [];
  }
}
