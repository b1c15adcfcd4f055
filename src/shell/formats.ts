/** How sizes, times, modes and names are written for people. */
import stringWidth from "string-width";
import type { Entry } from "../core/client.ts";
import type { DfsError } from "../core/errors.ts";
import { printable } from "../core/names.ts";
import type { Output } from "./output.ts";

const kibibyte = 1024;
const sizeUnits = ["", "K", "M", "G", "T", "P"];

/** Bytes in powers of 1024 as `ls -h` writes them, rounded up: `0`, `512`, `1.5K`, `12M`. */
export function humanSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= kibibyte && unit < sizeUnits.length - 1) {
    size /= kibibyte;
    unit += 1;
  }
  if (unit === 0) return String(size);
  const tenths = Math.ceil(size * 10 - 1e-9) / 10;
  if (tenths < 10) return tenths.toFixed(1) + (sizeUnits[unit] as string);
  const whole = Math.ceil(size - 1e-9);
  return whole >= kibibyte && unit < sizeUnits.length - 1 ? `1.0${sizeUnits[unit + 1]}` : `${whole}${sizeUnits[unit]}`;
}

/** Bytes for a sentence or a bar: `0 B`, `12.3 MiB`. */
export function byteText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= kibibyte && unit < sizeUnits.length - 1) {
    size /= kibibyte;
    unit += 1;
  }
  return unit === 0 ? `${Math.round(size)} B` : `${size.toFixed(1)} ${sizeUnits[unit]}iB`;
}

/** Local date and time to the minute: `2025-11-20 11:47`. */
export function timeText(milliseconds: number): string {
  const time = new Date(milliseconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** A span of time, rounded: `850 ms`, `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 24) return `${hours} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `1 revision`, `12 revisions`. */
export function revisionsText(revisions: number): string {
  return revisions === 1 ? "1 revision" : `${revisions} revisions`;
}

/** Type and permissions as `ls -l` writes them: `-rw-r--r--`. */
export function modeText(entry: Pick<Entry, "kind" | "mode">): string {
  let text = entry.kind === "directory" ? "d" : "-";
  for (const shift of [6, 3, 0]) {
    const bits = entry.mode >> shift;
    text += (bits & 4 ? "r" : "-") + (bits & 2 ? "w" : "-") + (bits & 1 ? "x" : "-");
  }
  return text;
}

/** A name for `output`: on a terminal control characters are escaped and, with colour, directories stand out; raw elsewhere. */
export function nameText(name: string, output: Output, kind?: Entry["kind"]): string {
  const text = output.isTTY ? printable(name) : name;
  return output.color && kind === "directory" ? `\u001b[1;34m${text}\u001b[0m` : text;
}

/**
 * What an error says, for a terminal: much of it may come from elsewhere. Only how the user's own line is wrong may take
 * several lines.
 */
export function messageText({ kind, message }: Pick<DfsError, "kind" | "message">): string {
  if (kind !== "usage") return printable(message);
  return message
    .split(/([\n\t])/)
    .map((part) => (part === "\n" || part === "\t" ? part : printable(part)))
    .join("");
}

/** One line of NDJSON. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** An entry as NDJSON shows it: integer sizes, RFC 3339 times. */
export function entryJson(entry: Entry): Record<string, unknown> {
  return {
    path: entry.path,
    name: entry.name,
    kind: entry.kind,
    sizeBytes: entry.sizeBytes,
    mode: entry.mode,
    modified: new Date(entry.modifiedMs).toISOString(),
    committed: new Date(entry.committedMs).toISOString(),
    revision: entry.revision,
    copies: entry.copies,
    addedBytes: entry.addedBytes,
    historyBytes: entry.historyBytes,
    ...(entry.expiresMs === undefined ? {} : { expires: new Date(entry.expiresMs).toISOString() }),
    ...(entry.fileKey === undefined ? {} : { fileKey: entry.fileKey }),
  };
}

/**
 * Rows as aligned columns, two blanks apart; `right` names the columns (from 0) that align to the right. The last column is
 * not padded. `widths` are the least that the columns have, and then what they got: for rows that come bit by bit.
 */
export function alignRows(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
  widths: number[] = [],
): string {
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell));
    });
  const lines = rows.map((row) =>
    row
      .map((cell, column) => padCell(cell, widths[column] ?? 0, right.has(column), column === row.length - 1))
      .join("  "),
  );
  return lines.map((line) => `${line}\n`).join("");
}

function padCell(cell: string, width: number, toRight: boolean, isLast: boolean): string {
  const padding = " ".repeat(width - stringWidth(cell));
  if (toRight) return padding + cell;
  return isLast ? cell : cell + padding;
}

const gap = 2;

/** Cells in columns from top to bottom, as `ls` fills a terminal of this many columns. */
export function fillColumns(cells: readonly string[], terminalColumns: number): string {
  const widths = cells.map((cell) => stringWidth(cell));
  const columnsMax = Math.min(cells.length, Math.floor((terminalColumns + gap) / (1 + gap)));
  for (let columns = columnsMax; columns > 1; columns -= 1) {
    const rows = Math.ceil(cells.length / columns);
    const columnWidths: number[] = [];
    for (let start = 0; start < cells.length; start += rows)
      columnWidths.push(widths.slice(start, start + rows).reduce((most, width) => Math.max(most, width), 0));
    const total = columnWidths.reduce((sum, width) => sum + width + gap, -gap);
    if (total <= terminalColumns) return columnLines(cells, widths, columnWidths, rows);
  }
  return cells.map((cell) => `${cell}\n`).join("");
}

function columnLines(
  cells: readonly string[],
  widths: readonly number[],
  columnWidths: readonly number[],
  rows: number,
): string {
  let text = "";
  for (let row = 0; row < rows; row += 1) {
    let line = "";
    let padding = 0;
    columnWidths.forEach((columnWidth, column) => {
      const index = column * rows + row;
      const cell = cells[index];
      if (cell === undefined) return;
      line += " ".repeat(padding) + cell;
      padding = columnWidth - (widths[index] as number) + gap;
    });
    text += `${line}\n`;
  }
  return text;
}
