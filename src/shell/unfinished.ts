/** Whether a line goes on behind Enter, as in fish. */
import { lex } from "./lexer.ts";

/** Whether `text` ends within quotes, with a backslash, or where a command must follow: behind `&&`, `||` or `|`. */
export function isUnfinished(text: string): boolean {
  try {
    const last = lex({ name: "", text }, { tolerant: true }).at(-1);
    if (last === undefined) return false;
    if (last.kind === "pipe") return last.text === "" || endsInBackslash(text);
    if (last.kind === "local") return endsInBackslash(text);
    if (last.kind === "operator") return last.operator === "&&" || last.operator === "||";
    if (last.kind !== "word") return false;
    const { openQuote, end } = last.word;
    return openQuote !== undefined || (end === text.length && endsInBackslash(text));
  } catch {
    return false;
  }
}

/** An even number of them is backslashes that stand for themselves. */
function endsInBackslash(text: string): boolean {
  return (/\\+$/.exec(text)?.[0].length ?? 0) % 2 === 1;
}
