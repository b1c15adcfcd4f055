/** The line that is being typed, as a pure state: a key in, the next state out, and perhaps something for the prompt to do. */
import { historyLinesMax, inputCharactersMax } from "../core/limits.ts";
import { mayBeKept } from "./history-rules.ts";
import { graphemesOf } from "./graphemes.ts";

/** A key as Node's `readline.emitKeypressEvents` names it. */
export interface Key {
  /** `return`, `left`, `a`…; absent for most characters beyond ASCII. */
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
  readonly shift?: boolean | undefined;
}

/** A search through history, newest first: Ctrl-R. */
interface Search {
  readonly query: string;
  /** Index of the line found; -1 where nothing matches. */
  readonly found: number;
}

export interface LineState {
  readonly text: string;
  /** UTF-16 offset, always between two graphemes. */
  readonly cursor: number;
  /** What Ctrl-K, Ctrl-U or Ctrl-W took last: Ctrl-Y brings it back. */
  readonly killed: string;
  /** Oldest first. */
  readonly history: readonly string[];
  /** Where the arrows are in history; its length when at the line being typed. */
  readonly historyAt: number;
  /** The line being typed, while the arrows show an older one. */
  readonly draft: string;
  readonly isPasting: boolean;
  /** What was pasted so far: it is taken whole when the paste ends, or not at all. */
  readonly pasted: string;
  /** How a line could go on where history does not know: `rest` behind `after`. */
  readonly offered: { readonly after: string; readonly rest: string } | undefined;
  /** Ctrl-X was pressed: the next key is its second half. */
  readonly isChord: boolean;
  readonly search: Search | undefined;
}

/** What the prompt is to do after a key. */
type LineEffect = "submit" | "cancel" | "leave" | "complete" | "clear-screen" | "edit" | "paste-too-long";

export interface LineStep {
  readonly state: LineState;
  readonly effect?: LineEffect | undefined;
}

/** An empty line with this history, oldest first. */
export function emptyLine(history: readonly string[] = []): LineState {
  return {
    text: "",
    cursor: 0,
    killed: "",
    history,
    historyAt: history.length,
    draft: "",
    isPasting: false,
    pasted: "",
    offered: undefined,
    isChord: false,
    search: undefined,
  };
}

/** An empty line after `text` was submitted: history remembers it once, as the newest, where it may be kept. */
export function afterSubmit(state: LineState, text: string): LineState {
  const isNew = mayBeKept(text) && state.history.at(-1) !== text;
  const older = isNew ? state.history.filter((line) => line !== text) : state.history;
  const history = isNew ? [...older, text].slice(-historyLinesMax) : older;
  return { ...emptyLine(history), killed: state.killed };
}

/** The state after `key`. Keys without a meaning change nothing; text beyond the limit is dropped. */
export function pressKey(state: LineState, key: Key): LineStep {
  if (key.name === "paste-start") return { state: { ...state, isPasting: true, pasted: "" } };
  if (key.name === "paste-end") return endPaste(state);
  if (state.isPasting) return { state: gather(state, pastedText(key)) };
  if (state.search !== undefined) return pressInSearch(state, state.search, key);
  if (state.isChord) return chord({ ...state, isChord: false }, bindingName(key));
  const binding = bindings[bindingName(key)];
  if (binding !== undefined) return binding(state);
  const text = key.sequence ?? "";
  const isText = key.ctrl !== true && key.meta !== true && text !== "" && !/[\u0000-\u001f\u007f]/.test(text);
  return { state: isText ? insert(state, text) : state };
}

/** As `pressKey`, for an answer: one line, for which nothing is searched and no editor is called. */
export function pressAnswer(state: LineState, key: Key): LineStep {
  return !state.isPasting && forLinesOnly.has(bindingName(key)) ? { state } : pressKey(state, key);
}

const forLinesOnly: ReadonlySet<string> = new Set(["ctrl-r", "ctrl-x", "meta-e", "meta-return", "meta-enter"]);

