/** The line that is being typed, as a pure state: a key in, the next state out, and perhaps something for the prompt to do. */
import { historyLinesMax, inputCharactersMax } from "../core/limits.ts";

/** A key as Node's `readline.emitKeypressEvents` names it. */
export interface Key {
  /** `return`, `left`, `a`…; absent for most characters beyond ASCII. */
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
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
  readonly search: Search | undefined;
}

/** What the prompt is to do after a key. */
type LineEffect = "submit" | "cancel" | "leave" | "complete" | "clear-screen";

export interface LineStep {
  readonly state: LineState;
  readonly effect?: LineEffect | undefined;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

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
    search: undefined,
  };
}

/** An empty line after `text` was submitted: history remembers it, unless it is blank, starts with a blank, or repeats the last. */
export function afterSubmit(state: LineState, text: string): LineState {
  const isKept = text.trim() !== "" && !text.startsWith(" ") && state.history.at(-1) !== text;
  const history = isKept ? [...state.history, text].slice(-historyLinesMax) : state.history;
  return { ...emptyLine(history), killed: state.killed };
}

/** The state after `key`. Keys without a meaning change nothing; text beyond the limit is dropped. */
export function pressKey(state: LineState, key: Key): LineStep {
  if (key.name === "paste-start") return { state: { ...state, isPasting: true } };
  if (key.name === "paste-end") return { state: { ...state, isPasting: false } };
  if (state.isPasting) return { state: insert(state, pastedText(key)) };
  if (state.search !== undefined) return pressInSearch(state, state.search, key);
  const binding = bindings[bindingName(key)];
  if (binding !== undefined) return binding(state);
  const text = key.sequence ?? "";
  const isText = key.ctrl !== true && key.meta !== true && text !== "" && !/[\u0000-\u001f\u007f]/.test(text);
  return { state: isText ? insert(state, text) : state };
}

/** As `pressKey`, for an answer: nothing is searched for it. */
export function pressAnswer(state: LineState, key: Key): LineStep {
  return !state.isPasting && bindingName(key) === "ctrl-r" ? { state } : pressKey(state, key);
}

/** `ctrl-a`, `meta-b`, `left`: how `bindings` calls a key. */
function bindingName({ name, sequence, ctrl, meta }: Key): string {
  return `${ctrl === true ? "ctrl-" : ""}${meta === true ? "meta-" : ""}${name ?? sequence ?? ""}`;
}

function pastedText({ sequence = "" }: Key): string {
  return sequence
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, (mark) => (mark === "\t" ? " " : ""));
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

/** The rest of the newest line of history that starts with what is typed: shown grey, taken with → or Ctrl-F. */
export function suggestion({ text, cursor, history, search }: LineState): string {
  if (text === "" || cursor !== text.length || search !== undefined) return "";
  const line = history.findLast((old) => old.startsWith(text) && old !== text && !old.includes("\n"));
  return line === undefined ? "" : line.slice(text.length);
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

const lineStart = (): number => 0;
const lineEnd = ({ text }: LineState): number => text.length;

function previousGrapheme({ text, cursor }: LineState): number {
  let start = 0;
  for (const { index, segment } of graphemes.segment(text.slice(0, cursor)))
    start = index + segment.length === cursor ? index : start;
  return start;
}

function nextGrapheme({ text, cursor }: LineState): number {
  const [first] = graphemes.segment(text.slice(cursor));
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

function inHistory(state: LineState, step: -1 | 1): LineStep {
  const at = state.historyAt + step;
  if (at < 0 || at > state.history.length) return { state };
  const draft = state.historyAt === state.history.length ? state.text : state.draft;
  const text = at === state.history.length ? draft : (state.history[at] ?? "");
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
  end: (state) => ({
    state: suggestion(state) === "" ? { ...state, cursor: state.text.length } : insert(state, suggestion(state)),
  }),
  "ctrl-e": move(lineEnd),
  "meta-b": move(previousWord),
  "ctrl-left": move(previousWord),
  "meta-f": move(nextWord),
  "ctrl-right": move(nextWord),
  backspace: erase(previousGrapheme),
  "ctrl-h": erase(previousGrapheme),
  delete: erase(nextGrapheme),
  "ctrl-k": kill(lineEnd),
  "ctrl-u": kill(lineStart),
  "ctrl-w": kill(previousBlank),
  "meta-backspace": kill(previousWord),
  "meta-d": kill(nextWord),
  "ctrl-y": (state) => ({ state: insert(state, state.killed) }),
  up: (state) => inHistory(state, -1),
  "ctrl-p": (state) => inHistory(state, -1),
  down: (state) => inHistory(state, 1),
  "ctrl-n": (state) => inHistory(state, 1),
  "ctrl-r": (state) => ({ state: { ...state, draft: state.text, search: { query: "", found: state.history.length } } }),
};

/** Keys during Ctrl-R: text narrows the search, Ctrl-R goes further back, Ctrl-C or Ctrl-G gives up, all else takes the line. */
function pressInSearch(state: LineState, search: Search, key: Key): LineStep {
  const name = bindingName(key);
  const text = key.sequence ?? "";
  if (name === "ctrl-r") return { state: found(state, search.query, search.found - 1) };
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
