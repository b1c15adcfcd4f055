/**
 * What `test` asks, as POSIX has it: files, texts, numbers, `!`, `-a`, `-o` and parentheses.
 *
 * The whole expression is read before anything is looked up, and only what decides is looked up.
 */
import { DfsError } from "../core/errors.ts";
import { conditionWordsMax } from "../core/limits.ts";

/** What is at a path. */
export interface Sight {
  readonly kind: "file" | "directory" | "other";
  readonly sizeBytes: number;
}

/** Looks what is at a path; `undefined` where nothing is. */
export type Look = (path: string) => Promise<Sight | undefined>;

type Condition = () => Promise<boolean>;

/** Whether what `words` say is so; no words are false. Fails with `usage` where they are no expression, and as `look` does. */
export async function isTrue(words: readonly string[], look: Look): Promise<boolean> {
  if (words.length > conditionWordsMax)
    throw new DfsError("usage", `more than ${conditionWordsMax} words: does a pattern match so many?`);
  return words.length > 0 && new Conditions(words, look).whole()();
}

const fileTests: Readonly<Record<string, (sight: Sight) => boolean>> = {
  "-e": () => true,
  "-f": ({ kind }) => kind === "file",
  "-d": ({ kind }) => kind === "directory",
  "-s": ({ sizeBytes }) => sizeBytes > 0,
};

const textTests: Readonly<Record<string, (text: string) => boolean>> = {
  "-n": (text) => text !== "",
  "-z": (text) => text === "",
};

const comparisons: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  "=": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "-eq": (left, right) => numberOf(left) === numberOf(right),
  "-ne": (left, right) => numberOf(left) !== numberOf(right),
  "-lt": (left, right) => numberOf(left) < numberOf(right),
  "-le": (left, right) => numberOf(left) <= numberOf(right),
  "-gt": (left, right) => numberOf(left) > numberOf(right),
  "-ge": (left, right) => numberOf(left) >= numberOf(right),
};

function numberOf(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw new DfsError("usage", `"${text}" is no whole number`);
  return Number(text);
}

class Conditions {
  readonly #words: readonly string[];
  readonly #look: Look;
  #at = 0;

  constructor(words: readonly string[], look: Look) {
    this.#words = words;
    this.#look = look;
  }

  whole(): Condition {
    const condition = this.#or();
    if (this.#at < this.#words.length) throw new DfsError("usage", `"${this.#words[this.#at]}" is not expected here`);
    return condition;
  }

  #or(): Condition {
    const conditions = [this.#and()];
    while (this.#take("-o")) conditions.push(this.#and());
    return async () => {
      for (const condition of conditions) if (await condition()) return true;
      return false;
    };
  }

  #and(): Condition {
    const conditions = [this.#not()];
    while (this.#take("-a")) conditions.push(this.#not());
    return async () => {
      for (const condition of conditions) if (!(await condition())) return false;
      return true;
    };
  }

  #not(): Condition {
    // `! = x` compares, and a last `!` is a text.
    if (this.#isComparison() || this.#left() < 2 || !this.#take("!")) return this.#primary();
    const condition = this.#not();
    return async () => !(await condition());
  }

  #primary(): Condition {
    if (this.#isComparison()) return this.#comparison();
    if (this.#left() >= 2 && this.#take("(")) return this.#inParentheses();
    const word = this.#next();
    const fileTest = fileTests[word];
    const textTest = textTests[word];
    if (this.#left() === 0 || (fileTest === undefined && textTest === undefined)) return async () => word !== "";
    const operand = this.#next();
    if (textTest !== undefined) return async () => textTest(operand);
    return async () => {
      const sight = operand === "" ? undefined : await this.#look(operand);
      return sight !== undefined && fileTest?.(sight) === true;
    };
  }

  #isComparison(): boolean {
    return this.#left() >= 3 && comparisons[this.#words[this.#at + 1] as string] !== undefined;
  }

  #comparison(): Condition {
    const left = this.#next();
    const compare = comparisons[this.#next()] as (left: string, right: string) => boolean;
    const right = this.#next();
    return async () => compare(left, right);
  }

  #inParentheses(): Condition {
    const condition = this.#or();
    if (!this.#take(")")) throw new DfsError("usage", 'a ")" is missing');
    return condition;
  }

  #left(): number {
    return this.#words.length - this.#at;
  }

  #take(word: string): boolean {
    if (this.#words[this.#at] !== word) return false;
    this.#at += 1;
    return true;
  }

  #next(): string {
    const word = this.#words[this.#at];
    if (word === undefined) throw new DfsError("usage", `something is missing after "${this.#words.at(-1)}"`);
    this.#at += 1;
    return word;
  }
}
