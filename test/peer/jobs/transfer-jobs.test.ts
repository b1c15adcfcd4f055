import { describe, expect, it } from "vitest";
import type { TransferEvent, TransferSummary } from "../../../src/core/client.ts";
import { DfsError } from "../../../src/core/errors.ts";
import type { JobId, UserId } from "../../../src/core/ids.ts";
import type { Job, TransferRequest } from "../../../src/core/jobs.ts";
import {
  jobEndedMs,
  jobFailuresMax,
  jobsEndedMax,
  jobsRunningMax,
  jobsUnfinishedMax,
  redrawsPerSecondMax,
} from "../../../src/core/limits.ts";
import { resolvePath } from "../../../src/core/names.ts";
import type { JobRunner } from "../../../src/peer/jobs/transfer-job.ts";
import { TransferJobs } from "../../../src/peer/jobs/transfer-jobs.ts";

const ann = "a".repeat(32) as UserId;
const bob = "b".repeat(32) as UserId;
const request: TransferRequest = { kind: "get", sources: [], target: "/tmp" };
const none: TransferSummary = {
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

/** Jobs whose transfers end when the test says so. */
class Bench {
  nowMs = 1_000;
  readonly jobs = new TransferJobs(() => this.nowMs);
  readonly released: JobId[] = [];
  #last = 0;
  readonly running = new Map<JobId, { end: () => void; tell: (event: TransferEvent) => void; signal: AbortSignal }>();

  start(owner = ann): JobId {
    const runner: JobRunner = {
      owner,
      run: (_, { onEvent = () => undefined, signal }) =>
        new Promise((resolve, reject) => {
          this.running.set(id, { end: () => resolve(none), tell: onEvent, signal });
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
      release: () => this.released.push(id),
    };
    // A job may begin before its number is returned.
    const id = (this.#last + 1) as JobId;
    this.#last = this.jobs.start(runner, request, `job ${id}`);
    if (this.#last !== id) throw new Error(`job ${id} has the number ${this.#last}`);
    return id;
  }

  states(owner = ann): readonly string[] {
    return this.jobs.list(owner).map(({ state }) => state);
  }

  /** Ends a transfer, and waits until its job has. */
  async end(id: JobId): Promise<void> {
    this.running.get(id)?.end();
    await this.jobs.follow(ann, id, {});
  }
}

describe("the jobs of a peer", () => {
  it("JOB-10 some run at once, the others wait, first come first served; a paused one keeps its turn", async () => {
    const bench = new Bench();
    const ids = Array.from({ length: jobsRunningMax + 3 }, () => bench.start());
    const last = ids.slice(jobsRunningMax) as [JobId, JobId, JobId];
    expect([...bench.running.keys()]).toEqual(ids.slice(0, jobsRunningMax));
    expect(bench.states().slice(-4)).toEqual(["running", "waiting", "waiting", "waiting"]);
    await bench.jobs.steer(ann, last[0], "pause", undefined);
    await bench.end(ids[0] as JobId);
    expect(bench.states().slice(-3)).toEqual(["paused", "running", "waiting"]);
    await bench.jobs.steer(ann, last[0], "resume", undefined);
    expect(bench.states().slice(-3)).toEqual(["waiting", "running", "waiting"]);
    await bench.end(ids[1] as JobId);
    expect(bench.states().slice(-3)).toEqual(["running", "running", "waiting"]);
    await bench.jobs.steer(ann, last[2], "cancel", undefined);
    expect(bench.states().slice(-1)).toEqual(["cancelled"]);
    expect(bench.running.has(last[2])).toBe(false);
    expect(bench.released).toEqual([ids[0], ids[1], last[2]]);
    await bench.jobs.stop();
    expect(new Set(bench.released)).toEqual(new Set(ids));
    expect(bench.jobs.unfinished).toBe(0);
  });

  it("JOB-11 too many at once are refused; those that ended are kept for a day, the last of each user", async () => {
    const bench = new Bench();
    const his = bench.start(bob);
    bench.running.get(his)?.end();
    await bench.jobs.follow(bob, his, {});
    for (let count = 0; count < jobsUnfinishedMax; count += 1) bench.start();
    expect(() => bench.start()).toThrow(expect.objectContaining({ kind: "busy" }));
    expect(bench.released).toHaveLength(2); // the refused one's keys, too
    bench.jobs.cancelOf(ann, new DfsError("interrupted", "over"));
    await Promise.all(bench.jobs.list(ann).map(({ id }) => bench.jobs.follow(ann, id, {})));
    expect(bench.jobs.list(ann)).toHaveLength(jobsEndedMax);
    expect(bench.states(bob)).toEqual(["done"]);
    bench.nowMs += jobEndedMs;
    expect([bench.jobs.list(ann), bench.jobs.list(bob)]).toEqual([[], []]);
  });

  it("JOB-12 however many files there are, followers hear a few times a second, and little is kept", async () => {
    const bench = new Bench();
    const id = bench.start();
    const heard: Job[] = [];
    const startedMs = performance.now();
    const following = bench.jobs.follow(ann, id, { onProgress: (job) => heard.push(job) });
    const transfer = bench.running.get(id);
    const files = 50_000;
    for (let file = 0; file < files; file += 1) {
      const path = resolvePath(`/${file}`);
      transfer?.tell({ type: "found", files: file + 1, bytes: file + 1 });
      transfer?.tell({ type: "started", path, sizeBytes: 1 });
      transfer?.tell({ type: "failed", path, error: new DfsError("exists", "exists") });
      if (file % 1_000 === 0) await new Promise(setImmediate);
    }
    transfer?.end();
    const ended = await following;
    const seconds = (performance.now() - startedMs) / 1000;
    expect(ended.progress).toMatchObject({ foundFiles: files, endedFiles: files, failedFiles: files, running: [] });
    expect(ended.failures).toHaveLength(jobFailuresMax);
    expect(heard.length).toBeLessThanOrEqual(1 + Math.ceil(seconds * redrawsPerSecondMax));
    expect(heard.length).toBeGreaterThan(0);
  });

  it("JOB-13 the time that a job waits or is paused does not count", async () => {
    const bench = new Bench();
    const id = bench.start();
    await bench.jobs.steer(ann, id, "pause", undefined);
    const [paused] = bench.jobs.list(ann);
    await new Promise((resolve) => setImmediate(resolve));
    const [later] = bench.jobs.list(ann);
    expect(later?.activeMs).toBe(paused?.activeMs);
    await bench.jobs.steer(ann, id, "resume", undefined);
    await bench.end(id);
    expect(bench.jobs.list(ann)[0]?.activeMs).toBeGreaterThanOrEqual(paused?.activeMs ?? 0);
  });
});
