/** What Tab offers: commands, options and their values, remote and local paths, variables, by what is typed before the cursor. */
import { completionsMax } from "../core/limits.ts";
import { withoutAliases } from "./aliases.ts";
import type { Alias } from "./aliases.ts";
import { findCommand } from "./command.ts";
import type { Command, OperandSide } from "./command.ts";
import { lex } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import { byteText } from "./formats.ts";
import { compareNames } from "../core/name-order.ts";
import { optionCandidates, optionValues } from "./option-completion.ts";
import type { Word } from "./syntax.ts";
import { awaitedOption, operandIndexes, valueSide } from "./typed-arguments.ts";

/** Which names of a directory are looked for. */
export interface NamesWanted {
  /** They start with it; with an empty one, those that start with a dot are not looked for. */
  readonly prefix: string;
  /** The first so many in their order are enough. */
  readonly namesMax: number;
}

/** Names in a directory, given as typed: those that are wanted, and maybe others; none where it cannot be read. */
export type NameSource = (directory: string, wanted: NamesWanted) => Promise<readonly NamedEntry[]>;

export interface NamedEntry {
  readonly name: string;
  readonly isDirectory: boolean;
  /** Of a file, where that is known without asking for it. */
  readonly sizeBytes?: number | undefined;
}

export interface CompletionEnvironment {
  readonly commands: readonly Command[];
  readonly aliases: ReadonlyMap<string, Alias>;
  readonly variables: ReadonlyMap<string, string>;
  readonly remote: NameSource;
  readonly local: NameSource;
  /** Names of the network's peers; none where they cannot be asked for. */
  readonly peers: () => Promise<readonly string[]>;
  /** Names of the network's users but the shared one, and ids of its invites; none where they cannot be asked for. */
  readonly users: () => Promise<readonly string[]>;
  readonly invites: () => Promise<readonly string[]>;
}

/** What may stand in place of the text from `start` to `end`. */
export interface Completion {
  readonly start: number;
  readonly end: number;
  readonly candidates: readonly Candidate[];
  /** There are more candidates than these. */
  readonly isCut?: boolean | undefined;
}

export interface Candidate {
  /** As it would be typed, quotes included; complete but for the blank behind it. */
  readonly text: string;
  /** As it is listed. */
  readonly label: string;
  /** What it is, in a few words. */
  readonly description?: string | undefined;
  readonly isPath?: boolean | undefined;
  /** Nothing can follow in the same word: a blank is added. */
  readonly isWhole: boolean;
}

/** The candidates for the word at `cursor`, sorted, at most as many as the limit says. */
export async function complete(line: string, cursor: number, environment: CompletionEnvironment): Promise<Completion> {
  const before = line.slice(0, cursor);
  const none = { start: cursor, end: cursor, candidates: [] };
  const tokens = lexed(before);
  if (tokens === undefined) return none;
  const { words, current, isRedirected, isLocal } = currentCommand(tokens, before.length);
  if (isLocal) return none;
  const variable = halfVariable(before, current);
  if (variable !== undefined) return variableCandidates(variable, cursor, environment.variables);
  const typed = current === undefined ? "" : wordText(current, environment.variables);
  const start = current?.start ?? cursor;
  const candidates = isRedirected
    ? await pathCandidates(typed, current, environment.local)
    : await wordCandidates(words, typed, current, environment);
  const isCut = candidates.length > completionsMax;
  return { start, end: cursor, candidates: candidates.slice(0, completionsMax), isCut };
}

