/** Builds the commands of a script from its tokens. The whole script is parsed before anything of it runs. */
import { DfsError } from "../core/errors.ts";
import { scriptBytesMax } from "../core/limits.ts";
import { lex } from "./lexer.ts";
import type { Operator, Token } from "./lexer.ts";
import { syntaxError } from "./syntax.ts";
import type { Assignment, CommandNode, Redirection, Script, ScriptSource, Statement, Word } from "./syntax.ts";

/** Words that begin something in other shells which this one does not have; nobody shall find out in the middle of a script. */
const foreignWords = /^(?:for|while|until|select|do|done|if|then|elif|else|fi|case|esac|function|[{}]|\w+\(\))$/;
const assignmentStart = /^([A-Za-z_][A-Za-z0-9_]*)=/;

/** The script that `source` is the text of. Fails with `usage`, naming line and column, when it does not parse or is too long. */
export function parseScript(source: ScriptSource): Script {
  if (Buffer.byteLength(source.text) > scriptBytesMax)
    throw new DfsError("usage", `${source.name}: a script cannot be longer than ${scriptBytesMax} bytes`);
  return new Parser(source).script();
}

class Parser {
  readonly #source: ScriptSource;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: ScriptSource) {
    this.#source = source;
    this.#tokens = lex(source);
  }

  script(): Script {
    const statements: Statement[] = [];
    this.#skipLineEnds();
    while (this.#at < this.#tokens.length) {
      const statement = this.#statement();
      statements.push(statement);
      const isSeparated = statement.background !== undefined || this.#take(";");
      if (this.#at < this.#tokens.length && !isSeparated) this.#expectLineEnd();
      this.#skipLineEnds();
    }
    return { source: this.#source, statements };
  }

  #statement(): Statement {
    const start = this.#start();
    const joined = this.#joined();
    const background = this.#source.text.slice(start, this.#start()).trim();
    return this.#take("&") ? { ...joined, background } : joined;
  }

  #joined(): Statement {
    const first = this.#command();
    const rest: { operator: "&&" | "||"; command: CommandNode }[] = [];
    for (;;) {
      const operator = this.#take("&&") ? "&&" : this.#take("||") ? "||" : undefined;
      if (operator === undefined) return { first, rest };
      this.#skipLineEnds();
      rest.push({ operator, command: this.#command() });
    }
  }

  #command(): CommandNode {
    const start = this.#start();
    const forgiven = this.#token()?.kind === "forgive";
    if (forgiven) this.#at += 1;
    const token = this.#token();
    if (token?.kind === "local") {
      this.#at += 1;
      return { kind: "local", forgiven, text: token.text, start };
    }
    return this.#simple(forgiven, start);
  }

  #simple(forgiven: boolean, start: number): CommandNode {
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    for (let token = this.#token(); token !== undefined; token = this.#token()) {
      if (token.kind === "word") words.push(token.word);
      else if (token.kind === "operator" && isRedirection(token.operator))
        redirections.push({ operator: token.operator, target: this.#redirectionTarget() });
      else break;
      this.#at += 1;
    }
    if (words.length === 0) this.#fail(this.#start(), "a command is missing here");
    this.#refuseForeign(words[0] as Word);
    const pipe = this.#pipe(redirections.some(({ operator }) => operator !== "<"));
    const assignment = assignmentOf(words, forgiven, start);
    if (assignment === undefined) return { kind: "simple", forgiven, words, redirections, pipe, start };
    if (words.length > 1 || redirections.length > 0 || pipe !== undefined)
      this.#fail(start, "NAME=value stands alone: put the command on a line of its own");
    return assignment;
  }

  #refuseForeign({ parts: [part, ...more], start }: Word): void {
    if (part?.kind !== "text" || part.quoted || more.length > 0 || !foreignWords.test(part.text)) return;
    this.#fail(start, `"${part.text}" is not supported: there are no loops, functions or if; see help grammar`);
  }

  #redirectionTarget(): Word {
    const operator = this.#start();
    this.#at += 1;
    const token = this.#token();
    if (token?.kind !== "word") this.#fail(operator, "a file name is missing after the redirection");
    return token.word;
  }

  #pipe(isRedirected: boolean): string | undefined {
    const token = this.#token();
    if (token?.kind !== "pipe") return undefined;
    if (isRedirected) this.#fail(token.start, "the output goes to a file already: choose > or |");
    this.#at += 1;
    return token.text;
  }

  #token(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #start(): number {
    return this.#token()?.start ?? this.#source.text.length;
  }

  #take(operator: Operator): boolean {
    const token = this.#token();
    if (token?.kind !== "operator" || token.operator !== operator) return false;
    this.#at += 1;
    return true;
  }

  #skipLineEnds(): void {
    while (this.#take("\n")) continue;
  }

  #expectLineEnd(): void {
    if (!this.#take("\n")) this.#fail(this.#start(), "the end of the command was expected here");
  }

  #fail(offset: number, message: string): never {
    throw syntaxError(this.#source, offset, message);
  }
}

function isRedirection(operator: Operator): operator is ">" | ">>" | "<" {
  return operator === ">" || operator === ">>" || operator === "<";
}

/** The first word as an assignment, when it starts with an unquoted `NAME=`. */
function assignmentOf(words: readonly Word[], forgiven: boolean, start: number): Assignment | undefined {
  const word = words[0] as Word;
  const part = word.parts[0];
  if (part?.kind !== "text" || part.quoted) return undefined;
  const name = assignmentStart.exec(part.text)?.[1];
  if (name === undefined) return undefined;
  const valueStart = name.length + 1;
  const first = { ...part, text: part.text.slice(valueStart), start: part.start + valueStart };
  return { kind: "assignment", forgiven, name, value: { ...word, parts: [first, ...word.parts.slice(1)] }, start };
}
