/** The arguments of a command while they are typed: which are operands, and which option waits for its value. */
import { awaitsValue, parseOptions } from "./arguments.ts";
import type { OptionSpec } from "./arguments.ts";
import type { Command, OperandSide } from "./command.ts";

/** What was found for the commands of a text; a key changes one of them. */
const operandsFound = new Map<string, readonly number[]>();
/** More commands than a long paste has. */
const operandsFoundMax = 2000;

/** Where among `args` the operands are. */
export function operandIndexes(command: Command, args: readonly string[]): readonly number[] {
  const key = [command.name, ...args].join("\0");
  const known = operandsFound.get(key);
  if (known !== undefined) return known;
  if (operandsFound.size >= operandsFoundMax) operandsFound.clear();
  const found = parsedOperandIndexes(command, args);
  operandsFound.set(key, found);
  return found;
}

function parsedOperandIndexes(command: Command, args: readonly string[]): readonly number[] {
  if (command.ownArguments === true) {
    const first = args.findIndex((arg) => arg.startsWith("-"));
    return [...args.keys()].slice(0, first < 0 ? undefined : first);
  }
  try {
    return parseOptions(args, command.options).operandIndexes;
  } catch {
    // An option that is half typed.
    return [...args.keys()].filter((index) => args[index]?.startsWith("-") !== true);
  }
}

/** The option whose value is the word behind `before`, if there is one. */
export function awaitedOption(command: Command, before: string | undefined): OptionSpec | undefined {
  if (before === undefined) return undefined;
  if (command.ownArguments !== true) return awaitsValue(before, command.options);
  return command.options.find(({ long, value }) => value !== undefined && before === `-${long}`);
}

/** What Tab offers for the value of a command's option, by what help calls it: a PATH is on the side of the operands. */
export function valueSide(command: Command, { value }: OptionSpec): OperandSide {
  if (value === "FILE" || value === "DIR") return "local";
  if (value === "PATH") return command.side(0, 1) === "local" ? "local" : "remote";
  return value === "USER" ? "user" : "none";
}
