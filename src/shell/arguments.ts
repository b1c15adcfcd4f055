/** Options and operands as POSIX and GNU have them, by Node's `parseArgs`; a value may start with a dash. */
import { parseArgs } from "node:util";
import { DfsError } from "../core/errors.ts";

export interface OptionSpec {
  /** Without dashes. */
  readonly long: string;
  /** One character, without the dash. */
  readonly short?: string | undefined;
  /** What its value is called in help; absent for a flag. */
  readonly value?: string | undefined;
  /** The value may be left out, and is joined with `=` where it is given; without it the option's text is empty. */
  readonly isValueOptional?: boolean | undefined;
  /** It may be given more than once, and all its values count. */
  readonly isRepeatable?: boolean | undefined;
  /** The values that it takes, where it takes no others, each with what it stands for. */
  readonly values?: Readonly<Record<string, string>> | undefined;
  readonly summary: string;
}

/** What was given of an option: true for a flag, all values of one that may be repeated. */
export type OptionValue = string | boolean | readonly string[] | undefined;

export interface ParsedOptions {
  /** By long name; absent options are `undefined`. */
  readonly values: Readonly<Record<string, OptionValue>>;
  /** Where in the arguments the operands are. */
  readonly operandIndexes: readonly number[];
}

/** The options and operands among `args`; `--help` is always known. Fails with `usage`. */
export function parseOptions(args: readonly string[], options: readonly OptionSpec[]): ParsedOptions {
  const specs: Record<string, { type: "string" | "boolean"; short?: string; multiple?: boolean }> = {
    help: { type: "boolean" },
  };
  for (const { long, short, value, isRepeatable = false } of options)
    specs[long] = {
      type: value === undefined ? "boolean" : "string",
      multiple: isRepeatable,
      ...(short === undefined ? {} : { short }),
    };
  const { joined, origins } = joinValues(args, options);
  try {
    const parsed = parseArgs({ args: joined, options: specs, strict: true, allowPositionals: true, tokens: true });
    const operandIndexes: number[] = [];
    for (const token of parsed.tokens)
      if (token.kind === "positional") operandIndexes.push(origins[token.index] as number);
    return { values: parsed.values as ParsedOptions["values"], operandIndexes };
  } catch (error) {
    const [sentence = ""] = (error as Error).message.split(/\. |\n/);
    throw new DfsError("usage", sentence.charAt(0).toLowerCase() + sentence.slice(1), { cause: error });
  }
}

/** An option as help writes it: `-d, --depth N`; with one dash only for a command that reads its own arguments, as `find` does. */
export function optionText({ long, short, value, isValueOptional }: OptionSpec, ownArguments = false): string {
  const argument = value === undefined ? "" : isValueOptional === true ? `[=${value}]` : ` ${value}`;
  if (ownArguments) return `-${long}${argument}`;
  return `${short === undefined ? "    " : `-${short}, `}--${long}${argument}`;
}

/** Where the first operand of `args` is, also where what follows it makes no sense; their number where there is none. */
export function firstOperandIndex(args: readonly string[], options: readonly OptionSpec[]): number {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] as string;
    if (arg === "--") return at + 1;
    if (arg === "-" || !arg.startsWith("-")) return at;
    if (awaitsValue(arg, options) !== undefined) at += 1;
  }
  return args.length;
}

interface JoinedValues {
  readonly joined: string[];
  /** For each joined argument, where it began. */
  readonly origins: readonly number[];
}

/** `-c VALUE` and `--long VALUE` as `--long=VALUE`: alone, `parseArgs` would take a VALUE with a dash for an option. */
function joinValues(args: readonly string[], options: readonly OptionSpec[]): JoinedValues {
  const joined: string[] = [];
  const origins: number[] = [];
  const push = (text: string, origin: number): void => {
    joined.push(text);
    origins.push(origin);
  };
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] as string;
    if (arg === "--") {
      for (let rest = at; rest < args.length; rest += 1) push(args[rest] as string, rest);
      break;
    }
    checkLetters(arg, options);
    const option = awaitsValue(arg, options);
    const value = args[at + 1];
    if (options.some(({ long, isValueOptional }) => isValueOptional === true && arg === `--${long}`))
      push(`${arg}=`, at);
    else if (option === undefined || value === undefined) push(arg, at);
    else {
      if (/^-[^-]./u.test(arg)) push(arg.slice(0, -1), at);
      push(`--${option.long}=${value}`, at);
      at += 1;
    }
  }
  return { joined, origins };
}

/** `-l-x`: `parseArgs` would take the second dash for `--`. Behind an option with a value a dash belongs to the value. */
function checkLetters(arg: string, options: readonly OptionSpec[]): void {
  if (!/^-[^-]/u.test(arg)) return;
  const flags = Array.from(arg.slice(1));
  const valued = flags.findIndex((letter) =>
    options.some(({ short, value }) => value !== undefined && short === letter),
  );
  const dash = flags.indexOf("-");
  if (dash >= 0 && (valued < 0 || dash < valued)) throw new DfsError("usage", `unknown option '-' in '${arg}'`);
}

/** The option of `arg` whose value is the next argument: `--long`, or the last letter of `-abc`. */
export function awaitsValue(arg: string, options: readonly OptionSpec[]): OptionSpec | undefined {
  const valued = options.filter(({ value, isValueOptional }) => value !== undefined && isValueOptional !== true);
  if (arg.startsWith("--")) return valued.find(({ long }) => arg === `--${long}`);
  if (!arg.startsWith("-")) return undefined;
  const letters = Array.from(arg.slice(1));
  const first = letters.findIndex((letter) => valued.some(({ short }) => short === letter));
  return first >= 0 && first === letters.length - 1 ? valued.find(({ short }) => short === letters[first]) : undefined;
}
