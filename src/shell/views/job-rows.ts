/** Transfers as rows: one each, with how far it is, how fast, and how long it still takes. */
import type { JobId } from "../../core/ids.ts";
import type { Job, JobState } from "../../core/jobs.ts";
import { printable } from "../../core/names.ts";
import { clockText } from "../bars.ts";
import { byteText } from "../formats.ts";
import { jobDetail } from "../job-text.ts";
import type { JobsSeen } from "./job-rates.ts";
import { type Cell, type Row, type Style, type ViewSpace, padded, widest } from "./rows.ts";

export const jobStyles: Readonly<Record<JobState, Style>> = {
  running: "good",
  waiting: "dim",
  paused: "warn",
  done: "plain",
  failed: "bad",
  cancelled: "dim",
};

const barCells = 10;
/** A narrower terminal does without the bar. */
const barColumnsMin = 64;

/** The rows of some of the transfers that were seen; the one `selected` has a mark that needs no colour. */
export function jobRows(
  jobs: readonly Job[],
  { rates }: Pick<JobsSeen, "rates">,
  { columns }: ViewSpace,
  selected?: JobId,
): readonly Row[] {
  const width = widest(jobs.map(({ id }) => `[${id}]`));
  return jobs.map((job) => {
    const isSelected = job.id === selected;
    const cells: Cell[] = [
      { text: `${isSelected ? ">" : " "} ${padded(`[${job.id}]`, width)}  ` },
      { text: `${padded(job.state, "cancelled".length)}  `, style: jobStyles[job.state] },
      ...farCells(job, rates.get(job.id), columns),
      { text: `  ${printable(job.label)}`, style: "dim" },
    ];
    if (!isSelected) return cells;
    return [{ text: padded(cells.map(({ text }) => text).join(""), columns), style: "selected" }];
  });
}

/** How far it is, or what it came to. */
function farCells(job: Job, rate: number | undefined, columns: number): readonly Cell[] {
  const { progress, state } = job;
  if (state !== "running" && state !== "paused") return [{ text: jobDetail(job) }];
  const { bytes, endedFiles, failedFiles, foundBytes, foundFiles } = progress;
  const share = foundBytes === 0 ? 0 : Math.min(1, bytes / foundBytes);
  const failed = failedFiles === 0 ? "" : `, ${failedFiles} failed`;
  const text = `${padded(`${Math.floor(share * 100)}%`, 4, "right")} of ${byteText(foundBytes)}, ${endedFiles}/${foundFiles} files`;
  return [
    ...(columns < barColumnsMin ? [] : [{ text: barText(share), style: "bar" as const }]),
    { text },
    { text: failed, style: "bad" },
    { text: state === "running" ? rateText(rate, foundBytes - bytes) : "" },
  ];
}

/** A bar of so many cells, `share` of it filled. */
export function barText(share: number): string {
  const filled = Math.floor(share * barCells);
  return "█".repeat(filled) + "░".repeat(barCells - filled);
}

/** `, 12.0 MiB/s, 0:42 left`, as far as that can be told. */
export function rateText(rate: number | undefined, leftBytes: number): string {
  if (rate === undefined) return "";
  if (rate < 1) return ", nothing comes through";
  return `, ${byteText(rate)}/s, ${clockText(Math.max(0, Math.round(leftBytes / rate)))} left`;
}
