/** How fast transfers are now: by what came through between two looks at them. */
import type { JobId } from "../../core/ids.ts";
import type { Job } from "../../core/jobs.ts";

/** Transfers as they were told, and when. */
export interface JobsSeen {
  readonly jobs: readonly Job[];
  /** By a clock that nobody can set. */
  readonly atMs: number;
  /** Bytes a second of those that run, as soon as that can be told. */
  readonly rates: ReadonlyMap<JobId, number>;
}

/** What a newer look counts for, beside what was known: a moment's stop is no stop. */
const newShare = 0.5;
/** Less time than this tells nothing. */
const spanMsMin = 100;

export function seenJobs(before: JobsSeen | undefined, jobs: readonly Job[], atMs: number): JobsSeen {
  const earlier = new Map(before?.jobs.map((job) => [job.id, job]));
  const spanMs = atMs - (before?.atMs ?? atMs);
  const rates = new Map<JobId, number>();
  for (const { id, state, activeMs, progress } of jobs) {
    if (state !== "running") continue;
    const last = earlier.get(id);
    const known = before?.rates.get(id);
    if (last !== undefined && spanMs >= spanMsMin) {
      const now = (Math.max(0, progress.bytes - last.progress.bytes) * 1000) / spanMs;
      rates.set(id, known === undefined ? now : known * (1 - newShare) + now * newShare);
    } else if (known !== undefined) rates.set(id, known);
    else if (activeMs >= 1000) rates.set(id, (progress.bytes * 1000) / activeMs);
  }
  return { jobs, atMs, rates };
}

/** Whether a transfer has still to come to its end. */
export function isUnfinished({ state }: Pick<Job, "state">): boolean {
  return state === "running" || state === "waiting" || state === "paused";
}
