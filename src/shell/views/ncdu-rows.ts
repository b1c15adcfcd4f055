/** `ncdu` as rows: one directory, what is in it by size, and what is going on. */
import { printable } from "../../core/names.ts";
import { byteText, durationText } from "../formats.ts";
import type { Sums } from "../sums.ts";
import type { Totals } from "./du-tree.ts";
import { type Cell, type Row, type ViewSpace, keysRow, padded, page, textRow, wrapped } from "./rows.ts";

/** Something in the directory that is shown. `rest`: what was too much to list. */
export interface Item {
  readonly kind: "directory" | "file" | "rest";
  readonly name: string;
  readonly totals: Totals;
}

/** Which of the sums is shown and sorted by, in the order in which `a` goes through them. */
export const measures = ["logical", "unique", "history", "replicated"] as const satisfies readonly (keyof Sums)[];
export type Measure = (typeof measures)[number];

/** What stands between sizes and names, in the order in which `g` goes through it. */
export const looks = ["graph", "percent", "both", "neither"] as const;
type Look = (typeof looks)[number];

export interface Scan {
  readonly entries: number;
  readonly elapsedMs: number;
  readonly isDone: boolean;
}

export interface NcduState {
  readonly path: string;
  /** What the whole directory holds. */
  readonly totals: Totals;
  readonly items: readonly Item[];
  readonly selected: number;
  readonly offset: number;
  readonly measure: Measure;
  readonly look: Look;
  readonly order: "size" | "name";
  readonly scan: Scan;
  /** Whether the files are still to come. */
  readonly isListing: boolean;
  /** What went wrong, or was done. */
  readonly message?: { readonly text: string; readonly isBad: boolean } | undefined;
  /** What is to be removed, once that is confirmed. */
  readonly question?: Item | undefined;
  readonly isHelp: boolean;
}

const keys = [
  ["?", "help"],
  ["↑↓", "select"],
  ["→", "enter"],
  ["←", "leave"],
  ["d", "remove"],
  ["r", "refresh"],
  ["q", "quit"],
] as const;

const help = [
  ["↑ ↓ k j", "select what is above or below; Page Up, Page Down, Home, End too"],
  ["→ Enter l", "enter the selected directory"],
  ["← Backspace h", "back to the directory above"],
  ["a", "sizes: logical (what ls shows), unique (after deduplication), history, replicated (on all disks)"],
  ["g", "graph, percent, both, neither"],
  ["s n", "sort by size, by name"],
  ["d", "remove what is selected, after a question"],
  ["r", "sum this directory up again"],
  ["q Esc", "quit; Ctrl-C too"],
] as const;

/** The most that `a` sums up, in words. */
const measureWords: Readonly<Record<Measure, string>> = {
  logical: "logical",
  unique: "unique",
  history: "of history",
  replicated: "on all disks",
};

export function ncduRows(state: NcduState, space: ViewSpace): readonly Row[] {
  const foot = keysRow(state.isHelp ? [["any key", "back"]] : keys, space);
  if (state.isHelp) return page([textRow("ncdu: keys", "title")], helpRows(space), foot, space, 0);
  return page(headRows(state), itemRows(state, space), footOf(state, foot, space), space, 0);
}

/** `1 file in 2 directories`. */
function countText(files: number, directories: number): string {
  return `${files} ${files === 1 ? "file" : "files"} in ${directories} ${directories === 1 ? "directory" : "directories"}`;
}

/** Rows of the list that are shown at once. */
export function listRoom({ rows }: ViewSpace): number {
  return Math.max(1, rows - headCount(rows) - (rows > 2 ? 1 : 0));
}

function headCount(rows: number): number {
  return Math.min(2, Math.max(1, Math.floor((rows - (rows > 2 ? 1 : 0)) / 2)));
}

