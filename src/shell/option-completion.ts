/** What Tab offers for options and their values. */
import { optionText } from "./arguments.ts";
import type { OptionSpec } from "./arguments.ts";
import type { Command } from "./command.ts";
import type { Candidate } from "./completion.ts";

/** Options that begin as typed: `-` all of them, the short way where there is one, `--al` long ones, `-al` what may follow in a row of flags. */
export function optionCandidates(typed: string, command: Command): readonly Candidate[] {
  const { options } = command;
  if (command.ownArguments === true) return matching(typed, [...longOptions(options, "-"), helpOption]);
  const letters = /^-[^-]+$/u.test(typed) ? flagsBehind(typed, options) : undefined;
  if (letters !== undefined) return letters;
  if (typed !== "-") return matching(typed, [...longOptions(options, "--"), helpOption]);
  const labelled = options.map((option) => ({ ...shortest(option), label: optionText(option) }));
  return [...labelled, { ...helpOption, label: optionText({ long: "help", summary: "" }) }];
}

/** The values of an option that takes only certain ones: `--role cl`, `--role=cl`, `-type f`; `undefined` elsewhere. */
export function optionValues(
  typed: string,
  before: string | undefined,
  command: Command,
): readonly Candidate[] | undefined {
  const joined = /^(--[^=]+)=(.*)$/su.exec(typed);
  const name = joined?.[1] ?? before;
  const option = command.options.find((one) => isNamed(one, name, command));
  if (option === undefined || valuesOf(option).length === 0) return undefined;
  const prefix = joined === null ? "" : `${name}=`;
  const rows = valuesOf(option).map(([text, description]) => ({
    text: prefix + text,
    label: text,
    description,
    isWhole: true,
  }));
  return rows.filter(({ text }) => text.startsWith(typed));
}

const helpOption: Candidate = { text: "--help", label: "--help", description: "how it is used", isWhole: true };

function valuesOf({ values }: OptionSpec): readonly (readonly [value: string, meaning: string])[] {
  return Object.entries(values ?? {});
}

function isNamed({ long, short, value }: OptionSpec, name: string | undefined, command: Command): boolean {
  if (value === undefined || name === undefined) return false;
  if (command.ownArguments === true) return name === `-${long}`;
  return name === `--${long}` || (short !== undefined && name === `-${short}`);
}

function longOptions(options: readonly OptionSpec[], dashes: string): readonly Candidate[] {
  return options.map((option) => candidate(`${dashes}${option.long}`, option));
}

function shortest(option: OptionSpec): Candidate {
  return candidate(option.short === undefined ? `--${option.long}` : `-${option.short}`, option);
}

function candidate(text: string, { summary, value }: OptionSpec): Candidate {
  return { text, label: value === undefined ? text : `${text} ${value}`, description: summary, isWhole: true };
}

/** `-al` and `-ar` for `-a`; `undefined` where the letters are no row of flags. */
function flagsBehind(typed: string, options: readonly OptionSpec[]): readonly Candidate[] | undefined {
  const given = new Set(typed.slice(1));
  const flags = options.filter(({ short, value }) => short !== undefined && value === undefined);
  const areFlags = [...given].every((letter) => flags.some(({ short }) => short === letter));
  if (!areFlags) return undefined;
  const next = options.filter(({ short }) => short !== undefined && !given.has(short));
  const itself = { text: typed, label: typed, description: flagSummary(typed.at(-1), flags), isWhole: true };
  return [
    itself,
    ...next.map((option) => ({ ...candidate(`${typed}${option.short}`, option), label: `-${option.short}` })),
  ];
}

function flagSummary(letter: string | undefined, flags: readonly OptionSpec[]): string | undefined {
  return flags.find(({ short }) => short === letter)?.summary;
}

function matching(typed: string, candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ text }) => text.startsWith(typed));
}
