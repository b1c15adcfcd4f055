/** Breaks the typed line into rows of the terminal, by grapheme, and says where the cursor is. */
import stringWidth from "string-width";
import { printable } from "../core/names.ts";

/** One row: spans of text, some of them drawn differently. */
export interface Span {
  readonly text: string;
  readonly style?: "prompt" | "grey" | undefined;
}

export interface InputLayout {
  readonly rows: readonly (readonly Span[])[];
  readonly cursor: { readonly x: number; readonly y: number };
}

export interface InputParts {
  readonly prompt: string;
  readonly text: string;
  readonly cursor: number;
  readonly suggestion: string;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The rows of a line on a terminal of `columns`; at most `rowsMax`, those around the cursor. No row is wider than the terminal less one column. */
export function layoutInput(parts: InputParts, columns: number, rowsMax: number): InputLayout {
  const sheet = new Sheet(Math.max(2, columns - 1));
  sheet.add(parts.prompt, "prompt");
  sheet.add(parts.text.slice(0, parts.cursor));
  const cursor = sheet.place();
  sheet.add(parts.text.slice(parts.cursor));
  sheet.add(parts.suggestion, "grey");
  const last = sheet.rows.length;
  const first = Math.max(0, Math.min(cursor.y - rowsMax + 1, last - rowsMax));
  return { rows: sheet.rows.slice(first, first + rowsMax), cursor: { x: cursor.x, y: cursor.y - first } };
}

class Sheet {
  readonly rows: Span[][] = [[]];
  readonly #columns: number;
  #x = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Where the next grapheme goes; on the next row when this one is full. */
  place(): { readonly x: number; readonly y: number } {
    if (this.#x >= this.#columns) this.#newRow();
    return { x: this.#x, y: this.rows.length - 1 };
  }

  add(text: string, style?: Span["style"]): void {
    let gathered = "";
    const put = (): void => {
      if (gathered !== "") this.rows.at(-1)?.push(style === undefined ? { text: gathered } : { text: gathered, style });
      gathered = "";
    };
    for (const { segment } of graphemes.segment(text)) {
      const shown = segment === "\n" ? "" : printable(segment);
      const width = stringWidth(shown);
      if (segment === "\n" || this.#x + width > this.#columns) {
        put();
        this.#newRow();
      }
      gathered += shown;
      this.#x += width;
    }
    put();
  }

  #newRow(): void {
    this.rows.push([]);
    this.#x = 0;
  }
}
