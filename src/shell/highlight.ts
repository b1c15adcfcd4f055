/** The colours of a line as it is typed, and which of its words name files that could be looked up. */
import { withoutAliases } from "./aliases.ts";
import type { Alias } from "./aliases.ts";
import { findCommand } from "./command.ts";
import type { Command } from "./command.ts";
import type { StyledRange } from "./input-layout.ts";
import { lex } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import type { Word } from "./syntax.ts";
import type { Style } from "./theme.ts";
import { operandIndexes } from "./typed-arguments.ts";

export interface HighlightEnvironment {
  readonly commands: readonly Command[];
  readonly aliases: ReadonlyMap<string, Alias>;
  readonly variables: ReadonlyMap<string, string>;
  /** Whether this path is known to exist; false also while nobody has looked. */
  readonly exists: (path: TypedPath) => boolean;
}

/** A path as it was typed, and the side that it is on. */
export interface TypedPath {
  readonly side: "remote" | "local";
  readonly path: string;
}

export interface Highlight {
  /** In order, none over another. */
  readonly styles: readonly StyledRange[];
  /** What may be underlined once somebody has looked. */
  readonly paths: readonly TypedPath[];
}

const assignment = /^[A-Za-z_][A-Za-z0-9_]*=/;
const comment = /#[^\n]*/g;
const variable = /\$(?:\?|\{[A-Za-z_][A-Za-z0-9_]*\}?|[A-Za-z_][A-Za-z0-9_]*)/y;

/** How `text` is drawn. Half a line is fine; one that the lexer refuses has no colours. */
export function highlight(text: string, environment: HighlightEnvironment): Highlight {
  let tokens: readonly Token[];
  try {
    tokens = lex({ name: "", text }, { tolerant: true });
  } catch {
    return { styles: [], paths: [] };
  }
  const painter = new Painter(text, environment);
  for (const token of tokens) painter.take(token);
  return painter.end();
}

class Painter {
  readonly #text: string;
  readonly #environment: HighlightEnvironment;
  readonly #styles: StyledRange[] = [];
  readonly #paths: TypedPath[] = [];
  #words: Word[] = [];
  #targets: Word[] = [];
  #isTarget = false;

  constructor(text: string, environment: HighlightEnvironment) {
    this.#text = text;
    this.#environment = environment;
  }

  take(token: Token): void {
    if (token.kind === "word") {
      (this.#isTarget ? this.#targets : this.#words).push(token.word);
      this.#isTarget = false;
      return;
    }
    const isRedirection = token.kind === "operator" && /^[<>]/.test(token.operator);
    this.#isTarget = isRedirection;
    // A redirection stands among the words of its command; their colours come when that ends.
    if (!isRedirection) this.#command();
    this.#operator(token);
  }

  end(): Highlight {
    this.#command();
    this.#styles.sort((left, right) => left.start - right.start);
    this.#comments();
    return { styles: this.#styles, paths: this.#paths };
  }

  #operator(token: Exclude<Token, { readonly kind: "word" }>): void {
    const length = token.kind === "operator" ? token.operator.length : 1;
    this.#add(token.start, token.start + length, "operator");
    if (token.kind !== "pipe" && token.kind !== "local") return;
    const start = this.#text.indexOf(token.text, token.start + 1);
    if (token.text !== "") this.#add(start, start + token.text.length, "string");
  }

  #command(): void {
    const words = this.#words;
    for (const target of this.#targets) this.#word(target, undefined, { side: "local", path: this.#value(target) });
    this.#words = [];
    this.#targets = [];
    this.#commandOf(words);
  }

  /** A command of its own, or one behind a prefix such as `time`. */
  #commandOf([first, ...rest]: readonly Word[]): void {
    if (first === undefined) return;
    const raw = this.#text.slice(first.start, first.end);
    const name = assignment.exec(raw)?.[0];
    if (name !== undefined && first.parts[0]?.quoted === false) {
      this.#add(first.start, first.start + name.length, "variable");
      this.#word({ ...first, start: first.start + name.length }, undefined);
      for (const word of rest) this.#word(word, "wrong");
      return;
    }
    const { command, before } = this.#resolved(first);
    this.#word(first, command === undefined ? "wrong" : "command");
    if (command?.isPrefix === true) this.#commandOf(rest);
    else this.#arguments(command, before, rest);
  }