/** `ctrl-a`, `meta-b`, `left`: how `bindings` calls a key. */
export function bindingName({ name, sequence, ctrl, meta }: Key): string {
  // Node says that a lone Escape is Alt with nothing.
  if (name === "escape") return name;
  return `${ctrl === true ? "ctrl-" : ""}${meta === true ? "meta-" : ""}${name ?? sequence ?? ""}`;
}

function pastedText({ sequence = "" }: Key): string {
  return sequence
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, (mark) => (mark === "\t" ? " " : ""));
}

/** One character more than fits is enough to know that a paste is too long. */
function gather(state: LineState, text: string): LineState {
  return state.pasted.length > inputCharactersMax ? state : { ...state, pasted: state.pasted + text };
}

/** Half a script could do harm: a paste that does not fit is left out as a whole. */
function endPaste(state: LineState): LineStep {
  const ended = { ...state, isPasting: false, pasted: "", search: undefined };
  if (state.text.length + state.pasted.length > inputCharactersMax) return { state: ended, effect: "paste-too-long" };
  return { state: insert(ended, state.pasted) };
}

/** Ctrl-X Ctrl-E, as in bash; no other is known. */
function chord(state: LineState, second: string): LineStep {
  return second === "ctrl-e" ? { state, effect: "edit" } : { state };
}

/** `text` at the cursor. */
export function insert(state: LineState, text: string): LineState {
  if (state.text.length + text.length > inputCharactersMax) return state;
  return replaceRange(state, state.cursor, state.cursor, text);
}

/** `text` in place of what stands between two offsets; the cursor ends behind it. */
export function replaceRange(state: LineState, start: number, end: number, text: string): LineState {
  const whole = state.text.slice(0, start) + text + state.text.slice(end);
  return { ...state, text: whole, cursor: start + text.length, historyAt: state.history.length };
}

/**
 * The rest of the newest line of history that starts with what is typed, or else of what was offered: shown grey, taken
 * with → or Ctrl-F, and a word of it with Alt-F or Ctrl-→.
 */
export function suggestion(state: LineState): string {
  const { text, offered } = state;
  if (!takesSuggestions(state)) return "";
  const line =
    rememberedLine(state) ??
    (offered?.after !== undefined && text.startsWith(offered.after) ? offered.after + offered.rest : "");
  return line.startsWith(text) ? line.slice(text.length) : "";
}

/** Whether a suggestion that history does not have would be shown. */
export function wantsOffer(state: LineState): boolean {
  return takesSuggestions(state) && suggestion(state) === "";
}

function takesSuggestions({ text, cursor, search }: LineState): boolean {
  return text.trim() !== "" && cursor === text.length && search === undefined;
}

function rememberedLine({ text, history }: LineState): string | undefined {
  return history.findLast((old) => old.startsWith(text) && old !== text && !old.includes("\n"));
}

type Binding = (state: LineState) => LineStep;

const move =
  (to: (state: LineState) => number): Binding =>
  (state) => ({ state: { ...state, cursor: to(state) } });

/** Takes away what lies between the cursor and `to`. */
const erase =
  (to: (state: LineState) => number): Binding =>
  (state) => {
    const other = to(state);
    return { state: replaceRange(state, Math.min(other, state.cursor), Math.max(other, state.cursor), "") };
  };

/** As `erase`, and keeps what it took for Ctrl-Y. */
const kill =
  (to: (state: LineState) => number): Binding =>
  (state) => {
    const start = Math.min(to(state), state.cursor);
    const end = Math.max(to(state), state.cursor);
    const killed = state.text.slice(start, end);
    return { state: { ...replaceRange(state, start, end, ""), killed: killed === "" ? state.killed : killed } };
  };

const does =
  (effect: LineEffect): Binding =>
  (state) => ({ state, effect });

const lineStart = ({ text, cursor }: LineState): number => text.lastIndexOf("\n", cursor - 1) + 1;

