/** The line that is being typed at the prompt: keys, history, completion and suggestions, and how it is drawn. */
import { completionWaitMs, inputCharactersMax, searchRowsMax } from "../core/limits.ts";
import { printable } from "../core/names.ts";
import { commands } from "./commands/table.ts";
import { commonPrefix, complete } from "./completion.ts";
import type { Completion } from "./completion.ts";
import { highlight } from "./highlight.ts";
import type { Highlight } from "./highlight.ts";
import { appendHistory, readHistory } from "./history.ts";
import { layoutInput } from "./input-layout.ts";
import type { InputLayout, StyledRange } from "./input-layout.ts";
import {
  afterSubmit,
  bindingName,
  emptyLine,
  insert,
  pressKey,
  replaceRange,
  searchMatches,
  suggestion,
  wantsOffer,
} from "./line-editor.ts";
import type { Key, LineState } from "./line-editor.ts";
import { LineLookups } from "./line-lookups.ts";
import { menuRows, moveInMenu, narrowed } from "./menu.ts";
import type { Menu, MenuMove, MenuSpace } from "./menu.ts";
import { promptSpans } from "./prompt-text.ts";
import type { PromptHealth } from "./prompt-text.ts";
import { completionEnvironment } from "./prompt-view.ts";
import type { Shell } from "./shell.ts";
import { paint } from "./theme.ts";
import type { Span } from "./theme.ts";
import { isUnfinished } from "./unfinished.ts";

/** Rows that a menu has at the least, whatever is typed above it. */
const menuRowsMin = 3;

/** What the line asks of the prompt around it. */
export interface LinePorts {
  readonly shell: Shell;
  /** Absent for a history in memory only. */
  readonly historyPath: string | undefined;
  readonly hasColor: boolean;
  columns(): number;
  /** Rows that the line and its menu may take. */
  rows(): number;
  health(): PromptHealth | undefined;
  /** Writes whole lines above the line. */
  write(text: string): void;
  clearScreen(): void;
  /** The line looks different now. */
  changed(): void;
  submit(text: string): void;
  leave(): void;
  /** Lets the user's editor change a text; `undefined` where it did not. */
  edit(text: string): Promise<string | undefined>;
  /** Keys are taken again, after a completion. */
  ready(): void;
}

export class PromptLine {
  readonly #ports: LinePorts;
  readonly #lookups: LineLookups;
  #line = emptyLine();
  #menu: Menu | undefined;
  #completing: AbortController | undefined;
  #refreshing: AbortController | undefined;
  #highlighted: (Highlight & { readonly text: string }) | undefined;

