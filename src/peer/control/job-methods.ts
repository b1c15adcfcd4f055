/** The methods of the control socket about transfers as jobs. */
import * as v from "valibot";
import type { JobId } from "../../core/ids.ts";
import { jobFailuresPerMessage, jobLabelCharactersMax, transferFilesMax } from "../../core/limits.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import { count, milliseconds, nothing, text, wireError } from "./control-schemas.ts";
import { change } from "./undo-methods.ts";
import { getFields, localSource, putFields, summary } from "./transfer-schemas.ts";

const jobId = v.pipe(
  count,
  v.minValue(1),
  v.transform((id) => id as JobId),
);

const request = v.variant("kind", [
  v.object({ kind: v.literal("put"), sources: v.pipe(v.array(localSource), v.minLength(1)), ...putFields, change }),
  v.object({ kind: v.literal("get"), ...getFields }),
]);

/** A Job as it travels: its error as plain data. */
const job = v.object({
  id: jobId,
  kind: v.picklist(["put", "get"]),
  label: text,
  state: v.picklist(["waiting", "running", "paused", "done", "failed", "cancelled"]),
  startedMs: milliseconds,
  endedMs: v.optional(milliseconds),
  activeMs: milliseconds,
  progress: v.object({
    foundFiles: count,
    foundBytes: count,
    endedFiles: count,
    endedBytes: count,
    failedFiles: count,
    bytes: count,
    running: v.pipe(v.array(v.object({ path: text, sizeBytes: count, bytes: count })), v.maxLength(transferFilesMax)),
  }),
  summary: v.optional(summary),
  error: v.optional(wireError),
});
export type WireJob = v.InferOutput<typeof job>;

const failures = v.pipe(v.array(v.object({ path: text, error: wireError })), v.maxLength(jobFailuresPerMessage));
export type WireFailures = v.InferOutput<typeof failures>;

export const jobMethods = {
  startTransfer: defineMethod({
    name: "startTransfer",
    params: v.object({ request, label: v.pipe(v.string(), v.maxLength(jobLabelCharactersMax)) }),
    result: jobId,
  }),
  /** The jobs come one by one: each may have many files in work. */
  jobs: defineMethod({ name: "jobs", params: v.object({}), item: job, result: nothing }),
  /** How far it is, again and again, then which files failed, then how it ended. */
  followJob: defineMethod({
    name: "followJob",
    params: v.object({ id: jobId }),
    item: v.union([job, failures]),
    result: job,
  }),
  steerJob: defineMethod({
    name: "steerJob",
    params: v.object({ id: jobId, order: v.picklist(["pause", "resume", "cancel", "forget"]) }),
    result: nothing,
  }),
};
