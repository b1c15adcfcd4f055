/** Runs transfers for whoever a job acts for. */
import type { TransferSummary } from "../../core/client.ts";
import type { TransferRequest } from "../../core/jobs.ts";
import type { Acting } from "../accounts/login.ts";
import type { FileClient } from "../peer-client.ts";
import type { PausableOptions } from "./pause-gate.ts";
import type { JobRunner } from "./transfer-job.ts";

/** `release` is called when the job has ended. */
export function jobRunner(acting: Acting, release: () => void): JobRunner {
  return {
    owner: acting.keys.userId,
    run: (request, options) =>
      acting.run(options.signal, (signal) => runTransfer(acting.client, request, { ...options, signal })),
    release,
  };
}

/** Does what a job was asked for. */
export function runTransfer(
  client: Pick<FileClient, "put" | "get">,
  request: TransferRequest,
  options: PausableOptions,
): Promise<TransferSummary> {
  if (request.kind === "put") {
    const { kind: _, change, ...put } = request;
    return client.put(put, { ...options, change });
  }
  const { kind: _, stale, ...get } = request;
  return client.get(get, { ...options, stale });
}
