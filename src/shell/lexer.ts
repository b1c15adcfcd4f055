/**
 * Cuts a script's text into words and operators, each with its place in the text.
 *
 * What follows `|` or a command's leading `!` belongs to the local `sh` and is taken as it stands, up to the next
 * unquoted `;`, `&`, `&&`, `||`, comment or end of line.
 */
import { syntaxError } from "./syntax.ts";
import type { ScriptSource, Word, WordPart } from "./syntax.ts";

export type Operator = ";" | "\n" | "&" | "&&" | "||" | ">" | ">>" | "<";

export type Token =
  | { readonly kind: "word"; readonly word: Word; readonly start: number }
  | { readonly kind: "operator"; readonly operator: Operator; readonly start: number }
  /** `|` and the local command after it. */
  | { readonly kind: "pipe"; readonly text: string; readonly start: number }
  /** `!` and the local command after it. */
  | { readonly kind: "local"; readonly text: string; readonly start: number }
  /** A `-` before a command: its failure is forgiven. */
  | { readonly kind: "forgive"; readonly start: number };

export interface LexOptions {
  /** Open quotes and a trailing backslash end with the text instead of failing: for completion of half a line. */
  readonly tolerant?: boolean | undefined;
}

/** As in `sh`; wide and no-break spaces are parts of names. */
const blank = /[ \t\r\n\v\f]/;
const wordEnd = /[ \t\r\n\v\f;&|<>]/;
const plainText = /[^ \t\r\n\v\f;&|<>'"\\$]+/y;
/** A name, a script's parameter, their number, or the last exit code. */
const variableName = /[A-Za-z_][A-Za-z0-9_]*|[1-9](?![0-9])|[#?]/y;
/** What other shells replace here, and this one does not. */
const foreignVariable = /\$(?:\{?(?:[0-9]+|[@*!$])|\()/y;
const commandSeparators: ReadonlySet<string> = new Set([";", "\n", "&", "&&", "||"]);

/** The tokens of `source`. Fails with `usage`, naming the place, for open quotes, `$(`, `2>` and a missing local command. */
export function lex(source: ScriptSource, options: LexOptions = {}): readonly Token[] {
  return new Lexer(source, options.tolerant ?? false).tokens();
}

class Lexer {
  readonly #source: ScriptSource;
  readonly #text: string;
  readonly #tolerant: boolean;
  readonly #tokens: Token[] = [];
  #at = 0;
  #openQuote: "'" | '"' | undefined;

  constructor(source: ScriptSource, tolerant: boolean) {
    this.#source = source;
    this.#text = source.text;
    this.#tolerant = tolerant;
  }

  tokens(): readonly Token[] {
    for (;;) {
      this.#skipBlanks();
      if (this.#at >= this.#text.length) return this.#tokens;
      this.#tokens.push(this.#next());
    }
  }

  #next(): Token {
    const start = this.#at;
    const character = this.#text[start];
    if (this.#isCommandStart()) {
      if (character === "!") return { kind: "local", text: this.#localText(1), start };
      if (character === "-" && !this.#isForgiven()) {
        this.#at += 1;
        return { kind: "forgive", start };
      }
    }
    if (character === "|" && this.#text[start + 1] !== "|") return { kind: "pipe", text: this.#localText(1), start };
    const operator = this.#operator();
    if (operator !== undefined) return { kind: "operator", operator, start };
    return { kind: "word", word: this.#word(), start };
  }

  #isForgiven(): boolean {
    return this.#tokens.at(-1)?.kind === "forgive";
  }

  #isCommandStart(): boolean {
    const last = this.#tokens.at(-1);
    if (last === undefined || last.kind === "forgive") return true;
    return last.kind === "operator" && commandSeparators.has(last.operator);
  }

  /** Skips blanks, comments and escaped line ends; a line end itself is a token. */
  #skipBlanks(): void {
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      const escapedLineEnd = character === "\\" ? this.#lineEndAt(this.#at + 1) : 0;
      if (escapedLineEnd > 0) this.#at += 1 + escapedLineEnd;
      else if (character === "#") this.#skipComment();
      else if (character !== "\n" && blank.test(character)) this.#at += 1;
      else return;
    }
  }

  #skipComment(): void {
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  /** Length of the line end at `offset`: 1 for LF, 2 for CR LF, 0 where there is none. */
  #lineEndAt(offset: number): number {
    if (this.#text[offset] === "\n") return 1;
    return this.#text[offset] === "\r" && this.#text[offset + 1] === "\n" ? 2 : 0;
  }

  #operator(): Operator | undefined {
    for (const operator of ["&&", "||", "&", ">>", ">", "<", ";", "\n"] as const) {
      if (!this.#text.startsWith(operator, this.#at)) continue;
      this.#at += operator.length;
      return operator;
    }
    return undefined;
  }

  #word(): Word {
    const start = this.#at;
    const parts: WordPart[] = [];
    while (this.#at < this.#text.length && !wordEnd.test(this.#text[this.#at] as string)) this.#part(parts);
    const redirection = /^\d+$/.test(this.#text.slice(start, this.#at)) ? this.#text[this.#at] : undefined;
    if (!this.#tolerant && (redirection === "<" || redirection === ">"))
      this.#fail(start, `a number before ${redirection} is not supported: > takes all that is printed, but no errors`);
    return { parts, start, end: this.#at, openQuote: this.#openQuote };
  }

  #part(parts: WordPart[]): void {
    switch (this.#text[this.#at]) {
      case "'":
        return this.#singleQuoted(parts);
      case '"':
        return this.#doubleQuoted(parts);
      case "\\":
        return this.#escaped(parts);
      case "$":
        return this.#variable(parts, false);
      default:
        return this.#plain(parts);
    }
  }

  #plain(parts: WordPart[]): void {
    plainText.lastIndex = this.#at;
    const text = plainText.exec(this.#text)?.[0] ?? "";
    addText(parts, text, false, this.#at);
    this.#at += text.length;
  }

  #escaped(parts: WordPart[]): void {
    const start = this.#at;
    this.#at += 1;
    const lineEnd = this.#lineEndAt(this.#at);
    if (lineEnd > 0) {
      this.#at += lineEnd;
      return;
    }
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    if (this.#at >= this.#text.length) {
      if (!this.#tolerant) this.#fail(start, "nothing follows the backslash");
      return;
    }
    addText(parts, character, true, start);
    this.#at += character.length;
  }

  #singleQuoted(parts: WordPart[]): void {
    const start = this.#at;
    const end = this.#text.indexOf("'", start + 1);
    if (end < 0) this.#leaveOpen("'", start);
    addText(parts, this.#text.slice(start + 1, end < 0 ? undefined : end), true, start);
    this.#at = end < 0 ? this.#text.length : end + 1;
  }

  #doubleQuoted(parts: WordPart[]): void {
    const start = this.#at;
    addText(parts, "", true, start);
    this.#at += 1;
    while (this.#text[this.#at] !== '"') {
      if (this.#at >= this.#text.length) return this.#leaveOpen('"', start);
      if (this.#text[this.#at] === "$") this.#variable(parts, true);
      else this.#doubleQuotedCharacter(parts);
    }
    this.#at += 1;
  }

  #doubleQuotedCharacter(parts: WordPart[]): void {
    const start = this.#at;
    if (this.#text[start] === "\\") {
      const lineEnd = this.#lineEndAt(start + 1);
      if (lineEnd > 0) {
        this.#at += 1 + lineEnd;
        return;
      }
      if (/^["\\$]/.test(this.#text.slice(start + 1, start + 2))) this.#at += 1;
    }
    addText(parts, this.#text[this.#at] as string, true, start);
    this.#at += 1;
  }

  #variable(parts: WordPart[], quoted: boolean): void {
    const start = this.#at;
    const name = this.#variableName();
    if (name === undefined) {
      addText(parts, "$", quoted, start);
      this.#at = start + 1;
    } else parts.push({ kind: "variable", text: name, quoted, start });
  }

  /** Reads `$NAME`, `${NAME}`, `$1`, `$#` or `$?`; `undefined` for a dollar sign that stands for itself. */
  #variableName(): string | undefined {
    const start = this.#at;
    const braced = this.#text[start + 1] === "{";
    variableName.lastIndex = start + (braced ? 2 : 1);
    const name = variableName.exec(this.#text)?.[0];
    if (name === undefined) this.#refuseForeign(start);
    if (!braced && name === undefined) return undefined;
    this.#at = variableName.lastIndex === 0 ? start : variableName.lastIndex;
    if (!braced) return name;
    if (name === undefined || this.#text[this.#at] !== "}") {
      if (this.#tolerant) return undefined;
      this.#fail(start, "${ needs a name and a closing }");
    }
    this.#at += 1;
    return name;
  }

  #refuseForeign(start: number): void {
    foreignVariable.lastIndex = start;
    const [text] = foreignVariable.exec(this.#text) ?? [];
    if (text === undefined || this.#tolerant) return;
    if (text === "$(") this.#fail(start, "$(…) is not supported");
    this.#fail(start, `${text.replace("{", "")} is not supported: there are $1 to $9, $#, $? and names`);
  }

  #leaveOpen(quote: "'" | '"', start: number): void {
    if (!this.#tolerant) this.#fail(start, `the quote ${quote} is never closed`);
    this.#openQuote = quote;
    this.#at = this.#text.length;
  }

  #localText(skipCharacters: number): string {
    const start = this.#at;
    this.#at += skipCharacters;
    const textStart = this.#at;
    this.#at = localTextEnd(this.#text, textStart);
    const text = this.#text.slice(textStart, this.#at).trim();
    if (text === "" && !this.#tolerant)
      this.#fail(start, `a local command is missing after "${this.#text.slice(start, textStart)}"`);
    return text;
  }

  #fail(offset: number, message: string): never {
    throw syntaxError(this.#source, offset, message);
  }
}

function addText(parts: WordPart[], text: string, quoted: boolean, start: number): void {
  const last = parts.at(-1);
  if (last?.kind === "text" && last.quoted === quoted) parts[parts.length - 1] = { ...last, text: last.text + text };
  else parts.push({ kind: "text", text, quoted, start });
}

/** Where the local command that starts at `start` ends: quotes and backslashes are respected, as `sh` would. */
function localTextEnd(text: string, start: number): number {
  let quote = "";
  for (let at = start; at < text.length; at += 1) {
    const character = text[at] as string;
    if (quote !== "") {
      if (character === "\\" && quote === '"') at += 1;
      else if (character === quote) quote = "";
    } else if (character === "'" || character === '"') quote = character;
    else if (character === "\\") at += 1;
    else if (endsLocalText(text, at)) return at;
  }
  return text.length;
}

function endsLocalText(text: string, at: number): boolean {
  const character = text[at] as string;
  if (character === ";" || character === "\n") return true;
  if (character === "#") return blank.test(text[at - 1] ?? " ");
  if (character === "&") return text[at + 1] === "&" || !isRedirected(text, at);
  return text.startsWith("||", at);
}

/** Whether the `&` at `at` belongs to a redirection, as in `2>&1`. */
function isRedirected(text: string, at: number): boolean {
  return /[<>]/.test(text[at - 1] ?? "") || text[at + 1] === ">";
}
