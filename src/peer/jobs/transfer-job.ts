/** One transfer that runs by itself: its state, how far it is, and who follows it. */
import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { TransferEvent, TransferSummary } from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { JobId, UserId } from "../../core/ids.ts";
import type { EndedJob, FollowOptions, Job, JobOrder, JobState, TransferRequest } from "../../core/jobs.ts";
import { jobFailuresMax, redrawsPerSecondMax } from "../../core/limits.ts";
import { type TransferProgress, afterEvent, passedBytes, startedProgress } from "../../core/transfer-progress.ts";
import { PauseGate, type PausableOptions } from "./pause-gate.ts";

/** For whom a job runs, and how. */
export interface JobRunner {
  readonly owner: UserId;
  /** Does the transfer. */
  run(request: TransferRequest, options: PausableOptions & { readonly signal: AbortSignal }): Promise<TransferSummary>;
  /** Called once, when the job has ended. */
  release(): void;
}

export interface TransferJobOptions {
  readonly id: JobId;
  readonly runner: JobRunner;
  readonly request: TransferRequest;
  readonly label: string;
  readonly nowMs: () => number;
}

const followEveryMs = 1000 / redrawsPerSecondMax;

export class TransferJob {
  readonly id: JobId;
  readonly owner: UserId;
  readonly #options: TransferJobOptions;
  readonly #ending = new AbortController();
  readonly #gate = new PauseGate();
  readonly #startedMs: number;
  readonly #failures: EndedJob["failures"][number][] = [];
  readonly #followers = new Set<() => void>();
  /** Aborts when it has ended. */
  readonly #over = new AbortController();
  #hasBegun = false;
  #state: JobState = "waiting";
  #progress: TransferProgress = startedProgress(0);
  #endedMs: number | undefined;
  /** Since when it has been running; absent when it is not. */
  #runningSinceMs: number | undefined;
  #activeMs = 0;
  #summary: TransferSummary | undefined;
  #error: DfsError | undefined;

  constructor(options: TransferJobOptions) {
    this.#options = options;
    this.id = options.id;
    this.owner = options.runner.owner;
    this.#startedMs = options.nowMs();
    setMaxListeners(0, this.#over.signal); // one for each follower, and connections bound those
  }

  /** Whether it can be begun. */
  get isWaiting(): boolean {
    return this.#state === "waiting";
  }

  get hasEnded(): boolean {
    return this.#endedMs !== undefined;
  }

  get endedMs(): number | undefined {
    return this.#endedMs;
  }

  /** Runs the transfer. Resolves when it has ended, however. */
  async run(): Promise<void> {
    const { runner, request } = this.#options;
    this.#hasBegun = true;
    this.#enter("running");
    try {
      const options = { signal: this.#ending.signal, gate: this.#gate, onEvent: this.#onEvent };
      const summary = await runner.run(request, options);
      this.#summary = summary;
      this.#end(summary.failed === 0 ? "done" : "failed");
    } catch (error) {
      this.#error = toDfsError(this.#ending.signal.aborted ? this.#ending.signal.reason : error);
      this.#end(this.#ending.signal.aborted ? "cancelled" : "failed");
    } finally {
      runner.release();
    }
  }

  /** Carries out an order; `cancel` is only begun. Fails with `usage` for what cannot be done. */
  order(order: JobOrder): void {
    if (this.hasEnded !== (order === "forget")) throw this.#refusal();
    if (order === "cancel") this.cancel(new DfsError("interrupted", "cancelled"));
    else if (order === "pause" && !this.#gate.isShut) {
      this.#gate.shut();
      this.#enter("paused");
    } else if (order === "resume" && this.#gate.isShut) {
      this.#gate.open();
      this.#enter(this.#hasBegun ? "running" : "waiting");
    }
  }

  /** Ends it, for this reason. */
  cancel(reason: DfsError): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(reason);
    if (this.#hasBegun) return;
    // Its turn never comes: nobody else would end it.
    this.#error = reason;
    this.#end("cancelled");
    this.#options.runner.release();
  }

  /** What it is now. */
  view(): Job {
    const { running, foundFiles, foundBytes, endedFiles, endedBytes, failedFiles } = this.#progress;
    return {
      id: this.id,
      kind: this.#options.request.kind,
      label: this.#options.label,
      state: this.#state,
      startedMs: this.#startedMs,
      endedMs: this.#endedMs,
      activeMs: this.#activeMs + (this.#runningSinceMs === undefined ? 0 : performance.now() - this.#runningSinceMs),
      progress: {
        foundFiles: Math.max(foundFiles, endedFiles),
        foundBytes,
        endedFiles,
        endedBytes,
        failedFiles,
        bytes: passedBytes(this.#progress),
        running: Array.from(running, ([path, file]) => ({ path, ...file })),
      },
      summary: this.#summary,
      error: this.#error,
    };
  }

  /** Tells how far it is until it has ended; what happens between two tellings is told as one. */
  async follow({ signal, onProgress }: FollowOptions): Promise<EndedJob> {
    while (!this.hasEnded) {
      if (signal?.aborted === true) throw toDfsError(signal.reason);
      const changed = this.#changed(signal);
      onProgress?.(this.view());
      await changed;
      await this.#rest();
    }
    return { ...this.view(), failures: this.#failures };
  }

  readonly #onEvent = (event: TransferEvent): void => {
    this.#progress = afterEvent(this.#progress, event);
    if (event.type === "failed" && this.#failures.length < jobFailuresMax)
      this.#failures.push({ path: event.path, error: event.error });
    this.#tell();
  };

  #enter(state: "waiting" | "running" | "paused"): void {
    this.#stopClock();
    if (state === "running") this.#runningSinceMs = performance.now();
    this.#state = state;
    this.#tell();
  }

  #end(state: "done" | "failed" | "cancelled"): void {
    this.#stopClock();
    this.#state = state;
    this.#endedMs = this.#options.nowMs();
    if (this.#progress.running.size > 0) this.#progress = { ...this.#progress, running: new Map() };
    this.#tell();
    this.#over.abort();
  }

  #stopClock(): void {
    if (this.#runningSinceMs !== undefined) this.#activeMs += performance.now() - this.#runningSinceMs;
    this.#runningSinceMs = undefined;
  }

  #tell(): void {
    const followers = [...this.#followers];
    this.#followers.clear();
    for (const follower of followers) follower();
  }

  /** Resolves with the next change. Fails when the signal aborts first. */
  #changed(signal: AbortSignal | undefined): Promise<void> {
    const changed = new Promise<void>((resolve, reject) => {
      const follower = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#followers.delete(follower);
        reject(toDfsError(signal?.reason));
      };
      this.#followers.add(follower);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
    changed.catch(() => undefined); // a follower that fails meanwhile has its own error
    return changed;
  }

  /** Between two tellings. */
  async #rest(): Promise<void> {
    try {
      await delay(followEveryMs, undefined, { signal: this.#over.signal });
    } catch {
      // it has ended: that is told at once
    }
  }

  #refusal(): DfsError {
    const why = this.hasEnded ? `has ended already: it is ${this.#state}` : "has not ended: cancel it first";
    return new DfsError("usage", `job ${this.id} ${why}`);
  }
}
