/**
 * Full-screen views: what fills the whole terminal until it is left.
 *
 * A *view* draws its state as *rows*, each made of *cells* with a style, whenever something changed; the screen compares
 * them with what is shown and writes what differs (screen.ts, frame.ts). Everything that draws is a pure function from a
 * state to rows; only the views themselves ask the network and hear keys.
 */
import stringWidth from "string-width";

/** What a cell is for: colours are given to that, and none where there is no colour. */
export type Style = "plain" | "title" | "dim" | "good" | "warn" | "bad" | "bar" | "selected";

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

export type Row = readonly Cell[];

/** The room that a view has. */
export interface ViewSpace {
  readonly columns: number;
  readonly rows: number;
}

const sgr: Readonly<Record<Style, string>> = {
  plain: "",
  title: "1",
  dim: "2",
  good: "32",
  warn: "33",
  bad: "31",
  bar: "36",
  selected: "7",
};

/** A row of one text. */
export function textRow(text: string, style?: Style): Row {
  return [{ text, style }];
}

/** The row as it is written: cut to so many columns, and styled where there is colour. */
export function rowText(row: Row, columns: number, color: boolean): string {
  let left = columns;
  let written = "";
  for (const { text, style = "plain" } of row) {
    const cut = fitted(text, left);
    left -= stringWidth(cut);
    const code = color ? sgr[style] : "";
    written += code === "" || cut === "" ? cut : `\u001b[${code}m${cut}\u001b[0m`;
    if (cut !== text) break;
  }
  return written;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** `text` cut to `columns`, with an ellipsis where something was cut and there is room for it. */
export function fitted(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  if (columns < 1) return "";
  let cut = "";
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += stringWidth(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}

/** `text` in exactly so many columns: cut, or with blanks behind it or, on the right, before it. */
export function padded(text: string, columns: number, side: "left" | "right" = "left"): string {
  const cut = fitted(text, columns);
  const blanks = " ".repeat(Math.max(0, columns - stringWidth(cut)));
  return side === "left" ? cut + blanks : blanks + cut;
}

/** The widest of some texts, in columns. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, stringWidth(text)), 0);
}

/** Lines of whole words, as far as words fit, none wider than `columns`. */
export function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (stringWidth(longer) <= columns || line === "") line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((each) => fitted(each, columns));
}

/** Head, as much of the body as fits from `offset` on, and a foot in the last row; fills the space. */
export function page(
  head: readonly Row[],
  body: readonly Row[],
  foot: Row,
  { rows }: ViewSpace,
  offset: number,
): readonly Row[] {
  const footRows = rows > 2 ? 1 : 0;
  const headShown = head.slice(0, Math.max(1, Math.floor((rows - footRows) / 2)));
  const room = Math.max(0, rows - footRows - headShown.length);
  const shown = body.slice(offset, offset + room);
  const blank = Array.from({ length: room - shown.length }, (): Row => []);
  return [...headShown, ...shown, ...blank, ...(footRows > 0 ? [foot] : [])].slice(0, rows);
}

/** Body rows that `page` has room for. */
export function bodyRoom(head: readonly Row[], { rows }: ViewSpace): number {
  const footRows = rows > 2 ? 1 : 0;
  return Math.max(0, rows - footRows - Math.min(head.length, Math.max(1, Math.floor((rows - footRows) / 2))));
}

/** The foot: what keys do, in the order of their use. */
export function keysRow(keys: readonly (readonly [key: string, does: string])[], { columns }: ViewSpace): Row {
  return [{ text: padded(` ${keys.map(([key, does]) => `${key} ${does}`).join("  ")}`, columns), style: "selected" }];
}