function lineEnd({ text, cursor }: LineState): number {
  const end = text.indexOf("\n", cursor);
  return end < 0 ? text.length : end;
}

function previousGrapheme({ text, cursor }: LineState): number {
  let start = 0;
  for (const { index, segment } of graphemesOf(text.slice(0, cursor)))
    start = index + segment.length === cursor ? index : start;
  return start;
}

function nextGrapheme({ text, cursor }: LineState): number {
  const [first] = graphemesOf(text.slice(cursor));
  return cursor + (first?.segment.length ?? 0);
}

function previousBlank({ text, cursor }: LineState): number {
  return cursor - (/\S+\s*$/u.exec(text.slice(0, cursor))?.[0].length ?? cursor);
}

function previousWord({ text, cursor }: LineState): number {
  return cursor - (/[\p{L}\p{N}\p{M}_]+[^\p{L}\p{N}\p{M}_]*$/u.exec(text.slice(0, cursor))?.[0].length ?? cursor);
}

function nextWord({ text, cursor }: LineState): number {
  return cursor + (/^[^\p{L}\p{N}\p{M}_]*[\p{L}\p{N}\p{M}_]*/u.exec(text.slice(cursor))?.[0].length ?? 0);
}

function forward(state: LineState): LineStep {
  const rest = suggestion(state);
  return rest === "" ? move(nextGrapheme)(state) : { state: insert(state, rest) };
}

function endOrSuggestion(state: LineState): LineStep {
  const rest = suggestion(state);
  return rest === "" ? move(lineEnd)(state) : { state: insert(state, rest) };
}

/** A word more of the suggestion, or the cursor a word on. */
function forwardWord(state: LineState): LineStep {
  const rest = suggestion(state);
  if (rest === "") return move(nextWord)(state);
  return { state: insert(state, rest.slice(0, nextWord({ ...state, text: rest, cursor: 0 }))) };
}

/** Through the rows of a text of several; at its edge through history. */
function vertical(state: LineState, step: -1 | 1): LineStep {
  const start = lineStart(state);
  const end = lineEnd(state);
  const edge = step < 0 ? start - 1 : end + 1;
  if (edge < 0 || edge > state.text.length) return inHistory(state, step);
  const column = [...graphemesOf(state.text.slice(start, state.cursor))].length;
  const from = lineStart({ ...state, cursor: edge });
  const row = state.text.slice(from, lineEnd({ ...state, cursor: edge }));
  const before = [...graphemesOf(row)].slice(0, column).map(({ segment }) => segment);
  return { state: { ...state, cursor: from + before.join("").length } };
}

/** The next older or newer line that has what was typed in it; past the newest, the line being typed again. */
function inHistory(state: LineState, step: -1 | 1): LineStep {
  const { history } = state;
  const draft = state.historyAt === history.length ? state.text : state.draft;
  let at = state.historyAt + step;
  while (at >= 0 && at < history.length && !(history[at]?.includes(draft) === true && history[at] !== state.text))
    at += step;
  if (at < 0 || at > history.length) return { state };
  const text = history[at] ?? draft;
  return { state: { ...state, historyAt: at, draft, text, cursor: text.length } };
}

const deleteOrLeave: Binding = (state) => (state.text === "" ? { state, effect: "leave" } : erase(nextGrapheme)(state));

