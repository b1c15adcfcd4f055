/** What `put` and `get` have in common: events, failures, summaries and exit codes. */
import type { TransferEvent, TransferSummary } from "../core/client.ts";
import type { DfsError } from "../core/errors.ts";
import { printable } from "../core/names.ts";
import { afterEvent, barLines, startedProgress } from "./bars.ts";
import { isJson } from "./command.ts";
import type { CommandContext, Invocation } from "./command.ts";
import type { OptionSpec } from "./arguments.ts";
import { byteText, durationText, jsonLine } from "./formats.ts";

export const transferOptions: readonly OptionSpec[] = [
  { long: "recursive", short: "R", summary: "directories with all that is in them" },
  { long: "dry-run", short: "n", summary: "change nothing, say what would be done" },
  { long: "force", short: "f", summary: "replace what is there already" },
  { long: "resume", short: "c", summary: "skip files that are there with the same size and time" },
  { long: "quiet", short: "q", summary: "no bars and no summary" },
  { long: "parallel", short: "P", value: "N", summary: "files in work at once" },
];

/** The request fields that the common options stand for. */
export function transferChoices({ options }: Invocation): {
  readonly recursive: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly resume: boolean;
  readonly parallel: number | undefined;
} {
  return {
    recursive: options.has("recursive"),
    dryRun: options.has("dry-run"),
    force: options.has("force"),
    resume: options.has("resume"),
    parallel: options.number("parallel", 1),
  };
}

/** Runs one transfer with its events shown. `finish` writes the summary; failures are reported by path. Returns the exit code. */
export async function runTransfer(
  name: "put" | "get",
  invocation: Invocation,
  context: CommandContext,
  start: (onEvent: (event: TransferEvent) => void) => Promise<TransferSummary>,
): Promise<number> {
  const isQuiet = context.settings.quiet || invocation.options.has("quiet");
  let progress = startedProgress(performance.now());
  const view = isQuiet ? undefined : context.progress((space) => barLines(progress, space));
  const failures: { path: string; error: DfsError }[] = [];
  const lines: string[] = [];
  let ended = 0;
  const onEvent = (event: TransferEvent): void => {
    if (view !== undefined) progress = afterEvent(progress, event);
    if (event.type === "failed") failures.push({ path: event.path, error: event.error });
    if (event.type === "done" || event.type === "failed") ended += 1;
    if (event.type === "done" && event.outcome === "would-write") lines.push(`would ${name} ${event.path}\n`);
  };
  let summary: TransferSummary;
  try {
    summary = await start(onEvent);
  } finally {
    view?.stop();
  }
  for (const line of lines) await context.stdout.write(context.stdout.isTTY ? `${printable(line.trimEnd())}\n` : line);
  for (const { path, error } of failures) await context.report(error, path);
  await context.stdout.write(summaryText(name, summary, invocation, context, isQuiet));
  const note = isQuiet || invocation.options.has("dry-run") ? undefined : copiesNote(summary);
  if (note !== undefined) await context.stderr.write(`${name}: ${note}\n`);
  return exitCode(summary, failures, ended);
}

/** What to know where files are on fewer disks than they should be. */
function copiesNote({ files, copies, copiesWanted }: TransferSummary): string | undefined {
  if (copiesWanted === undefined || files === 0 || copies === 0 || copies >= copiesWanted) return undefined;
  return `note: on ${copies === 1 ? "1 disk" : `${copies} disks`} for now; see backup`;
}

function summaryText(
  name: "put" | "get",
  summary: TransferSummary,
  invocation: Invocation,
  context: CommandContext,
  isQuiet: boolean,
): string {
  const { settings, stdout } = context;
  const { options } = invocation;
  if (isJson(invocation, context)) return jsonLine(summary);
  if (settings.verbose || options.has("verbose")) return countersLine(name, summary);
  return stdout.isTTY && !isQuiet ? `${sentence(summary, options.has("dry-run"))}\n` : "";
}

/** The counters in one line. Scripts read it: its form is a promise. */
function countersLine(name: string, summary: TransferSummary): string {
  const { files, bytes, chunks, newChunks, newBytes, sentChunks, sentBytes, copies } = summary;
  return (
    `${name}: ${files} files, ${bytes} bytes; ${chunks} chunks, ${newChunks} new (${newBytes} bytes), ` +
    `${sentChunks} sent (${sentBytes} bytes); ${copies} copies\n`
  );
}

function sentence(summary: TransferSummary, isDryRun: boolean): string {
  const files = summary.files === 1 ? "1 file" : `${summary.files} files`;
  if (isDryRun) return `${files}, ${byteText(summary.bytes)} would be transferred`;
  const rate = byteText((summary.bytes * 1000) / Math.max(1, summary.elapsedMs));
  const parts = [`${files}, ${byteText(summary.bytes)} in ${durationText(summary.elapsedMs)} (${rate}/s)`];
  if (summary.unchanged > 0) parts.push(`${summary.unchanged} unchanged`);
  if (summary.failed > 0) parts.push(`${summary.failed} failed`);
  if (summary.copies > 0) parts.push(summary.copies === 1 ? "1 copy" : `${summary.copies} copies`);
  return parts.join(", ");
}

/** A transfer of one file gives its own kind's code; some of several give 1. */
function exitCode(
  summary: TransferSummary,
  failures: readonly { readonly error: DfsError }[],
  endedFiles: number,
): number {
  const [first] = failures;
  if (first === undefined) return summary.failed === 0 ? 0 : 1;
  return endedFiles === 1 ? first.error.exitCode : 1;
}
