/** Results as a table in Markdown. */
import { median, usageText } from "./process-usage.ts";
import { type Measured, type Result, type Row, type Verdict, figureText, judge, ratioOf } from "./result.ts";

const columns = ["job", "target", "ours", "others (ours in multiples of theirs)", "our runs", "CPU and peak memory"];

/** One line a result. Rows of text have no target. */
export function tableOf(results: readonly (Result | Row)[]): string {
  const rows = results.map((result) => ("job" in result ? resultCells(result) : rowCells(result)));
  return [columns, columns.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** One line for who waits for the result. */
export function lineOf(result: Result): string {
  const [job, target, ours, others] = resultCells(result);
  const beside = [target, others].filter((text) => text !== "").join("; ");
  return `${job}: ${ours}${beside === "" ? "" : ` (${beside})`}`;
}

function resultCells(result: Result): string[] {
  const { job, unit, ours, others, also } = result;
  return [
    job,
    judge(result).map(verdictText).join("; "),
    `**${figureText(median(ours.values))} ${unit}**${also === undefined ? "" : `; ${also}`}`,
    others.map((other) => otherText(result, other)).join("; "),
    ours.values.map(figureText).join(" "),
    [ours, ...others]
      .filter(({ processes }) => processes.length > 0)
      .map(processesText)
      .join("<br>"),
  ];
}

function rowCells({ name, ours, others, runs, processes }: Row): string[] {
  return [name, "", ours, others, runs, processes];
}

function verdictText({ text, isStretch, isMet }: Verdict): string {
  const state = isMet === undefined ? "not measured" : isMet ? "met" : "**missed**";
  return `${isStretch ? "stretch " : ""}${text}: ${isStretch && isMet === false ? "missed" : state}`;
}

function otherText({ ours, unit }: Result, other: Measured): string {
  const ratio = ratioOf(ours, other);
  const times = Number.isFinite(ratio) ? ` (×${ratio.toFixed(2)})` : "";
  return `${other.name} ${figureText(median(other.values))} ${unit}${times}`;
}

function processesText({ name, processes }: Measured): string {
  const text = usageText(processes);
  return name === "ours" || text.startsWith(`${name} `) ? text : `${name}: ${text}`;
}