  /** The command that the first word stands for, and what an alias puts before the other words. */
  #resolved(first: Word): { readonly command: Command | undefined; readonly before: readonly string[] } {
    const { aliases, commands } = this.#environment;
    const words = withoutAliases([first], { name: "", text: this.#text }, aliases);
    const [name = "", ...before] = words.map(({ word }) => this.#value(word));
    return { command: findCommand(commands, name), before };
  }

  #arguments(command: Command | undefined, before: readonly string[], words: readonly Word[]): void {
    const values = words.map((word) => this.#value(word));
    const paths = command === undefined ? new Map() : pathOperands(command, before, values);
    const dashes = values.indexOf("--");
    for (const [index, word] of words.entries()) {
      const isOption = /^-./.test(this.#text.slice(word.start, word.end)) && (dashes < 0 || index <= dashes);
      const side = hasWildcard(word) ? undefined : paths.get(index);
      const path = side === undefined ? undefined : { side, path: values[index] as string };
      this.#word(word, isOption ? "option" : undefined, path);
    }
  }

  /** A word: quoted text, variables, and the rest in the style of the word. */
  #word({ start, end }: Word, style: Style | undefined, path?: TypedPath): void {
    if (path !== undefined && path.path !== "") this.#paths.push(path);
    const isUnderlined = path !== undefined && path.path !== "" && this.#environment.exists(path);
    for (let at = start; at < end;) at = this.#piece(at, end, style, isUnderlined);
  }

  #piece(at: number, end: number, style: Style | undefined, isUnderlined: boolean): number {
    const text = this.#text;
    if (text[at] === "'") {
      const close = text.indexOf("'", at + 1);
      return this.#add(at, close < 0 || close >= end ? end : close + 1, "string", isUnderlined);
    }
    if (text[at] === '"') return this.#doubleQuoted(at, end, isUnderlined);
    if (text[at] === "$") return this.#variable(at, style, isUnderlined);
    let to = at;
    while (to < end && (to === at || !/['"$]/.test(text[to] as string))) to += text[to] === "\\" ? 2 : 1;
    return this.#add(at, Math.min(to, end), style, isUnderlined);
  }

  #doubleQuoted(start: number, end: number, isUnderlined: boolean): number {
    const text = this.#text;
    let from = start;
    let at = start + 1;
    while (at < end && text[at] !== '"') {
      if (text[at] === "$") {
        this.#add(from, at, "string", isUnderlined);
        at = this.#variable(at, "string", isUnderlined);
        from = at;
      } else at += text[at] === "\\" ? 2 : 1;
    }
    return this.#add(from, Math.min(at + 1, end), "string", isUnderlined);
  }

  #variable(at: number, style: Style | undefined, isUnderlined: boolean): number {
    variable.lastIndex = at;
    const found = variable.exec(this.#text)?.[0];
    if (found === undefined) return this.#add(at, at + 1, style, isUnderlined);
    const isSet = this.#environment.variables.has(found.replace(/[${}]/g, ""));
    return this.#add(at, at + found.length, isSet ? "variable" : "wrong", isUnderlined);
  }

  /** What a comment is: the lexer leaves it out, so it stands where nothing else does. */
  #comments(): void {
    const between: StyledRange[] = [];
    let from = 0;
    for (const { start, end } of [...this.#styles, { start: this.#text.length, end: this.#text.length }]) {
      for (const { index, 0: found } of this.#text.slice(from, start).matchAll(comment))
        between.push({ start: from + index, end: from + index + found.length, style: "grey" });
      from = end;
    }
    this.#styles.push(...between);
    this.#styles.sort((left, right) => left.start - right.start);
  }

  #add(start: number, end: number, style: Style | undefined, isUnderlined = false): number {
    if (end > start) this.#styles.push({ start, end, style, isUnderlined });
    return end;
  }

  #value(word: Word): string {
    const { variables } = this.#environment;
    return word.parts.map((part) => (part.kind === "text" ? part.text : (variables.get(part.text) ?? ""))).join("");
  }
}

function hasWildcard({ parts }: Word): boolean {
  return parts.some(({ kind, quoted, text }) => kind === "text" && !quoted && /[*?[]/.test(text));
}

/** The sides of the operands that are paths, by their index among `values`. */
function pathOperands(
  command: Command,
  before: readonly string[],
  values: readonly string[],
): ReadonlyMap<number, TypedPath["side"]> {
  const found = new Map<number, TypedPath["side"]>();
  const operands = operandIndexes(command, [...before, ...values]);
  for (const [index, at] of operands.entries()) {
    const side = command.side(index, operands.length);
    if (at >= before.length && (side === "remote" || side === "local")) found.set(at - before.length, side);
  }
  return found;
}