const bindings: Readonly<Record<string, Binding>> = {
  return: does("submit"),
  enter: does("submit"),
  tab: does("complete"),
  "ctrl-c": does("cancel"),
  "ctrl-d": deleteOrLeave,
  "ctrl-l": does("clear-screen"),
  left: move(previousGrapheme),
  "ctrl-b": move(previousGrapheme),
  right: forward,
  "ctrl-f": forward,
  home: move(lineStart),
  "ctrl-a": move(lineStart),
  end: endOrSuggestion,
  "ctrl-e": endOrSuggestion,
  "meta-b": move(previousWord),
  "ctrl-left": move(previousWord),
  "meta-left": move(previousWord),
  "meta-f": forwardWord,
  "ctrl-right": forwardWord,
  "meta-right": forwardWord,
  backspace: erase(previousGrapheme),
  "ctrl-h": erase(previousGrapheme),
  delete: erase(nextGrapheme),
  "ctrl-k": kill(lineEnd),
  "ctrl-u": kill(lineStart),
  "ctrl-w": kill(previousBlank),
  "meta-backspace": kill(previousWord),
  "meta-d": kill(nextWord),
  "ctrl-y": (state) => ({ state: insert(state, state.killed) }),
  up: (state) => vertical(state, -1),
  "ctrl-p": (state) => vertical(state, -1),
  down: (state) => vertical(state, 1),
  "ctrl-n": (state) => vertical(state, 1),
  "meta-return": (state) => ({ state: insert(state, "\n") }),
  "meta-enter": (state) => ({ state: insert(state, "\n") }),
  "meta-e": does("edit"),
  "ctrl-x": (state) => ({ state: { ...state, isChord: true } }),
  "ctrl-r": (state) => ({ state: { ...state, draft: state.text, search: { query: "", found: state.history.length } } }),
};

/** The keys that do something in the line, as `bindings` calls them. */
export const boundKeys: readonly string[] = Object.keys(bindings);

/** Keys during Ctrl-R: text narrows the search, Ctrl-R and ↑ go further back, Ctrl-S and ↓ come back, Ctrl-C or Ctrl-G gives up, all else takes the line. */
function pressInSearch(state: LineState, search: Search, key: Key): LineStep {
  const name = bindingName(key);
  const text = key.sequence ?? "";
  if (name === "ctrl-r" || name === "up") return { state: found(state, search.query, search.found - 1) };
  if (name === "ctrl-s" || name === "down") return { state: foundAfter(state, search) };
  if (name === "backspace" || name === "ctrl-h")
    return { state: found(state, search.query.slice(0, -1), state.history.length - 1) };
  if (name === "ctrl-c" || name === "ctrl-g" || name === "escape")
    return { state: { ...state, search: undefined, text: state.draft, cursor: state.draft.length } };
  if (key.ctrl !== true && key.meta !== true && text !== "" && !/[\u0000-\u001f\u007f]/.test(text))
    return { state: found(state, search.query + text, Math.min(search.found, state.history.length - 1)) };
  return pressKey({ ...state, search: undefined }, key);
}

function found(state: LineState, query: string, from: number): LineState {
  const at = query === "" ? -1 : state.history.slice(0, from + 1).findLastIndex((line) => line.includes(query));
  const line = state.history[at];
  if (line === undefined) return { ...state, search: { query, found: Math.max(0, from) } };
  return { ...state, search: { query, found: at }, text: line, cursor: line.length };
}

/** The nearest newer line that has the query in it; the one found stays where there is none. */
function foundAfter(state: LineState, { query, found: from }: Search): LineState {
  const at = state.history.findIndex((line, index) => index > from && query !== "" && line.includes(query));
  const line = state.history[at];
  return line === undefined ? state : { ...state, search: { query, found: at }, text: line, cursor: line.length };
}

/** The lines of history that a search finds, newest first: at most `max` of them, with the one it stands at. */
export function searchMatches({ history, search }: LineState, max: number): readonly SearchMatch[] {
  if (search === undefined || search.query === "") return [];
  const indexes = [...history.keys()].filter((index) => history[index]?.includes(search.query) === true).toReversed();
  const at = indexes.indexOf(search.found);
  const first = Math.max(0, Math.min(at - Math.floor(max / 2), indexes.length - max));
  const shown = indexes.slice(first, first + max);
  return shown.map((index) => ({ line: history[index] as string, isChosen: index === search.found }));
}

/** A line that a search found. */
export interface SearchMatch {
  readonly line: string;
  readonly isChosen: boolean;
}