/** `$NA` or `${NA` at the end of the word, where it would be replaced. */
function halfVariable(before: string, current: Word | undefined): string | undefined {
  if (current === undefined || current.openQuote === "'") return undefined;
  return /(?<=(?:^|[^\\])(?:\\\\)*)\$\{?(?:[A-Za-z_][A-Za-z0-9_]*)?$/.exec(before.slice(current.start))?.[0];
}

function variableCandidates(typed: string, cursor: number, variables: ReadonlyMap<string, string>): Completion {
  const opening = typed.startsWith("${") ? "${" : "$";
  const names = [...variables.keys()].filter(
    (name) => /^\w+$/.test(name) && name.startsWith(typed.slice(opening.length)),
  );
  const candidates = names.sort(compareNames).map((name) => {
    const text = `${opening}${name}${opening === "$" ? "" : "}"}`;
    return { text, label: `$${name}`, description: variables.get(name), isWhole: false };
  });
  return { start: cursor - typed.length, end: cursor, candidates: candidates.slice(0, completionsMax) };
}

/** The tokens of half a line; `undefined` where nothing can be offered: in a comment, or when it does not parse. */
function lexed(text: string): readonly Token[] | undefined {
  try {
    // A letter typed at the cursor would be part of the last token, unless a comment swallows it.
    const withLetter = lex({ name: "", text: `${text}x` }, { tolerant: true }).at(-1);
    if (withLetter === undefined || (withLetter.kind === "word" && withLetter.word.end <= text.length))
      return undefined;
    return withLetter.kind === "operator" ? undefined : lex({ name: "", text }, { tolerant: true });
  } catch {
    return undefined;
  }
}

interface CurrentCommand {
  /** The words before the one at the cursor. */
  readonly words: readonly Word[];
  /** The word that the cursor touches. */
  readonly current: Word | undefined;
  readonly isRedirected: boolean;
  readonly isLocal: boolean;
}

function currentCommand(tokens: readonly Token[], end: number): CurrentCommand {
  const first = tokens.findLastIndex((token) => token.kind === "operator" && !/^[<>]/.test(token.operator)) + 1;
  const own = tokens.slice(first);
  const last = own.at(-1);
  const current = last?.kind === "word" && last.word.end === end ? last.word : undefined;
  const previous = current === undefined ? last : own.at(-2);
  const words = own.flatMap((token) => (token.kind === "word" && token.word !== current ? [token.word] : []));
  return {
    words,
    current,
    isRedirected: previous?.kind === "operator",
    isLocal: own.some((token) => token.kind === "pipe" || token.kind === "local"),
  };
}

function wordText(word: Word, variables: ReadonlyMap<string, string>): string {
  return word.parts.map((part) => (part.kind === "text" ? part.text : (variables.get(part.text) ?? ""))).join("");
}

async function wordCandidates(
  words: readonly Word[],
  typed: string,
  current: Word | undefined,
  environment: CompletionEnvironment,
): Promise<readonly Candidate[]> {
  const expanded = withoutAliases(words, { name: "", text: "" }, environment.aliases);
  const [name, ...rest] = behindPrefixes(
    expanded.map(({ word }) => wordText(word, environment.variables)),
    environment.commands,
  );
  if (name === undefined) return commandCandidates(typed, environment);
  const command = findCommand(environment.commands, name);
  if (command === undefined) return [];
  const areOptions = !rest.includes("--");
  const values = areOptions ? optionValues(typed, rest.at(-1), command) : undefined;
  if (values !== undefined) return values;
  if (typed.startsWith("-") && areOptions) return optionCandidates(typed, command);
  const index = operandIndexes(command, rest).length;
  const option = areOptions ? awaitedOption(command, rest.at(-1)) : undefined;
  for (const side of option === undefined ? sides(command, index) : [valueSide(command, option)]) {
    const candidates = await sideCandidates(side, typed, current, { ...environment, command });
    if (candidates.length > 0) return candidates;
  }
  return [];
}

/** The command and its arguments, without prefixes such as `time`. */
function behindPrefixes(words: readonly string[], commands: readonly Command[]): readonly string[] {
  const first = words.findIndex((word) => findCommand(commands, word)?.isPrefix !== true);
  return first < 0 ? [] : words.slice(first);
}

/** The sides that the operand may be on: as the last one, then as one that others follow. */
function sides(command: Command, index: number): ReadonlySet<OperandSide> {
  return new Set([command.side(index, index + 1), command.side(index, index + 2)]);
}

async function sideCandidates(
  side: OperandSide,
  typed: string,
  current: Word | undefined,
  environment: CompletionEnvironment & { readonly command: Command },
): Promise<readonly Candidate[]> {
  if (side === "command") return commandCandidates(typed, environment);
  if (side === "alias") return aliasCandidates(typed, environment.aliases);
  if (side === "word") return nameCandidates(typed, environment.command.words ?? []);
  if (side === "peer") return nameCandidates(typed, await environment.peers());
  if (side === "user") return nameCandidates(typed, await environment.users());
  if (side === "invite") return nameCandidates(typed, await environment.invites());
  if (side === "none") return [];
  const source = side === "remote" ? environment.remote : environment.local;
  const candidates = await pathCandidates(typed, current, source);
  return environment.command.onlyDirectories === true ? candidates.filter(({ isWhole }) => !isWhole) : candidates;
}

function commandCandidates(typed: string, { commands, aliases }: CompletionEnvironment): readonly Candidate[] {
  const matching = commands.filter(({ name }) => name.startsWith(typed) && !aliases.has(name));
  const named = matching.map(({ name, summary }) => ({ text: name, label: name, description: summary, isWhole: true }));
  return [...named, ...aliasCandidates(typed, aliases)].sort((left, right) => compareNames(left.label, right.label));
}

function aliasCandidates(typed: string, aliases: ReadonlyMap<string, Alias>): readonly Candidate[] {
  const candidates = nameCandidates(typed, [...aliases.keys()]);
  return candidates.map((one) => ({ ...one, description: `alias of ${aliases.get(one.label)?.text ?? ""}` }));
}

function nameCandidates(typed: string, names: readonly string[]): readonly Candidate[] {
  const matching = names.filter((name) => name.startsWith(typed)).sort(compareNames);
  return matching.map((name) => ({ text: name, label: name, isWhole: true }));
}

async function pathCandidates(
  typed: string,
  current: Word | undefined,
  source: NameSource,
): Promise<readonly Candidate[]> {
  const split = typed.lastIndexOf("/") + 1;
  const directory = typed.slice(0, split);
  const prefix = typed.slice(split);
  const names = await source(directory === "" ? "." : directory, { prefix, namesMax: completionsMax + 1 });
  const matching = names.filter(({ name }) => name.startsWith(prefix) && (prefix !== "" || !name.startsWith(".")));
  const sorted = matching.toSorted((left, right) => compareNames(left.name, right.name));
  return sorted.map(({ name, isDirectory, sizeBytes }) => {
    const label = isDirectory ? `${name}/` : name;
    const description = sizeBytes === undefined ? undefined : byteText(sizeBytes);
    const text = quotedLike(directory + label, current, !isDirectory);
    return { text, label, description, isPath: true, isWhole: !isDirectory };
  });
}

/** `name` in the quotes that the word was begun with, with backslashes where there were none, and never an option. */
function quotedLike(name: string, current: Word | undefined, isWhole: boolean): string {
  const quote = current?.openQuote;
  const path = name.startsWith("-") ? `./${name}` : name;
  if (quote === "'" && !path.includes("'")) return `'${path}${isWhole ? "'" : ""}`;
  if (quote === '"') return `"${path.replace(/["\\$]/g, "\\$&")}${isWhole ? '"' : ""}`;
  return path.replace(/[\s;&|<>'"\\$*?[\]]|(?<=^|\s)#/g, "\\$&");
}

/** The longest text that all candidates start with. */
export function commonPrefix(candidates: readonly Candidate[]): string {
  const [first = "", ...rest] = candidates.map(({ text }) => text);
  let length = first.length;
  for (const text of rest) while (!text.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length).replace(/[\ud800-\udbff]$/, "");
}
