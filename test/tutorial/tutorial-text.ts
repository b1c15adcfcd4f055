/**
 * The tutorial as text: prose, and blocks of what stood on a terminal.
 *
 * A block is fenced as `console NAME`, where NAME is the terminal that it was typed at. A line with a prompt in front is
 * one that was typed; what follows up to the next one is what came of it. A comment `<!-- until: PATTERN -->` above a
 * block says that its line is typed anew until that matches what comes of it, and `<!-- the power fails: NAME -->` that
 * what runs at a terminal is killed.
 */

/** What a terminal showed: the prompt that a line was typed at, and what came of it, without blank lines at the end. */
export interface Screen {
  readonly prompt: string;
  readonly output: readonly string[];
}

/** A line that was typed at a terminal, and what it showed then; or what runs at a terminal is killed. */
export type Step = TypedStep | { readonly kind: "kill"; readonly terminal: string };

export interface TypedStep extends Screen {
  readonly kind: "type";
  readonly terminal: string;
  /** Where the line stands in the text, from 0. */
  readonly line: number;
  readonly typed: string;
  readonly until?: RegExp | undefined;
}

const opening = /^```console (\S+)$/;
const closing = "```";
const waiting = /^<!-- until: (.+) -->$/;
const killing = /^<!-- the power fails: (\S+) -->$/;
/** The system's shell, and the prompt of dfs-shell, with the code of a failed command and who is logged in. */
const promptAndLine = /^(\$|(?:\[\d+\] )?(?:\S+ )?\/\S*>) (\S.*)$/;

/** Whether the last line of a screen asks for a command. */
export function isPrompt(line: string): boolean {
  return /^(\$|(?:\[\d+\] )?(?:\S+ )?\/\S*>)\s*$/.test(line);
}

/** The steps of a tutorial, in their order. */
export function stepsOf(text: string): readonly Step[] {
  const steps: Step[] = [];
  let terminal: string | undefined;
  let until: RegExp | undefined;
  for (const [at, line] of text.split("\n").entries()) {
    const last = steps.at(-1);
    if (terminal === undefined) {
      terminal = opening.exec(line)?.[1];
      const pattern = waiting.exec(line)?.[1];
      if (pattern !== undefined) until = new RegExp(pattern, "s");
      const killed = killing.exec(line)?.[1];
      if (killed !== undefined) steps.push({ kind: "kill", terminal: killed });
    } else if (line === closing) {
      terminal = undefined;
      until = undefined;
    } else {
      const [, prompt, typed] = promptAndLine.exec(line) ?? [];
      if (prompt !== undefined && typed !== undefined)
        steps.push({ kind: "type", terminal, line: at, prompt, typed, output: [], until });
      else if (last?.kind === "type") steps[steps.length - 1] = { ...last, output: [...last.output, line] };
    }
  }
  return steps;
}

/** A typed line with its prompt, and what came of it. */
export function screenText({ typed }: TypedStep, { prompt, output }: Screen): readonly string[] {
  return [`${prompt} ${typed}`, ...output];
}

/** The text with other screens in place of those that stood there; there is one for each line that is typed. */
export function withScreens(text: string, screens: readonly Screen[]): string {
  const steps = stepsOf(text).filter((step) => step.kind === "type");
  const lines = text.split("\n");
  const written: string[] = [];
  let at = 0;
  for (const [index, step] of steps.entries()) {
    written.push(...lines.slice(at, step.line), ...screenText(step, screens[index] ?? step));
    at = step.line + 1 + step.output.length;
  }
  return [...written, ...lines.slice(at)].join("\n");
}

/** What differs from run to run: ids, times, rates, ports, and the widths that depend on them. */
const masks: readonly (readonly [pattern: RegExp, mask: string])[] = [
  [/dfs1-\S+/g, "<invite>"],
  [/\/ip4\/\S+/g, "<address>"],
  [/\bbaf[a-z2-7]{50,}/g, "<cid>"],
  [/\b12D3Koo\w+/g, "<peer>"],
  [/\b[0-9a-f]{16,}\b/g, "<hex>"],
  [/\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?Z?)?)?/g, "<time>"],
  [/[\d.]+ [KMG]?i?B\/s/g, "<rate>"],
  [/\b[\d.]+ (ms|s|min|h|d)\b/g, "<span>"],
  [/<span> (?=<span>)/g, ""],
  [/(term|committed|applied) \d+/g, "$1 <n>"],
  [/epoch \d+/g, "epoch <n>"],
  [/(owner|full) +\d+\.\d+/g, "$1 <savepoint>"],
  [/, lacks \d+ entr(y|ies)/g, ""],
  [/\s+/g, " "],
];

/** A text without what differs from run to run. */
export function masked(lines: readonly string[]): string {
  let text = lines.join("\n");
  for (const [pattern, mask] of masks) text = text.replace(pattern, mask);
  return text.trim();
}
