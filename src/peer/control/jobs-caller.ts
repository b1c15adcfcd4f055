/** The calls about transfers as jobs over a control connection. */
import type { CallOptions } from "../../core/client.ts";
import type { JobId } from "../../core/ids.ts";
import type { EndedJob, FollowOptions, Job, JobOrder, JobsClient, TransferRequest } from "../../core/jobs.ts";
import { rpcDeadlineMsMax } from "../../core/limits.ts";
import { errorFromWire } from "../wire/rpc-messages.ts";
import { HistoryCaller } from "./history-caller.ts";
import { type WireFailures, type WireJob, jobMethods } from "./job-methods.ts";

/** Whoever waits for a job cancels by the signal. */
const unhurried = { timeoutMs: rpcDeadlineMsMax };

export class JobsCaller extends HistoryCaller implements JobsClient {
  startTransfer(request: TransferRequest, label: string, { signal }: CallOptions = {}): Promise<JobId> {
    const { sources } = request;
    const plain =
      request.kind === "put" ? { ...request, sources: [...request.sources] } : { ...request, sources: [...sources] };
    return this.rpc.call(jobMethods.startTransfer, { request: plain, label }, { signal });
  }

  async jobs({ signal }: CallOptions = {}): Promise<readonly Job[]> {
    const jobs: Job[] = [];
    await this.rpc.callWithItems(jobMethods.jobs, {}, (job) => jobs.push(fromWire(job)), { signal });
    return jobs;
  }

  async followJob(id: JobId, { signal, onProgress }: FollowOptions = {}): Promise<EndedJob> {
    const failures: EndedJob["failures"][number][] = [];
    const onItem = (item: WireJob | WireFailures): void => {
      if (!Array.isArray(item)) onProgress?.(fromWire(item));
      else for (const { path, error } of item) failures.push({ path, error: errorFromWire(error) });
    };
    const job = await this.rpc.callWithItems(jobMethods.followJob, { id }, onItem, { signal, ...unhurried });
    return { ...fromWire(job), failures };
  }

  async steerJob(id: JobId, order: JobOrder, { signal }: CallOptions = {}): Promise<void> {
    await this.rpc.call(jobMethods.steerJob, { id, order }, { signal, ...unhurried });
  }

  /** The peer goes on when this connection ends. */
  async jobsAtStake(): Promise<number> {
    return 0;
  }
}

function fromWire({ error, ...job }: WireJob): Job {
  return error === undefined ? job : { ...job, error: errorFromWire(error) };
}
