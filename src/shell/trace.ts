/** Commands written as they could be typed: for `-x`, and for `set`, which lists variables so. */
import type { Argument } from "./expand.ts";
import type { CommandNode, Redirection } from "./syntax.ts";

/** A word or a redirection of a command, with its variables replaced, and where it stands in the script. */
export interface TracedPart {
  readonly operator?: Redirection["operator"] | undefined;
  readonly argument: Argument;
  readonly start: number;
}

/** A command of ours: its words and redirections in the order of the script, then what it is piped to. Globs stay patterns. */
export function commandTrace(parts: readonly TracedPart[], pipe: string | undefined): string {
  const inOrder = parts.toSorted((left, right) => left.start - right.start);
  const first = inOrder.find(({ operator }) => operator === undefined);
  const texts = inOrder.map((part) =>
    part === first ? commandNameText(part.argument.text) : `${redirectionText(part)}${typedArgument(part.argument)}`,
  );
  return [...texts, ...(pipe === undefined ? [] : [`| ${pipe}`])].join(" ");
}

/** What `-x` writes before `text`: a `-` for a forgiven command. */
export function traceLine({ forgiven }: CommandNode, text: string): string {
  return `+ ${forgiven ? "-" : ""}${text}`;
}

/** `text` as it could be typed: in quotes where it needs them. */
export function typedText(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : inQuotes(text);
}

function inQuotes(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function redirectionText({ operator }: TracedPart): string {
  return operator === undefined ? "" : `${operator} `;
}

/** At a command's start a dash forgives it, `!` makes it a local one, and `NAME=` sets a variable. */
function commandNameText(text: string): string {
  return /^-|^[A-Za-z_]\w*=/.test(text) ? inQuotes(text) : typedText(text);
}

/** A pattern keeps its wildcards; all else that the shell would read gets a backslash. */
function typedArgument({ text, pattern }: Argument): string {
  if (pattern === undefined) return typedText(text);
  return pattern.replace(/\\?[^]/gu, (piece) => {
    if (piece === "\n") return "'\n'";
    return piece.length > 1 && piece.startsWith("\\") ? piece : piece.replace(/[\s;&|<>'"\\$#]/u, "\\$&");
  });
}
