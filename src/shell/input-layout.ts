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

/** Characters that are one grapheme of one column each, whatever stands beside them. */
const narrowText = /^[\u0020-\u007e]+(?![^\u0000-\u007f])/;
/** Longer than any sign that people use; a heap of combining marks beyond it is drawn in pieces. */
const graphemeUnitsMax = 128;
const plain: Look = {};

/** The rows of a line on a terminal of `columns`; at most `rowsMax`, those around the cursor. No row is wider than the terminal less one column. */
export function layoutInput(parts: InputParts, columns: number, rowsMax: number): InputLayout {
  const sheet = new Sheet(Math.max(2, columns - 1));
  for (const span of parts.prompt) sheet.add(span.text, span);
  const cursor = addTyped(sheet, parts);
  sheet.add(parts.suggestion, { style: "grey" });
  sheet.end();
  const last = sheet.rows.length;
  const first = Math.max(0, Math.min(cursor.y - rowsMax + 1, last - rowsMax));
  return { rows: sheet.rows.slice(first, first + rowsMax), cursor: { x: cursor.x, y: cursor.y - first } };
}

/** Adds the typed text; says where its cursor is. */
function addTyped(sheet: Sheet, { text, cursor, styles = [] }: InputParts): { readonly x: number; readonly y: number } {
  let place: { readonly x: number; readonly y: number } | undefined;
  let range = 0;
  for (let at = 0; at < text.length;) {
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
    const narrow = narrowText.exec(text.slice(start, end + 1))?.[0].slice(0, end - start) ?? "";
    if (narrow !== "") this.#addNarrow(narrow);
    else return this.#addGrapheme(text, start);
    return narrow.length;
  }

  /** Characters of one column each. */
  #addNarrow(text: string): void {
    for (let at = 0; at < text.length;) {
      if (this.#x >= this.#columns) this.#newRow();
      const piece = text.slice(at, at + this.#columns - this.#x);
      this.#gathered += piece;
      this.#x += piece.length;
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