function headRows({ path, totals, measure, scan, isListing, message }: NcduState): readonly Row[] {
  const { sums, files, directories } = totals;
  const size = `${byteText(sums[measure])} ${measureWords[measure]}`;
  const title: Row = [
    { text: `${size}  `, style: "title" },
    { text: `${printable(path)}  `, style: "bar" },
    { text: countText(files, directories), style: "dim" },
  ];
  if (message !== undefined) return [title, textRow(printable(message.text), message.isBad ? "bad" : "good")];
  if (!scan.isDone)
    return [title, textRow(`summing up … ${scan.entries} entries in ${durationText(scan.elapsedMs)}`, "warn")];
  if (isListing) return [title, textRow("listing …", "warn")];
  return [title, textRow(`${scan.entries} entries summed up in ${durationText(scan.elapsedMs)}`, "dim")];
}

function footOf({ question }: NcduState, foot: Row, { columns }: ViewSpace): Row {
  if (question === undefined) return foot;
  const { files, directories } = question.totals;
  const what = question.kind === "file" ? "" : ` with ${countText(files, directories + 1)}`;
  return [{ text: padded(`remove ${printable(question.name)}${what}? [y/N]`, columns), style: "bad" }];
}

function helpRows({ columns }: ViewSpace): readonly Row[] {
  const width = 14;
  return help.flatMap(([key, does]) =>
    wrapped(does, Math.max(8, columns - width - 1)).map((line, index): Row => [
      { text: padded(index === 0 ? key : "", width), style: "title" },
      { text: ` ${line}` },
    ]),
  );
}

const sizeColumns = 11;
const graphCells = 10;

/** The rows of the items in sight: there may be thousands of others. */
function itemRows(state: NcduState, space: ViewSpace): readonly Row[] {
  const { items, selected, offset, measure, look, isListing, scan } = state;
  if (items.length === 0) return [textRow(isListing || !scan.isDone ? "" : "  nothing is in it", "dim")];
  const most = items.reduce((largest, { totals }) => Math.max(largest, totals.sums[measure]), 0);
  const all = items.reduce((sum, { totals }) => sum + totals.sums[measure], 0);
  const layout = { most, all, measure, look, columns: space.columns };
  return items
    .slice(offset, offset + listRoom(space))
    .map((item, index) => itemRow(item, offset + index === selected, layout));
}

interface ItemLayout {
  readonly most: number;
  readonly all: number;
  readonly measure: Measure;
  readonly look: Look;
  readonly columns: number;
}

/** Without colour the mark in front alone says what is selected. */
function itemRow({ kind, name, totals }: Item, isSelected: boolean, layout: ItemLayout): Row {
  const { most, all, measure, look, columns } = layout;
  const bytes = totals.sums[measure];
  const size = padded(byteText(bytes), sizeColumns, "right");
  const shown = kind === "directory" ? `/${printable(name)}` : kind === "rest" ? name : ` ${printable(name)}`;
  const isNarrow = columns < 40;
  const bar = isNarrow ? "" : lookText(look, bytes, most, all);
  const cells: Cell[] = [{ text: `${isSelected ? ">" : " "}${size} ` }, { text: bar, style: "bar" }, { text: shown }];
  if (!isSelected) return cells;
  return [{ text: padded(cells.map(({ text }) => text).join(""), columns), style: "selected" }];
}

function lookText(look: Look, bytes: number, most: number, all: number): string {
  const filled = most === 0 ? 0 : Math.round((bytes / most) * graphCells);
  const graph = `[${"#".repeat(filled)}${" ".repeat(graphCells - filled)}] `;
  const percent = `${padded(`${(all === 0 ? 0 : (bytes * 100) / all).toFixed(1)}%`, 6, "right")} `;
  if (look === "graph") return graph;
  if (look === "percent") return percent;
  return look === "both" ? percent + graph : "";
}

/** Items in the order that is asked for: the largest first, or by their names; what was too much to list comes last. */
export function sortedItems(items: readonly Item[], measure: Measure, order: NcduState["order"]): readonly Item[] {
  const byName = (one: Item, other: Item): number => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0);
  return items.toSorted((one, other) => {
    if ((one.kind === "rest") !== (other.kind === "rest")) return one.kind === "rest" ? 1 : -1;
    const bySize = order === "size" ? other.totals.sums[measure] - one.totals.sums[measure] : 0;
    return bySize === 0 ? byName(one, other) : bySize;
  });
}
