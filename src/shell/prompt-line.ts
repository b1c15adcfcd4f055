/** The line that is being typed at the prompt: keys, history and completion, and how it is drawn. */
import { printable } from "../core/names.ts";
import { commonPrefix, complete } from "./completion.ts";
import type { Completion } from "./completion.ts";
import { fillColumns } from "./formats.ts";
import { appendHistory, readHistory } from "./history.ts";
import { layoutInput } from "./input-layout.ts";
import type { InputLayout } from "./input-layout.ts";
import { afterSubmit, emptyLine, pressKey, replaceRange, suggestion } from "./line-editor.ts";
import type { Key, LineState } from "./line-editor.ts";
import { completionEnvironment, promptText } from "./prompt-view.ts";
import type { Shell } from "./shell.ts";

/** Longer than this nobody waits for a Tab. */
const completionMs = 2000;

/** What the line asks of the prompt around it. */
export interface LinePorts {
  readonly shell: Shell;
  /** Absent for a history in memory only. */
  readonly historyPath: string | undefined;
  columns(): number;
  /** Writes whole lines above the line. */
  write(text: string): void;
  clearScreen(): void;
  /** The line looks different now. */
  changed(): void;
  submit(text: string): void;
  leave(): void;
  /** Keys are taken again, after a completion. */
  ready(): void;
}

export class PromptLine {
  readonly #ports: LinePorts;
  #line = emptyLine();
  #completing: AbortController | undefined;

  constructor(ports: LinePorts) {
    this.#ports = ports;
  }

  /** Fetches the lines of earlier sessions; keys may come in meanwhile. */
  async readHistory(): Promise<void> {
    const { historyPath } = this.#ports;
    if (historyPath === undefined) return;
    const older = await readHistory(historyPath);
    // Only now is the line looked at: keys came in while the file was read.
    this.#line = withOlder(this.#line, older);
  }

  /** Present while a completion is looked up: keys wait, and Ctrl-C aborts it. */
  get busy(): AbortController | undefined {
    return this.#completing;
  }

  press(key: Key): void {
    const { state, effect } = pressKey(this.#line, key);
    this.#line = state;
    if (effect === "submit") this.#submit();
    else if (effect === "cancel") this.#abandon();
    else if (effect === "leave") this.#ports.leave();
    else if (effect === "complete") void this.#complete();
    else if (effect === "clear-screen") this.#ports.clearScreen();
  }

  area(rowsMax: number): InputLayout {
    const { text, cursor, search } = this.#line;
    const prompt = search === undefined ? this.#prompt : `(search) ${search.query}: `;
    return layoutInput({ prompt, text, cursor, suggestion: suggestion(this.#line) }, this.#ports.columns(), rowsMax);
  }

  get #prompt(): string {
    return promptText(this.#ports.shell.state);
  }

  #abandon(): void {
    this.#keep(`${this.#line.text}^C`);
    this.#line = emptyLine(this.#line.history);
  }

  #submit(): void {
    const { text } = this.#line;
    const before = this.#line.history;
    this.#keep(text);
    this.#line = afterSubmit(this.#line, text);
    const { historyPath } = this.#ports;
    if (historyPath !== undefined && this.#line.history !== before) void appendHistory(historyPath, text);
    if (text.trim() !== "") this.#ports.submit(text);
  }

  #keep(text: string): void {
    this.#ports.write(keptRows(this.#prompt, text, this.#ports.columns()));
  }

  /** Completes the word at the cursor; keys wait meanwhile, Ctrl-C or a slow network gives up. */
  async #complete(): Promise<void> {
    const cancel = new AbortController();
    this.#completing = cancel;
    const timer = setTimeout(() => cancel.abort(), completionMs);
    const aborted = new Promise<undefined>((resolve) => {
      cancel.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const environment = completionEnvironment(this.#ports.shell, cancel.signal);
    const { text, cursor } = this.#line;
    const completion = await Promise.race([complete(text, cursor, environment), aborted]);
    clearTimeout(timer);
    this.#completing = undefined;
    if (completion !== undefined) this.#take(completion);
    this.#ports.changed();
    this.#ports.ready();
  }

  /** Types what all candidates have in common; where that adds nothing, lists them. */
  #take({ start, end, candidates }: Completion): void {
    const [only] = candidates;
    if (only === undefined) return;
    const text = candidates.length === 1 && only.isWhole ? `${only.text} ` : commonPrefix(candidates);
    if (text.length > end - start || candidates.length === 1) this.#line = replaceRange(this.#line, start, end, text);
    else {
      this.#keep(this.#line.text);
      const labels = candidates.map(({ label }) => printable(label));
      this.#ports.write(fillColumns(labels, this.#ports.columns()));
    }
  }
}

/** A line as it stays above the live area once it was typed. */
export function keptRows(prompt: string, text: string, columns: number): string {
  const { rows } = layoutInput({ prompt, text, cursor: 0, suggestion: "" }, columns, Infinity);
  return rows.map((row) => `${row.map((span) => span.text).join("")}\n`).join("");
}

/** The line with what was remembered before it; lines may have been typed while that was read. */
function withOlder(line: LineState, older: readonly string[]): LineState {
  return { ...line, history: [...older, ...line.history], historyAt: line.historyAt + older.length };
}
