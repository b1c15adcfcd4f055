/** What a transfer came to, in words and as an exit code. */
import type { TransferSummary } from "../core/client.ts";
import type { DfsError } from "../core/errors.ts";
import { byteText, durationText } from "./formats.ts";

/** The counters in one line. Scripts read it: its form is a promise. */
export function countersLine(name: string, summary: TransferSummary): string {
  const { files, bytes, chunks, newChunks, newBytes, sentChunks, sentBytes, copies } = summary;
  return (
    `${name}: ${files} files, ${bytes} bytes; ${chunks} chunks, ${newChunks} new (${newBytes} bytes), ` +
    `${sentChunks} sent (${sentBytes} bytes); ${copies} copies\n`
  );
}

/** A transfer in a sentence, without a full stop. */
export function summarySentence(summary: TransferSummary, isDryRun = false): string {
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
export function transferExitCode(
  summary: TransferSummary,
  failures: readonly { readonly error: DfsError }[],
  endedFiles: number,
): number {
  const [first] = failures;
  if (first === undefined) return summary.failed === 0 ? 0 : 1;
  return endedFiles === 1 ? first.error.exitCode : 1;
}
