/**
 * What a script is made of, once it is parsed. Offsets count UTF-16 units from the start of the script's text.
 */
import stringWidth from "string-width";
import { DfsError } from "../core/errors.ts";

/** A piece of a word: text as it stands (quoted text never globs), or a variable to be replaced. */
export interface WordPart {
  readonly kind: "text" | "variable";
  /** The text, or the variable's name. */
  readonly text: string;
  readonly quoted: boolean;
  readonly start: number;
}

/** One word of a command: its parts join into one argument (variables are never split), or into several by a glob. */
export interface Word {
  readonly parts: readonly WordPart[];
  readonly start: number;
  readonly end: number;
  /** The quote that was still open when the text ended; only in tolerant lexing, for completion. */
  readonly openQuote?: "'" | '"' | undefined;
}

/** A local file in place of the command's input or output. */
export interface Redirection {
  readonly operator: ">" | ">>" | "<";
  readonly target: Word;
}

/** A command of ours, perhaps with its output going to a local command. */
export interface SimpleCommand {
  readonly kind: "simple";
  /** A leading `-`: its failure does not count. */
  readonly forgiven: boolean;
  readonly words: readonly Word[];
  readonly redirections: readonly Redirection[];
  /** Text for the local `sh -c` that reads the output. */
  readonly pipe?: string | undefined;
  readonly start: number;
}

/** `NAME=value`. */
export interface Assignment {
  readonly kind: "assignment";
  readonly forgiven: boolean;
  readonly name: string;
  readonly value: Word;
  readonly start: number;
}

/** `!text`: a command of the local machine. */
interface LocalCommand {
  readonly kind: "local";
  readonly forgiven: boolean;
  readonly text: string;
  readonly start: number;
}

export type CommandNode = SimpleCommand | Assignment | LocalCommand;

/** Commands joined by `&&` and `||`, read from left to right. */
export interface Statement {
  /** Where a `&` ends it: what runs in the background, as it was typed. */
  readonly background?: string | undefined;
  readonly first: CommandNode;
  readonly rest: readonly { readonly operator: "&&" | "||"; readonly command: CommandNode }[];
}

/** A text to parse and the name by which errors call it: a file's name, `-c`, `stdin`. */
export interface ScriptSource {
  readonly name: string;
  readonly text: string;
  /** It is a file: whatever fails in it is told with its place. */
  readonly isFile?: boolean | undefined;
}

export interface Script {
  readonly source: ScriptSource;
  readonly statements: readonly Statement[];
}

/** The `op` of errors that tell their place in a script themselves. */
const placedOp = "script";

/** A place of a script as errors name it: `name:line:column`, both from 1, columns in characters. */
export function placeText(source: ScriptSource, offset: number): string {
  const lineStart = lineStartBefore(source, offset);
  const line = source.text.slice(0, lineStart).split("\n").length;
  return `${source.name}:${line}:${Array.from(source.text.slice(lineStart, offset)).length + 1}`;
}

/** Whether the error's message begins with its place in a script. */
export function isPlaced(error: DfsError): boolean {
  return error.op === placedOp;
}

/** An error at a place of a script: `name:line:column: message`, the line, and a caret below the place. Kind `usage`. */
export function syntaxError(source: ScriptSource, offset: number, message: string): DfsError {
  const lineStart = lineStartBefore(source, offset);
  const nextBreak = source.text.indexOf("\n", offset);
  const lineText = source.text.slice(lineStart, nextBreak < 0 ? undefined : nextBreak).replace(/\r$/, "");
  const before = source.text.slice(lineStart, offset);
  const indent = before.replace(/[^\t]+/gu, (text) => " ".repeat(stringWidth(text)));
  const text = `${placeText(source, offset)}: ${message}\n${lineText}\n${indent}^`;
  return new DfsError("usage", text, { op: placedOp });
}

function lineStartBefore({ text }: ScriptSource, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
}
