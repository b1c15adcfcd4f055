/** Serves the methods about transfers as jobs. */
import type { DfsClient } from "../../core/client.ts";
import type { JobId } from "../../core/ids.ts";
import type { Job } from "../../core/jobs.ts";
import { jobFailuresPerMessage } from "../../core/limits.ts";
import { errorToWire } from "../wire/rpc-messages.ts";
import { type RpcCall, type RpcRoute, route } from "../wire/rpc-method.ts";
import { type WireFailures, type WireJob, jobMethods } from "./job-methods.ts";

/** `client` gives the connection's client, which changes when a transaction is begun. */
export function jobRoutes(client: () => DfsClient): RpcRoute[] {
  return [
    route(jobMethods.startTransfer, ({ request, label }, { signal }) =>
      client().startTransfer(request, label, { signal }),
    ),
    route(jobMethods.jobs, async (_, call) => {
      for (const job of await client().jobs({ signal: call.signal })) await call.emit(toWire(job));
      return null;
    }),
    route(jobMethods.followJob, ({ id }, call) => follow(client(), id, call)),
    route(jobMethods.steerJob, async ({ id, order }, { signal }) => {
      await client().steerJob(id, order, { signal });
      return null;
    }),
  ];
}

/** Of what comes while something is on its way, the last is told. */
async function follow(client: DfsClient, id: JobId, call: RpcCall<WireJob | WireFailures>): Promise<WireJob> {
  let waiting: WireJob | undefined;
  let sending: Promise<void> | undefined;
  const send = async (): Promise<void> => {
    for (let job = waiting; job !== undefined; job = waiting) {
      waiting = undefined;
      await call.emit(job);
    }
    sending = undefined;
  };
  const onProgress = (job: Job): void => {
    waiting = toWire(job);
    // Where sending fails the caller is gone, and the following is aborted by the same signal.
    sending ??= send().catch(() => undefined);
  };
  const { failures, ...job } = await client.followJob(id, { onProgress, signal: call.signal });
  await sending;
  const wire = failures.map(({ path, error }) => ({ path, error: errorToWire(error) }));
  for (let at = 0; at < wire.length; at += jobFailuresPerMessage)
    await call.emit(wire.slice(at, at + jobFailuresPerMessage));
  return toWire(job);
}

function toWire({ error, progress, ...job }: Job): WireJob {
  const plain = { ...job, progress: { ...progress, running: [...progress.running] } };
  return error === undefined ? plain : { ...plain, error: errorToWire(error) };
}
