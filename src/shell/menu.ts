/** The menu below the line: what Tab offers, in columns, one of them chosen. */
import stringWidth from "string-width";
import { printable } from "../core/names.ts";
import type { Candidate } from "./completion.ts";
import type { LineState } from "./line-editor.ts";
import type { Span, Style } from "./theme.ts";
import { graphemesOf } from "./graphemes.ts";

export interface Menu {
  readonly candidates: readonly Candidate[];
  /** There are more than these. */
  readonly isCut: boolean;
  /** The line without any of them, and the part of it that one would replace. */
  readonly line: LineState;
  readonly start: number;
  readonly end: number;
  /** Index of the chosen one; -1 while none is. */
  readonly chosen: number;
}

/** The room below the line. */
export interface MenuSpace {
  readonly columns: number;
  readonly rowsMax: number;
}

export type MenuMove = "next" | "previous" | "left" | "right";

const gap = "   ";
const descriptionGap = "  ";
/** How much of the descriptions is shown, the most that lets every candidate be seen; the last where none does. */
const descriptionColumns = [Number.POSITIVE_INFINITY, 40, 24];

interface Grid {
  readonly labelColumns: number;
  readonly descriptionColumns: number;
  readonly columns: number;
  readonly rows: number;
}

/** The index that a move leads to; the first one where none was chosen. */
export function moveInMenu(menu: Menu, move: MenuMove, space: MenuSpace): number {
  const { chosen, candidates } = menu;
  const count = candidates.length;
  if (chosen < 0) return move === "previous" ? count - 1 : 0;
  if (move === "next") return (chosen + 1) % count;
  if (move === "previous") return (chosen + count - 1) % count;
  const { rows } = gridOf(menu, space);
  const row = chosen % rows;
  const inRow = Math.ceil((count - row) / rows);
  const column = (Math.floor(chosen / rows) + (move === "right" ? 1 : inRow - 1)) % inRow;
  return row + column * rows;
}

/** The menu with the candidates that go on as the line now does; `undefined` where none is left or the line is another. */
export function narrowed(menu: Menu, line: LineState): Menu | undefined {
  const { text, cursor } = line;
  const isSameWord =
    cursor >= menu.start &&
    text.slice(0, menu.start) === menu.line.text.slice(0, menu.start) &&
    text.slice(cursor) === menu.line.text.slice(menu.end);
  if (!isSameWord) return undefined;
  const typed = text.slice(menu.start, cursor);
  const candidates = menu.candidates.filter((candidate) => candidate.text.startsWith(typed));
  const isDone = candidates.length === 0 || (candidates.length === 1 && candidates[0]?.text === typed);
  return isDone ? undefined : { ...menu, candidates, line, end: cursor, chosen: -1 };
}

/** The rows of the menu, at most as many as fit: where some are left out, the last row says how many. */
export function menuRows(menu: Menu, space: MenuSpace): readonly (readonly Span[])[] {
  const grid = gridOf(menu, space);
  const { candidates, chosen, isCut } = menu;
  const isWhole = grid.rows <= space.rowsMax && !isCut;
  const shown = isWhole ? grid.rows : Math.max(1, Math.min(grid.rows, space.rowsMax - 1));
  const first = chosen < 0 ? 0 : Math.max(0, (chosen % grid.rows) - shown + 1);
  const rows: (readonly Span[])[] = [];
  let seen = 0;
  for (let row = first; row < first + shown; row += 1) {
    const inRow = [...Array(grid.columns).keys()].map((column) => row + column * grid.rows);
    const indexes = inRow.filter((index) => index < candidates.length);
    seen += indexes.length;
    rows.push(indexes.flatMap((index, at) => cell(menu, index, grid, at === indexes.length - 1)));
  }
  if (isWhole || space.rowsMax < 2) return rows;
  const hidden = candidates.length - seen;
  return [...rows, [{ text: moreText(hidden, isCut), style: "grey" }]];
}

function moreText(hidden: number, isCut: boolean): string {
  if (isCut) return hidden === 0 ? "… and more" : `… more than ${hidden} more`;
  return `… ${hidden} more`;
}

function gridOf({ candidates }: Menu, space: MenuSpace): Grid {
  const width = Math.max(1, space.columns - 1);
  const labelColumns = Math.min(width, Math.max(...candidates.map(({ label }) => stringWidth(printable(label)))));
  const longest = Math.max(...candidates.map(({ description = "" }) => stringWidth(printable(description))));
  const grids = descriptionColumns.map((most): Grid => {
    const room = Math.min(longest, most, width - labelColumns - descriptionGap.length);
    const cellColumns = labelColumns + (room > 0 ? descriptionGap.length + room : 0);
    const columns = Math.max(1, Math.floor((width + gap.length) / (cellColumns + gap.length)));
    return {
      labelColumns,
      descriptionColumns: Math.max(0, room),
      columns,
      rows: Math.ceil(candidates.length / columns),
    };
  });
  return grids.find(({ rows }) => rows <= space.rowsMax) ?? (grids.at(-1) as Grid);
}

function cell({ candidates, chosen }: Menu, index: number, grid: Grid, isLast: boolean): readonly Span[] {
  const { label, description = "" } = candidates[index] as Candidate;
  const name = cut(printable(label), grid.labelColumns);
  const about = cut(printable(description), grid.descriptionColumns);
  const style: Style | undefined = index === chosen ? "selected" : undefined;
  const hasRoom = grid.descriptionColumns > 0;
  const padding = isLast && about === "" ? "" : filling(name, grid.labelColumns) + (hasRoom ? descriptionGap : "");
  const end = isLast ? "" : filling(about, grid.descriptionColumns) + gap;
  const spans: readonly Span[] = [
    { text: name, style },
    { text: padding },
    { text: about, style: "grey" },
    { text: end },
  ];
  return spans.filter(({ text }) => text !== "");
}

function filling(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - stringWidth(text)));
}

/** `text` in at most so many columns, with `…` where its end is left out. */
function cut(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let kept = "";
  for (const { segment } of graphemesOf(text)) {
    if (stringWidth(kept + segment) > columns - 1) break;
    kept += segment;
  }
  return columns <= 0 ? "" : `${kept.trimEnd()}…`;
}
