/**
 * Aliases: short names for the first words of a command.
 *
 * An alias stands for words, never for operators, pipes or redirections: `alias ll='ls -l'`. It is looked up where a
 * command's first word is plain text without quotes, when the command runs. Its own first word may be an alias again,
 * but none that is being replaced already, so `alias ls='ls -l'` is no loop. Its words keep their places in its own
 * text: errors in them are told as of `alias ll`.
 */
import { DfsError } from "../core/errors.ts";
import { aliasCharactersMax, aliasesMax } from "../core/limits.ts";
import { parseScript } from "./parser.ts";
import type { ScriptSource, Word } from "./syntax.ts";
import { typedText } from "./trace.ts";

export interface Alias {
  readonly name: string;
  /** As it was given. */
  readonly text: string;
  readonly words: readonly Word[];
}

/** A word and the text that it stands in. */
export interface SourcedWord {
  readonly word: Word;
  readonly source: ScriptSource;
}

const nameForm = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;

/** The alias that `alias NAME=text` makes. Fails with `usage`. */
export function parseAlias(name: string, text: string): Alias {
  if (!nameForm.test(name)) throw new DfsError("usage", `"${name}" cannot be an alias: use letters, digits, _ . and -`);
  if (text.length > aliasCharactersMax)
    throw new DfsError("usage", `an alias cannot be longer than ${aliasCharactersMax} characters`);
  const { statements } = parseScript(sourceOf(name, text));
  const [statement] = statements;
  const node = statement?.first;
  const isWords =
    node?.kind === "simple" &&
    !node.forgiven &&
    node.redirections.length === 0 &&
    node.pipe === undefined &&
    statements.length === 1 &&
    statement?.rest.length === 0;
  if (!isWords)
    throw new DfsError("usage", "an alias stands for a command and its first words, without ; && || | > < or !");
  return { name, text, words: node.words };
}

/** Keeps an alias under its name. Fails with `usage` where there are too many. */
export function setAlias(aliases: Map<string, Alias>, alias: Alias): void {
  if (!aliases.has(alias.name) && aliases.size >= aliasesMax)
    throw new DfsError("usage", `there can be ${aliasesMax} aliases at the most; unalias removes some`);
  aliases.set(alias.name, alias);
}

/** The words of a command with aliases replaced. */
export function withoutAliases(
  words: readonly Word[],
  source: ScriptSource,
  aliases: ReadonlyMap<string, Alias>,
): readonly SourcedWord[] {
  let result: readonly SourcedWord[] = words.map((word) => ({ word, source }));
  const replaced = new Set<string>();
  for (;;) {
    const [first, ...rest] = result;
    const name = first === undefined ? undefined : plainText(first.word);
    const alias = name === undefined || replaced.has(name) ? undefined : aliases.get(name);
    if (alias === undefined) return result;
    replaced.add(alias.name);
    const own = sourceOf(alias.name, alias.text);
    result = [...alias.words.map((word) => ({ word, source: own })), ...rest];
  }
}

/** The text of a word without quotes and variables; `undefined` for another. */
function plainText({ parts }: Word): string | undefined {
  if (parts.length === 0 || parts.some(({ kind, quoted }) => kind !== "text" || quoted)) return undefined;
  return parts.map(({ text }) => text).join("");
}

function sourceOf(name: string, text: string): ScriptSource {
  return { name: `alias ${name}`, text };
}

/** An alias as it could be typed: `alias ll='ls -l'`. */
export function aliasText({ name, text }: Alias): string {
  return `alias ${name}=${typedText(text)}`;
}
