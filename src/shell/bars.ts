/** Progress bars as text: what a transfer told so far in, lines of a terminal out. */
import stringWidth from "string-width";
import { printable } from "../core/names.ts";
import { type TransferProgress, passedBytes } from "../core/transfer-progress.ts";
import type { BarSpace } from "./command.ts";
import { byteText } from "./formats.ts";
import { graphemesOf } from "./graphemes.ts";

/** Lines below the bars that must stay free: the total, "… N more", and two for the terminal's own. */
const linesKept = 4;
const barCells = 20;
/** Rates are steady after this long; before, no time left is foretold. */
const steadyMs = 1000;

/** One line for each file in work, as many as fit, and one for all of them. No line is wider than the terminal. */
export function barLines(progress: TransferProgress, space: BarSpace): readonly string[] {
  const { foundFiles, foundBytes, endedFiles, running, startedMs } = progress;
  const files: Bar[] = [];
  for (const [path, { bytes, sizeBytes }] of running)
    files.push({ label: printable(path), bytes, sizeBytes, note: byteText(bytes) });
  const all = { bytes: passedBytes(progress), sizeBytes: foundBytes, startedMs };
  if (foundFiles === 1 && running.size === 1)
    return [...boundedBars(files, space), fit(rateText(all, space.nowMs), space.columns)];
  return barsWithTotal(files, { ...all, label: `${endedFiles}/${Math.max(foundFiles, endedFiles)} files` }, space);
}

/** A bar, and what stands before and behind it. */
interface Bar {
  readonly label: string;
  readonly bytes: number;
  readonly sizeBytes: number;
  readonly note: string;
}

/** All bars together, since when. */
interface BarTotal {
  readonly bytes: number;
  readonly sizeBytes: number;
  readonly startedMs: number;
}

/** The bars, as many as fit, and below them one for all: with rate and time left. No line is wider than the terminal. */
export function barsWithTotal(
  bars: readonly Bar[],
  total: BarTotal & Pick<Bar, "label">,
  space: BarSpace,
): readonly string[] {
  const note = rateText(total, space.nowMs);
  return [...boundedBars(bars, space), barLine({ ...total, note }, space.columns)];
}

function boundedBars(bars: readonly Bar[], { columns, rows }: BarSpace): readonly string[] {
  const room = Math.max(1, rows - linesKept);
  const lines = bars.slice(0, room).map((bar) => barLine(bar, columns));
  return bars.length > room ? [...lines, fit(`… ${bars.length - room} more`, columns)] : lines;
}

/** Bytes, rate and time left: `12.0 MiB  3.1 MiB/s  0:42`. */
function rateText({ bytes, sizeBytes, startedMs }: BarTotal, nowMs: number): string {
  const elapsedMs = nowMs - startedMs;
  if (elapsedMs < steadyMs || bytes === 0) return byteText(bytes);
  const bytesPerSecond = (bytes * 1000) / elapsedMs;
  const secondsLeft = Math.max(0, Math.round((sizeBytes - bytes) / bytesPerSecond));
  return `${byteText(bytes)}  ${byteText(bytesPerSecond)}/s  ${clockText(secondsLeft)}`;
}

/** `0:42`, `12:05`, `1:02:03`. */
export function clockText(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** A label, a bar with its percentage, and a note, cut to so many columns. */
export function barLine({ label, bytes, sizeBytes, note }: Bar, columns: number): string {
  const share = sizeBytes === 0 ? 1 : Math.min(1, bytes / sizeBytes);
  const filled = Math.floor(share * barCells);
  const bar = `${"█".repeat(filled)}${"░".repeat(barCells - filled)} ${String(Math.floor(share * 100)).padStart(3)}%`;
  const labelColumns = columns - stringWidth(bar) - stringWidth(note) - linesKept;
  if (labelColumns < 1) return fit(bar, columns);
  const shown = fit(label, labelColumns);
  return fit(`${shown}${" ".repeat(labelColumns - stringWidth(shown))}  ${bar}  ${note}`, columns);
}

/** `text` cut to `columns`, with an ellipsis where something was cut. */
export function fit(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let cut = "";
  let width = 0;
  for (const { segment } of graphemesOf(text)) {
    width += stringWidth(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  return columns < 1 ? "" : `${cut}…`;
}