  constructor(ports: LinePorts) {
    this.#ports = ports;
    this.#lookups = new LineLookups({
      shell: ports.shell,
      found: () => {
        this.#highlighted = undefined;
        ports.changed();
      },
      offer: (after, rest) => {
        this.#line = { ...this.#line, offered: { after, rest } };
        ports.changed();
      },
    });
  }

  /** Fetches the lines of earlier sessions; keys may come in meanwhile. */
  async readHistory(): Promise<void> {
    const { historyPath } = this.#ports;
    if (historyPath === undefined) return;
    const older = await readHistory(historyPath);
    // Only now is the line looked at: keys came in while the file was read.
    this.#line = withOlder(this.#line, older);
    this.#ports.changed();
  }

  /** Present while a completion is looked up: keys wait, and Ctrl-C aborts it. */
  get busy(): AbortController | undefined {
    return this.#completing;
  }

  press(key: Key): void {
    this.#refreshing?.abort();
    if (this.#menu !== undefined && this.#pressInMenu(this.#menu, key)) return;
    const { state, effect } = pressKey(this.#line, key);
    const isEdited = state.text !== this.#line.text;
    this.#line = state;
    if (this.#menu !== undefined) this.#narrowMenu(this.#menu, isEdited);
    if (effect === "submit") this.#submit();
    else if (effect === "cancel") this.#abandon();
    else if (effect === "leave") this.#ports.leave();
    else if (effect === "complete") void this.#complete();
    else if (effect === "clear-screen") this.#ports.clearScreen();
    else if (effect === "paste-too-long") this.#refusePaste();
    else if (effect === "edit") void this.#edit();
    this.#look();
  }

  /** A command is about to run, or ran: what was known of files may be wrong now. */
  forget(): void {
    this.#lookups.forget();
    this.#highlighted = undefined;
  }

  area(): InputLayout {
    const rowsMax = this.#ports.rows();
    const below = this.#line.search !== undefined || this.#menu !== undefined;
    const input = this.#inputArea(below ? Math.max(1, rowsMax - menuRowsMin) : rowsMax);
    if (!below) return input;
    const space = { columns: this.#ports.columns(), rowsMax: rowsMax - input.rows.length };
    const rows = this.#menu === undefined ? this.#matchRows(space) : menuRows(this.#menu, space);
    return { ...input, rows: [...input.rows, ...rows] };
  }

  #inputArea(rowsMax: number): InputLayout {
    const { text, cursor, search } = this.#line;
    const isLost = search !== undefined && search.query !== "" && !text.includes(search.query);
    const prompt: readonly Span[] =
      search === undefined
        ? this.#prompt
        : [{ text: `(search) ${printable(search.query)}`, style: isLost ? "failure" : "user" }, { text: ": " }];
    const { styles } = this.#highlight(text);
    const rest = this.#menu === undefined ? suggestion(this.#line) : "";
    return layoutInput({ prompt, text, styles, cursor, suggestion: rest }, this.#ports.columns(), rowsMax);
  }

  #matchRows({ columns, rowsMax }: MenuSpace): readonly (readonly Span[])[] {
    const matches = searchMatches(this.#line, Math.min(searchRowsMax, rowsMax));
    return matches.map(({ line, isChosen }) => {
      const shown = printable(line.replaceAll("\n", " ⏎ "));
      const { rows } = layoutInput({ prompt: [], text: shown, cursor: 0, suggestion: "" }, columns - 2, 1);
      const text = rows[0]?.map((span) => span.text).join("") ?? "";
      if (isChosen) return [{ text: "› " }, { text, style: "selected" }];
      return [{ text: "  " }, ...foundSpans(text, this.#line.search?.query ?? "")];
    });
  }

  get #prompt(): readonly Span[] {
    const ports = this.#ports;
    return promptSpans({ ...ports.shell.state, health: ports.health() }, ports.columns());
  }

  #highlight(text: string): Highlight {
    if (this.#highlighted?.text !== text) {
      const { aliases, variables } = this.#ports.shell.state;
      const exists = this.#lookups.exists.bind(this.#lookups);
      this.#highlighted = { ...highlight(text, { commands, aliases, variables, exists }), text };
    }
    return this.#highlighted;
  }

  #look(): void {
    const { text } = this.#line;
    if (this.#line.isPasting) return;
    this.#lookups.look({ text, paths: this.#highlight(text).paths, wantsOffer: wantsOffer(this.#line) });
  }

  #abandon(): void {
    this.#keep(`${this.#line.text}^C`);
    this.#line = emptyLine(this.#line.history);
  }

  #submit(): void {
    const { text } = this.#line;
    if (isUnfinished(text)) {
      this.#line = insert({ ...this.#line, cursor: text.length, search: undefined }, "\n");
      return;
    }
    const before = this.#line.history;
    this.#keep(text);
    this.#line = afterSubmit(this.#line, text);
    const { historyPath } = this.#ports;
    if (historyPath !== undefined && this.#line.history !== before) void appendHistory(historyPath, text);
    if (text.trim() !== "") this.#ports.submit(text);
  }

  #keep(text: string): void {
    const ports = this.#ports;
    const line = { prompt: this.#prompt, text, styles: this.#highlight(text).styles };
    ports.write(keptRows(line, ports.columns(), ports.hasColor));
  }

  async #edit(): Promise<void> {
    const { text } = this.#line;
    const edited = await this.#ports.edit(text);
    if (edited !== undefined) this.#line = replaceRange(this.#line, 0, text.length, edited);
    this.#ports.changed();
  }

  #refusePaste(): void {
    const most = inputCharactersMax.toLocaleString("en");
    const advice = "keep it in a file, and run it with source FILE";
    this.#ports.write(`the pasted text was not taken: a line has at most ${most} characters; ${advice}\n`);
  }

  /** Completes the word at the cursor; keys wait meanwhile, Ctrl-C or a slow network gives up. */
  async #complete(): Promise<void> {
    const cancel = new AbortController();
    this.#completing = cancel;
    this.#lookups.stop();
    const completion = await this.#candidates(cancel);
    this.#completing = undefined;
    if (completion !== undefined) this.#take(completion);
    this.#look();
    this.#ports.changed();
    this.#ports.ready();
  }

  /** The candidates at the cursor; `undefined` where nobody waits for them any longer. */
  async #candidates(cancel: AbortController): Promise<Completion | undefined> {
    const timer = setTimeout(() => cancel.abort(), completionWaitMs);
    const aborted = new Promise<undefined>((resolve) => {
      cancel.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const environment = completionEnvironment(this.#ports.shell, cancel.signal, true);
    const { text, cursor } = this.#line;
    try {
      return await Promise.race([complete(text, cursor, environment), aborted]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Types what all candidates have in common; where that adds nothing, opens the menu. */
  #take(completion: Completion): void {
    const { start, end, candidates } = completion;
    const [only] = candidates;
    if (only === undefined) return;
    const text = candidates.length === 1 && only.isWhole ? `${only.text} ` : commonPrefix(candidates);
    if (text.length > end - start || candidates.length === 1) this.#line = replaceRange(this.#line, start, end, text);
    else this.#menu = this.#menuOf(completion);
  }

  #menuOf({ start, end, candidates, isCut = false }: Completion): Menu {
    return { start, end, candidates, isCut, line: this.#line, chosen: -1 };
  }

  /** Whether the key was for the menu; any other goes to the line, as it is shown. */
  #pressInMenu(menu: Menu, key: Key): boolean {
    const name = bindingName(key);
    const move = menuMoves[key.shift === true ? `shift-${name}` : name];
    if (name === "tab" && menu.candidates.length === 1) this.#closeMenu(this.#withChosen(menu, 0, true));
    else if (move !== undefined) this.#choose(menu, moveInMenu(menu, move, this.#menuSpace()));
    else if (name === "escape" || name === "ctrl-g") this.#closeMenu(menu.line);
    else if (menu.chosen < 0) return false;
    else if (name === "return" || name === "enter") this.#closeMenu(this.#withChosen(menu, menu.chosen, true));
    else {
      this.#menu = undefined;
      // A directory brought its slash.
      return key.sequence === "/" && this.#line.text.slice(0, this.#line.cursor).endsWith("/");
    }
    this.#look();
    return true;
  }

  #menuSpace(): MenuSpace {
    const inputRows = this.#inputArea(Math.max(1, this.#ports.rows() - menuRowsMin)).rows.length;
    return { columns: this.#ports.columns(), rowsMax: this.#ports.rows() - inputRows };
  }

  #choose(menu: Menu, chosen: number): void {
    this.#menu = { ...menu, chosen };
    this.#line = this.#withChosen(menu, chosen, false);
  }

  #withChosen({ line, start, end, candidates }: Menu, chosen: number, isTaken: boolean): LineState {
    const candidate = candidates[chosen];
    const blank = isTaken && candidate?.isWhole === true ? " " : "";
    return replaceRange(line, start, end, `${candidate?.text ?? ""}${blank}`);
  }

  #closeMenu(line: LineState): void {
    this.#menu = undefined;
    this.#line = line;
  }

  /** The menu follows what is typed; where it had left some out, or a key was taken back, it is looked up anew. */
  #narrowMenu(menu: Menu, isEdited: boolean): void {
    const isWider = this.#line.text.length < menu.line.text.length;
    const next = isEdited ? narrowed(menu, this.#line) : undefined;
    this.#menu = next;
    const isSameWord = this.#line.cursor > menu.start || (isWider && this.#line.cursor === menu.start);
    if (isEdited && isSameWord && (isWider || menu.isCut)) void this.#refreshMenu();
  }

  async #refreshMenu(): Promise<void> {
    const cancel = new AbortController();
    this.#refreshing = cancel;
    const { text, cursor } = this.#line;
    const completion = await this.#candidates(cancel);
    const isSame = this.#line.text === text && this.#line.cursor === cursor && !cancel.signal.aborted;
    if (completion === undefined || !isSame || (this.#menu?.chosen ?? -1) >= 0) return;
    this.#menu = completion.candidates.length > 1 ? this.#menuOf(completion) : undefined;
    this.#ports.changed();
  }
}

