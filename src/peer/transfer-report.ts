/** What a transfer tells while it runs and sums up at its end. */
import type { TransferEvent, TransferOptions, TransferSummary } from "../core/client.ts";
import { type DfsError, toDfsError } from "../core/errors.ts";
import { transferProgressMs } from "../core/limits.ts";

type Totals = { -readonly [Name in keyof TransferSummary]: TransferSummary[Name] };

/** Whether it is for what a source is, and not for how the network or the target are, that it cannot be transferred. */
export function isOwnFault(error: unknown): boolean {
  const { kind } = toDfsError(error);
  return kind === "invalid-name" || kind === "is-directory";
}

export class TransferReport {
  readonly #startedMs = performance.now();
  readonly #onEvent: (event: TransferEvent) => void;
  readonly #totals: Totals = {
    files: 0,
    directories: 0,
    bytes: 0,
    unchanged: 0,
    failed: 0,
    chunks: 0,
    newChunks: 0,
    newBytes: 0,
    sentChunks: 0,
    sentBytes: 0,
    copies: 0,
    elapsedMs: 0,
  };
  #foundFiles = 0;
  #foundBytes = 0;
  #toldFiles = 0;
  /** Not told yet. */
  #passed = { files: 0, bytes: 0 };
  #toldMs = Number.NEGATIVE_INFINITY;
  readonly #started = new Set<string>();
  /** When each file in work last told of its progress. */
  readonly #lastProgressMs = new Map<string, number>();
  /** The error of the only operand that failed, for a call whose one file could not be transferred. */
  firstError: DfsError | undefined;

  constructor(options: TransferOptions) {
    this.#onEvent = options.onEvent ?? (() => undefined);
  }

  found(sizeBytes: number): void {
    this.#foundFiles += 1;
    this.#foundBytes += sizeBytes;
    this.#tellCounts();
  }

  started(path: string, sizeBytes: number): void {
    if (this.#started.has(path)) return;
    this.#started.add(path);
    this.#onEvent({ type: "started", path, sizeBytes });
  }

  /** Told at a bounded rate for each file, whatever the number of its chunks. */
  progress(path: string, bytes: number): void {
    const now = performance.now();
    if (now - (this.#lastProgressMs.get(path) ?? 0) < transferProgressMs) return;
    this.#lastProgressMs.set(path, now);
    this.#onEvent({ type: "progress", path, bytes });
  }

  done(
    path: string,
    outcome: "written" | "unchanged" | "would-write",
    file: { sizeBytes: number; revision: number; copies: number },
  ): void {
    this.#lastProgressMs.delete(path);
    const wasStarted = this.#started.delete(path);
    if (outcome === "unchanged" && !wasStarted) return this.passed(outcome, file);
    this.#add(outcome, file);
    this.#onEvent({ type: "done", path, outcome, revision: file.revision, copies: file.copies });
  }

  /** As `done`, for one of so many files that a word on each would cost more than it tells. */
  passed(outcome: "written" | "unchanged", file: { sizeBytes: number; copies: number }): void {
    this.#add(outcome, file);
    this.#passed.files += 1;
    this.#passed.bytes += file.sizeBytes;
    this.#tellCounts();
  }

  #add(outcome: string, { sizeBytes, copies }: { sizeBytes: number; copies: number }): void {
    this.#totals.files += 1;
    this.#totals.bytes += sizeBytes;
    if (outcome === "unchanged") this.#totals.unchanged += 1;
    this.#totals.copies = this.#totals.copies === 0 ? copies : Math.min(this.#totals.copies, copies);
  }

  /** Tells of files that were found, and of those that are through without a word on each: many at a time. */
  #tellCounts(isLast = false): void {
    const nowMs = performance.now();
    if (!isLast && nowMs - this.#toldMs < transferProgressMs) return;
    this.#toldMs = nowMs;
    if (this.#foundFiles > this.#toldFiles) {
      this.#toldFiles = this.#foundFiles;
      this.#onEvent({ type: "found", files: this.#foundFiles, bytes: this.#foundBytes });
    }
    if (this.#passed.files === 0) return;
    this.#onEvent({ type: "passed", ...this.#passed });
    this.#passed = { files: 0, bytes: 0 };
  }

  directory(): void {
    this.#totals.directories += 1;
  }

  failed(path: string, thrown: unknown): void {
    const error = toDfsError(thrown);
    this.firstError ??= error;
    this.#lastProgressMs.delete(path);
    this.#started.delete(path);
    this.#totals.failed += 1;
    this.#onEvent({ type: "failed", path, error });
  }

  /** Adds to the counters of chunks and bytes. */
  count(
    counters: Partial<Pick<TransferSummary, "chunks" | "newChunks" | "newBytes" | "sentChunks" | "sentBytes">>,
  ): void {
    for (const [name, value] of Object.entries(counters)) this.#totals[name as "chunks"] += value;
  }

  /** Tells what is not told yet; to be called once, at the end. */
  summary(): TransferSummary {
    this.#tellCounts(true);
    return { ...this.#totals, elapsedMs: performance.now() - this.#startedMs };
  }
}
