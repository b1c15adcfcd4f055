/** Jobs in words, as bars and as programs read them. */
import type { DfsError } from "../core/errors.ts";
import type { EndedJob, Job } from "../core/jobs.ts";
import { printable } from "../core/names.ts";
import type { OwnJob } from "./background.ts";
import { barLines, clockText, fit } from "./bars.ts";
import type { BarSpace } from "./command.ts";
import { byteText } from "./formats.ts";
import { summarySentence, transferExitCode } from "./transfer-text.ts";

/** A job as it was told, and when, by the clock of `performance.now()`. */
export interface HeardJob {
  readonly job: Job;
  readonly heardMs: number;
}

/** The bars of a job's files and one for all, as of a transfer that is just followed. */
export function jobBars({ job, heardMs }: HeardJob, space: BarSpace): readonly string[] {
  const { state, activeMs, progress } = job;
  const sinceMs = state === "running" ? space.nowMs - heardMs : 0;
  const running = new Map(progress.running.map(({ path, ...file }) => [path, file]));
  const lines = barLines({ ...progress, startedMs: space.nowMs - activeMs - sinceMs, running }, space);
  if (state === "paused") return [...lines, fit("paused", space.columns)];
  return state === "waiting" ? [fit("waits until another transfer has ended", space.columns)] : lines;
}

/** The exit code of the command that a job was: 130 for one that was cancelled. */
export function jobExitCode({ error, failures, progress, summary }: EndedJob): number {
  if (error !== undefined || summary === undefined) return error?.exitCode ?? 1;
  return transferExitCode(summary, failures, progress.endedFiles);
}

/** The line that tells of a job's end. */
export function endedText(job: EndedJob): string {
  const [first] = job.failures;
  const why =
    job.error === undefined && first !== undefined ? `: ${printable(first.path)}: ${reason(first.error)}` : "";
  return `[${job.id}] ${job.state}: ${printable(job.label)}: ${jobDetail(job)}${why}`;
}

/** How far a job is, or what it came to. */
export function jobDetail(job: Job): string {
  const { error, progress, state, summary } = job;
  if (summary !== undefined) return summarySentence(summary);
  const { bytes, endedFiles, foundBytes, foundFiles } = progress;
  if (error !== undefined) {
    const through =
      endedFiles === 0 ? "nothing is through" : `${filesText(endedFiles)}, ${byteText(bytes)} are through`;
    if (error.kind === "interrupted") return through;
    const about = error.path === undefined ? "" : `${printable(error.path)}: `;
    return `${about}${reason(error)}${endedFiles === 0 ? "" : `; ${through}`}`;
  }
  if (state === "waiting") return "waits until another transfer has ended";
  if (foundFiles === 0) return state === "paused" ? "not begun" : "begins";
  const share = foundBytes === 0 ? 0 : Math.min(100, Math.floor((bytes * 100) / foundBytes));
  const parts = [`${endedFiles}/${filesText(foundFiles)}`, `${share}% of ${byteText(foundBytes)}`];
  const { activeMs } = job;
  if (state === "running" && activeMs >= steadyMs && bytes > 0) {
    const bytesPerSecond = (bytes * 1000) / activeMs;
    parts.push(`${byteText(bytesPerSecond)}/s`, `${clockText(secondsLeft(bytes, foundBytes, bytesPerSecond))} left`);
  }
  return parts.join(", ");
}

/** A job as NDJSON shows it. */
export function jobJson(job: Job): Record<string, unknown> {
  const { id, kind, label, state, activeMs, progress, summary, error } = job;
  return {
    id: String(id),
    kind,
    command: label,
    state,
    ...times(job),
    activeMs: Math.round(activeMs),
    ...progress,
    ...(summary === undefined ? {} : { summary: { ...summary, elapsedMs: Math.round(summary.elapsedMs) } }),
    ...(error === undefined ? {} : { error: { kind: error.kind, message: error.message, path: error.path } }),
  };
}

/** A job of the shell itself as NDJSON shows it. */
export function ownJobJson(job: OwnJob): Record<string, unknown> {
  const { id, label, code } = job;
  const exitCode = code === undefined ? {} : { exitCode: code };
  return { id, kind: "shell", command: label, state: ownState(job), ...times(job), ...exitCode };
}

/** `running`, `done` or `failed`. */
export function ownState({ code }: OwnJob): "running" | "done" | "failed" {
  if (code === undefined) return "running";
  return code === 0 ? "done" : "failed";
}

/** Rates are steady after this long; before, none is told. */
const steadyMs = 1000;

function secondsLeft(bytes: number, allBytes: number, bytesPerSecond: number): number {
  return Math.max(0, Math.round((allBytes - bytes) / bytesPerSecond));
}

function times({ startedMs, endedMs }: { readonly startedMs: number; readonly endedMs?: number | undefined }): {
  readonly started: string;
  readonly ended?: string;
} {
  const started = new Date(startedMs).toISOString();
  return endedMs === undefined ? { started } : { started, ended: new Date(endedMs).toISOString() };
}

function filesText(files: number): string {
  return files === 1 ? "1 file" : `${files} files`;
}

function reason({ message }: DfsError): string {
  return printable(message);
}
