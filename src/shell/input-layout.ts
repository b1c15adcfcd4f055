/** Breaks the typed line into rows of the terminal, by grapheme, and says where the cursor is. */
import stringWidth from "string-width";
import { printable } from "../core/names.ts";
import type { Span, Style } from "./theme.ts";
import { graphemesOf } from "./graphemes.ts";

/** How a part of the typed text looks, by UTF-16 offsets. */
export interface StyledRange {
  readonly start: number;
  readonly end: number;
  readonly style?: Style | undefined;
  readonly isUnderlined?: boolean | undefined;
}

export interface InputLayout {
  readonly rows: readonly (readonly Span[])[];
  readonly cursor: { readonly x: number; readonly y: number };
}

export interface InputParts {
  readonly prompt: readonly Span[];
  readonly text: string;
  /** In order, and none over another; what they leave out is drawn plainly. */
  readonly styles?: readonly StyledRange[] | undefined;
  readonly cursor: number;
  readonly suggestion: string;
}

type Look = Pick<Span, "style" | "isUnderlined">;

/**
 * What is one grapheme of one column, or of two (kana, Chinese and Korean), for each character: where no other sign
 * follows, which might combine with the last one.
 */
const simpleText =
  /^(?:([\u0020-\u007e]+)|([\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]+))(?=[\n\u0020-\u007e\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]|$)/;
/** Longer than any sign that people use; a heap of combining marks beyond it is drawn in pieces. */
const graphemeUnitsMax = 128;
const plain: Look = {};

/** The rows of a line on a terminal of `columns`; at most `rowsMax`, those around the cursor. No row is wider than the terminal less one column. */
export function layoutInput(parts: InputParts, columns: number, rowsMax: number): InputLayout {
  const sheet = new Sheet(Math.max(2, columns - 1));
  const start = startOfRows(parts, rowsMax);
  if (start === 0) for (const span of parts.prompt) sheet.add(span.text, span);
  const cursor = addTyped(sheet, parts, start, endOfRows(parts, rowsMax));
  sheet.add(parts.suggestion, { style: "grey" });
  sheet.end();
  const first = Math.max(0, cursor.y - rowsMax + 1);
  return { rows: sheet.rows.slice(first, first + rowsMax), cursor: { x: cursor.x, y: cursor.y - first } };
}

/** Where the typed lines begin that can be seen above the cursor: a long paste is not laid out whole with every key. */
function startOfRows({ text, cursor }: InputParts, rowsMax: number): number {
  let start = cursor;
  for (let line = 0; line <= rowsMax; line += 1) {
    if (start <= 0) return 0;
    start = text.lastIndexOf("\n", start - 1);
    if (start < 0) return 0;
  }
  return start + 1;
}

/** Where those end that can be seen below it. */
function endOfRows({ text, cursor }: InputParts, rowsMax: number): number {
  let end = cursor - 1;
  for (let line = 0; line <= rowsMax; line += 1) {
    end = text.indexOf("\n", end + 1);
    if (end < 0) return text.length;
  }
  return end;
}

/** Adds the typed text between two offsets; says where its cursor is. */
function addTyped(
  sheet: Sheet,
  { text, cursor, styles = [] }: InputParts,
  from: number,
  to: number,
): { readonly x: number; readonly y: number } {
  let place: { readonly x: number; readonly y: number } | undefined;
  let range = 0;
  for (let at = from; at < to;) {
    if (at >= cursor) place ??= sheet.place();
    while ((styles[range]?.end ?? Infinity) <= at) range += 1;
    const style = styles[range];
    const isWithin = style !== undefined && style.start <= at;
    const end = (isWithin ? style.end : style?.start) ?? text.length;
    // A grapheme is never cut: what begins in a range is drawn as that, to its end.
    at += sheet.addUpTo(text, at, at < cursor ? Math.min(end, cursor) : end, isWithin ? style : plain);
  }
  return place ?? sheet.place();
}

class Sheet {
  readonly rows: Span[][] = [[]];
  readonly #columns: number;
  #x = 0;
  #gathered = "";
  #look: Look = plain;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Where the next grapheme goes; on the next row when this one is full. */
  place(): { readonly x: number; readonly y: number } {
    if (this.#x >= this.#columns) this.#newRow();
    return { x: this.#x, y: this.rows.length - 1 };
  }

  add(text: string, look: Look): void {
    for (let at = 0; at < text.length;) at += this.addUpTo(text, at, text.length, look);
  }

  /** Adds what of `text` starts at `start` or behind, and before `end`; returns how far it came: the last grapheme whole. */
  addUpTo(text: string, start: number, end: number, look: Look): number {
    if (look.style !== this.#look.style || look.isUnderlined !== this.#look.isUnderlined) this.#put();
    this.#look = look;
    // The character behind the end is looked at too: it may be a mark that combines with the last one.
    const rest = text.slice(start, end + 1);
    const simple = simpleText.exec(rest);
    if (simple === null) return this.#addGrapheme(text, start);
    const [narrow = "", wide = ""] = [simple[1], simple[2]];
    const piece = (narrow + wide).slice(0, end - start);
    this.#addSimple(piece, wide === "" ? 1 : 2);
    return piece.length;
  }

  /** Characters of so many columns each. */
  #addSimple(text: string, width: number): void {
    for (let at = 0; at < text.length;) {
      const room = Math.floor((this.#columns - this.#x) / width);
      if (room < 1) this.#newRow();
      const piece = text.slice(at, at + Math.max(1, room < 1 ? Math.floor(this.#columns / width) : room));
      this.#gathered += piece;
      this.#x += piece.length * width;
      at += piece.length;
    }
  }

  #addGrapheme(text: string, start: number): number {
    const [first] = graphemesOf(text.slice(start, start + graphemeUnitsMax));
    const segment = first?.segment ?? text.charAt(start);
    if (segment === "\n") {
      this.#newRow();
      return 1;
    }
    const shown = printable(segment);
    const width = stringWidth(shown);
    if (this.#x + width > this.#columns) this.#newRow();
    this.#gathered += shown;
    this.#x += width;
    return segment.length;
  }

  end(): void {
    this.#put();
  }

  #put(): void {
    if (this.#gathered !== "") this.rows.at(-1)?.push({ text: this.#gathered, ...looks(this.#look) });
    this.#gathered = "";
  }

  #newRow(): void {
    this.#put();
    this.rows.push([]);
    this.#x = 0;
  }
}

function looks({ style, isUnderlined }: Look): Look {
  return { ...(style === undefined ? {} : { style }), ...(isUnderlined === true ? { isUnderlined } : {}) };
}
