/**
 * The transfer jobs of this peer, of all its users.
 *
 *   session ──starts──> job ──runs as──> its user's own client, with a hold on the user's keys
 *
 * Some run at once and the others wait for their turn, first come, first served. Everything is in memory: a peer that
 * stops ends its jobs, and what they did until then stays.
 */
import { DfsError } from "../../core/errors.ts";
import type { JobId, UserId } from "../../core/ids.ts";
import type { EndedJob, FollowOptions, Job, JobOrder, TransferRequest } from "../../core/jobs.ts";
import { jobEndedMs, jobsEndedMax, jobsRunningMax, jobsUnfinishedMax } from "../../core/limits.ts";
import { type JobRunner, TransferJob } from "./transfer-job.ts";

export class TransferJobs {
  readonly #nowMs: () => number;
  /** In the order of their numbers. */
  readonly #jobs = new Map<JobId, TransferJob>();
  readonly #running = new Map<TransferJob, Promise<void>>();
  #lastId = 0;
  #isStopped = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Jobs that have not ended. */
  get unfinished(): number {
    return [...this.#jobs.values()].filter(({ hasEnded }) => !hasEnded).length;
  }

  /** Fails with `busy` when there are too many already; the runner is released whatever happens. */
  start(runner: JobRunner, request: TransferRequest, label: string): JobId {
    this.#sweep();
    const unfinished = this.unfinished;
    if (this.#isStopped || unfinished >= jobsUnfinishedMax) {
      runner.release();
      const why = this.#isStopped ? "this peer is stopping" : `${unfinished} transfers have not ended: wait for some`;
      throw new DfsError("busy", why, { retryAfterMs: 10_000 });
    }
    this.#lastId += 1;
    const id = this.#lastId as JobId;
    this.#jobs.set(id, new TransferJob({ id, runner, request, label, nowMs: this.#nowMs }));
    this.#beginWaiting();
    return id;
  }

  list(owner: UserId): readonly Job[] {
    this.#sweep();
    return this.#of(owner).map((job) => job.view());
  }

  /** As JobsClient.followJob. */
  async follow(owner: UserId, id: JobId, options: FollowOptions): Promise<EndedJob> {
    return this.#require(owner, id).follow(options);
  }

  /** As JobsClient.steerJob. */
  async steer(owner: UserId, id: JobId, order: JobOrder, signal: AbortSignal | undefined): Promise<void> {
    const job = this.#require(owner, id);
    job.order(order);
    if (order === "forget") this.#jobs.delete(id);
    this.#beginWaiting();
    if (order === "cancel") await job.follow({ signal });
  }

  /** Cancels what a user has under way. */
  cancelOf(owner: UserId, reason: DfsError): void {
    for (const job of this.#of(owner)) if (!job.hasEnded) job.cancel(reason);
  }

  /** Cancels everything. Resolves when all has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const reason = new DfsError("interrupted", "this machine's peer was stopped");
    for (const job of this.#jobs.values()) if (!job.hasEnded) job.cancel(reason);
    await Promise.all(this.#running.values());
  }

  #of(owner: UserId): readonly TransferJob[] {
    return [...this.#jobs.values()].filter((job) => job.owner === owner);
  }

  /** Another user's job is none. */
  #require(owner: UserId, id: JobId): TransferJob {
    this.#sweep();
    const job = this.#jobs.get(id);
    if (job?.owner !== owner) throw new DfsError("not-found", "there is no such job: see jobs", { path: `%${id}` });
    return job;
  }

  #beginWaiting(): void {
    for (const job of this.#jobs.values()) {
      if (this.#running.size >= jobsRunningMax) return;
      if (job.isWaiting) this.#begin(job);
    }
  }

  #begin(job: TransferJob): void {
    const over = job.run().finally(() => {
      this.#running.delete(job);
      this.#beginWaiting();
    });
    this.#running.set(job, over);
  }

  /** Lets go of what ended long ago, and of the oldest where a user has too many. */
  #sweep(): void {
    const kept = new Map<UserId, number>();
    for (const job of [...this.#jobs.values()].reverse()) {
      if (job.endedMs === undefined) continue;
      const count = (kept.get(job.owner) ?? 0) + 1;
      kept.set(job.owner, count);
      if (count > jobsEndedMax || job.endedMs + jobEndedMs <= this.#nowMs()) this.#jobs.delete(job.id);
    }
  }
}
