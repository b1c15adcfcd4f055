/** What `put` and `get` have in common: events, failures, summaries and exit codes. */
import type { TransferEvent, TransferSummary } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import type { JobId } from "../core/ids.ts";
import type { EndedJob, TransferRequest } from "../core/jobs.ts";
import { jobLabelCharactersMax } from "../core/limits.ts";
import { printable } from "../core/names.ts";
import { afterEvent, startedProgress } from "../core/transfer-progress.ts";
import { barLines } from "./bars.ts";
import { isJson } from "./command.ts";
import type { AsJob, CommandContext, Invocation } from "./command.ts";
import type { OptionSpec } from "./arguments.ts";
import { jsonLine } from "./formats.ts";
import { type HeardJob, jobBars } from "./job-text.ts";
import { countersLine, summarySentence, transferExitCode } from "./transfer-text.ts";

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

/** How the outcome of a transfer is told. */
export interface OutcomeStyle {
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly isJson: boolean;
  readonly isDryRun: boolean;
}

/** What a transfer came to. */
interface Outcome {
  readonly summary: TransferSummary;
  readonly failures: readonly { readonly path: string; readonly error: DfsError }[];
  /** Files that are through or failed. */
  readonly endedFiles: number;
}

/** A transfer, to be done by a call, or as a job of the peer where that can be. */
export interface TransferPlan {
  readonly start: (onEvent: (event: TransferEvent) => void) => Promise<TransferSummary>;
  readonly job: TransferRequest | undefined;
}

/** How a command's options ask for its outcome to be told. */
export function outcomeStyle(invocation: Invocation, context: CommandContext): OutcomeStyle {
  const { options } = invocation;
  const { quiet, verbose } = context.settings;
  return {
    isQuiet: quiet || options.has("quiet"),
    isVerbose: verbose || options.has("verbose"),
    isJson: isJson(invocation, context),
    isDryRun: options.has("dry-run"),
  };
}

/** Runs one transfer with its progress shown; failures are reported by path. Returns the exit code. */
export async function runTransfer(
  name: "put" | "get",
  invocation: Invocation,
  context: CommandContext,
  { start, job }: TransferPlan,
): Promise<number> {
  const style = outcomeStyle(invocation, context);
  if (context.asJob !== undefined && job !== undefined) return runAsJob(job, context.asJob, style, context);
  let progress = startedProgress(performance.now());
  const view = style.isQuiet ? undefined : context.progress((space) => barLines(progress, space));
  const failures: { path: string; error: DfsError }[] = [];
  const planned: string[] = [];
  let endedFiles = 0;
  const onEvent = (event: TransferEvent): void => {
    if (view !== undefined) progress = afterEvent(progress, event);
    if (event.type === "failed") failures.push({ path: event.path, error: event.error });
    if (event.type === "done" || event.type === "failed") endedFiles += 1;
    if (event.type === "passed") endedFiles += event.files;
    if (event.type === "done" && event.outcome === "would-write") planned.push(event.path);
  };
  let summary: TransferSummary;
  try {
    summary = await start(onEvent);
  } finally {
    view?.stop();
  }
  for (const path of planned) await context.stdout.write(plannedText(name, path, style, context));
  return tellOutcome(name, { summary, failures, endedFiles }, style, context);
}

async function runAsJob(
  request: TransferRequest,
  { label, isBackground }: AsJob,
  style: OutcomeStyle,
  context: CommandContext,
): Promise<number> {
  const client = await context.client();
  const id = await client.startTransfer(request, label.slice(0, jobLabelCharactersMax), { signal: context.signal });
  if (!isBackground) return followTransfer(id, style, context);
  context.background.watch(id);
  if (context.background.isPrompt) await context.stdout.write(`[${id}] ${printable(label)}\n`);
  return 0;
}

/**
 * Shows how far a job is until it has ended, and tells what it came to, or until it is sent to the background. Returns
 * its exit code. Fails with what it failed with.
 */
export async function followTransfer(id: JobId, style: OutcomeStyle, context: CommandContext): Promise<number> {
  let heard: HeardJob | undefined;
  const view = style.isQuiet ? undefined : context.progress((space) => (heard ? jobBars(heard, space) : []));
  let job: EndedJob | undefined;
  try {
    job = await context.background.follow(id, context.signal, (latest) => {
      heard = { job: latest, heardMs: performance.now() };
    });
  } finally {
    view?.stop();
  }
  if (job === undefined) {
    await context.stdout.write(
      `[${id}] ${printable(heard?.job.label ?? "")}  (in the background; "fg" brings it back)\n`,
    );
    return 0;
  }
  // What is told here need not be looked up in the list.
  await (await context.client()).steerJob(id, "forget").catch(() => undefined);
  return tellEnd(job, style, context);
}

/** Tells what a job came to. Returns its exit code. Fails with what it failed with. */
async function tellEnd(job: EndedJob, style: OutcomeStyle, context: CommandContext): Promise<number> {
  const { error, failures, kind, progress, summary } = job;
  if (error !== undefined || summary === undefined) throw error ?? new DfsError("internal", "the job told no outcome");
  return tellOutcome(kind, { summary, failures, endedFiles: progress.endedFiles }, style, context);
}

async function tellOutcome(
  name: "put" | "get",
  { summary, failures, endedFiles }: Outcome,
  style: OutcomeStyle,
  context: CommandContext,
): Promise<number> {
  for (const { path, error } of failures) await context.report(error, path);
  await context.stdout.write(summaryText(name, summary, style, context));
  const note = style.isQuiet || style.isDryRun ? undefined : copiesNote(summary);
  if (note !== undefined) await context.stderr.write(`${name}: ${note}\n`);
  return transferExitCode(summary, failures, endedFiles);
}

/** A file that would be transferred. */
function plannedText(
  name: "put" | "get",
  path: string,
  { isJson: asJson }: OutcomeStyle,
  { stdout }: CommandContext,
): string {
  if (asJson) return jsonLine({ would: name, path });
  return `would ${name} ${stdout.isTTY ? printable(path) : path}\n`;
}

/** What to know where files are on fewer disks than they should be. */
function copiesNote({ files, copies, copiesWanted }: TransferSummary): string | undefined {
  if (copiesWanted === undefined || files === 0 || copies === 0 || copies >= copiesWanted) return undefined;
  return `note: on ${copies === 1 ? "1 disk" : `${copies} disks`} for now; see backup`;
}

function summaryText(
  name: "put" | "get",
  summary: TransferSummary,
  { isDryRun, isJson: asJson, isQuiet, isVerbose }: OutcomeStyle,
  { stdout }: CommandContext,
): string {
  if (asJson) return jsonLine({ ...summary, elapsedMs: Math.round(summary.elapsedMs) });
  if (isVerbose) return countersLine(name, summary);
  return stdout.isTTY && !isQuiet ? `${summarySentence(summary, isDryRun)}\n` : "";
}
