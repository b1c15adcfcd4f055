/**
 * Transfers as jobs: puts and gets that the peer does by itself, whoever waits for them or does not.
 *
 * A job acts for the user who started it, and only this user's clients on this peer see it. It goes on when the client
 * that started it ends, as long as the peer runs; what it has done stays whatever becomes of it, and a put or get with
 * `resume` goes on from there. `logout` stops the user's jobs on this peer, so that no key outlives it.
 */
import type { CallOptions, GetRequest, PutRequest, PutSource, TransferSummary } from "./client.ts";
import type { DfsError } from "./errors.ts";
import type { JobId } from "./ids.ts";

/** A put of files and directories of this machine: bytes that come from a client would end with it. */
interface PutJobRequest extends Omit<PutRequest, "sources" | "dryRun">, Pick<CallOptions, "change"> {
  readonly kind: "put";
  readonly sources: readonly Extract<PutSource, { kind: "path" }>[];
}

interface GetJobRequest extends Omit<GetRequest, "dryRun">, Pick<CallOptions, "stale"> {
  readonly kind: "get";
}

/** What a job is to do. */
export type TransferRequest = PutJobRequest | GetJobRequest;

/**
 * `waiting`: others run, and this one begins when one of them has ended. `done`: every file is where it belongs.
 * `failed`: some files failed, or nothing could be tried.
 */
export type JobState = "waiting" | "running" | "paused" | "done" | "failed" | "cancelled";

/** A file in work. */
interface FileProgress {
  readonly path: string;
  readonly sizeBytes: number;
  /** Bytes that are through. */
  readonly bytes: number;
}

interface JobProgress {
  /** The tree so far has this many files and bytes; grows until the tree is walked. */
  readonly foundFiles: number;
  readonly foundBytes: number;
  /** Files that are through or have failed, and the size of those. */
  readonly endedFiles: number;
  readonly endedBytes: number;
  readonly failedFiles: number;
  /** Bytes that are through, of the files in work too. */
  readonly bytes: number;
  /** The files in work, `transferFilesMax` at the most. */
  readonly running: readonly FileProgress[];
}

export interface Job {
  readonly id: JobId;
  readonly kind: TransferRequest["kind"];
  /** The command as it was typed. */
  readonly label: string;
  readonly state: JobState;
  /** When it was asked for, in milliseconds since 1970. */
  readonly startedMs: number;
  /** Absent until it has ended. */
  readonly endedMs?: number | undefined;
  /** How long it has run, in milliseconds, without the times when it waited or was paused. */
  readonly activeMs: number;
  readonly progress: JobProgress;
  /** What it came to, where it could be tried and was not cancelled. */
  readonly summary?: TransferSummary | undefined;
  /** Why it was cancelled, or why nothing could be tried. */
  readonly error?: DfsError | undefined;
}

/** A job that has ended, with the first `jobFailuresMax` of the files that failed; `summary.failed` counts all. */
export interface EndedJob extends Job {
  readonly failures: readonly { readonly path: string; readonly error: DfsError }[];
}

/** What can be done with a job. `forget` takes one that has ended off the list. */
export type JobOrder = "pause" | "resume" | "cancel" | "forget";

export interface FollowOptions extends CallOptions {
  /** Hears how far the job is: at once, and then, as long as anything changes, a few times a second. */
  readonly onProgress?: ((job: Job) => void) | undefined;
}

export interface JobsClient {
  /**
   * Starts a transfer, under the command that asked for it, and resolves with its number; all that can go wrong with
   * the transfer itself is told by the job. Fails with `busy` when too many have not ended, and with `usage` in a
   * transaction.
   */
  startTransfer(request: TransferRequest, label: string, options?: CallOptions): Promise<JobId>;
  /** The user's jobs in the order in which they were started; those that ended are kept for a while. */
  jobs(options?: CallOptions): Promise<readonly Job[]>;
  /** Resolves with how the job ended. The signal only stops the following. Fails with `not-found`. */
  followJob(id: JobId, options?: FollowOptions): Promise<EndedJob>;
  /**
   * Resolves when the order is carried out: at once, or, for `cancel`, when the job has ended; an order that changes
   * nothing is fine. What is on its way when a job is paused still arrives, 8 MiB at the most. Fails with `not-found`,
   * and with `usage` for what cannot be done: to pause, resume or cancel what has ended, to forget what has not.
   */
  steerJob(id: JobId, order: JobOrder, options?: CallOptions): Promise<void>;
  /** Jobs, of whichever user, that `close` would stop because the peer runs in this process; 0 where a daemon has them. */
  jobsAtStake(): Promise<number>;
}