/** A line that a search found, with what was searched for standing out. */
function foundSpans(text: string, query: string): readonly Span[] {
  const at = text.indexOf(query);
  if (at < 0) return [{ text, style: "grey" }];
  const end = at + query.length;
  const spans: readonly Span[] = [
    { text: text.slice(0, at), style: "grey" },
    { text: text.slice(at, end), style: "match" },
    { text: text.slice(end), style: "grey" },
  ];
  return spans.filter((span) => span.text !== "");
}

const menuMoves: Readonly<Record<string, MenuMove>> = {
  tab: "next",
  "shift-tab": "previous",
  down: "next",
  "ctrl-n": "next",
  up: "previous",
  "ctrl-p": "previous",
  left: "left",
  right: "right",
};

/** A line as it stays above the live area once it was typed. */
export function keptRows(
  line: { readonly prompt: readonly Span[]; readonly text: string; readonly styles?: readonly StyledRange[] },
  columns: number,
  hasColor: boolean,
): string {
  const { rows } = layoutInput({ ...line, cursor: 0, suggestion: "" }, columns, Infinity);
  return rows.map((row) => `${paint(row, hasColor)}\n`).join("");
}

/** The line with what was remembered before it; lines may have been typed while that was read. */
function withOlder(line: LineState, older: readonly string[]): LineState {
  const search = line.search && { ...line.search, found: line.search.found + older.length };
  return { ...line, search, history: [...older, ...line.history], historyAt: line.historyAt + older.length };
}
